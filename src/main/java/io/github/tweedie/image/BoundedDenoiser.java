package io.github.tweedie.image;

import java.util.stream.IntStream;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Shape;

/**
 * A denoiser that takes no more away than noise can hold. The expected noise E[z | x] has, by Jensen's inequality, a mean square of at
 * most 1. A network that is shown what it was not trained on, an area without noise or objects of a contrast that it never saw, may
 * answer with anything; where it takes more than 2.5² σ² on average away from the 8×8 pixels of a block, the difference is divided by the
 * square of its excess, there and in the blocks beside it, so that the worst answers change nothing.
 *
 * @param inner the denoiser over planes
 * @param inside Y×X, pixels of the blocks that count where it is told how many were bounded; null for all
 * @param told of each plane
 */
public record BoundedDenoiser(Denoiser inner, boolean[] inside, Bounds told) implements Denoiser {

	/** Hears how much of a plane was bounded. */
	@FunctionalInterface
	public interface Bounds {

		/**
		 * @param sigma noise of the plane
		 * @param share of its blocks
		 */
		void of(double sigma, double share);
	}

	private static final int SIDE = 8;
	private static final double MOST = 2.5 * 2.5;

	@Override
	public void denoise(Batch batch, float[] out) {
		inner.denoise(batch, out);
		Shape shape = batch.shape();
		int size = shape.x() * shape.y(), planes = out.length / size;
		for (int plane = 0; plane < planes; plane++) {
			double sigma = batch.sigma()[plane * shape.n() / planes];
			told.of(sigma, bound(batch.x(), out, plane * size, shape.x(), shape.y(), MOST * sigma * sigma));
		}
	}

	/** One plane that begins at an index; the share of its blocks that needed it. */
	private double bound(float[] x, float[] out, int from, int width, int height, double most) {
		int columns = (width + SIDE - 1) / SIDE, rows = (height + SIDE - 1) / SIDE;
		float[] share = new float[columns * rows];
		IntStream.range(0, rows).parallel().forEach(row -> {
			for (int column = 0; column < columns; column++)
				share[row * columns + column] = (float) Math.min(1, most / energy(x, out, from, width, height, column, row));
		});
		if (allWhole(share))
			return 0;
		float[] least = new float[share.length];
		for (int i = 0; i < least.length; i++)
			least[i] = around(share, columns, rows, i % columns, i / columns);
		for (int i = 0; i < width * height; i++) {
			float s = between(least, columns, rows, i % width, i / width);
			// NB: what is no number is not to be multiplied.
			out[from + i] = s == 1 ? out[from + i] : s == 0 ? x[from + i] : x[from + i] + s * (out[from + i] - x[from + i]);
		}
		return bounded(share, columns, width, height);
	}

	private static boolean allWhole(float[] share) {
		for (float s : share)
			if (s != 1)
				return false;
		return true;
	}

	/** Share of the blocks that count. */
	private double bounded(float[] share, int columns, int width, int height) {
		int bounded = 0, all = 0;
		for (int i = 0; i < share.length; i++)
			if (counts(i % columns, i / columns, width, height)) {
				all++;
				bounded += share[i] < 1 ? 1 : 0;
			}
		return all == 0 ? 0 : (double) bounded / all;
	}

	/** Whether a block holds a pixel that counts. */
	private boolean counts(int column, int row, int width, int height) {
		if (inside == null)
			return true;
		for (int y = row * SIDE; y < Math.min(height, (row + 1) * SIDE); y++)
			for (int x = column * SIDE; x < Math.min(width, (column + 1) * SIDE); x++)
				if (inside[y * width + x])
					return true;
		return false;
	}

	/** Mean square of what was taken away from a block, of which the last ones reach back; infinite if that is not a number. */
	private static double energy(float[] x, float[] out, int from, int width, int height, int column, int row) {
		double sum = 0;
		int right = Math.min(width, (column + 1) * SIDE), bottom = Math.min(height, (row + 1) * SIDE),
			left = Math.max(0, right - SIDE), top = Math.max(0, bottom - SIDE);
		for (int j = top; j < bottom; j++)
			for (int i = from + j * width + left, end = from + j * width + right; i < end; i++)
				sum += ((double) out[i] - x[i]) * ((double) out[i] - x[i]);
		return Double.isNaN(sum) ? Double.POSITIVE_INFINITY : sum / ((right - left) * (bottom - top));
	}

	/** The least share of a block and those beside it. */
	private static float around(float[] share, int columns, int rows, int column, int row) {
		float least = 1;
		for (int j = Math.max(0, row - 1); j <= Math.min(rows - 1, row + 1); j++)
			for (int i = Math.max(0, column - 1); i <= Math.min(columns - 1, column + 1); i++)
				least = Math.min(least, share[j * columns + i]);
		return least;
	}

	/** Linear between the middles of blocks. */
	private static float between(float[] share, int columns, int rows, int x, int y) {
		float u = Math.max(0, Math.min(columns - 1, (x + 0.5f) / SIDE - 0.5f));
		float v = Math.max(0, Math.min(rows - 1, (y + 0.5f) / SIDE - 0.5f));
		int i = Math.min((int) u, Math.max(0, columns - 2)), j = Math.min((int) v, Math.max(0, rows - 2));
		int right = Math.min(columns - 1, i + 1), below = Math.min(rows - 1, j + 1);
		float upper = share[j * columns + i] * (1 - u + i) + share[j * columns + right] * (u - i);
		float lower = share[below * columns + i] * (1 - u + i) + share[below * columns + right] * (u - i);
		return upper * (1 - v + j) + lower * (v - j);
	}
}
