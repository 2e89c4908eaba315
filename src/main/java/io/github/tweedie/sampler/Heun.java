package io.github.tweedie.sampler;

import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Runs;

/**
 * Heun's second order method on the probability flow (Karras et al. 2022, algorithm 1): two evaluations a move. In the
 * coordinates u = x/α and s = σ/α every probability flow reads du/ds = (u − D(u, s)) / s, so one formula serves all SDEs.
 */
public record Heun() implements Predictor {

	@Override
	public Kernel kernel(Move move) {
		Level from = move.from(), to = move.to();
		float[] x = move.x(), d = move.denoised();
		double s = from.ratio(), t = to.ratio(), rise = (t - s) / s;
		// u' = u + (t − s)/s·(u − D), then back to x' = α'·u'.
		double keep = to.alpha() / from.alpha();
		float[] euler = Predictor.combined(keep * (1 + rise), x, -to.alpha() * rise, d);
		float[] e = move.denoised(to, euler);
		float[] mean = new float[x.length];
		double a = 0.5 * (t - s) / s, b = 0.5 * (t - s) / t;
		Runs.of(mean.length, (first, end) -> {
			for (int i = first; i < end; i++) {
				double u = x[i] / from.alpha(), v = euler[i] / to.alpha();
				mean[i] = (float) (to.alpha() * (u + a * (u - d[i]) + b * (v - e[i])));
			}
		});
		return Kernel.of(mean, 0, move.shape().n());
	}
}
