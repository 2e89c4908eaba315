package io.github.tweedie.image;

import java.util.stream.IntStream;

import io.github.tweedie.image.NoiseEstimate.Correlation;

/**
 * Makes correlated noise white, so that a network that was trained on white noise knows it for noise. The noise of neighbours is
 * correlated where a camera or a program interpolated after the noise was there: what was seen is h∗(x + n) with white n and a small
 * kernel h. Taken for three pixels wide along each axis, h = (c, 1 − 2c, c), it makes a correlation of neighbours of
 *
 * <pre>ρ = 2c·(1 − 2c) / ((1 − 2c)² + 2c²)</pre>
 *
 * which tells c. The whitened plane is h⁻¹∗y, a tridiagonal system along each row and each column; the border is mirrored. What a
 * network makes of it goes back by h∗. A constant plane stays as it is. Sharpened images have a negative ρ and c.
 *
 * <p>For c near ¼ the highest frequencies are lost, and their rounding errors would be blown up, so c ends at 0.21; noise of a
 * longer reach stays correlated in part, which {@link #deviation()} takes into account. Immutable and safe in any number of
 * threads.
 */
public final class Whitening {

	/** Of noise that is white already. */
	public static final Whitening NONE = new Whitening(0, 0, 1, 1);

	private static final double MOST = 0.21, LEAST = -0.5;
	/** Of the caution, for each pixel beyond the second that shares one value. */
	private static final double UNSEEN = 0.17, MOST_CAUTION = 2;
	private static final int FREQUENCIES = 256;

	private final double cx, cy, deviation, caution;

	private Whitening(double cx, double cy, double deviation, double caution) {
		this.cx = cx;
		this.cy = cy;
		this.deviation = deviation;
		this.caution = caution;
	}

	/** @param correlation as it was measured; unless it was found, nothing is to be done */
	public static Whitening of(Correlation correlation) {
		if (!correlation.found())
			return NONE;
		double cx = kernel(correlation.x1()), cy = kernel(correlation.y1());
		double[] alongX = spectrum(correlation.x1(), correlation.x2(), cx), alongY = spectrum(correlation.y1(), correlation.y2(), cy);
		double variance = mean(alongX) * mean(alongY), slow = Math.max(variance, alongX[0] * alongY[0]);
		double wide = Math.max(0, correlation.lengthX() * correlation.lengthY() - 2);
		return new Whitening(cx, cy, Math.pow(variance * slow, 0.25), Math.min(MOST_CAUTION, 1 + UNSEEN * wide));
	}

	/** c of a correlation of neighbours: the root near 0 of (6ρ + 4)·c² − (4ρ + 2)·c + ρ = 0. */
	private static double kernel(double rho) {
		double a = 6 * rho + 4, b = 4 * rho + 2, root = b * b - 4 * a * rho;
		double c = root <= 0 ? Math.copySign(1, rho) : 2 * rho / (b + Math.sqrt(root));
		return Math.max(LEAST, Math.min(MOST, c));
	}

	/** Power of noise of unit variance and the given correlations after the division by h, from the lowest frequency to the highest. */
	private static double[] spectrum(double one, double two, double c) {
		return IntStream.range(0, FREQUENCIES).mapToDouble(k -> {
			double w = Math.PI * k / (FREQUENCIES - 1), h = 1 - 2 * c + 2 * c * Math.cos(w);
			return Math.max(0, 1 + 2 * one * Math.cos(w) + 2 * Math.max(0, two) * Math.cos(2 * w)) / (h * h);
		}).toArray();
	}

	/** By the trapezoidal rule. */
	private static double mean(double[] spectrum) {
		double sum = (spectrum[0] + spectrum[FREQUENCIES - 1]) / 2;
		for (int k = 1; k < FREQUENCIES - 1; k++)
			sum += spectrum[k];
		return sum / (FREQUENCIES - 1);
	}

	/** Whether nothing is to be done. */
	public boolean none() {
		return cx == 0 && cy == 0;
	}

	/**
	 * Standard deviation of the white noise over that of the noise as it was: at least its true one, and the geometric mean of that and
	 * of the noise at the lowest frequencies where some correlation is left.
	 */
	public double deviation() {
		return deviation;
	}

	/**
	 * Factor by which a denoiser does well to take the noise for stronger still, for what the measurement does not see of wide noise:
	 * it is made in blocks of 8×8 pixels from which a plane is taken. 1 where at most two pixels share one value. On simulated noise
	 * blurred by 0.7 to 1 pixel, and on that of wide-field cameras with the mean of many exposures beside it, 1.25 to 2 denoised best.
	 */
	public double caution() {
		return caution;
	}

	/**
	 * The plane with white noise, h⁻¹∗y.
	 *
	 * @param plane Y×X, unchanged
	 * @param width X
	 */
	public float[] whitened(float[] plane, int width) {
		return along(plane, width, Whitening::solve);
	}

	/** The inverse of {@link #whitened}, h∗x. */
	public float[] coloured(float[] plane, int width) {
		return along(plane, width, Whitening::blur);
	}

	/** Changes a line of pixels. */
	private interface Line {
		void change(double[] line, double c);
	}

	private float[] along(float[] plane, int width, Line change) {
		int height = plane.length / width;
		float[] out = plane.clone();
		if (cx != 0)
			IntStream.range(0, height).parallel().forEach(y -> line(out, y * width, 1, width, cx, change));
		if (cy != 0)
			IntStream.range(0, width).parallel().forEach(x -> line(out, x, width, height, cy, change));
		return out;
	}

	private static void line(float[] plane, int from, int stride, int count, double c, Line change) {
		double[] line = new double[count];
		for (int i = 0; i < count; i++)
			line[i] = plane[from + i * stride];
		change.change(line, c);
		for (int i = 0; i < count; i++)
			plane[from + i * stride] = (float) line[i];
	}

	/** The pixel beyond the border is the one before it. */
	private static void blur(double[] line, double c) {
		double before = line[0];
		for (int i = 0; i < line.length; i++) {
			double own = line[i], after = line[Math.min(i + 1, line.length - 1)];
			line[i] = own + c * (before - 2 * own + after);
			before = own;
		}
	}

	/** Elimination from left to right and substitution back: the diagonal outweighs its neighbours, so no pivot is needed. */
	private static void solve(double[] line, double c) {
		int n = line.length;
		if (n == 1)
			return;
		double[] upper = new double[n];
		for (int i = 0; i < n; i++) {
			double diagonal = 1 - (i == 0 || i == n - 1 ? c : 2 * c), pivot = i == 0 ? diagonal : diagonal - c * upper[i - 1];
			upper[i] = c / pivot;
			line[i] = (line[i] - (i == 0 ? 0 : c * line[i - 1])) / pivot;
		}
		for (int i = n - 2; i >= 0; i--)
			line[i] -= upper[i] * line[i + 1];
	}
}
