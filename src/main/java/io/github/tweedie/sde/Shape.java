package io.github.tweedie.sde;

/**
 * The shape of a batch, N×C×Y×X for planes and N×C×Z×Y×X for volumes; a plane is a volume with Z = 1.
 * Values lie in an array in this order, X fastest.
 *
 * @param n number of samples
 * @param c number of channels
 * @param z number of slices, 1 for planes
 * @param y number of rows
 * @param x number of columns
 */
public record Shape(int n, int c, int z, int y, int x) {

	/** @throws IllegalArgumentException if an extent is below 1 or the array would exceed 2³¹−1 elements */
	public Shape {
		if (n < 1 || c < 1 || z < 1 || y < 1 || x < 1)
			throw new IllegalArgumentException("A shape of " + n + "×" + c + "×" + z + "×" + y + "×" + x
				+ " has an extent below 1; every extent must be at least 1.");
		if ((double) n * c * z * y * x > Integer.MAX_VALUE - 8)
			throw new IllegalArgumentException("A batch of " + n + "×" + c + "×" + z + "×" + y + "×" + x
				+ " values is more than one array can hold (2³¹ values); use fewer samples at a time or smaller images.");
	}

	/** N×C×Y×X. */
	public static Shape planes(int n, int c, int y, int x) {
		return new Shape(n, c, 1, y, x);
	}

	/** N vectors of the given dimension, as N×1×1×dimension: the shape in which closed-form references live. */
	public static Shape vectors(int n, int dimension) {
		return new Shape(n, 1, 1, 1, dimension);
	}

	/** Number of values of one sample, C·Z·Y·X. */
	public int sampleSize() {
		return c * z * y * x;
	}

	/** Number of values of the batch, N·C·Z·Y·X. */
	public int size() {
		return n * sampleSize();
	}

	/** Number of rows of one sample, C·Z·Y. */
	public int rows() {
		return c * z * y;
	}

	/** The same samples, another number of them. */
	public Shape withN(int count) {
		return new Shape(count, c, z, y, x);
	}

	@Override
	public String toString() {
		return n + "×" + c + (z == 1 ? "" : "×" + z) + "×" + y + "×" + x;
	}
}
