package io.github.tweedie.inverse;

import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sampler.Move;
import io.github.tweedie.sampler.Predictor;
import io.github.tweedie.sampler.State;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Runs;

/**
 * Imputation by replacement (Song et al. 2021, appendix I.2): after every draw the measured part of the state is replaced by
 * a draw of the forward process of the measurement, at the <em>same</em> noise level as the rest, x ← x + Aᵀ(α·y + σ·A·z − A·x)/c
 * for A·Aᵀ = c·I. At the end of the path the measurement itself is put in.
 * <p>
 * Its law is not the posterior, since the unknown part hears of the known one through noise alone: it invents what the known pixels
 * exclude. For a Gaussian pair of equal variance and correlation ρ, a long run regresses the unknown on the known value with the
 * slope (1 − √(1 − ρ²))/ρ in place of ρ: 0.63 for 0.9. {@link io.github.tweedie.sampler.Schedule#resampled} repairs much of that, at a price.
 */
public final class Replacement implements Conditioner {

	private final LinearOperator operator;
	private final float[] y;

	/**
	 * @param operator with A·Aᵀ ∝ I
	 * @param y the measurement, the same for all samples
	 * @throws IllegalArgumentException if the operator is of another kind or the measurement of another size
	 */
	public Replacement(LinearOperator operator, float[] y) {
		if (Double.isNaN(operator.gain()))
			throw new IllegalArgumentException("Replacement needs an operator with A·A^T proportional to the identity; use MomentMatching.");
		MomentMatching.requireSize(operator, y);
		this.operator = operator;
		this.y = y;
	}

	@Override
	public void start(State state, Noise noise) {
		replace(state, noise, 0);
	}

	@Override
	public void moved(State state, Move move, Predictor.Kernel kernel, Noise noise, int draw) {
		replace(state, noise, draw + 1);
	}

	private void replace(State state, Noise noise, int draw) {
		Level level = state.level;
		int size = operator.inputSize();
		float[] z = new float[state.x.length];
		if (level.sigma() > 0)
			noise.fill(Noise.Purpose.CONDITION, draw, state.id, state.shape, z);
		float[] difference = new float[operator.outputSize()], back = new float[size], now = new float[operator.outputSize()];
		float alpha = (float) level.alpha(), sigma = (float) level.sigma(), inverse = (float) (1 / operator.gain());
		for (int s = 0; s < state.shape.n(); s++) {
			operator.apply(state.x, s * size, now, 0);
			operator.apply(z, s * size, difference, 0);
			Runs.of(y.length, (from, to) -> {
				for (int i = from; i < to; i++)
					difference[i] = alpha * y[i] + sigma * difference[i] - now[i];
			});
			operator.adjoint(difference, 0, back, 0);
			int first = s * size;
			Runs.of(size, (from, to) -> {
				for (int i = from; i < to; i++)
					state.x[first + i] += inverse * back[i];
			});
		}
	}
}
