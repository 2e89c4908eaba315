package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;

import org.junit.jupiter.api.Test;

import io.github.tweedie.image.NoiseEstimate.Correlation;

class WhiteningTest {

	/** Of white noise after (c, 1 − 2c, c). */
	private static double rho(double c) {
		return 2 * c * (1 - 2 * c) / power(c);
	}

	private static double power(double c) {
		return (1 - 2 * c) * (1 - 2 * c) + 2 * c * c;
	}

	private static Correlation found(double cx, double cy) {
		return new Correlation(rho(cx), cx * cx / power(cx), rho(cy), cy * cy / power(cy), true);
	}

	private static float[] random(int size, int seed) {
		float[] out = new float[size];
		Random random = new Random(seed);
		for (int i = 0; i < size; i++)
			out[i] = (float) random.nextGaussian();
		return out;
	}

	private static double[] statistics(float[] plane, int width) {
		double squares = 0, across = 0, along = 0;
		int height = plane.length / width, margin = 8, count = 0;
		for (int y = margin; y < height - margin; y++)
			for (int x = margin; x < width - margin; x++, count++) {
				int i = y * width + x;
				squares += plane[i] * plane[i];
				across += plane[i] * plane[i + 1];
				along += plane[i] * plane[i + width];
			}
		return new double[] { Math.sqrt(squares / count), across / squares, along / squares };
	}

	@Test
	void whatIsColouredBecomesWhiteAndAsStrongAsItSays() {
		int width = 300;
		float[] white = random(width * 280, 1);
		for (double[] c : new double[][] { { 0.1, 0.1 }, { 0.2, 0 }, { 0.05, 0.19 }, { -0.15, -0.15 } }) {
			Whitening whitening = Whitening.of(found(c[0], c[1]));
			float[] seen = whitening.coloured(white, width);
			double[] before = statistics(seen, width), after = statistics(whitening.whitened(seen, width), width);
			// The errors of 75,000 values: 1/√(2n) of a standard deviation, 1/√n of a correlation.
			assertEquals(Math.sqrt(power(c[0]) * power(c[1])), before[0], 0.01);
			assertEquals(rho(c[0]), before[1], 0.015);
			assertEquals(rho(c[1]), before[2], 0.015);
			assertEquals(after[0] / before[0], whitening.deviation(), 0.02 * whitening.deviation());
			assertEquals(0, after[1], 0.015);
			assertEquals(0, after[2], 0.015);
		}
	}

	/** The correlation of a Gaussian kernel as wide as a pixel reaches further than three pixels: no frequency is blown up beyond bounds. */
	@Test
	void wideCorrelationIsWhitenedInPart() {
		Whitening whitening = Whitening.of(new Correlation(0.78, 0.37, 0.78, 0.37, true));
		float[] impulse = new float[31 * 31];
		impulse[15 * 31 + 15] = 1;
		for (float v : whitening.whitened(impulse, 31))
			assertTrue(Math.abs(v) < 1 / Math.pow(1 - 4 * 0.21, 2), "at most the gain of the highest frequency along both axes");
		assertTrue(whitening.deviation() > 2 && whitening.deviation() < 4, "deviation " + whitening.deviation());
	}

	@Test
	void colouringTakesWhiteningBack() {
		Whitening whitening = Whitening.of(found(0.2, -0.1));
		for (int[] extent : new int[][] { { 1, 1 }, { 5, 1 }, { 1, 9 }, { 2, 2 }, { 13, 7 } }) {
			float[] plane = random(extent[0] * extent[1], 2), before = plane.clone();
			assertArrayEquals(before, whitening.coloured(whitening.whitened(plane, extent[0]), extent[0]), 1e-5f);
			assertArrayEquals(before, plane, "unchanged");
		}
	}

	@Test
	void aConstantPlaneStaysAsItIs() {
		float[] plane = new float[12 * 10];
		Arrays.fill(plane, 7);
		Whitening whitening = Whitening.of(found(0.2, 0.1));
		assertArrayEquals(plane, whitening.whitened(plane, 12), 1e-5f);
		assertArrayEquals(plane, whitening.coloured(plane, 12), 1e-5f);
	}

	/** Four pixels that share one value are two more than need no caution. */
	@Test
	void theWiderTheNoiseTheMoreCaution() {
		assertEquals(1, Whitening.of(new Correlation(0.5, 0, 0, 0, true)).caution());
		assertEquals(1, Whitening.of(new Correlation(-0.2, 0, -0.2, 0, true)).caution());
		assertEquals(1.34, Whitening.of(new Correlation(0.5, 0, 0.5, 0, true)).caution(), 1e-9);
		assertEquals(2, Whitening.of(new Correlation(0.78, 0.37, 0.78, 0.37, true)).caution());
	}

	@Test
	void whatWasNotFoundIsLeftAlone() {
		assertSame(Whitening.NONE, Whitening.of(new Correlation(0.4, 0, 0.4, 0, false)));
		assertSame(Whitening.NONE, Whitening.of(Correlation.UNKNOWN));
		assertEquals(1, Whitening.NONE.deviation());
	}
}
