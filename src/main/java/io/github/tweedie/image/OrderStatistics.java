package io.github.tweedie.image;

import java.util.stream.IntStream;

/**
 * Order statistics of many numbers without sorting them. Floats are in the order of the integers that their bits make; the upper
 * halves of these are counted first, then the lower halves of those that share the upper half of the one that is sought. It
 * takes the time of a few passes over the numbers, whatever their distribution. Not safe in several threads.
 */
final class OrderStatistics {

	private static final int HALF = 16, HALVES = 1 << HALF;

	/** Values that are counted by themselves, since all of them are too few to share. */
	private static final int FEW = 1 << 17;

	private final float[] values;
	private final int[] upper;
	private int[] lower;
	/** The upper half to which the counted lower halves belong. */
	private int counted = -1;

	/** @param values none of them NaN; not changed, and not to be changed */
	OrderStatistics(float[] values) {
		this.values = values;
		upper = counts((value, counts) -> counts[key(value) >>> HALF]++);
	}

	/** Counts one value. */
	private interface Count {
		void of(float value, int[] counts);
	}

	private int[] counts(Count count) {
		int pieces = Math.max(1, Math.min(Runtime.getRuntime().availableProcessors(), values.length / FEW));
		int[][] counts = new int[pieces][HALVES];
		IntStream.range(0, pieces).parallel().forEach(piece -> {
			int end = (int) ((piece + 1L) * values.length / pieces);
			for (int i = (int) ((long) piece * values.length / pieces); i < end; i++)
				count.of(values[i], counts[piece]);
		});
		for (int piece = 1; piece < pieces; piece++)
			for (int i = 0; i < HALVES; i++)
				counts[0][i] += counts[piece][i];
		return counts[0];
	}

	/**
	 * Percentile by linear interpolation between the two nearest order statistics (Hyndman &amp; Fan 1996, definition 7).
	 *
	 * @param percent 0 to 100
	 * @throws ArrayIndexOutOfBoundsException if there are no values
	 */
	double percentile(double percent) {
		double position = percent / 100 * (values.length - 1);
		int rank = (int) position;
		double below = at(rank), part = position - rank;
		return part == 0 ? below : below + part * (at(rank + 1) - below);
	}

	/** The value that so many others precede. */
	float at(int rank) {
		int[] left = { rank };
		int high = locate(upper, left);
		if (high != counted)
			count(high);
		return value(high << HALF | locate(lower, left));
	}

	private void count(int high) {
		lower = counts((value, counts) -> {
			if (key(value) >>> HALF == high)
				counts[key(value) & HALVES - 1]++;
		});
		counted = high;
	}

	/** @param left how many are still to be passed; reduced by those that were */
	private static int locate(int[] counts, int[] left) {
		int i = 0, more = left[0];
		while (more >= counts[i])
			more -= counts[i++];
		left[0] = more;
		return i;
	}

	/** In the order of the values, if taken for an unsigned integer. */
	private static int key(float value) {
		int bits = Float.floatToRawIntBits(value);
		return bits ^ (bits >> 31 | Integer.MIN_VALUE);
	}

	private static float value(int key) {
		return Float.intBitsToFloat(key < 0 ? key ^ Integer.MIN_VALUE : ~key);
	}
}
