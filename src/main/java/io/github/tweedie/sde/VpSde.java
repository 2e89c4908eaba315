package io.github.tweedie.sde;

/**
 * The variance preserving SDE with a linear β(t) = β_min + t (β_max − β_min), whose discretisation is DDPM
 * (Song et al. 2021, eqs. 32 and 33).
 *
 * @param betaMin β(0)
 * @param betaMax β(1)
 * @param minTime smallest time at which the score is used; the paper samples down to 1e-3
 */
public record VpSde(double betaMin, double betaMax, double minTime) implements Sde {

	/** @throws IllegalArgumentException unless 0 ≤ betaMin &lt; betaMax and 0 &lt; minTime &lt; 1 */
	public VpSde {
		if (!(betaMin >= 0 && betaMax > betaMin && minTime > 0 && minTime < 1))
			throw new IllegalArgumentException("The VP SDE needs 0 <= beta_min < beta_max and a smallest time in (0, 1); seen were "
				+ betaMin + ", " + betaMax + " and " + minTime + ".");
	}

	/** With the paper's values 0.1, 20 and 1e-3. */
	public VpSde() {
		this(0.1, 20, 1e-3);
	}

	/** ∫β from 0 to t. */
	private double integral(double t) {
		return t * (betaMin + 0.5 * t * (betaMax - betaMin));
	}

	@Override
	public double alpha(double t) {
		return Math.exp(-0.5 * integral(t));
	}

	@Override
	public double sigma(double t) {
		return Math.sqrt(-Math.expm1(-integral(t)));
	}

	@Override
	public double drift(double t) {
		return -0.5 * (betaMin + t * (betaMax - betaMin));
	}

	@Override
	public double diffusion(double t) {
		return Math.sqrt(betaMin + t * (betaMax - betaMin));
	}

	@Override
	public double maxTime() {
		return 1;
	}

	@Override
	public double timeOf(double ratio) {
		double target = Math.log1p(ratio * ratio), slope = betaMax - betaMin;
		return 2 * target / (betaMin + Math.sqrt(betaMin * betaMin + 2 * slope * target));
	}
}
