package io.github.tweedie.restore;

import java.util.stream.IntStream;

import io.github.tweedie.sde.Runs;

/**
 * What was taken out of a noisy plane, in units of the noise that was expected: of noise alone it has a standard deviation of
 * about 1 and neighbours that know nothing of each other.
 *
 * @param deviation standard deviation, 1 if as much was taken as the noise holds
 * @param correlation of horizontal and vertical neighbours, 0 for noise that is independent from pixel to pixel
 * @param bounded whether the network wanted to take away far more than noise can hold, and was not let
 */
public record Residual(double deviation, double correlation, boolean bounded) {

	/** Of an image without noise nothing is taken away; and of a few pixels nothing can be said. */
	static final Residual NONE = new Residual(1, 0);

	private static final double FAR_TOO_LITTLE = 1.0 / 3, LEAST = 0.75, MOST = 1.15, ALIKE = 0.15;
	/** Noise alone has 1 and 0 with standard errors of 0.05. */
	private static final int FEWEST = 256;

	Residual(double deviation, double correlation) {
		this(deviation, correlation, false);
	}

	/**
	 * Of a part of the plane.
	 *
	 * @param inside Y×X, the pixels that are judged; null for all
	 */
	static Residual of(float[] noisy, float[] clean, int width, double deviation, boolean[] inside) {
		if (inside == null)
			return noisy.length < FEWEST ? NONE : of(noisy, clean, width, deviation);
		double sum = 0;
		int count = 0;
		long pairs = 0, all = 2L * noisy.length - width - noisy.length / width;
		for (int i = 0; i < noisy.length; i++)
			if (inside[i]) {
				sum += noisy[i] - clean[i];
				count++;
				pairs += (i % width > 0 && inside[i - 1] ? 1 : 0) + (i >= width && inside[i - width] ? 1 : 0);
			}
		if (count < FEWEST)
			return NONE;
		// NB: a residual that is the mean adds nothing to squares and products.
		float[] part = noisy.clone();
		for (int i = 0; i < part.length; i++)
			if (!inside[i])
				part[i] = (float) (clean[i] + sum / count);
		Residual diluted = of(part, clean, width, deviation);
		return new Residual(diluted.deviation * Math.sqrt((double) noisy.length / count),
			pairs == 0 ? 0 : diluted.correlation * all / pairs * count / noisy.length);
	}

	/**
	 * @param noisy Y×X, in units in which the noise is the same everywhere
	 * @param clean Y×X, in the same units
	 * @param width X
	 * @param deviation standard deviation of the noise in these units
	 */
	static Residual of(float[] noisy, float[] clean, int width, double deviation) {
		int height = noisy.length / width;
		double mean = Runs.sum(0, noisy.length, (from, to) -> {
			double sum = 0;
			for (int i = from; i < to; i++)
				sum += noisy[i] - clean[i];
			return sum;
		}) / noisy.length;
		double squares = 0, products = 0;
		// NB: sums of rows, added in order: the same for any number of threads.
		double[][] rows = new double[height][];
		IntStream.range(0, height).parallel().forEach(y -> rows[y] = squaresAndProducts(noisy, clean, width, y, mean));
		for (double[] row : rows) {
			squares += row[0];
			products += row[1];
		}
		long pairs = (long) height * (width - 1) + (long) (height - 1) * width;
		double variance = squares / noisy.length;
		return new Residual(Math.sqrt(variance) / deviation, variance == 0 || pairs == 0 ? 0 : products / pairs / variance);
	}

	/** Of a row, with itself, and with its right and lower neighbours. */
	private static double[] squaresAndProducts(float[] noisy, float[] clean, int width, int y, double mean) {
		int first = y * width, last = first + width - 1;
		// NB: a pixel of the last row has no lower neighbour: itself in its place counts for nothing.
		int below = last + 1 < noisy.length ? width : 0, weight = below > 0 ? 1 : 0;
		double squares = 0, products = 0, own = noisy[first] - clean[first] - mean;
		for (int i = first; i <= last; i++) {
			double next = i < last ? noisy[i + 1] - clean[i + 1] - mean : 0;
			squares += own * own;
			products += own * (next + weight * (noisy[i + below] - clean[i + below] - mean));
			own = next;
		}
		return new double[] { squares, products };
	}

	/** What a residual says of the result. */
	public enum Verdict {
		AS_EXPECTED(""),
		BOUNDED("the network wanted to take away far more than noise can hold, and was not let: the noise is stronger than was thought, or"
			+ " the network does not know such images; there the image was mostly kept as it is."),
		TOO_MUCH("more was taken away than the noise explains: structure was lost, or the noise is stronger than was thought; "
			+ "look at the residual."),
		CORRELATED("what was taken away is alike in neighbouring pixels: structure was lost, or the noise is not independent from "
			+ "pixel to pixel; look at the residual."),
		FAR_TOO_LITTLE("far less was taken away than the noise was said to be: it is weaker than that, and fine structure may be lost with it,"
			+ " or so much stronger that it was taken for structure; look at the residual and the result."),
		TOO_LITTLE("less was taken away than the noise explains: noise was left, or it is weaker than was thought.");

		private final String sentence;

		Verdict(String sentence) {
			this.sentence = sentence;
		}

		/** The end of a sentence for the user; empty if all is as expected. */
		public String sentence() {
			return sentence;
		}
	}

	public Verdict verdict() {
		return bounded ? Verdict.BOUNDED : deviation > MOST ? Verdict.TOO_MUCH : deviation < FAR_TOO_LITTLE ? Verdict.FAR_TOO_LITTLE
			: correlation > ALIKE ? Verdict.CORRELATED : deviation < LEAST ? Verdict.TOO_LITTLE : Verdict.AS_EXPECTED;
	}
}
