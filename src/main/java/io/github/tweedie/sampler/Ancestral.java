package io.github.tweedie.sampler;

import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Level.Transition;

/**
 * Ancestral sampling of the discrete chain (Ho et al. 2020, algorithm 2, for VP; Song et al. 2021, eq. 47, for VE). With the forward
 * transition x_t = a·x_s + √v·z the mean is (x_t + v·score)/a.
 *
 * @param variance of the draw
 */
public record Ancestral(Variance variance) implements Predictor {

	/** Of p(x_s | x_t). */
	public enum Variance {
		/** v itself, β_i of a DDPM: right if the data are standard normal. */
		BETA,
		/** v·σ_s²/σ_t², that of p(x_s | x_t, x0): right if x0 were known. */
		POSTERIOR
	}

	@Override
	public Kernel kernel(Move move) {
		Level from = move.from(), to = move.to();
		Transition forward = to.to(from);
		float[] mean = Predictor.combined(1 / forward.scale(), move.x(), forward.variance() / forward.scale(), move.score());
		double deviation = forward.deviation() * (variance == Variance.BETA ? 1 : to.sigma() / from.sigma());
		return Kernel.of(mean, deviation, move.shape().n());
	}
}
