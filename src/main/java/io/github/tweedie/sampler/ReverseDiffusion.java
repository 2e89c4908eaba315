package io.github.tweedie.sampler;

import io.github.tweedie.sde.Level.Transition;

/**
 * The reverse diffusion sampler: the reverse SDE discretised like the forward chain (Song et al. 2021, eq. 46 and
 * algorithms 2 and 3). With the forward transition x_i = a·x_{i−1} + s·z it is x_{i−1} = (2 − a)·x_i + s²·score + s·z, which is
 * the paper's VE form for a = 1 and its VP form for a = √(1 − β_i).
 */
public record ReverseDiffusion() implements Predictor {

	@Override
	public Kernel kernel(Move move) {
		Transition forward = move.to().to(move.from());
		float[] mean = Predictor.combined(2 - forward.scale(), move.x(), forward.variance(), move.score());
		return Kernel.of(mean, forward.deviation(), move.shape().n());
	}
}
