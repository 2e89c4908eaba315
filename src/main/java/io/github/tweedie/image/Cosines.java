package io.github.tweedie.image;

/**
 * The Fourier transform of n×n numbers that are even along both axes: its quadrant from 0 to n/2 holds all of them, and its
 * transform is of the same kind. For few numbers, by matrix products.
 */
record Cosines(int n) {

	/** Σ over all n×n numbers z of z·cos(2πkx/n)·cos(2πly/n), for k, l = 0…n/2. Applied twice it multiplies by n². */
	double[][] transformed(double[][] quadrant) {
		return transposed(along(transposed(along(quadrant))));
	}

	private double[][] along(double[][] lines) {
		int half = n / 2;
		double[][] out = new double[lines.length][half + 1];
		for (int line = 0; line < lines.length; line++)
			for (int k = 0; k <= half; k++)
				for (int i = 0; i <= half; i++)
					out[line][k] += (i == half ? 1 : weight(i)) * lines[line][i] * Math.cos(2 * Math.PI * (i * k % n) / n);
		return out;
	}

	private static double[][] transposed(double[][] lines) {
		double[][] out = new double[lines[0].length][lines.length];
		for (int y = 0; y < lines.length; y++)
			for (int x = 0; x < out.length; x++)
				out[x][y] = lines[y][x];
		return out;
	}

	/** How often a distance occurs: to one side or to both. */
	static int weight(int distance) {
		return distance == 0 ? 1 : 2;
	}
}
