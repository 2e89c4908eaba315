package io.github.tweedie.sampler;

import java.util.Arrays;

import io.github.tweedie.sde.Runs;

/**
 * A step of the reverse process: gives the Gaussian kernel of a move to less noise, from which the loop draws. Immutable;
 * what a multistep method remembers comes with the {@link Move}.
 */
@FunctionalInterface
public interface Predictor {

	/** Stays where it is, so that correctors do all the work: for the VE SDE, whose scale never changes. */
	Predictor NONE = move -> Kernel.of(move.x(), 0, move.shape().n());

	Kernel kernel(Move move);

	/**
	 * x' = mean + deviation·z.
	 *
	 * @param mean N·C·Z·Y·X values
	 * @param deviation standard deviation of each sample, N values; 0 for deterministic methods
	 */
	record Kernel(float[] mean, double[] deviation) {

		static Kernel of(float[] mean, double deviation, int n) {
			double[] deviations = new double[n];
			Arrays.fill(deviations, deviation);
			return new Kernel(mean, deviations);
		}
	}

	/** a·x + b·y. */
	static float[] combined(double a, float[] x, double b, float[] y) {
		float fa = (float) a, fb = (float) b;
		float[] out = new float[x.length];
		Runs.of(out.length, (from, to) -> {
			for (int i = from; i < to; i++)
				out[i] = fa * x[i] + fb * y[i];
		});
		return out;
	}
}
