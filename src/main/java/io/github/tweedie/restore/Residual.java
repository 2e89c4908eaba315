package io.github.tweedie.restore;

import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * What was taken out of a noisy plane, in units of the noise that was expected: of noise alone it has a standard deviation of
 * about 1 and neighbours that know nothing of each other.
 *
 * @param deviation standard deviation, 1 if as much was taken as the noise holds
 * @param correlation of horizontal and vertical neighbours, 0 for noise that is independent from pixel to pixel
 */
public record Residual(double deviation, double correlation) {

	/** Of an image without noise nothing is taken away. */
	static final Residual NONE = new Residual(1, 0);

	private static final double LEAST = 0.75, MOST = 1.15, ALIKE = 0.15;

	/**
	 * @param noisy Y×X, in units in which the noise is the same everywhere
	 * @param clean Y×X, in the same units
	 * @param width X
	 * @param deviation standard deviation of the noise in these units
	 */
	static Residual of(float[] noisy, float[] clean, int width, double deviation) {
		int height = noisy.length / width;
		// NB: sums of rows, added in order: the same for any number of threads.
		double mean = Arrays.stream(ofRows(height, y -> {
			double sum = 0;
			for (int i = y * width, end = i + width; i < end; i++)
				sum += noisy[i] - clean[i];
			return new double[] { sum };
		})).mapToDouble(row -> row[0]).sum() / noisy.length;
		double squares = 0, products = 0;
		for (double[] row : ofRows(height, y -> squaresAndProducts(noisy, clean, width, y, mean))) {
			squares += row[0];
			products += row[1];
		}
		long pairs = (long) height * (width - 1) + (long) (height - 1) * width;
		double variance = squares / noisy.length;
		return new Residual(Math.sqrt(variance) / deviation, variance == 0 || pairs == 0 ? 0 : products / pairs / variance);
	}

	private static double[][] ofRows(int height, IntFunction<double[]> sums) {
		return IntStream.range(0, height).parallel().mapToObj(sums).toArray(double[][]::new);
	}

	/** Of a row, with itself, and with its right and lower neighbours. */
	private static double[] squaresAndProducts(float[] noisy, float[] clean, int width, int y, double mean) {
		double squares = 0, products = 0;
		boolean last = (y + 1) * (long) width >= noisy.length;
		for (int x = 0, i = y * width; x < width; x++, i++) {
			double r = noisy[i] - clean[i] - mean;
			squares += r * r;
			if (x + 1 < width)
				products += r * (noisy[i + 1] - clean[i + 1] - mean);
			if (!last)
				products += r * (noisy[i + width] - clean[i + width] - mean);
		}
		return new double[] { squares, products };
	}

	/** What a residual says of the result. */
	public enum Verdict {
		AS_EXPECTED(""),
		TOO_MUCH("more was taken away than the noise explains: structure was lost, or the noise is stronger than was thought; "
			+ "look at the residual."),
		CORRELATED("what was taken away is alike in neighbouring pixels: structure was lost, or the noise is not independent from "
			+ "pixel to pixel; look at the residual."),
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
		return deviation > MOST ? Verdict.TOO_MUCH : correlation > ALIKE ? Verdict.CORRELATED : deviation < LEAST ? Verdict.TOO_LITTLE
			: Verdict.AS_EXPECTED;
	}
}
