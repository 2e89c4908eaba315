package io.github.tweedie.sampler;

import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Runs;

/**
 * DPM-Solver++(2M), a second order multistep method with one evaluation a move (Lu et al. 2022b, algorithm 2), with
 * λ = ln(α/σ) as its time. η = 0 follows the probability flow, η = 1 the reverse SDE, values between them part of the noise.
 * The first move, and any move after a break in the path, is of first order; the final Tweedie step is, too, which keeps
 * short runs stable.
 *
 * @param eta fraction of noise, in [0, 1]
 */
public record DpmSolver(double eta) implements Predictor {

	public DpmSolver {
		if (!(eta >= 0 && eta <= 1))
			throw new IllegalArgumentException("DPM-Solver++ needs eta in [0, 1]; seen was " + eta + ".");
	}

	@Override
	public Kernel kernel(Move move) {
		Level from = move.from(), to = move.to();
		double h = Math.log(from.ratio() / to.ratio());
		float[] x = move.x(), d = move.denoised();
		float ofX = (float) (to.sigma() / from.sigma() * Math.exp(-eta * h)), ofD = (float) (-to.alpha() * Math.expm1(-(1 + eta) * h));
		Move previous = move.previous();
		if (previous == null)
			return Kernel.of(Predictor.combined(ofX, x, ofD, d), deviation(to, h), move.shape().n());
		double r = Math.log(previous.from().ratio() / from.ratio()) / h;
		float now = (float) (1 + 0.5 / r), then = (float) (-0.5 / r);
		float[] before = previous.denoised(), mean = new float[x.length];
		Runs.of(mean.length, (first, end) -> {
			for (int i = first; i < end; i++)
				mean[i] = ofX * x[i] + ofD * (now * d[i] + then * before[i]);
		});
		return Kernel.of(mean, deviation(to, h), move.shape().n());
	}

	private double deviation(Level to, double h) {
		return to.sigma() * Math.sqrt(-Math.expm1(-2 * eta * h));
	}
}
