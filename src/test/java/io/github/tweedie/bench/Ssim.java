package io.github.tweedie.bench;

import io.github.tweedie.sde.Shape;

/**
 * The structural similarity index (Wang, Bovik, Sheikh and Simoncelli 2004, eq. 13): the mean over all positions, and channels, of
 * an 11×11 window with Gaussian weights of 1.5 pixels that lies within the picture, with K₁ = 0.01 and K₂ = 0.03.
 */
final class Ssim {

	private static final int RADIUS = 5;
	private static final double WIDTH = 1.5, K1 = 0.01, K2 = 0.03;
	private static final double[] WINDOW = window();

	private Ssim() {}

	private static double[] window() {
		double[] window = new double[2 * RADIUS + 1];
		double sum = 0;
		for (int i = 0; i < window.length; i++)
			sum += window[i] = Math.exp(-0.5 * (i - RADIUS) * (i - RADIUS) / (WIDTH * WIDTH));
		for (int i = 0; i < window.length; i++)
			window[i] /= sum;
		return window;
	}

	/**
	 * @param shape 1×C×Y×X, at least 11×11 pixels
	 * @param range L, the span of the data: 2 for data in [−1, 1]
	 */
	static double of(Shape shape, float[] a, float[] b, double range) {
		int pixels = shape.y() * shape.x(), count = 0;
		double c1 = Math.pow(K1 * range, 2), c2 = Math.pow(K2 * range, 2), total = 0;
		for (int c = 0; c < shape.c(); c++) {
			double[] x = plane(a, c * pixels, pixels), y = plane(b, c * pixels, pixels);
			double[] mx = mean(x, shape), my = mean(y, shape), mxx = mean(product(x, x), shape), myy = mean(product(y, y), shape);
			double[] mxy = mean(product(x, y), shape);
			for (int i = 0; i < mx.length; i++) {
				double vx = mxx[i] - mx[i] * mx[i], vy = myy[i] - my[i] * my[i], cov = mxy[i] - mx[i] * my[i];
				total += (2 * mx[i] * my[i] + c1) * (2 * cov + c2) / ((mx[i] * mx[i] + my[i] * my[i] + c1) * (vx + vy + c2));
			}
			count += mx.length;
		}
		return total / count;
	}

	private static double[] plane(float[] image, int offset, int pixels) {
		double[] plane = new double[pixels];
		for (int i = 0; i < pixels; i++)
			plane[i] = image[offset + i];
		return plane;
	}

	private static double[] product(double[] x, double[] y) {
		double[] product = new double[x.length];
		for (int i = 0; i < x.length; i++)
			product[i] = x[i] * y[i];
		return product;
	}

	/** Of the window at each place where it fits. */
	private static double[] mean(double[] plane, Shape shape) {
		int wide = shape.x() - 2 * RADIUS, high = shape.y() - 2 * RADIUS;
		double[] rows = new double[shape.y() * wide], out = new double[high * wide];
		for (int i = 0; i < rows.length; i++)
			for (int k = 0; k < WINDOW.length; k++)
				rows[i] += WINDOW[k] * plane[i / wide * shape.x() + i % wide + k];
		for (int i = 0; i < out.length; i++)
			for (int k = 0; k < WINDOW.length; k++)
				out[i] += WINDOW[k] * rows[i + k * wide];
		return out;
	}
}
