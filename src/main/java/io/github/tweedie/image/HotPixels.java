package io.github.tweedie.image;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Single pixels that no light explains: hot or dead ones of the camera, hits of cosmic rays. A microscope spreads the light of the
 * smallest thing over several pixels: with a Gaussian of a standard deviation of 0.5 pixels the direct neighbours of the brightest get
 * 14 % of its height, with 0.6 pixels 25 %. So a pixel that rises 10 standard deviations of the noise over its surroundings, of which
 * three of its four neighbours have less than 6 %, and around which at most one of 24 pixels stands out, is not of the image. To a
 * denoiser that expects Gaussian noise it is structure, and would be kept.
 */
public final class HotPixels {

	private static final double HEIGHT = 10, SHARE = 0.06, LOUD = 0.12, NOISE = 2.5;
	private static final int STANDING_OUT = 1;
	/** Of a pixel that is looked at closely, to its left or its upper neighbour. */
	private static final float STEP = (float) (HEIGHT / 2);
	private static final int[] NONE = {};

	private HotPixels() {}

	/**
	 * Finds them.
	 *
	 * @param plane Y×X, stabilised to noise of standard deviation 1
	 * @param width X
	 * @return their indices, in increasing order; none in planes of fewer than 5×5 pixels
	 */
	public static int[] find(float[] plane, int width) {
		int height = plane.length / width;
		if (width < 5 || height < 5)
			return NONE;
		int[][] found = new int[height][];
		IntStream.range(0, height).parallel().forEach(y -> found[y] = row(plane, width, height, y));
		return Stream.of(found).flatMapToInt(IntStream::of).toArray();
	}

	private static int[] row(float[] plane, int width, int height, int y) {
		int[] found = NONE;
		float before = plane[y * width + 1];
		for (int x = 0, i = y * width, along = y > 0 ? -width : width; x < width; x++, i++) {
			float own = plane[i];
			// NB: nearly all pixels leave here, at little cost.
			if ((Math.abs(own - before) >= STEP || Math.abs(own - plane[i + along]) >= STEP) && alone(plane, width, height, x, y)) {
				found = Arrays.copyOf(found, found.length + 1);
				found[found.length - 1] = i;
			}
			before = own;
		}
		return found;
	}

	/** The plane with the median of the pixels around, at a distance of 2, in their place; the very plane if there are none. */
	public static float[] without(float[] plane, int width, int[] found) {
		if (found.length == 0)
			return plane;
		float[] out = plane.clone();
		for (int i : found)
			out[i] = (float) surroundings(plane, width, plane.length / width, i % width, i / width);
		return out;
	}

	private static boolean alone(float[] plane, int width, int height, int x, int y) {
		double own = plane[y * width + x], sum = 0, lowest = Double.POSITIVE_INFINITY, highest = Double.NEGATIVE_INFINITY;
		int count = 0;
		for (int k = 0; k < 4; k++) {
			int nx = x + (k == 0 ? -1 : k == 1 ? 1 : 0), ny = y + (k == 2 ? -1 : k == 3 ? 1 : 0);
			if (nx < 0 || ny < 0 || nx >= width || ny >= height)
				continue;
			double neighbour = plane[ny * width + nx];
			sum += neighbour;
			lowest = Math.min(lowest, neighbour);
			highest = Math.max(highest, neighbour);
			count++;
		}
		// NB: over, and under, the direct neighbours, on average of all but the one nearest to it.
		double above = own - (sum - highest) / (count - 1), below = (sum - lowest) / (count - 1) - own;
		if (Math.max(above, below) <= (1 - SHARE) * HEIGHT)
			return false;
		double level = surroundings(plane, width, height, x, y), rise = own - level;
		return Math.abs(rise) > HEIGHT && (rise > 0 ? above : below) > (1 - SHARE) * Math.abs(rise)
			&& standingOut(plane, width, height, x, y, level, NOISE + LOUD * Math.abs(rise)) <= STANDING_OUT;
	}

	private static int standingOut(float[] plane, int width, int height, int x, int y, double level, double tolerance) {
		int count = 0;
		for (int ny = Math.max(0, y - 2); ny <= Math.min(height - 1, y + 2); ny++)
			for (int nx = Math.max(0, x - 2); nx <= Math.min(width - 1, x + 2); nx++)
				if ((nx != x || ny != y) && Math.abs(plane[ny * width + nx] - level) > tolerance)
					count++;
		return count;
	}

	/** Median of the ring of 16 pixels at a distance of 2, or what of it there is. */
	private static double surroundings(float[] plane, int width, int height, int x, int y) {
		double[] ring = new double[16];
		int count = 0;
		for (int dy = -2; dy <= 2; dy++)
			for (int dx = -2; dx <= 2; dx++)
				if (Math.max(Math.abs(dx), Math.abs(dy)) == 2 && x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height)
					ring[count++] = plane[(y + dy) * width + x + dx];
		Arrays.sort(ring, 0, count);
		return (ring[(count - 1) / 2] + ring[count / 2]) / 2;
	}
}
