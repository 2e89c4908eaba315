package io.github.tweedie.sampler;

import io.github.tweedie.sde.Level;

/**
 * Denoising diffusion implicit models (Song, Meng and Ermon 2021, eqs. 12 and 16), for any α and σ:
 * x_s = α_s·D + √(σ_s² − d²)·(x_t − α_t·D)/σ_t + d·z with d = η·√v·σ_s/σ_t, where v = σ_t² − (α_t/α_s)²·σ_s². η = 0 is the exponential
 * Euler step of the probability flow, η = 1 ancestral sampling with the posterior's variance.
 *
 * @param eta in [0, 1]
 */
public record Ddim(double eta) implements Predictor {

	public Ddim {
		if (!(eta >= 0 && eta <= 1))
			throw new IllegalArgumentException("DDIM needs eta in [0, 1]; seen was " + eta + ".");
	}

	@Override
	public Kernel kernel(Move move) {
		Level from = move.from(), to = move.to();
		double deviation = eta * to.to(from).deviation() * to.sigma() / from.sigma();
		double noise = Math.sqrt(Math.max(0, to.sigma() * to.sigma() - deviation * deviation)) / from.sigma();
		float[] mean = Predictor.combined(noise, move.x(), to.alpha() - noise * from.alpha(), move.denoised());
		return Kernel.of(mean, deviation, move.shape().n());
	}
}
