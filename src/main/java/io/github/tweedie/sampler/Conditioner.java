package io.github.tweedie.sampler;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Noise;

/**
 * What turns samples of the prior into samples of a posterior: a mask, a blur, a class, weights. Three hooks, all optional.
 * A conditioner may remember things from hook to hook, so make a new one for each run.
 */
public interface Conditioner {

	/** Leaves the prior as it is. */
	Conditioner NONE = new Conditioner() {};

	/**
	 * After the initial state was drawn from σ_T·z: may move it.
	 *
	 * @param state at the noisiest level
	 */
	default void start(State state, Noise noise) {}

	/**
	 * After each evaluation of the prior: may turn the estimate E[x0 | x] into E[x0 | x, condition].
	 *
	 * @param prior to be asked again, as often as needed
	 * @param batch what was denoised, in the denoiser's convention x = x0 + σ·z; not to be changed
	 * @param estimate D(x, σ) on entry, the conditional estimate on return
	 */
	default void denoised(Denoiser prior, Batch batch, float[] estimate) {}

	/**
	 * After each draw, with the state already at its new level: may overwrite what is known, weigh, or resample.
	 *
	 * @param state after the move
	 * @param move the move, at whose start the kernel was computed
	 * @param kernel what the state was drawn from; null after a correction
	 * @param noise source of randomness
	 * @param draw index of the draw within the run, the {@code step} of its noise
	 */
	default void moved(State state, Move move, Predictor.Kernel kernel, Noise noise, int draw) {}
}
