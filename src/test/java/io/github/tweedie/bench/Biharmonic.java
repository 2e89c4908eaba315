package io.github.tweedie.bench;

/**
 * The smoother of the two classical fills: minimises the sum of squared Laplacians (thin plate), Δ²u = 0 inside, by conjugate
 * gradients from the values that the hidden pixels have.
 */
final class Biharmonic {

	private static final int MOST_ITERATIONS = 2000;
	private static final double TOLERANCE = 1e-6;

	private Biharmonic() {}

	static void fill(float[] plane, int width, boolean[] hidden) {
		int n = plane.length;
		double[] u = new double[n], r = new double[n], p = new double[n];
		for (int i = 0; i < n; i++)
			u[i] = plane[i];
		double[] gradient = normal(u, width);
		double rr = 0, first;
		for (int i = 0; i < n; i++) {
			r[i] = hidden[i] ? -gradient[i] : 0;
			p[i] = r[i];
			rr += r[i] * r[i];
		}
		first = rr;
		for (int k = 0; k < MOST_ITERATIONS && rr > TOLERANCE * TOLERANCE * first; k++) {
			double[] g = normal(p, width);
			double curvature = 0, next = 0;
			for (int i = 0; i < n; i++)
				curvature += p[i] * g[i];
			double step = rr / curvature;
			for (int i = 0; i < n; i++)
				if (hidden[i]) {
					u[i] += step * p[i];
					r[i] -= step * g[i];
					next += r[i] * r[i];
				}
			for (int i = 0; i < n; i++)
				p[i] = r[i] + next / rr * p[i];
			rr = next;
		}
		for (int i = 0; i < n; i++)
			if (hidden[i])
				plane[i] = (float) u[i];
	}

	/** Lᵀ·L·u: the Laplacian is symmetric. */
	private static double[] normal(double[] u, int width) {
		return laplacian(laplacian(u, width), width);
	}

	/** With mirrored borders. */
	private static double[] laplacian(double[] u, int width) {
		int height = u.length / width;
		double[] out = new double[u.length];
		for (int y = 0; y < height; y++)
			for (int x = 0; x < width; x++) {
				int i = y * width + x;
				if (x > 0)
					out[i] += u[i - 1] - u[i];
				if (x < width - 1)
					out[i] += u[i + 1] - u[i];
				if (y > 0)
					out[i] += u[i - width] - u[i];
				if (y < height - 1)
					out[i] += u[i + width] - u[i];
			}
		return out;
	}
}
