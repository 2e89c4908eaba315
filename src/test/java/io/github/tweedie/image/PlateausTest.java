package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.Random;

import org.junit.jupiter.api.Test;

class PlateausTest {

	/** Every pixel of every square of 7×7 equal ones. */
	private static BitSet byDefinition(float[] plane, int width) {
		BitSet found = new BitSet();
		for (int y = 0; y + 7 <= plane.length / width; y++)
			for (int x = 0; x + 7 <= width; x++) {
				boolean equal = true;
				for (int k = 0; k < 49; k++)
					equal &= plane[(y + k / 7) * width + x + k % 7] == plane[y * width + x];
				for (int k = 0; k < 49 && equal; k++)
					found.set((y + k / 7) * width + x + k % 7);
			}
		return found;
	}

	@Test
	void allSquaresOfEqualPixelsAreFoundAndNothingElse() {
		int width = 61, height = 53, some = 0;
		for (int seed = 0; seed < 40; seed++) {
			Random random = new Random(seed);
			float[] plane = new float[width * height];
			for (int i = 0; i < plane.length; i++)
				plane[i] = random.nextInt(3);
			for (int n = 0; n < 12; n++) {
				int x0 = random.nextInt(width), y0 = random.nextInt(height), w = 4 + random.nextInt(12), h = 4 + random.nextInt(12);
				float grey = random.nextInt(2);
				for (int y = y0; y < Math.min(height, y0 + h); y++)
					for (int x = x0; x < Math.min(width, x0 + w); x++)
						plane[y * width + x] = grey;
			}
			BitSet expected = byDefinition(plane, width);
			assertEquals(expected, Plateaus.find(plane, width), "seed " + seed);
			some += expected.isEmpty() ? 0 : 1;
		}
		assertTrue(some > 30);
	}

	@Test
	void planesOfOneGreyLevelAreOneAndNarrowOnesNone() {
		assertEquals(8 * 9, Plateaus.find(new float[8 * 9], 8).cardinality());
		assertTrue(Plateaus.find(new float[6 * 90], 6).isEmpty());
		assertTrue(Plateaus.find(new float[90 * 6], 90).isEmpty());
		assertTrue(Plateaus.find(new float[1], 1).isEmpty());
	}
}
