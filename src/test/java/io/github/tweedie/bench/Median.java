package io.github.tweedie.bench;

import java.util.Arrays;

import io.github.tweedie.sde.Shape;

/** The median of a square window, mirrored at the border, each channel by itself. */
final class Median {

	private Median() {}

	/**
	 * @param shape 1×C×Y×X
	 * @param image C·Y·X values, unchanged
	 * @param radius 1 for 3×3 pixels
	 */
	static float[] denoise(Shape shape, float[] image, int radius) {
		int size = 2 * radius + 1, wide = shape.x() + 2 * radius, pixels = shape.y() * shape.x();
		float[] out = new float[image.length], window = new float[size * size];
		for (int c = 0; c < shape.c(); c++) {
			float[] plane = Mirror.pad(image, c * pixels, shape.y(), shape.x(), radius);
			for (int i = 0; i < pixels; i++) {
				for (int k = 0; k < size; k++)
					System.arraycopy(plane, (i / shape.x() + k) * wide + i % shape.x(), window, k * size, size);
				Arrays.sort(window);
				out[c * pixels + i] = window[window.length / 2];
			}
		}
		return out;
	}
}
