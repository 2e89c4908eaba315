package io.github.tweedie.bench;

import io.github.tweedie.sde.Shape;

/**
 * Convolution with a Gaussian, mirrored at the border, each channel by itself. (That of ImageJ loads ImageJ's classes before the
 * tests of the commands can patch them.)
 */
final class GaussianBlur {

	private static final double REACH = 4;

	private GaussianBlur() {}

	/**
	 * @param shape 1×C×Y×X
	 * @param image C·Y·X values, unchanged
	 * @param width standard deviation of the Gaussian in pixels, &gt; 0
	 */
	static float[] denoise(Shape shape, float[] image, double width) {
		double[] kernel = kernel(width);
		float[] rows = new float[image.length], out = new float[image.length];
		for (int row = 0; row < shape.rows(); row++)
			line(image, row * shape.x(), 1, shape.x(), kernel, rows);
		for (int c = 0; c < shape.c(); c++)
			for (int x = 0; x < shape.x(); x++)
				line(rows, c * shape.y() * shape.x() + x, shape.x(), shape.y(), kernel, out);
		return out;
	}

	/** k₀ … k_r; sampled and normalised. */
	private static double[] kernel(double width) {
		double[] kernel = new double[1 + (int) Math.ceil(REACH * width)];
		double sum = 0;
		for (int i = 0; i < kernel.length; i++) {
			kernel[i] = Math.exp(-0.5 * i * i / (width * width));
			sum += (i == 0 ? 1 : 2) * kernel[i];
		}
		for (int i = 0; i < kernel.length; i++)
			kernel[i] /= sum;
		return kernel;
	}

	private static void line(float[] in, int first, int step, int n, double[] kernel, float[] out) {
		for (int i = 0; i < n; i++) {
			double sum = kernel[0] * in[first + i * step];
			for (int k = 1; k < kernel.length; k++) {
				int before = i - k >= 0 ? i - k : Mirror.index(i - k, n), after = i + k < n ? i + k : Mirror.index(i + k, n);
				sum += kernel[k] * (in[first + before * step] + in[first + after * step]);
			}
			out[first + i * step] = (float) sum;
		}
	}
}
