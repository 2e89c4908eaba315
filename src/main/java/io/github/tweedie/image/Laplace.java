package io.github.tweedie.image;

/**
 * The classical way to fill a hole: the harmonic function that agrees with the known pixels around it (Δu = 0 inside), found
 * by successive over-relaxation. What a prior must beat.
 */
public final class Laplace {

	private static final double RELAXATION = 1.9, TOLERANCE = 1e-5;
	private static final int MOST_SWEEPS = 5000;

	private Laplace() {}

	/**
	 * Fills in place.
	 *
	 * @param plane Y×X values; hidden ones are not looked at
	 * @param width X
	 * @param hidden true where to fill; at least one pixel must be known
	 */
	public static void fill(float[] plane, int width, boolean[] hidden) {
		int height = plane.length / width;
		double sum = 0, min = Double.POSITIVE_INFINITY, max = Double.NEGATIVE_INFINITY;
		int known = 0;
		for (int i = 0; i < plane.length; i++)
			if (!hidden[i]) {
				known++;
				sum += plane[i];
				min = Math.min(min, plane[i]);
				max = Math.max(max, plane[i]);
			}
		if (known == 0)
			throw new IllegalArgumentException("All pixels are hidden; at least one must be known.");
		for (int i = 0; i < plane.length; i++)
			if (hidden[i])
				plane[i] = (float) (sum / known);
		double change = Double.POSITIVE_INFINITY;
		for (int sweep = 0; sweep < MOST_SWEEPS && change > TOLERANCE * (max - min); sweep++) {
			change = 0;
			for (int y = 0; y < height; y++)
				for (int x = 0; x < width; x++)
					if (hidden[y * width + x])
						change = Math.max(change, Math.abs(relax(plane, width, height, x, y)));
		}
	}

	private static double relax(float[] plane, int width, int height, int x, int y) {
		int i = y * width + x, count = 0;
		double sum = 0;
		if (x > 0) {
			sum += plane[i - 1];
			count++;
		}
		if (x < width - 1) {
			sum += plane[i + 1];
			count++;
		}
		if (y > 0) {
			sum += plane[i - width];
			count++;
		}
		if (y < height - 1) {
			sum += plane[i + width];
			count++;
		}
		double change = count == 0 ? 0 : RELAXATION * (sum / count - plane[i]);
		plane[i] += (float) change;
		return change;
	}
}
