package io.github.tweedie.image;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What the blocks of 8×8 pixels of a plane tell of its noise. Each is expanded in products of two orthonormal polynomials, one along
 * each axis (discrete Chebyshev or Gram polynomials, as tabulated by Fisher and Yates 1938). What a microscope resolves is smooth, and
 * its energy dies away with the degree of the product, the sum of the two; white noise gives every coefficient its own variance. So
 * high degrees tell of noise, and those below tell where structure would leak into them.
 */
final class BlockStatistics {

	static final int SIDE = 8, PIXELS = SIDE * SIDE;
	/** Pixels beside a block that belong to its surroundings. */
	static final int REACH = 3;
	private static final int WIDE = SIDE + 2 * REACH;
	/** Pixels of which the mean around a block is taken. */
	static final int AROUND = WIDE * WIDE - PIXELS;

	/** Of degree 0 to 7, over 8 pixels. */
	private static final double[][] POLYNOMIALS = { unit(1, 1, 1, 1, 1, 1, 1, 1), unit(-7, -5, -3, -1, 1, 3, 5, 7),
		unit(7, 1, -3, -5, -5, -3, 1, 7), unit(-7, 5, 7, 3, -3, -7, -5, 7), unit(7, -13, -3, 9, 9, -3, -13, 7),
		unit(-7, 23, -17, -15, 15, 17, -23, 7), unit(1, -5, 9, -5, -5, 9, -5, 1), unit(-1, 7, -21, 35, -35, 21, -7, 1) };
	private static final int HIGHEST = 2 * (SIDE - 1);

	/** Degrees in which noise is sought, and those below, which tell of structure. */
	enum Band {
		/** Almost nothing of what a microscope resolves, but only a sixth of the noise. */
		FINE(11, 4),
		/** A third of the noise. */
		MIDDLE(9, 2),
		/** More than half of the noise, and most structure. */
		BROAD(7, 3);

		/** The least degrees. */
		private final int noise, structure;
		/** Relative variance of the energy of one block of white Gaussian noise: two over the number of coefficients. */
		final double spread;
		/** How much each pixel of a block, row by row, counts in the energy of noise; their sum is 1. */
		private final double[] weight = new double[PIXELS];

		Band(int noise, int structure) {
			this.noise = noise;
			this.structure = structure;
			spread = 2.0 / coefficients(noise, HIGHEST);
			for (int p = 0; p < SIDE; p++)
				for (int q = Math.max(0, noise - p); q < SIDE; q++)
					for (int i = 0; i < PIXELS; i++)
						weight[i] += square(POLYNOMIALS[p][i / SIDE] * POLYNOMIALS[q][i % SIDE]) * spread / 2;
		}

		/**
		 * Energy of noise, over that of white noise of the same variance, if its autocorrelation is the product of one along X and one
		 * along Y that end after two pixels.
		 *
		 * @param x autocorrelation along X at a distance of 1 and of 2 pixels
		 */
		double power(double[] x, double[] y) {
			double sum = 0;
			for (int p = 0; p < SIDE; p++)
				for (int q = Math.max(0, noise - p); q < SIDE; q++)
					sum += along(POLYNOMIALS[p], y) * along(POLYNOMIALS[q], x);
			return sum * spread / 2;
		}

		private static double along(double[] polynomial, double[] correlation) {
			double sum = 1;
			for (int lag = 1; lag <= correlation.length; lag++)
				for (int i = lag; i < SIDE; i++)
					sum += 2 * correlation[lag - 1] * polynomial[i] * polynomial[i - lag];
			return sum;
		}

		private static int coefficients(int from, int to) {
			return IntStream.rangeClosed(from, to).map(degree -> SIDE - Math.abs(degree - SIDE + 1)).sum();
		}
	}

	/** Per block. The mean is NaN in a block that must not be used: it or its surroundings hold a value that must not be. */
	final double[] mean, around;
	/** Band × block: the mean energy of a coefficient, and the grey level of those pixels of which the energy of noise tells. */
	final double[][] noise, structure, level;
	/** The upper left pixel of each block. */
	final int[] left, top;

	private BlockStatistics(int count) {
		int bands = Band.values().length;
		mean = new double[count];
		around = new double[count];
		noise = new double[bands][count];
		structure = new double[bands][count];
		level = new double[bands][count];
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
		IntStream.range(0, columns == 0 ? 0 : used).parallel()
			.forEach(row -> blocks.fill(plane, width, row * columns, row * every * SIDE, columns, range));
		return blocks;
	}

	int count() {
		return mean.length;
	}

	/** One row of blocks, whose surroundings begin at y0. */
	private void fill(float[] plane, int width, int first, int y0, int columns, BlockSpectra.Range range) {
		int wide = columns * SIDE + 2 * REACH;
		double[][] rows = new double[WIDE][wide];
		for (int j = 0; j < WIDE; j++)
			for (int i = 0, from = (y0 + j) * width; i < wide; i++)
				rows[j][i] = plane[from + i];
		for (int column = 0; column < columns; column++) {
			left[first + column] = REACH + column * SIDE;
			top[first + column] = y0 + REACH;
		}
		means(rows, first, columns, range);
		energies(rows, first, columns);
	}

	/** By sums and extremes of columns first. */
	private void means(double[][] rows, int first, int columns, BlockSpectra.Range range) {
		int wide = rows[0].length;
		double[] inside = new double[wide], outside = new double[wide], least = rows[0].clone(), most = rows[0].clone();
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
			mean[first + column] = usable ? own / PIXELS : Double.NaN;
			around[first + column] = others / AROUND;
		}
	}

	/** NB: the last index of all arrays is the block, so that the compiler works on several blocks at once. */
	private void energies(double[][] rows, int first, int columns) {
		double[][][] pixels = new double[SIDE][SIDE][columns], along = new double[SIDE][SIDE][columns];
		// NB: above the first pixel of the block, so that the energies of a constant are 0 without rounding error.
		double[] base = new double[columns];
		for (int column = 0; column < columns; column++)
			base[column] = rows[REACH][REACH + column * SIDE];
		for (int j = 0; j < SIDE; j++)
			for (int i = 0; i < SIDE; i++)
				for (int column = 0; column < columns; column++)
					pixels[j][i][column] = rows[REACH + j][REACH + column * SIDE + i] - base[column];
		for (int j = 0; j < SIDE; j++)
			for (int q = 0; q < SIDE; q++)
				for (int i = 0; i < SIDE; i++)
					add(POLYNOMIALS[q][i], pixels[j][i], along[j][q]);
		double[][] byDegree = new double[HIGHEST + 1][columns];
		double[] coefficient = new double[columns];
		for (int p = 0; p < SIDE; p++)
			for (int q = Math.max(0, LOWEST - p); q < SIDE; q++) {
				Arrays.fill(coefficient, 0);
				for (int j = 0; j < SIDE; j++)
					add(POLYNOMIALS[p][j], along[j][q], coefficient);
				for (int column = 0; column < columns; column++)
					byDegree[p + q][column] += coefficient[column] * coefficient[column];
			}
		for (Band band : Band.values()) {
			mean(byDegree, band.noise, HIGHEST, noise[band.ordinal()], first);
			mean(byDegree, band.structure, band.noise - 1, structure[band.ordinal()], first);
			double[] weighted = base.clone();
			for (int i = 0; i < PIXELS; i++)
				add(band.weight[i], pixels[i / SIDE][i % SIDE], weighted);
			System.arraycopy(weighted, 0, level[band.ordinal()], first, columns);
		}
	}

	/** The least degree that counts anywhere. */
	private static final int LOWEST = Arrays.stream(Band.values()).mapToInt(band -> band.structure).min().orElseThrow();

	private static void mean(double[][] byDegree, int from, int to, double[] out, int first) {
		int coefficients = Band.coefficients(from, to), columns = byDegree[0].length;
		for (int column = 0; column < columns; column++) {
			double sum = 0;
			for (int degree = from; degree <= to; degree++)
				sum += byDegree[degree][column];
			out[first + column] = sum / coefficients;
		}
	}

	/** NB: with one index for both arrays the compiler works on several elements at once. */
	private static void add(double weight, double[] values, double[] sums) {
		for (int i = 0; i < sums.length; i++)
			sums[i] += weight * values[i];
	}

	private static double[] unit(double... values) {
		double norm = Math.sqrt(Arrays.stream(values).map(BlockStatistics::square).sum());
		return Arrays.stream(values).map(v -> v / norm).toArray();
	}

	private static double square(double t) {
		return t * t;
	}
}
