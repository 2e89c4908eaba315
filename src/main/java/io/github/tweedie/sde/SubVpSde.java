package io.github.tweedie.sde;

/**
 * The sub-VP SDE (Song et al. 2021, eq. 8 and appendix B): the drift of a VP SDE, and a variance that is the square of its
 * variance, hence never above it: σ(t) = 1 − exp(−∫β) and g² = β·(1 − exp(−2·∫β)).
 *
 * @param vp gives β and the range of time
 */
public record SubVpSde(VpSde vp) implements Sde {

	/** With the paper's values. */
	public SubVpSde() {
		this(new VpSde());
	}

	@Override
	public double alpha(double t) {
		return vp.alpha(t);
	}

	@Override
	public double sigma(double t) {
		return vp.sigma(t) * vp.sigma(t);
	}

	@Override
	public double drift(double t) {
		return vp.drift(t);
	}

	@Override
	public double diffusion(double t) {
		double alpha = vp.alpha(t), squared = alpha * alpha;
		return vp.diffusion(t) * Math.sqrt(1 - squared * squared);
	}

	@Override
	public double minTime() {
		return vp.minTime();
	}

	@Override
	public double maxTime() {
		return vp.maxTime();
	}

	/** From (1 − α²)/α = ratio, which is √(1 − α²)/α·√(1 − α²). */
	@Override
	public double timeOf(double ratio) {
		double alpha = 2 / (ratio + Math.sqrt(ratio * ratio + 4));
		return vp.timeOf(Math.sqrt(ratio / alpha));
	}
}
