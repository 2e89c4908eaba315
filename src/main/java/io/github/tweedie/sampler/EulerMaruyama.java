package io.github.tweedie.sampler;

import io.github.tweedie.sde.Sde;

/**
 * Euler–Maruyama on the family of reverse processes that share their marginals (Song et al. 2021, eqs. 6 and 13; Karras et al.
 * 2022, eq. 103): dx = [f·x − ½(1 + λ²)·g²·score] dt + λ·g dw. λ = 1 is the reverse SDE, λ = 0 the probability flow.
 * <p>
 * Milstein's method is the same one here: g does not depend on x, so its correction vanishes.
 *
 * @param sde gives f and g
 * @param lambda stochasticity, in [0, 1]
 */
public record EulerMaruyama(Sde sde, double lambda) implements Predictor {

	public EulerMaruyama {
		if (!(lambda >= 0 && lambda <= 1))
			throw new IllegalArgumentException("Euler-Maruyama needs a stochasticity in [0, 1]; seen was " + lambda + ".");
	}

	@Override
	public Kernel kernel(Move move) {
		double t = move.from().t(), h = t - move.to().t(), g = sde.diffusion(t);
		float[] mean = Predictor.combined(1 - h * sde.drift(t), move.x(), 0.5 * h * (1 + lambda * lambda) * g * g, move.score());
		return Kernel.of(mean, lambda * g * Math.sqrt(h), move.shape().n());
	}
}
