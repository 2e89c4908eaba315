package io.github.tweedie.sampler;

import io.github.tweedie.sde.Noise;

/** Brings the samples closer to the marginal of their noise level, without changing the level. Immutable. */
@FunctionalInterface
public interface Corrector {

	/**
	 * One correction of {@link State#x} in place.
	 *
	 * @param state where the samples are
	 * @param estimate the (conditional) denoiser
	 * @param scale α_t/α_s of the move that led here from the noisier level t to s; 1 for the VE SDE
	 * @param noise source of randomness
	 * @param draw index of the draw within the run, the {@code step} of its noise
	 */
	void correct(State state, Move.Estimate estimate, double scale, Noise noise, int draw);
}
