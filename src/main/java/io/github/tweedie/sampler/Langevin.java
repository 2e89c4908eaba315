package io.github.tweedie.sampler;

import io.github.tweedie.sde.Noise;

/**
 * Langevin dynamics with a step chosen by its signal-to-noise ratio r: ε = 2·a·(r·‖z‖/‖score‖)², where a = 1 for the VE SDE and
 * a = α_i = (α_t/α_s)² otherwise (Song et al. 2021, algorithms 4 and 5). The norms are each sample's own, so a sample does
 * not depend on its neighbours in the batch. A step that depends on the state's own score widens the stationary density by a
 * relative 2/d for a Gaussian in d dimensions: nothing for an image, much for a toy in two dimensions.
 *
 * @param snr r, &gt; 0; the paper uses 0.16 for VE and 0.01 for VP
 */
public record Langevin(double snr) implements Corrector {

	public Langevin {
		if (!(snr > 0 && snr < Double.POSITIVE_INFINITY))
			throw new IllegalArgumentException("The Langevin corrector needs a signal-to-noise ratio above 0; seen was " + snr + ".");
	}

	@Override
	public void correct(State state, Move.Estimate estimate, double scale, Noise noise, int draw) {
		float[] score = Move.score(state.level, state.x, estimate.denoised(state.level, state.x));
		float[] z = new float[score.length];
		noise.fill(Noise.Purpose.CORRECT, draw, state.id, state.shape, z);
		int size = state.shape.sampleSize();
		for (int from = 0; from < z.length; from += size) {
			double ratio = snr * norm(z, from, size) / norm(score, from, size);
			double epsilon = 2 * scale * scale * ratio * ratio;
			double kick = Math.sqrt(2 * epsilon);
			for (int i = from; i < from + size; i++)
				state.x[i] += (float) (epsilon * score[i] + kick * z[i]);
		}
	}

	private static double norm(float[] v, int from, int size) {
		double sum = 0;
		for (int i = from; i < from + size; i++)
			sum += (double) v[i] * v[i];
		return Math.sqrt(sum);
	}
}
