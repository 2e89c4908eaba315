package io.github.tweedie.image;

import java.util.stream.IntStream;

/**
 * A plane of half the width and height, whose pixels are the means of 2×2, and the way back by cubic convolution (Keys 1981, eq. 15),
 * in which what is linear stays as it is. An odd last row or column is averaged with the one before.
 *
 * @param width X of the plane
 * @param height Y of the plane
 */
public record Halving(int width, int height) {

	/** Of the four pixels nearest to a place a quarter of a pixel behind the second: the weights of t = 1/4. */
	private static final double[] WEIGHTS = { -9 / 128.0, 111 / 128.0, 29 / 128.0, -3 / 128.0 };

	/** X of the halved plane. */
	public int halfWidth() {
		return (width + 1) / 2;
	}

	private int halfHeight() {
		return (height + 1) / 2;
	}

	/** @return means of 2×2 pixels, Y/2×X/2 */
	public float[] means(float[] plane) {
		float[] means = new float[halfWidth() * halfHeight()];
		for (int y = 0, i = 0; y < height; y += 2)
			for (int x = 0; x < width; x += 2, i++) {
				int at = y * width + x, right = other(x, width), below = width * other(y, height);
				means[i] = (plane[at] + plane[at + right] + plane[at + below] + plane[at + below + right]) / 4;
			}
		return means;
	}

	/** Where the pixel lies with which one is averaged: behind it, or before the last. */
	private static int other(int at, int count) {
		return at + 1 < count ? 1 : count > 1 ? -1 : 0;
	}

	/** @return whether any of 2×2 pixels is set, Y/2×X/2; null for null */
	public boolean[] any(boolean[] set) {
		if (set == null)
			return null;
		boolean[] any = new boolean[halfWidth() * halfHeight()];
		for (int i = 0; i < set.length; i++)
			any[i / width / 2 * halfWidth() + i % width / 2] |= set[i];
		return any;
	}

	/** @return the plane of which these may be the means, Y×X */
	public float[] enlarged(float[] means) {
		float[] wide = new float[width * halfHeight()], plane = new float[width * height];
		IntStream.range(0, halfHeight()).parallel().forEach(y -> {
			for (int x = 0; x < width; x++)
				wide[y * width + x] = between(means, y * halfWidth(), 1, halfWidth(), x);
		});
		IntStream.range(0, height).parallel().forEach(y -> {
			for (int x = 0; x < width; x++)
				plane[y * width + x] = between(wide, x, width, halfHeight(), y);
		});
		return plane;
	}

	/** The pixel of a row or column of means that lies a quarter of a mean before, or behind, the one that holds it. */
	private static float between(float[] means, int from, int step, int count, int pixel) {
		int at = pixel / 2, behind = pixel % 2 == 0 ? -1 : 1;
		double sum = 0;
		for (int k = 0; k < WEIGHTS.length; k++)
			sum += WEIGHTS[k] * means[from + step * Math.max(0, Math.min(count - 1, at + behind * (k - 1)))];
		return (float) sum;
	}
}
