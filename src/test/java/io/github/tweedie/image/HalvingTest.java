package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalvingTest {

	@Test
	void pixelsAreAveragedAndAnOddLastRowOrColumnWithTheOneBefore() {
		float[] plane = {
			1, 3, 10,
			5, 7, 30,
			2, 4, 8 };
		Halving halving = new Halving(3, 3);
		assertEquals(2, halving.halfWidth());
		assertArrayEquals(new float[] { 4, 12.5f, 4.5f, 12.25f }, halving.means(plane));
	}

	@Test
	void aSquareIsInsideWhereAnyOfItsPixelsIs() {
		boolean[] set = new boolean[15];
		set[3] = set[14] = true;
		assertArrayEquals(new boolean[] { false, true, false, false, false, true }, new Halving(5, 3).any(set));
		assertNull(new Halving(5, 3).any(null));
	}

	/** Cubic convolution keeps parabolas (Keys 1981): of x² the mean of two pixels is 1/4 more than the square of its place. */
	@ParameterizedTest
	@CsvSource({ "20, 18", "21, 17", "2, 9" })
	void whatIsSmoothComesBack(int width, int height) {
		float[] plane = new float[width * height];
		for (int i = 0; i < plane.length; i++) {
			int x = i % width, y = i / width;
			plane[i] = width > 2 ? 3 + 2 * x - y + 0.5f * x * x - 0.25f * y * y + 0.125f * x * y : 7;
		}
		Halving halving = new Halving(width, height);
		float[] back = halving.enlarged(halving.means(plane));
		for (int y = 4; y < height - 5 && width > 2; y++)
			for (int x = 4; x < width - 5; x++)
				assertEquals(plane[y * width + x] + 0.25 * (0.5 - 0.25), back[y * width + x], 1e-4, x + ", " + y);
		assertEquals(plane.length, back.length);
		if (width == 2)
			assertArrayEquals(plane, back, 1e-6f);
	}

	/** As noisy as all others: what is averaged with itself would keep its noise. */
	@Test
	void theLastRowIsAveragedToo() {
		Random random = new Random(1);
		Halving halving = new Halving(101, 4001);
		float[] plane = new float[101 * 4001];
		for (int i = 0; i < plane.length; i++)
			plane[i] = (float) random.nextGaussian();
		float[] means = halving.means(plane);
		double squares = 0;
		for (int y = 0; y < 2000; y++)
			squares += means[51 * y + 50] * means[51 * y + 50] / 2000;
		// The variance of 2000 numbers has a standard error of 3 %; four of these.
		assertEquals(0.25, squares, 0.12 * 0.25);
	}

	@Test
	void noLightIsLost() {
		Random random = new Random(1);
		float[] means = new float[16 * 16];
		for (int y = 3; y < 13; y++)
			for (int x = 3; x < 13; x++)
				means[y * 16 + x] = random.nextFloat();
		double before = 0, after = 0;
		for (float mean : means)
			before += 4 * mean;
		for (float pixel : new Halving(32, 32).enlarged(means))
			after += pixel;
		assertEquals(before, after, 1e-5 * before);
	}
}
