package io.github.tweedie.sde;

/**
 * A moment of a diffusion: x_t = α·x0 + σ·z.
 *
 * @param t time on the SDE's own axis
 * @param alpha scale α(t) of the clean sample, &gt; 0
 * @param sigma standard deviation σ(t) of the noise, ≥ 0
 */
public record Level(double t, double alpha, double sigma) {

	/** No noise at all: where the final Tweedie step arrives. */
	public static final Level CLEAN = new Level(0, 1, 0);

	/** σ/α: the noise level that a {@link Denoiser} sees. */
	public double ratio() {
		return sigma / alpha;
	}

	/**
	 * The forward transition from this level to a noisier one: x_t = scale·x_s + deviation·z with scale = α_t/α_s and
	 * deviation² = σ_t² − scale²·σ_s².
	 *
	 * @throws IllegalArgumentException if the other level has less noise than this one
	 */
	public Transition to(Level noisier) {
		double scale = noisier.alpha / alpha;
		double variance = noisier.sigma * noisier.sigma - scale * scale * sigma * sigma;
		if (variance < -1e-12 * noisier.sigma * noisier.sigma)
			throw new IllegalArgumentException("There is no forward transition from noise level " + ratio() + " down to "
				+ noisier.ratio() + "; noise can only be added.");
		return new Transition(scale, Math.sqrt(Math.max(0, variance)));
	}

	/**
	 * A Gaussian transition kernel x ↦ scale·x + deviation·z.
	 *
	 * @param scale factor of the state
	 * @param deviation standard deviation of the added noise
	 */
	public record Transition(double scale, double deviation) {

		public double variance() {
			return deviation * deviation;
		}
	}
}
