package io.github.tweedie.image;

import java.util.BitSet;

/**
 * Areas of one grey level, squares of 7×7 pixels and what they make up: a canvas that was enlarged, a background that was cleared or
 * cut off, saturated pixels. They hold no noise, which a denoiser expects everywhere, and there is nothing to be found out about them.
 */
public final class Plateaus {

	private static final int SIDE = 7;

	private Plateaus() {}

	/**
	 * Finds them.
	 *
	 * @param plane Y×X grey levels
	 * @param width X
	 * @return the indices of their pixels
	 */
	public static BitSet find(float[] plane, int width) {
		BitSet found = new BitSet();
		// Of each column, so many rows up to this one in which the pixel is the last of SIDE equal ones.
		int[] rows = new int[width];
		for (int row = 0; row < plane.length; row += width)
			for (int x = 1, equal = 1; x < width; x++) {
				int i = row + x;
				equal = plane[i] == plane[i - 1] ? equal + 1 : 1;
				if (equal < SIDE) {
					rows[x] = 0;
					continue;
				}
				rows[x] = rows[x] > 0 && plane[i] == plane[i - width] ? rows[x] + 1 : 1;
				// NB: of a square that goes on downwards all but the last row is known already.
				for (int up = rows[x] == SIDE ? SIDE - 1 : 0; rows[x] >= SIDE && up >= 0; up--)
					found.set(i - up * width - SIDE + 1, i - up * width + 1);
			}
		return found;
	}
}
