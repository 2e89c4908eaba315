package io.github.tweedie.sampler;

import java.util.Arrays;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;

/**
 * Strong errors of the reverse SDE of a two-component mixture: each predictor and a far finer reference run on one Brownian path,
 * from ν = σ² = 4 down to 0.25, in equal steps of ν, in which the noise is additive. A coarse step's increment ΔW and integral ΔZ are
 * made of the fine ones.
 */
public final class StrongOrder {

	/** dx = dw: its σ² is its time ν. */
	public static final Sde BROWNIAN = new Sde() {

		@Override
		public double alpha(double t) {
			return 1;
		}

		@Override
		public double sigma(double t) {
			return Math.sqrt(t);
		}

		@Override
		public double drift(double t) {
			return 0;
		}

		@Override
		public double diffusion(double t) {
			return 1;
		}

		@Override
		public double minTime() {
			return LOW;
		}

		@Override
		public double maxTime() {
			return HIGH;
		}

		@Override
		public double timeOf(double ratio) {
			return ratio * ratio;
		}
	};

	/** What a predictor's own draw z stands for. */
	public enum Draw {
		/** ΔW/√h. */
		INCREMENT,
		/** What is independent of the noise that the predictor asked for: 2·ΔW/√h − √3·n1. */
		REST,
		/** The noise as it shrinks on its way, σ_s²·∫dW/ν over its deviation. */
		SHRUNK
	}

	private static final double HIGH = 4, LOW = 0.25;
	private static final int FINE = 2048;

	private StrongOrder() {}

	/**
	 * @param steps numbers of steps, each a divisor of 2048
	 * @param paths number of paths
	 * @param seed of the paths
	 * @return mean distance to the reference at the end, for each number of steps
	 */
	public static double[] errors(Predictor predictor, Draw draw, int[] steps, int paths, long seed) {
		float[] n1 = normals(Purpose.STAGE, paths * FINE, seed), n2 = normals(Purpose.MOVE, paths * FINE, seed);
		float[] exact = end(new StochasticRungeKutta(), Draw.REST, FINE, paths, seed, n1, n2);
		return Arrays.stream(steps).mapToDouble(count -> {
			float[] x = end(predictor, draw, count, paths, seed, n1, n2);
			double error = 0;
			for (int p = 0; p < paths; p++)
				error += Math.abs(x[p] - exact[p]) / paths;
			return error;
		}).toArray();
	}

	private static float[] normals(Purpose purpose, int size, long seed) {
		float[] z = new float[size];
		new Noise(seed).fill(purpose, 0, new int[1], Shape.vectors(1, size), z);
		return z;
	}

	private static float[] end(Predictor predictor, Draw draw, int count, int paths, long seed, float[] n1, float[] n2) {
		GaussianMixture mixture = GaussianMixture.isotropic(new double[][] { { -0.8 }, { 0.9 } }, 0.3);
		Shape shape = Shape.vectors(paths, 1);
		int group = FINE / count;
		double h = (HIGH - LOW) / FINE, step = h * group;
		float[] x = normals(Purpose.START, paths, seed);
		for (int p = 0; p < paths; p++)
			x[p] *= (float) Math.sqrt(HIGH);
		Move previous = null;
		for (int k = 0; k < count; k++) {
			double nu = HIGH - k * step, next = HIGH - (k + 1) * step;
			float[] first = new float[paths];
			double[] whole = new double[paths], shrunk = new double[paths];
			for (int p = 0; p < paths; p++) {
				double integral = 0;
				for (int i = k * group; i < (k + 1) * group; i++) {
					double dz = Math.pow(h, 1.5) * n1[p * FINE + i] / Math.sqrt(3), here = HIGH - i * h;
					double dw = Math.sqrt(h) * (Math.sqrt(3) * n1[p * FINE + i] + n2[p * FINE + i]) / 2;
					integral += dz + whole[p] * h;
					whole[p] += dw;
					// ∫dW/ν over a fine step, with 1/ν expanded to first order.
					shrunk[p] += next * (dw / here + (h * dw - dz) / (here * here));
				}
				first[p] = (float) (integral * Math.sqrt(3) / Math.pow(step, 1.5));
			}
			Move move = new Move(new Level(nu, 1, Math.sqrt(nu)), new Level(next, 1, Math.sqrt(next)), shape, x.clone(), (level, state) -> {
				float[] out = new float[paths];
				mixture.denoise(Batch.of(shape, state, level.ratio()), out);
				return out;
			}, previous, () -> first);
			Predictor.Kernel kernel = predictor.kernel(move);
			for (int p = 0; p < paths; p++) {
				double increment = whole[p] / Math.sqrt(step), deviation = kernel.deviation()[p];
				x[p] = (float) (kernel.mean()[p] + switch (draw) {
					case INCREMENT -> deviation * increment;
					case REST -> deviation * (2 * increment - Math.sqrt(3) * first[p]);
					case SHRUNK -> shrunk[p];
				});
			}
			previous = move;
		}
		return x;
	}
}
