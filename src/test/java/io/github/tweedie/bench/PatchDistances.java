package io.github.tweedie.bench;

import io.github.tweedie.sde.Shape;

/**
 * Mean squared differences of square patches, over all channels: what non-local means weighs by. All pairs at one distance are
 * compared at once, by sliding sums over their squared differences (Darbon et al. 2008), so that the size of a patch costs
 * nothing. Patches are mirrored at the border.
 */
final class PatchDistances {

	private final Shape shape;
	private final int patch;
	private final float[][] padded;

	/**
	 * @param shape 1×C×Y×X
	 * @param image C·Y·X values
	 * @param patch radius of the patches: 2 for 5×5 pixels
	 */
	PatchDistances(Shape shape, float[] image, int patch) {
		this.shape = shape;
		this.patch = patch;
		padded = new float[shape.c()][];
		for (int c = 0; c < shape.c(); c++)
			padded[c] = Mirror.pad(image, c * shape.y() * shape.x(), shape.y(), shape.x(), patch);
	}

	/** Told of the pairs at one distance, row by row. */
	@FunctionalInterface
	interface Pairs {

		/** @param distance element k is of the patches around the pixels first + k and first + k + shift; to be read at once */
		void row(double[] distance, int first, int shift);
	}

	/** Told of one distance: dy below and dx to the right. */
	@FunctionalInterface
	interface Shifts {

		void shift(int dy, int dx);
	}

	/** Every distance of at most {@code search} along each axis, but for 0, and each pair of opposite ones once. */
	void shifts(int search, Shifts each) {
		for (int dy = 0; dy <= Math.min(search, shape.y() - 1); dy++)
			for (int dx = dy == 0 ? 1 : -search; dx <= search; dx++)
				if (Math.abs(dx) < shape.x())
					each.shift(dy, dx);
	}

	/** Every pixel with the one that is dy below and dx to the right. */
	void compare(int dy, int dx, Pairs pairs) {
		int left = Math.max(0, -dx), width = shape.x() - Math.abs(dx), height = shape.y() - dy, size = 2 * patch + 1;
		float[] squares = squares(dy, dx, left, height + 2 * patch, width + 2 * patch);
		int wide = width + 2 * patch;
		double[] column = new double[wide];
		double[] distance = new double[width];
		double mean = 1.0 / (size * size * shape.c());
		for (int y = 0; y < height; y++) {
			for (int row = y == 0 ? 0 : y + 2 * patch; row <= y + 2 * patch; row++)
				for (int x = 0; x < wide; x++)
					column[x] += squares[row * wide + x];
			if (y > 0)
				for (int x = 0; x < wide; x++)
					column[x] -= squares[(y - 1) * wide + x];
			double sum = 0;
			for (int x = 0; x < wide; x++) {
				sum += column[x] - (x >= size ? column[x - size] : 0);
				if (x >= size - 1)
					distance[x - size + 1] = sum * mean;
			}
			pairs.row(distance, y * shape.x() + left, dy * shape.x() + dx);
		}
	}

	private float[] squares(int dy, int dx, int left, int high, int wide) {
		int row = shape.x() + 2 * patch;
		float[] squares = new float[high * wide];
		for (float[] plane : padded)
			for (int y = 0; y < high; y++) {
				int a = y * row + left, b = (y + dy) * row + left + dx, to = y * wide;
				for (int x = 0; x < wide; x++) {
					float d = plane[a + x] - plane[b + x];
					squares[to + x] += d * d;
				}
			}
		return squares;
	}
}
