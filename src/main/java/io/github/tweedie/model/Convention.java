package io.github.tweedie.model;

/**
 * What one network means by its input and output, for networks that see x = x0 + σ·z unscaled (the SDEs `ve` and
 * `edm`). Everything else in Tweedie speaks of D(x, σ) alone; the differences end here.
 *
 * @param prediction what the output is
 * @param time what the network is told of σ
 * @param sigmaMin smallest σ of the training, in units of the data range. Below it the score is taken to be that at
 *        sigmaMin, so that D(x, σ) goes to x with σ²
 * @param sigmaMax largest σ of the training; more noise is refused
 */
record Convention(Prediction prediction, TimeInput time, double sigmaMin, double sigmaMax) {

	/** What the output of a network is, in the words of diffusers and score_sde. */
	enum Prediction {
		/** D(x, σ) itself. */
		DENOISED,
		/** The same, as diffusers calls it. */
		SAMPLE,
		/** The noise: x = D + σ·ε. */
		EPSILON,
		/** ∇log p_σ(x): D = x + σ²·s, Tweedie's formula. */
		SCORE;

		double denoised(double x, double output, double sigma) {
			return switch (this) {
				case DENOISED, SAMPLE -> output;
				case EPSILON -> x - sigma * output;
				case SCORE -> x + sigma * sigma * output;
			};
		}
	}

	/** What a network is told of the noise level. */
	enum TimeInput {
		/** σ. */
		SIGMA,
		/** ln(σ)/4, Karras et al. (2022), table 1. */
		C_NOISE;

		float of(double sigma) {
			return (float) (this == SIGMA ? sigma : Math.log(sigma) / 4);
		}
	}

	/** σ as the network is told it: no less than it was trained on. */
	double seen(double sigma) {
		if (sigma > sigmaMax * (1 + 1e-6))
			throw new IllegalArgumentException("A noise level of " + sigma + " was asked of a network that was trained up to "
				+ sigmaMax + "; begin at a noise level of at most " + sigmaMax + ".");
		return Math.max(sigma, sigmaMin);
	}

	/**
	 * Turns outputs into D(x, σ) for values from..to−1, all of one σ.
	 *
	 * @param x N×C×Y×X values, all of the batch
	 * @param output what the network made of them, same length
	 */
	void denoise(float[] x, float[] output, double sigma, int from, int to, float[] out) {
		double seen = seen(sigma), part = sigma / seen * (sigma / seen);
		for (int i = from; i < to; i++) {
			double denoised = prediction.denoised(x[i], output[i], seen);
			out[i] = (float) (part == 1 ? denoised : x[i] + part * (denoised - x[i]));
		}
	}
}
