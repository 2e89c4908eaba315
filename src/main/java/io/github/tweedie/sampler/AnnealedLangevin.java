package io.github.tweedie.sampler;

import io.github.tweedie.sde.Noise;

/**
 * Langevin dynamics with a step that follows the noise level: ε = 2·a·(r·σ)², a = (α_t/α_s)². On a geometric ladder of the VE SDE, with
 * a predictor that stays where it is, this is SMLD (Song and Ermon 2019, algorithm 1, whose step α_i is 2·ε here).
 *
 * @param snr r, &gt; 0
 */
public record AnnealedLangevin(double snr) implements Corrector {

	public AnnealedLangevin {
		if (!(snr > 0 && snr < Double.POSITIVE_INFINITY))
			throw new IllegalArgumentException("Annealed Langevin needs a signal-to-noise ratio above 0; seen was " + snr + ".");
	}

	@Override
	public void correct(State state, Move.Estimate estimate, double scale, Noise noise, int draw) {
		float[] score = Move.score(state.level, state.x, estimate.denoised(state.level, state.x)), z = new float[score.length];
		noise.fill(Noise.Purpose.CORRECT, draw, state.id, state.shape, z);
		double step = scale * snr * state.level.sigma(), epsilon = 2 * step * step, kick = Math.sqrt(2 * epsilon);
		for (int i = 0; i < z.length; i++)
			state.x[i] += (float) (epsilon * score[i] + kick * z[i]);
	}
}
