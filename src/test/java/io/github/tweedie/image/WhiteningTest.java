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

	/** A wave that meets its mirror image at the border is multiplied by the kernel's h there, in units of h(0) = 1. */
	@Test
	void aWaveIsMultipliedByTheSpectrumsRoot() {
		double c = 0.15, e = 0.08;
		Whitening whitening = Whitening.of(found(c, e));
		for (int[] extent : new int[][] { { 40, 27 }, { 31, 1 }, { 1, 16 } })
			for (int k = 0; k < extent[0]; k += 5)
				for (int l = 0; l < extent[1]; l += 4) {
					float[] wave = new float[extent[0] * extent[1]];
					for (int i = 0; i < wave.length; i++)
						wave[i] = (float) (Math.cos(Math.PI * k * (i % extent[0] + 0.5) / extent[0])
							* Math.cos(Math.PI * l * (i / extent[0] + 0.5) / extent[1]));
					double h = (1 - 2 * c + 2 * c * Math.cos(Math.PI * k / extent[0])) * (1 - 2 * e + 2 * e * Math.cos(Math.PI * l / extent[1]));
					float[] out = whitening.coloured(wave, extent[0]);
					for (int i = 0; i < wave.length; i++)
						assertEquals(h * wave[i], out[i], 1e-5, k + ", " + l);
				}
	}

	/** Java ends when none but daemons are left. The widths are among those for which the library takes threads. */
	@Test
	void noThreadIsLeftThatKeepsJavaFromEnding() {
		Whitening whitening = Whitening.of(found(0.15, 0.1));
		for (int width : new int[] { 1388, 5000, 8192 })
			whitening.whitened(new float[4 * width], width);
		for (Thread thread : Thread.getAllStackTraces().keySet())
			assertTrue(thread.isDaemon() || !thread.getName().startsWith("pool-"), thread.getName());
	}

	/** Where there is no noise at the highest frequencies, white noise is added, and no frequency is amplified by more than 8. */
	@Test
	void noFrequencyIsBlownUp() {
		Whitening whitening = Whitening.of(found(0.25, 0.25));
		float[] impulse = new float[63 * 63], flat = new float[63 * 63];
		impulse[31 * 63 + 31] = 100;
		float[] noise = whitening.whitened(flat, 63), both = whitening.whitened(impulse, 63);
		double highest = 0;
		for (int i = 0; i < both.length; i++)
			highest += (both[i] - noise[i]) / 100 * ((i % 63 + i / 63) % 2 == 0 ? 1 : -1);
		// Of a kernel of mean power 0.375² and power 0 at the highest frequency, a 64th of the power at the lowest is added.
		assertEquals(Math.sqrt(65), highest, 0.01);
		assertEquals(Math.sqrt(65 / 64.0) / 0.375, whitening.deviation(), 1e-6);
		assertTrue(Arrays.equals(noise, whitening.whitened(flat, 63)));
	}

	@Test
	void colouringTakesWhiteningBack() {
		Whitening whitening = Whitening.of(found(0.18, -0.1));
		for (int[] extent : new int[][] { { 1, 1 }, { 5, 1 }, { 1, 9 }, { 2, 2 }, { 13, 7 } }) {
			float[] plane = random(extent[0] * extent[1], 2), before = plane.clone();
			assertArrayEquals(before, whitening.coloured(whitening.whitened(plane, extent[0]), extent[0]), 1e-4f);
			assertArrayEquals(before, plane, "unchanged");
		}
	}

	@Test
	void aConstantPlaneStaysAsItIs() {
		float[] plane = new float[12 * 10];
		Arrays.fill(plane, 7);
		Whitening whitening = Whitening.of(found(0.18, 0.1));
		assertArrayEquals(plane, whitening.whitened(plane, 12), 2e-4f);
		assertArrayEquals(plane, whitening.coloured(plane, 12), 2e-4f);
	}

	@Test
	void whatWasNotFoundIsLeftAlone() {
		assertSame(Whitening.NONE, Whitening.of(new Correlation(0.4, 0, 0.4, 0, false)));
		assertSame(Whitening.NONE, Whitening.of(Correlation.UNKNOWN));
		assertEquals(1, Whitening.NONE.deviation());
	}
}
