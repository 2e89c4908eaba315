package io.github.tweedie.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

import io.github.tweedie.image.NoiseEstimate;
import io.github.tweedie.restore.Denoising;
import io.github.tweedie.sde.Prior;

/**
 * A method in the table of {@link DenoisingBench}.
 *
 * @param title name in the table
 * @param kind what it is measured on, and how it is timed
 * @param method from the camera's picture to grey levels
 */
record Contender(String title, Kind kind, Function<Exposure, Result> method) {

	enum Kind {
		/** The network; uses all processors. */
		NETWORK,
		/** The network in many calls: measured on some of the pictures, and compared with one call on these. */
		SLOW_NETWORK,
		/** Uses all processors. */
		CLASSICAL,
		/** Uses one processor, so that many pictures are denoised at the same time; tuned by an oracle. */
		TUNED;

		boolean classical() {
			return this == CLASSICAL || this == TUNED;
		}
	}

	/**
	 * What became of a picture.
	 *
	 * @param grey Y×X grey levels
	 * @param trials how many settings an oracle chose from, 1 without one
	 */
	record Result(float[] grey, int trials) {}

	static final String ONE_CALL = "Tweedie, one call", BM3D = "BM3D";

	/** All that are compared; the first is the one that is to be ahead. */
	static List<Contender> all(Prior prior, int samples, int steps, boolean given) {
		List<Contender> all = new ArrayList<>();
		all.add(tweedie(ONE_CALL, Kind.NETWORK, prior, b -> b));
		// Other estimates of restore.Denoising are a line each, like this one.
		if (samples > 0) {
			all.add(tweedie("mean of " + samples + " samples", Kind.SLOW_NETWORK, prior, b -> b.samples(samples).steps(steps)));
			all.add(tweedie("moment matching", Kind.SLOW_NETWORK, prior,
				b -> b.method(Denoising.Method.MOMENT_MATCHING).correlation(NoiseEstimate.Correlation.UNKNOWN)));
		}
		if (given)
			all.add(told(tweedie("one call, noise given", Kind.NETWORK, prior, b -> b)));
		all.add(new Contender(BM3D, Kind.CLASSICAL, Contender::bm3d));
		for (Classical method : Classical.values())
			all.add(new Contender(method.title, Kind.TUNED, exposure -> tuned(method, exposure)));
		return all;
	}

	Result denoise(Exposure exposure) {
		return method.apply(exposure);
	}

	private static Contender tweedie(String title, Kind kind, Prior prior, UnaryOperator<Denoising.Builder> options) {
		return new Contender(title, kind, exposure -> new Result(exposure.denoised(prior, options).mean(), 1));
	}

	private static Contender told(Contender other) {
		return new Contender(other.title, other.kind, exposure -> other.denoise(exposure.told()));
	}

	private static Result bm3d(Exposure exposure) {
		Exposure.Stabilised stable = exposure.stabilised();
		// NB: from [-1, 1] to [0, 2] and back: what is uncertain is drawn towards 0, which in the paper is black.
		float[] clean = Bm3d.denoise(exposure.shape(), plus(stable.data(), 1), stable.sigma(), 2);
		return new Result(stable.grey(plus(clean, -1)), 1);
	}

	private static float[] plus(float[] x, float shift) {
		float[] out = new float[x.length];
		for (int i = 0; i < out.length; i++)
			out[i] = x[i] + shift;
		return out;
	}

	/** The best of the grid, judged by the grey levels. */
	private static Result tuned(Classical method, Exposure exposure) {
		boolean stabilised = method == Classical.NON_LOCAL_MEANS || method == Classical.TOTAL_VARIATION;
		Exposure.Stabilised stable = stabilised ? exposure.stabilised() : null;
		float[][] best = { exposure.grey() };
		double[] least = { Double.POSITIVE_INFINITY };
		int[] trials = { 0 };
		method.variants(exposure.shape(), stabilised ? stable.data() : exposure.grey(), stabilised ? stable.sigma() : 0,
			(parameters, image) -> {
				float[] grey = stabilised ? stable.grey(image) : image;
				double squares = squares(grey, exposure.truth());
				trials[0]++;
				if (squares < least[0]) {
					least[0] = squares;
					best[0] = grey;
				}
			});
		return new Result(best[0], trials[0]);
	}

	private static double squares(float[] a, float[] b) {
		double sum = 0;
		for (int i = 0; i < a.length; i++)
			sum += Math.pow((double) a[i] - b[i], 2);
		return sum;
	}

	static List<String> titles(List<Contender> some, Kind... kinds) {
		return some.stream().filter(c -> Arrays.asList(kinds).contains(c.kind)).map(Contender::title).toList();
	}
}
