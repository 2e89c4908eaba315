package io.github.tweedie.image;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

import io.github.tweedie.image.NoiseEstimate.Correlation;

/**
 * What the evenest blocks of an image tell of the correlation of its noise: their autocovariance after a plane is taken away from
 * each. Correlated noise raises the variance of all blocks alike over what the highest frequencies promise, structure that of
 * some, and reaches further; so correlation is only found where all blocks, or else the quietest ones, agree that it ends after two
 * pixels.
 *
 * @param correlation of neighbouring pixels
 * @param factor variance of a pixel over the one that the highest frequencies promise; 1 where no correlation was found
 */
record Flatness(Correlation correlation, double factor) {

	/** Of noise that is taken for white. */
	static final Flatness NONE = new Flatness(Correlation.UNKNOWN, 1);

	/** Of so many blocks at most the pixels are looked at. */
	private static final int SIDE = BlockStatistics.SIDE, MOST = 2000;
	/** Of the blocks, ranked by their structure, and of those, ranked by their variance. */
	private static final double EVEN = 0.5, QUIET = 0.3;
	/**
	 * Median of the variances over their first decile: 1.3 for white noise, 1.4 for smooth noise, above 1.6 where structure differs.
	 */
	private static final double ALIKE = 1.5;
	/** Mean variance of the quiet blocks over the true one: chance and the ranking make it smaller. */
	private static final double QUIETER = 0.75;
	private static final double LEAST_CORRELATION = 0.1;
	/** So much is left of wide correlation; more is structure. */
	private static final double MOST_FACTOR = 100;

	/** A block that might be even. */
	record Candidate(int plane, int left, int top, double structure, double variance, boolean inlier) {}

	static Flatness of(int count, IntFunction<Candidate> candidates, IntFunction<float[]> planes, int width) {
		List<Candidate> even = even(IntStream.range(0, count).mapToObj(candidates).filter(Candidate::inlier).toList(), (int) (EVEN * count));
		if (even.size() < 20)
			return NONE;
		double[][] found = new double[even.size()][];
		for (int plane : even.stream().mapToInt(Candidate::plane).distinct().sorted().toArray()) {
			float[] grey = planes.apply(plane);
			IntStream.range(0, found.length).filter(i -> even.get(i).plane == plane).parallel()
				.forEach(i -> found[i] = covariance(grey, width, even.get(i)));
		}
		double[][] covariances = IntStream.of(NoiseFit.sorted(Arrays.stream(found).mapToDouble(c -> c[0]).toArray()))
			.mapToObj(i -> found[i]).toArray(double[][]::new);
		boolean alike = covariances[covariances.length / 2][0] < ALIKE * covariances[covariances.length / 10][0];
		Flatness all = alike ? judge(mean(covariances, covariances.length), 1) : null;
		return alike && all.correlation.found() ? all : quiet(covariances, all);
	}

	/** Some of the evenest blocks, of all degrees of evenness among those. */
	private static List<Candidate> even(List<Candidate> all, int number) {
		int[] order = NoiseFit.sorted(all.stream().mapToDouble(Candidate::structure).toArray());
		int evenest = Math.min(number, order.length), every = 1 + (evenest - 1) / MOST;
		return IntStream.range(0, evenest).filter(i -> i % every == 0).mapToObj(i -> all.get(order[i])).toList();
	}

	/**
	 * The quietest blocks, where others hold structure; they are quiet by chance, too. What they say counts if it is a correlation.
	 *
	 * @param all what all blocks say, or null where they are not alike
	 */
	private static Flatness quiet(double[][] covariances, Flatness all) {
		Flatness quiet = judge(mean(covariances, (int) Math.ceil(QUIET * covariances.length)), QUIETER);
		return all == null || quiet.correlation.found() ? quiet : all;
	}

	private static double[] mean(double[][] covariances, int used) {
		double[] mean = new double[5];
		for (int i = 0; i < used; i++)
			for (int k = 0; k < 5; k++)
				mean[k] += covariances[i][k] / used;
		return mean;
	}

	/** @param share variance that is expected of blocks so chosen, over the true one */
	private static Flatness judge(double[] mean, double share) {
		double factor = Math.min(MOST_FACTOR, mean[0] / share), x1 = mean[1] / mean[0], x2 = mean[2] / mean[0], y1 = mean[3] / mean[0],
			y2 = mean[4] / mean[0];
		double most = Math.max(x1, y1), least = Math.min(x1, y1);
		boolean smooth = most > LEAST_CORRELATION && factor > 1.15;
		boolean sharpened = least < -LEAST_CORRELATION && most < LEAST_CORRELATION && factor < 0.87;
		boolean ends = Math.max(x2, y2) < 0.3 * most && factor > 0.9 * promised(x1, x2, y1, y2);
		boolean found = smooth && ends || sharpened && share == 1;
		return new Flatness(new Correlation(x1, x2, y1, y2, found), found ? factor : 1);
	}

	/**
	 * The factor, if the correlation ends after two pixels, as that of noise does: one over the power that the 6th derivative meets.
	 * That of structure does not end there, and its factor is smaller. At most 4, since rounding to grey levels is white.
	 */
	private static double promised(double x1, double x2, double y1, double y2) {
		return 1 / Math.max(0.25, power(x1, x2) * power(y1, y2));
	}

	/** Along one axis; 924, 792 and 495 are the autocorrelation of the 6th derivative. */
	private static double power(double one, double two) {
		return Math.max(0, 1 - 2 * 792 / 924.0 * one + 2 * 495 / 924.0 * two);
	}

	/**
	 * Autocovariances of a block along X (0, 1, 2 pixels) and along Y (1, 2), over the variance that the highest frequencies
	 * promise.
	 */
	private static double[] covariance(float[] plane, int width, Candidate at) {
		// NB: zeros beside the block, so that all distances are summed in one go, and none across its border.
		double[] z = new double[WIDE * (SIDE + 2)];
		double sum = 0, slopeX = 0, slopeY = 0;
		for (int y = 0; y < SIDE; y++)
			for (int x = 0, from = (at.top + y) * width + at.left; x < SIDE; x++) {
				double value = plane[from + x];
				z[y * WIDE + x] = value;
				sum += value;
				slopeX += (x - MIDDLE) * value;
				slopeY += (y - MIDDLE) * value;
			}
		double mean = sum / (SIDE * SIDE), perX = slopeX / SQUARES, perY = slopeY / SQUARES;
		for (int y = 0; y < SIDE; y++)
			for (int x = 0; x < SIDE; x++)
				z[y * WIDE + x] -= mean + perX * (x - MIDDLE) + perY * (y - MIDDLE);
		double none = 0, right = 0, further = 0, below = 0, lower = 0;
		for (int i = 0; i < SIDE * WIDE; i++) {
			none += z[i] * z[i];
			right += z[i] * z[i + 1];
			further += z[i] * z[i + 2];
			below += z[i] * z[i + WIDE];
			lower += z[i] * z[i + 2 * WIDE];
		}
		double variance = none / PAIRS[0] / at.variance / (1 + EXPECTED[0]);
		double[] out = { variance, right, further, below, lower };
		for (int k = 1; k < 5; k++)
			out[k] = out[k] / PAIRS[k] / at.variance - EXPECTED[k] * variance;
		return out;
	}

	/** Width of a block with two columns of zeros beside it. */
	private static final int WIDE = SIDE + 2;
	/** Middle of a block, and the sum over its pixels of the squared distances to it, along one axis. */
	private static final double MIDDLE = (SIDE - 1) / 2.0, SQUARES = SIDE * SIDE * (SIDE * SIDE - 1) / 12.0;
	/** Pairs of pixels of a block at each of the distances. */
	private static final double[] PAIRS = { SIDE * SIDE, SIDE * (SIDE - 1), SIDE * (SIDE - 2), SIDE * (SIDE - 1), SIDE * (SIDE - 2) };

	/**
	 * What taking a plane away does to the covariances of white noise: minus the mean of the projection's elements at that distance.
	 */
	private static final double[] EXPECTED = expected();

	private static double[] expected() {
		double[] out = new double[5];
		for (int k = 0; k < 5; k++) {
			int dx = k < 3 ? k : 0, dy = k < 3 ? 0 : k - 2;
			for (int y = 0; y + dy < SIDE; y++)
				for (int x = 0; x + dx < SIDE; x++)
					out[k] -= (1.0 / (SIDE * SIDE) + (x - MIDDLE) * (x + dx - MIDDLE) / SQUARES
						+ (y - MIDDLE) * (y + dy - MIDDLE) / SQUARES) / PAIRS[k];
		}
		return out;
	}
}
