package io.github.tweedie.image;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Where a specimen is drawn: amounts of dye per pixel, on the picture and on a margin around it, from which light is scattered
 * into the picture. Coordinates are those of the picture, in pixels; the centre of the first one is (0, 0).
 */
final class Canvas {

	static final int MARGIN = 24;

	/** A value at each pixel. */
	interface Paint {
		double at(int x, int y);
	}

	/** A point of a tube: where, how thick (radius, pixels) and with how much dye. */
	record Node(double x, double y, double radius, double dye) {}

	private final int width, height, columns, rows;
	private final float[] dye, tube;
	private int left, right, top, bottom;

	Canvas(int width, int height) {
		this.width = width;
		this.height = height;
		columns = width + 2 * MARGIN;
		rows = height + 2 * MARGIN;
		dye = new float[Math.multiplyExact(columns, rows)];
		tube = new float[dye.length];
		forgetTube();
	}

	int width() {
		return width;
	}

	int height() {
		return height;
	}

	/** Pixels, with the margin. */
	double area() {
		return dye.length;
	}

	/** A random abscissa on the picture or its margin. */
	double anyX(Dice dice) {
		return dice.uniform(-MARGIN, width + MARGIN);
	}

	double anyY(Dice dice) {
		return dice.uniform(-MARGIN, height + MARGIN);
	}

	// -- Drawing --

	void add(Paint paint) {
		for (int j = 0; j < rows; j++)
			for (int i = 0; i < columns; i++)
				dye[j * columns + i] += (float) paint.at(i - MARGIN, j - MARGIN);
	}

	void multiply(Paint paint) {
		for (int j = 0; j < rows; j++)
			for (int i = 0; i < columns; i++)
				dye[j * columns + i] *= (float) paint.at(i - MARGIN, j - MARGIN);
	}

	/** Adds to the pixels within a distance of a point. */
	void addNear(double x, double y, double reach, Paint paint) {
		for (int j = row(y - reach), down = row(y + reach + 1); j <= down; j++)
			for (int i = column(x - reach), end = column(x + reach + 1); i <= end; i++)
				dye[j * columns + i] += (float) paint.at(i - MARGIN, j - MARGIN);
	}

	/**
	 * Replaces the pixels within a distance of a point.
	 *
	 * @param cover how much of the pixel is covered, 0 to 1
	 */
	void cover(double x, double y, double reach, Paint cover, Paint paint) {
		for (int j = row(y - reach), down = row(y + reach + 1); j <= down; j++)
			for (int i = column(x - reach), end = column(x + reach + 1); i <= end; i++) {
				double share = cover.at(i - MARGIN, j - MARGIN);
				if (share > 0)
					dye[j * columns + i] += (float) (share * (paint.at(i - MARGIN, j - MARGIN) - dye[j * columns + i]));
			}
	}

	/** A round spot with a Gaussian profile. */
	void spot(double x, double y, double sigma, double brightness) {
		double k = -0.5 / (sigma * sigma);
		addNear(x, y, 3.5 * sigma, (px, py) -> brightness * Math.exp(k * ((px - x) * (px - x) + (py - y) * (py - y))));
	}

	/**
	 * Part of a tube; parts that meet or cross do not add up, so that a branching thing is evenly bright, until {@link #stain} ends
	 * it.
	 *
	 * @param hollow whether only the wall carries dye
	 */
	void stroke(List<Node> path, boolean hollow) {
		for (int i = 1; i < path.size(); i++)
			segment(path.get(i - 1), path.get(i), hollow);
	}

	private void segment(Node a, Node b, boolean hollow) {
		double reach = Math.max(a.radius, b.radius) + 1, dx = b.x - a.x, dy = b.y - a.y, length = Math.max(1e-9, dx * dx + dy * dy);
		int l = column(Math.min(a.x, b.x) - reach), r = column(Math.max(a.x, b.x) + reach + 1);
		int t = row(Math.min(a.y, b.y) - reach), d = row(Math.max(a.y, b.y) + reach + 1);
		for (int j = t; j <= d; j++)
			for (int i = l; i <= r; i++) {
				double px = i - MARGIN - a.x, py = j - MARGIN - a.y, s = Math.max(0, Math.min(1, (px * dx + py * dy) / length));
				double radius = a.radius + s * (b.radius - a.radius), distance = Math.hypot(px - s * dx, py - s * dy);
				double value = (a.dye + s * (b.dye - a.dye)) * section(distance, radius, hollow);
				if (value > tube[j * columns + i])
					tube[j * columns + i] = (float) value;
			}
		left = Math.min(left, l);
		right = Math.max(right, r);
		top = Math.min(top, t);
		bottom = Math.max(bottom, d);
	}

	/** Light from a round tube, seen from the side. */
	private static double section(double distance, double radius, boolean hollow) {
		double edge = Math.max(0, Math.min(1, radius + 0.5 - distance)), q = distance / (radius + 0.5);
		if (edge == 0)
			return 0;
		return edge * (hollow ? 0.35 + 0.65 * q * q : 0.35 + 0.65 * Math.sqrt(Math.max(0, 1 - q * q)));
	}

	/** Adds the tube that was drawn. */
	void stain(double brightness) {
		for (int j = top; j <= bottom; j++)
			for (int i = left; i <= right; i++) {
				dye[j * columns + i] += (float) (brightness * tube[j * columns + i]);
				tube[j * columns + i] = 0;
			}
		forgetTube();
	}

	private void forgetTube() {
		left = columns;
		top = rows;
		right = -1;
		bottom = -1;
	}

	private int column(double x) {
		return (int) Math.max(0, Math.min(columns - 1, Math.floor(x) + MARGIN));
	}

	private int row(double y) {
		return (int) Math.max(0, Math.min(rows - 1, Math.floor(y) + MARGIN));
	}

	// -- Optics --

	/** Convolves with a Gaussian. */
	void blur(double sigma) {
		blur(dye, sigma);
	}

	/** Adds a part of the light once more, spread widely: what lies above and below the focus. */
	void haze(double sigma, double share) {
		float[] wide = dye.clone();
		blur(wide, sigma);
		for (int i = 0; i < dye.length; i++)
			dye[i] += (float) (share * wide[i]);
	}

	private void blur(float[] data, double sigma) {
		float[] kernel = gaussian(sigma);
		float[] line = new float[Math.max(columns, rows)], sum = new float[line.length];
		for (int j = 0; j < rows; j++) {
			System.arraycopy(data, j * columns, line, 0, columns);
			convolve(line, columns, kernel, sum);
			System.arraycopy(sum, 0, data, j * columns, columns);
		}
		float[] out = new float[data.length];
		for (int k = 1 - kernel.length; k < kernel.length; k++)
			for (int j = 0; j < rows; j++) {
				int from = Math.max(0, Math.min(rows - 1, j + k)) * columns, to = j * columns;
				float weight = kernel[Math.abs(k)];
				for (int i = 0; i < columns; i++)
					out[to + i] += weight * data[from + i];
			}
		System.arraycopy(out, 0, data, 0, data.length);
	}

	private static void convolve(float[] line, int length, float[] kernel, float[] sum) {
		Arrays.fill(sum, 0, length, 0);
		for (int k = 1 - kernel.length; k < kernel.length; k++)
			for (int i = 0; i < length; i++)
				sum[i] += kernel[Math.abs(k)] * line[Math.max(0, Math.min(length - 1, i + k))];
	}

	/** The right half of the kernel. */
	private static float[] gaussian(double sigma) {
		float[] kernel = new float[(int) Math.ceil(3.5 * sigma) + 1];
		double sum = 0;
		for (int i = 0; i < kernel.length; i++) {
			kernel[i] = (float) Math.exp(-0.5 * i * i / (sigma * sigma));
			sum += i == 0 ? kernel[0] : 2 * kernel[i];
		}
		for (int i = 0; i < kernel.length; i++)
			kernel[i] /= (float) sum;
		return kernel;
	}

	/** Convolves with any round kernel, given by its value at a distance in pixels; normalised here. */
	void convolve(DoubleUnaryOperator profile, int reach) {
		int side = 2 * reach + 1;
		double[] kernel = new double[side * side];
		for (int i = 0; i < kernel.length; i++)
			kernel[i] = profile.applyAsDouble(Math.hypot(i % side - reach, i / side - reach));
		double sum = Arrays.stream(kernel).sum();
		float[] out = new float[dye.length];
		for (int v = -reach; v <= reach; v++)
			for (int u = -reach; u <= reach; u++) {
				float weight = (float) (kernel[(v + reach) * side + u + reach] / sum);
				for (int j = Math.max(0, -v); j < Math.min(rows, rows - v); j++) {
					int to = j * columns, shift = v * columns + u;
					for (int i = Math.max(0, -u), end = Math.min(columns, columns - u); i < end; i++)
						out[to + i] += weight * dye[to + i + shift];
				}
			}
		System.arraycopy(out, 0, dye, 0, dye.length);
	}

	/** The picture without its margin, Y×X. */
	float[] picture() {
		float[] out = new float[width * height];
		for (int y = 0; y < height; y++)
			System.arraycopy(dye, (y + MARGIN) * columns + MARGIN, out, y * width, width);
		return out;
	}
}
