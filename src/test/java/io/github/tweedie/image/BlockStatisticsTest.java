package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.IntToDoubleFunction;

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

	/** Of ±c at the highest frequency a filter w makes ±c·Σ|w| along each axis; of the 6th derivative it is 64/√924, of the 2nd 4/√6. */
	@Test
	void energiesOfTheHighestFrequencyAreThoseOfTheFilters() {
		BlockStatistics blocks = of((x, y) -> (x + y) % 2 == 0 ? 3 : -3);
		assertEquals(5 * 3, blocks.count());
		for (int i = 0; i < blocks.count(); i++) {
			assertEquals(9 * Math.pow(64 * 64 / 924.0, 2), blocks.noise[Band.FINE.ordinal()][i], 1e-4);
			assertEquals(9 * Math.pow(4 * 4 / 6.0, 2), blocks.noise[Band.BROAD.ordinal()][i], 1e-4);
			// Structure is sought elsewhere: 1, 0, -2, 0, 1 and 1, 2, 0, -2, -1 with every other sign turned sum to 0.
			assertEquals(0, blocks.structure[Band.FINE.ordinal()][i], 1e-9);
			assertEquals(0, blocks.structure[Band.BROAD.ordinal()][i], 1e-9);
			assertEquals(0, blocks.mean[i], 1e-12);
		}
	}

	/** A pixel's square spreads over as many places as there are weights, so that nothing is taken twice or at the wrong place. */
	@Test
	void aPixelGivesEachFilterItsShare() {
		int x0 = 3 + 8 + 4, y0 = 3 + 8 + 4;
		BlockStatistics blocks = of((x, y) -> x == x0 && y == y0 ? 1 : 0);
		int middle = 5 + 1;
		assertEquals(11, blocks.left[middle]);
		assertEquals(11, blocks.top[middle]);
		for (Band band : Band.values()) {
			// All answers to the pixel lie in its own block, and a filter of norm 1 has squares of sum 1.
			assertEquals(1 / 64.0, blocks.noise[band.ordinal()][middle], 1e-8, band.toString());
			assertEquals(1 / 64.0, blocks.structure[band.ordinal()][middle], 1e-8, band.toString());
			assertEquals(0, blocks.noise[band.ordinal()][middle - 1], 1e-12);
		}
		assertEquals(1 / 64.0, blocks.mean[middle], 1e-12);
		assertEquals(0, blocks.around[middle], 1e-12);
		assertEquals(0, blocks.around[middle - 1], 1e-12);
	}

	@Test
	void rampsHaveTheMeanOfTheMiddleAndNoEnergy() {
		BlockStatistics blocks = of((x, y) -> 100 + 2 * x - 3 * y);
		for (int i = 0; i < blocks.count(); i++) {
			double middle = 100 + 2 * (blocks.left[i] + 3.5) - 3 * (blocks.top[i] + 3.5);
			assertEquals(middle, blocks.mean[i], 1e-9);
			assertEquals(middle, blocks.around[i], 1e-9);
			// Less than the last digit of such a float is worth, whose square over 12 is 2e-11.
			for (Band band : Band.values())
				assertEquals(0, blocks.noise[band.ordinal()][i], 1e-11);
		}
	}

	/** Such as a mark in a column beside the image, or a pixel that says that there is none. */
	@Test
	void extremePixelsLeaveTheOtherBlocksAlone() {
		IntToDoubleFunction noise = i -> 1000 + (i * 0x9E3779B9 >>> 24) / 16.0;
		BlockStatistics usual = of((x, y) -> noise.applyAsDouble(y * WIDTH + x));
		for (double extreme : new double[] { 1e9, -Float.MAX_VALUE, Double.NaN }) {
			BlockStatistics blocks = of((x, y) -> x == 0 ? extreme : noise.applyAsDouble(y * WIDTH + x));
			for (int i = 0; i < blocks.count(); i++)
				if (blocks.left[i] > 3)
					for (Band band : Band.values())
						assertEquals(usual.noise[band.ordinal()][i], blocks.noise[band.ordinal()][i], 1e-5 * usual.noise[band.ordinal()][i]);
		}
	}

	/** Three pixels beside a block its filters still meet one, four pixels beside no more. */
	@Test
	void blocksWhoseFiltersMeetAHoleAreNotUsed() {
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
