package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import io.github.tweedie.image.BlockStatistics.Band;

class BlockStatisticsTest {

	private static final int WIDTH = 47, HEIGHT = 33;

	private interface Picture {
		double at(int x, int y);
	}

	private static BlockStatistics of(Picture picture) {
		float[] plane = new float[WIDTH * HEIGHT];
		for (int i = 0; i < plane.length; i++)
			plane[i] = (float) picture.at(i % WIDTH, i / WIDTH);
		return BlockStatistics.of(plane, WIDTH, new BlockSpectra.Range(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY), 1);
	}

	/** Orthonormal over 0…7 by Gram and Schmidt, degree × place. */
	private static double[][] polynomials() {
		double[][] basis = new double[8][8];
		for (int degree = 0; degree < 8; degree++) {
			for (int i = 0; i < 8; i++)
				basis[degree][i] = Math.pow((i - 3.5) / 3.5, degree);
			for (int twice = 0; twice < 2; twice++)
				for (int lower = 0; lower < degree; lower++)
					subtract(basis[degree], basis[lower]);
			double norm = Math.sqrt(product(basis[degree], basis[degree]));
			for (int i = 0; i < 8; i++)
				basis[degree][i] /= norm;
		}
		return basis;
	}

	private static void subtract(double[] from, double[] unit) {
		double along = product(from, unit);
		for (int i = 0; i < 8; i++)
			from[i] -= along * unit[i];
	}

	private static double product(double[] a, double[] b) {
		double sum = 0;
		for (int i = 0; i < 8; i++)
			sum += a[i] * b[i];
		return sum;
	}

	/** The coefficients of a product are those of its factors; so are their means over products of a band, by its degrees. */
	@Test
	void energiesAreThoseOfTheProductsOfPolynomials() {
		double[] f = { 3, -1, 4, 1, -5, 9, 2, 6 }, g = { 2, 7, -1, 8, 2, -8, 1, 8 };
		BlockStatistics blocks = of((x, y) -> f[(x + 5) % 8] * g[(y + 5) % 8]);
		double[][] basis = polynomials();
		int[] noise = { 11, 9, 7 }, structure = { 4, 2, 3 };
		assertEquals(5 * 3, blocks.count());
		for (Band band : Band.values()) {
			int from = noise[band.ordinal()], low = structure[band.ordinal()], high = 0, below = 0;
			double energy = 0, leak = 0;
			for (int p = 0; p < 8; p++)
				for (int q = 0; q < 8; q++) {
					double square = Math.pow(product(basis[p], g) * product(basis[q], f), 2);
					energy += p + q >= from ? square : 0;
					high += p + q >= from ? 1 : 0;
					leak += p + q >= low && p + q < from ? square : 0;
					below += p + q >= low && p + q < from ? 1 : 0;
				}
			for (int i = 0; i < blocks.count(); i++) {
				assertEquals(energy / high, blocks.noise[band.ordinal()][i], 1e-9 * energy, band.toString());
				assertEquals(leak / below, blocks.structure[band.ordinal()][i], 1e-9 * leak, band.toString());
			}
			assertEquals(2.0 / high, band.spread, 1e-12);
		}
	}

	/** What is smoother than a band leaves nothing in it. */
	@Test
	void polynomialsOfALowerDegreeHoldNoNoise() {
		BlockStatistics fine = of((x, y) -> Math.pow(x / 10.0, 4) * Math.pow(y / 10.0 - 2, 6)),
			broad = of((x, y) -> Math.pow(x / 10.0, 4) * Math.pow(y / 10.0 - 2, 2));
		for (int i = 0; i < fine.count(); i++) {
			// NB: pixels are floats.
			assertEquals(0, fine.noise[Band.FINE.ordinal()][i], 1e-12 * fine.mean[i] * fine.mean[i] + 1e-8);
			assertEquals(0, broad.noise[Band.BROAD.ordinal()][i], 1e-12 * broad.mean[i] * broad.mean[i] + 1e-8);
		}
		assertTrue(fine.structure[Band.FINE.ordinal()][14] > 1e-3 && broad.structure[Band.BROAD.ordinal()][14] > 1e-3);
	}

	@Test
	void aConstantHasExactlyNoEnergy() {
		BlockStatistics blocks = of((x, y) -> 1e5f / 3);
		for (Band band : Band.values())
			for (int i = 0; i < blocks.count(); i++)
				assertEquals(0, blocks.noise[band.ordinal()][i] + blocks.structure[band.ordinal()][i], 0);
	}

	/**
	 * White noise of variance 1 is a sum of single pixels of independent signs, and its expected energy the sum of theirs; that is the
	 * variance itself. What one pixel adds to the energy is its weight in the level.
	 */
	@Test
	void everyPixelGivesEachBandItsShare() {
		double[] noise = new double[3], structure = new double[3];
		for (int k = 0; k < 64; k++) {
			int x0 = 11 + k % 8, y0 = 11 + k / 8, middle = 5 + 1;
			BlockStatistics blocks = of((x, y) -> x == x0 && y == y0 ? 1 : 0);
			assertEquals(11, blocks.left[middle]);
			assertEquals(11, blocks.top[middle]);
			for (int band = 0; band < 3; band++) {
				noise[band] += blocks.noise[band][middle];
				structure[band] += blocks.structure[band][middle];
				assertEquals(blocks.noise[band][middle], blocks.level[band][middle], 1e-12);
				assertEquals(0, blocks.noise[band][middle - 1], 0);
			}
			assertEquals(1 / 64.0, blocks.mean[middle], 1e-12);
			assertEquals(0, blocks.around[middle], 0);
		}
		for (int band = 0; band < 3; band++) {
			assertEquals(1, noise[band], 1e-9);
			assertEquals(1, structure[band], 1e-9);
		}
	}

	/** Noise that was filtered is a sum of the filter's answers to single pixels, wherever they are. */
	@Test
	void powerOfCorrelatedNoiseIsTheSumOverItsSources() {
		double[] x = { 0.25, 0.5, 0.25 }, y = { 0.6, 0.8 };
		double[] sum = new double[3];
		double variance = (0.0625 + 0.25 + 0.0625) * (0.36 + 0.64);
		for (int y0 = 10; y0 < 19; y0++)
			for (int x0 = 9; x0 < 19; x0++) {
				int atX = x0, atY = y0;
				BlockStatistics blocks = of((px, py) -> at(x, px - atX) * at(y, py - atY));
				for (int band = 0; band < 3; band++)
					sum[band] += blocks.noise[band][5 + 1] / variance;
			}
		double[] alongX = { 0.25 / 0.375, 0.0625 / 0.375 }, alongY = { 0.48, 0 };
		for (Band band : Band.values())
			assertEquals(band.power(alongX, alongY), sum[band.ordinal()], 1e-7, band.toString());
		assertEquals(1, Band.BROAD.power(new double[2], new double[2]), 1e-12);
	}

	private static double at(double[] filter, int i) {
		return i < 0 || i >= filter.length ? 0 : filter[i];
	}

	@Test
	void rampsHaveTheMeanOfTheMiddleAndNoEnergy() {
		BlockStatistics blocks = of((x, y) -> 100 + 2 * x - 3 * y);
		for (int i = 0; i < blocks.count(); i++) {
			double middle = 100 + 2 * (blocks.left[i] + 3.5) - 3 * (blocks.top[i] + 3.5);
			assertEquals(middle, blocks.mean[i], 1e-9);
			assertEquals(middle, blocks.around[i], 1e-9);
			for (Band band : Band.values()) {
				assertEquals(middle, blocks.level[band.ordinal()][i], 1e-9);
				assertEquals(0, blocks.noise[band.ordinal()][i], 1e-20);
			}
		}
	}

	/** Three pixels beside a block belong to its surroundings, four pixels beside no more. */
	@Test
	void blocksBesideAHoleAreNotUsed() {
		BlockStatistics blocks = of((x, y) -> x == 3 + 8 + 2 && y == 20 ? Double.NaN : x + y);
		for (int i = 0; i < blocks.count(); i++) {
			boolean met = blocks.left[i] - 3 <= 13 && 13 < blocks.left[i] + 11 && blocks.top[i] - 3 <= 20 && 20 < blocks.top[i] + 11;
			assertEquals(met, Double.isNaN(blocks.mean[i]), "block " + i);
		}
		float[] plane = new float[WIDTH * HEIGHT];
		plane[20 * WIDTH + 13] = 50;
		BlockStatistics bright = BlockStatistics.of(plane, WIDTH, new BlockSpectra.Range(Float.NEGATIVE_INFINITY, 50), 1);
		assertTrue(Double.isNaN(bright.mean[5 + 1]) && bright.mean[2] == 0);
	}
}
