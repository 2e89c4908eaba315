package io.github.tweedie.sde;

/**
 * A forward diffusion dx = f(t)·x dt + g(t) dw with an affine drift, so that its marginals are Gaussian around the clean
 * sample: x_t = α(t)·x0 + σ(t)·z (Song et al. 2021, section 3 and appendix B). Time runs from {@link #minTime()}, almost
 * clean, to {@link #maxTime()}, almost pure noise.
 */
public interface Sde {

	/** α(t), the factor of the clean sample. */
	double alpha(double t);

	/** σ(t), the standard deviation of the noise. */
	double sigma(double t);

	/** f(t), the drift is f(t)·x. */
	double drift(double t);

	/** g(t), the diffusion coefficient. */
	double diffusion(double t);

	/** Smallest time at which the score is used. */
	double minTime();

	/** Time at which the marginal is taken for the prior distribution. */
	double maxTime();

	/** The time at which σ/α has the given value; may lie outside of [minTime, maxTime]. */
	double timeOf(double ratio);

	/** @throws IllegalArgumentException if t lies outside of [minTime, maxTime] */
	default Level level(double t) {
		if (!(t >= minTime() && t <= maxTime()))
			throw new IllegalArgumentException("The time " + t + " lies outside of [" + minTime() + ", " + maxTime()
				+ "], where " + this + " is defined.");
		return new Level(t, alpha(t), sigma(t));
	}

	/** The level at which a denoiser sees noise of standard deviation {@code ratio} = σ/α, as far as the SDE reaches. */
	default Level levelOf(double ratio) {
		return level(Math.min(maxTime(), Math.max(minTime(), timeOf(ratio))));
	}
}
