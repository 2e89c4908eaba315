package io.github.tweedie.bench;

/** The picture beyond its border: reflected, with the border pixel repeated. */
final class Mirror {

	private Mirror() {}

	/** The pixel, 0 to n − 1, that stands at index i; i may be as far outside as it likes. */
	static int index(int i, int n) {
		int period = Math.floorMod(i, 2 * n);
		return period < n ? period : 2 * n - 1 - period;
	}

	/** A plane with {@code margin} more pixels on each side. */
	static float[] pad(float[] plane, int offset, int height, int width, int margin) {
		int wide = width + 2 * margin;
		float[] out = new float[(height + 2 * margin) * wide];
		for (int y = 0; y < height + 2 * margin; y++)
			for (int x = 0, row = offset + index(y - margin, height) * width; x < wide; x++)
				out[y * wide + x] = plane[row + index(x - margin, width)];
		return out;
	}
}
