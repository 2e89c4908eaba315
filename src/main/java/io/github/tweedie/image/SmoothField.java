package io.github.tweedie.image;

/**
 * A smooth random function of the plane with mean 0 and standard deviation about 1: a cubic B-spline through a lattice of
 * independent normal numbers.
 */
final class SmoothField {

	/** Standard deviation of the spline of white noise, on average over the plane. */
	private static final double SPLINE_DEVIATION = 0.4794;

	private final double left, top, spacing;
	private final int columns;
	private final float[] lattice;

	/**
	 * @param canvas where the function is wanted
	 * @param spacing pixels from one random number to the next, about half the size of a hill
	 */
	SmoothField(Canvas canvas, double spacing, Dice dice) {
		left = -Canvas.MARGIN - 2 * spacing;
		top = left;
		this.spacing = spacing;
		columns = (int) ((canvas.width() + 2 * Canvas.MARGIN) / spacing) + 7;
		lattice = new float[columns * ((int) ((canvas.height() + 2 * Canvas.MARGIN) / spacing) + 7)];
		for (int i = 0; i < lattice.length; i++)
			lattice[i] = (float) (dice.gaussian() / SPLINE_DEVIATION);
	}

	/** The value at a point of the canvas or of its margin. */
	double at(double x, double y) {
		double u = clamp((x - left) / spacing, columns), v = clamp((y - top) / spacing, lattice.length / columns);
		int i = (int) u, j = (int) v;
		double sum = 0;
		for (int row = -1; row <= 2; row++) {
			int from = (j + row) * columns + i;
			double p = u - i;
			sum += spline(v - j - row) * (spline(p + 1) * lattice[from - 1] + spline(p) * lattice[from]
				+ spline(1 - p) * lattice[from + 1] + spline(2 - p) * lattice[from + 2]);
		}
		return sum;
	}

	private static double clamp(double at, int count) {
		return Math.max(1, Math.min(count - 2.001, at));
	}

	private static double spline(double t) {
		double d = Math.abs(t);
		return d < 1 ? 2 / 3.0 - d * d * (1 - d / 2) : d < 2 ? (2 - d) * (2 - d) * (2 - d) / 6 : 0;
	}
}
