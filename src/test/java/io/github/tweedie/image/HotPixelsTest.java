package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

class HotPixelsTest {

	private static final int WIDTH = 64;

	private static float[] noise() {
		float[] plane = new float[WIDTH * 48];
		Random random = new Random(1);
		for (int i = 0; i < plane.length; i++)
			plane[i] = (float) (50 + random.nextGaussian());
		return plane;
	}

	@Test
	void hotAndDeadPixelsAreFoundAndReplaced() {
		float[] plane = noise();
		// In the middle, at the border, in a corner, two side by side, and a dead one.
		int[] bad = { 0, 30, 5 * WIDTH + 20, 10 * WIDTH + 63, 20 * WIDTH + 40, 20 * WIDTH + 41, 40 * WIDTH + 7 };
		for (int i : bad)
			plane[i] = i == bad[6] ? 20 : i == bad[2] ? 62 : 90;
		assertArrayEquals(bad, HotPixels.find(plane, WIDTH));
		float[] without = HotPixels.without(plane, WIDTH, bad);
		// The median of up to 16 standard normal numbers has a deviation of about 0.3, of 5 in a corner 0.5.
		for (int i : bad)
			assertEquals(50, without[i], 2);
		assertEquals(plane[33], without[33]);
	}

	@Test
	void noiseHasNone() {
		assertArrayEquals(new int[0], HotPixels.find(noise(), WIDTH));
	}

	/** The least that a microscope's image of a point is wide, and edges and lines, at any strength. */
	@Test
	void pointsAndLinesAndEdgesOfAnImageAreKept() {
		for (double height : new double[] { 11, 16, 40, 400 }) {
			float[] plane = noise();
			IntStream.range(0, plane.length).forEach(i -> {
				int x = i % WIDTH, y = i / WIDTH;
				double point = Math.exp(-(Math.pow(x - 10, 2) + Math.pow(y - 10, 2)) / (2 * 0.6 * 0.6));
				double line = Math.exp(-Math.pow(x - 30 - 0.3 * (y - 24), 2) / (2 * 0.6 * 0.6));
				plane[i] += (float) (height * (point + line + (x > 50 ? 1 : 0)));
			});
			assertArrayEquals(new int[0], HotPixels.find(plane, WIDTH), "height " + height);
		}
	}

	@Test
	void tinyPlanesHaveNone() {
		assertArrayEquals(new int[0], HotPixels.find(new float[] { 0, 0, 900, 0 }, 4));
	}
}
