package io.github.tweedie.image;

/**
 * Correlation of the noise of two pixels, by their distance along X and along Y: 1 at the distance 0, and 0 beyond its reach. It is
 * the same to the left as to the right, and upwards as downwards, as interpolation, resizing and blurring make it.
 */
public final class Autocorrelation {

	/** Of noise that is independent from pixel to pixel. */
	public static final Autocorrelation WHITE = new Autocorrelation(new double[][] { { 1 } });

	private final double[][] values;

	/** @param values by distance along Y, then along X, both from 0 on; the first is 1 */
	Autocorrelation(double[][] values) {
		this.values = values;
	}

	/**
	 * Of noise that was filtered along X and along Y independently, with a reach of two pixels.
	 *
	 * @param x1 of neighbours along X
	 * @param x2 of pixels two apart along X
	 * @param y1 of neighbours along Y
	 * @param y2 of pixels two apart along Y
	 */
	public static Autocorrelation separable(double x1, double x2, double y1, double y2) {
		double[] x = { 1, x1, x2 }, y = { 1, y1, y2 };
		double[][] values = new double[3][3];
		for (int dy = 0; dy < 3; dy++)
			for (int dx = 0; dx < 3; dx++)
				values[dy][dx] = y[dy] * x[dx];
		return new Autocorrelation(values);
	}

	/** Distance along either axis from which on there is no correlation. */
	public int reach() {
		return values.length;
	}

	/** Of pixels this far apart. */
	public double at(int dx, int dy) {
		int x = Math.abs(dx), y = Math.abs(dy);
		return x < values.length && y < values.length ? values[y][x] : 0;
	}

	/** Power of noise of unit variance at the lowest frequency, Σρ: the variance of its mean over many pixels, times their number. */
	double lowest() {
		double sum = 0;
		for (int dy = 0; dy < values.length; dy++)
			for (int dx = 0; dx < values.length; dx++)
				sum += Cosines.weight(dx) * Cosines.weight(dy) * values[dy][dx];
		return sum;
	}

	/**
	 * The terms of the power at one frequency along X, of which the sum over cosines tells it at a frequency along Y.
	 *
	 * @param frequency ω along X, radians a pixel
	 */
	double[] alongY(double frequency) {
		double[] terms = new double[values.length];
		for (int dy = 0; dy < values.length; dy++)
			for (int dx = 0; dx < values.length; dx++)
				terms[dy] += Cosines.weight(dx) * Cosines.weight(dy) * values[dy][dx] * Math.cos(dx * frequency);
		return terms;
	}

	/** Σ of terms c(k)·cos(kω), by Clenshaw's recurrence. */
	static double sum(double[] terms, double cosine) {
		double next = 0, second = 0;
		for (int k = terms.length - 1; k > 0; k--) {
			double own = terms[k] + 2 * cosine * next - second;
			second = next;
			next = own;
		}
		return terms[0] + cosine * next - second;
	}

	/**
	 * Power of noise of unit variance at the frequencies 0, 1, … n/2 periods in n pixels, along Y, then along X. Its mean over all n×n
	 * frequencies is 1. Errors of measurement may make it negative.
	 */
	double[][] spectrum(int n) {
		double[][] padded = new double[n / 2 + 1][n / 2 + 1];
		for (int y = 0; y < values.length; y++)
			System.arraycopy(values[y], 0, padded[y], 0, values.length);
		return new Cosines(n).transformed(padded);
	}
}
