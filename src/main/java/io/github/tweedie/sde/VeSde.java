package io.github.tweedie.sde;

/**
 * The variance exploding SDE, σ(t) = σ_min (σ_max/σ_min)^t and α = 1, for t in [0, 1] (Song et al. 2021, eq. 30).
 *
 * @param sigmaMin noise at t = 0, in the data's units
 * @param sigmaMax noise at t = 1
 */
public record VeSde(double sigmaMin, double sigmaMax) implements Sde {

	/** @throws IllegalArgumentException unless 0 &lt; sigmaMin &lt; sigmaMax */
	public VeSde {
		if (!(sigmaMin > 0 && sigmaMax > sigmaMin))
			throw new IllegalArgumentException("The VE SDE needs 0 < sigma_min < sigma_max; seen were " + sigmaMin + " and "
				+ sigmaMax + ".");
	}

	@Override
	public double alpha(double t) {
		return 1;
	}

	@Override
	public double sigma(double t) {
		return sigmaMin * Math.pow(sigmaMax / sigmaMin, t);
	}

	@Override
	public double drift(double t) {
		return 0;
	}

	/** From g² = dσ²/dt. */
	@Override
	public double diffusion(double t) {
		return sigma(t) * Math.sqrt(2 * Math.log(sigmaMax / sigmaMin));
	}

	@Override
	public double minTime() {
		return 0;
	}

	@Override
	public double maxTime() {
		return 1;
	}

	@Override
	public double timeOf(double ratio) {
		return Math.log(ratio / sigmaMin) / Math.log(sigmaMax / sigmaMin);
	}
}
