package io.github.tweedie.image;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What the blocks of 8×8 pixels of a plane tell of its noise: their mean, the mean of the pixels around, and for each {@link
 * Band} the energy where noise is sought and where structure would show. All filters give white noise its own variance.
 */
final class BlockStatistics {

	static final int SIDE = 8, PIXELS = SIDE * SIDE;
	/** Pixels around a block that its filters reach. */
	static final int REACH = 3;
	private static final int WIDE = SIDE + 2 * REACH;
	/** Pixels of a row of blocks that tell a usual grey level; odd, lest they all stand in a few columns. */
	private static final int SOME = 15;
	/** Pixels of which the mean around a block is taken. */
	static final int AROUND = WIDE * WIDE - PIXELS;

	/**
	 * A pair of filters, each applied along both axes: one for noise, one for structure at lower frequencies that share little noise
	 * with the first.
	 */
	enum Band {
		/** The 6th derivative: almost nothing of what a microscope resolves, but only its share of white noise. */
		FINE(unit(1, -6, 15, -20, 15, -6, 1), unit(0, 1, 0, -2, 0, 1, 0)),
		/** The 2nd derivative: less noise in the answer, more structure. */
		BROAD(unit(0, 0, 1, -2, 1, 0, 0), unit(0, 1, 2, 0, -2, -1, 0));

		private final float[] noise, structure;
		/** Relative variance of the energy of one block of white Gaussian noise. */
		final double spread;

		Band(double[] noise, double[] structure) {
			this.noise = floats(noise);
			this.structure = floats(structure);
			double along = spread(noise);
			spread = 2 * along * along;
		}
	}

	/** Per block. The mean is NaN in a block whose filters meet a value that must not be used. */
	final double[] mean, around;
	/** Band × block. */
	final double[][] noise, structure;
	/** The upper left pixel of each block. */
	final int[] left, top;

	private BlockStatistics(int count) {
		mean = new double[count];
		around = new double[count];
		noise = new double[Band.values().length][count];
		structure = new double[Band.values().length][count];
		left = new int[count];
		top = new int[count];
	}

	/**
	 * @param plane Y×X grey levels
	 * @param width X
	 * @param range of the grey levels that are not clipped
	 * @param every of how many rows of blocks one is looked at
	 */
	static BlockStatistics of(float[] plane, int width, BlockSpectra.Range range, int every) {
		int height = plane.length / width, columns = Math.max(0, width - 2 * REACH) / SIDE,
			rows = Math.max(0, height - 2 * REACH) / SIDE;
		int used = (rows + every - 1) / every;
		BlockStatistics blocks = new BlockStatistics(columns * used);
		IntStream.range(0, used).parallel()
			.forEach(row -> blocks.fill(plane, width, row * columns, row * every * SIDE, columns, range));
		return blocks;
	}

	int count() {
		return mean.length;
	}

	/**
	 * One row of blocks, whose filters begin to reach at y0. Grey levels are counted from a usual one: what floats then lose is below
	 * what they have lost before.
	 */
	private void fill(float[] plane, int width, int first, int y0, int columns, BlockSpectra.Range range) {
		if (columns == 0)
			return;
		int wide = columns * SIDE + 2 * REACH;
		float[][] rows = new float[WIDE][wide];
		float one = usual(plane, y0 * width, WIDE * width);
		for (int j = 0; j < WIDE; j++)
			for (int i = 0, from = (y0 + j) * width; i < wide; i++)
				rows[j][i] = plane[from + i] - one;
		for (int column = 0; column < columns; column++) {
			left[first + column] = REACH + column * SIDE;
			top[first + column] = y0 + REACH;
		}
		means(rows, first, columns, one, new BlockSpectra.Range(range.low() - one, range.high() - one));
		for (Band band : Band.values()) {
			energies(rows, columns, band.noise, noise[band.ordinal()], first);
			energies(rows, columns, band.structure, structure[band.ordinal()], first);
		}
	}

	/** The median of some grey levels. */
	private static float usual(float[] plane, int from, int count) {
		float[] some = new float[SOME];
		int finite = 0;
		for (int k = 0; k < SOME; k++) {
			float value = plane[from + (int) ((2L * k + 1) * count / (2 * SOME))];
			if (Float.isFinite(value))
				some[finite++] = value;
		}
		Arrays.sort(some, 0, finite);
		return some[finite / 2];
	}

	/**
	 * By sums and extremes of columns first.
	 *
	 * @param one grey level from which the rows and the range count
	 */
	private void means(float[][] rows, int first, int columns, float one, BlockSpectra.Range range) {
		int wide = rows[0].length;
		float[] inside = new float[wide], outside = new float[wide], least = rows[0].clone(), most = rows[0].clone();
		for (int j = 0; j < WIDE; j++) {
			add(1, rows[j], j >= REACH && j < REACH + SIDE ? inside : outside);
			for (int i = 0; i < wide; i++) {
				least[i] = Math.min(least[i], rows[j][i]);
				most[i] = Math.max(most[i], rows[j][i]);
			}
		}
		for (int column = 0; column < columns; column++) {
			double own = 0, others = 0;
			boolean usable = true;
			for (int k = 0, i = column * SIDE; k < WIDE; k++, i++) {
				// NB: the extremes of a column that holds NaN are NaN.
				usable &= least[i] > range.low() && most[i] < range.high();
				boolean beside = k < REACH || k >= REACH + SIDE;
				own += beside ? 0 : inside[i];
				others += outside[i] + (beside ? inside[i] : 0);
			}
			mean[first + column] = usable ? one + own / PIXELS : Double.NaN;
			around[first + column] = one + others / AROUND;
		}
	}

	private static void energies(float[][] rows, int columns, float[] filter, double[] out, int first) {
		int inside = columns * SIDE;
		float[] down = new float[rows[0].length], shifted = new float[inside], across = new float[inside];
		double[] squares = new double[inside];
		for (int j = 0; j < SIDE; j++) {
			Arrays.fill(down, 0);
			Arrays.fill(across, 0);
			for (int k = 0; k < filter.length; k++)
				if (filter[k] != 0)
					add(filter[k], rows[j + k], down);
			for (int k = 0; k < filter.length; k++)
				if (filter[k] != 0) {
					System.arraycopy(down, k, shifted, 0, inside);
					add(filter[k], shifted, across);
				}
			for (int i = 0; i < inside; i++)
				squares[i] += (double) across[i] * across[i];
		}
		for (int column = 0; column < columns; column++) {
			double sum = 0;
			for (int i = column * SIDE; i < (column + 1) * SIDE; i++)
				sum += squares[i];
			out[first + column] = sum / PIXELS;
		}
	}

	/** NB: with one index for both arrays the compiler works on several elements at once. */
	private static void add(float weight, float[] values, float[] sums) {
		for (int i = 0; i < sums.length; i++)
			sums[i] += weight * values[i];
	}

	private static float[] floats(double[] values) {
		float[] floats = new float[values.length];
		for (int i = 0; i < floats.length; i++)
			floats[i] = (float) values[i];
		return floats;
	}

	private static double[] unit(double... filter) {
		double norm = Math.sqrt(Arrays.stream(filter).map(w -> w * w).sum());
		return Arrays.stream(filter).map(w -> w / norm).toArray();
	}

	/** Along one axis of a block: half the relative variance of the mean of the squares, from the filter's autocorrelation. */
	private static double spread(double[] filter) {
		double sum = 0;
		for (int lag = 1 - filter.length; lag < filter.length; lag++) {
			double correlation = 0;
			for (int i = Math.max(0, lag); i < Math.min(filter.length, filter.length + lag); i++)
				correlation += filter[i] * filter[i - lag];
			sum += Math.max(0, 1 - Math.abs(lag) / (double) SIDE) * correlation * correlation;
		}
		return sum / SIDE;
	}
}
