package io.github.tweedie.sampler;

import io.github.tweedie.sde.Noise;

/**
 * Hamiltonian dynamics at one noise level: leapfrog steps of length h = 2·r·σ, the momentum refreshed in part before each, p ← c·p + √(1 − c²)·z
 * (Horowitz 1991). It drifts where Langevin dynamics diffuses. There is no Metropolis test, since a score has no density; the error
 * of the leapfrog is of order h².
 *
 * @param snr r, &gt; 0
 * @param steps leapfrog steps of one correction, ≥ 1, each one evaluation
 * @param persistence c, in [0, 1); 0 refreshes all of the momentum
 */
public record Hamiltonian(double snr, int steps, double persistence) implements Corrector {

	public Hamiltonian {
		if (!(snr > 0 && snr < Double.POSITIVE_INFINITY) || steps < 1 || !(persistence >= 0 && persistence < 1))
			throw new IllegalArgumentException("The Hamiltonian corrector needs a signal-to-noise ratio above 0, at least 1 step and a persistence in [0, 1); seen were "
				+ snr + ", " + steps + " and " + persistence + ".");
	}

	@Override
	public void correct(State state, Move.Estimate estimate, double scale, Noise noise, int draw) {
		float[] p = new float[state.x.length], z = new float[p.length];
		float h = (float) (2 * scale * snr * state.level.sigma()), keep = (float) persistence;
		float fresh = (float) Math.sqrt(1 - persistence * persistence);
		noise.fill(Noise.Purpose.MOMENTUM, draw, state.id, state.shape, p);
		float[] score = score(state, estimate);
		for (int k = 0; k < steps; k++) {
			noise.fill(Noise.Purpose.CORRECT, draw * steps + k, state.id, state.shape, z);
			for (int i = 0; i < p.length; i++) {
				p[i] = keep * p[i] + fresh * z[i] + 0.5f * h * score[i];
				state.x[i] += h * p[i];
			}
			score = score(state, estimate);
			for (int i = 0; i < p.length; i++)
				p[i] += 0.5f * h * score[i];
		}
	}

	private static float[] score(State state, Move.Estimate estimate) {
		return Move.score(state.level, state.x, estimate.denoised(state.level, state.x));
	}
}
