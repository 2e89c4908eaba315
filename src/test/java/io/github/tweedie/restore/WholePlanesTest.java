package io.github.tweedie.restore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Prior;

class WholePlanesTest {

	private static final long GIGABYTE = 1L << 30;

	private static Prior reaching(int radius) {
		return new Prior((batch, out) -> {}, "x", "closed form", 1, -1, 1, 0.01, 20, 8, radius, List.of(), Prior.Precision.FLOAT32);
	}

	@Test
	void tilesTakeAnEighthOfTheMemory() {
		assertEquals(1024, new WorkingMemory(64 * GIGABYTE, 32 * GIGABYTE).largestTile(reaching(96)));
		// 4 GB / 8 / 1 KB = 2¹⁹ pixels.
		assertEquals(724, new WorkingMemory(4 * GIGABYTE, 4 * GIGABYTE).largestTile(reaching(96)));
	}

	@Test
	void tilesTakeHalfOfWhatIsFreeAtMost() {
		assertEquals(724, new WorkingMemory(64 * GIGABYTE, GIGABYTE).largestTile(reaching(96)));
		assertEquals(512, new WorkingMemory(64 * GIGABYTE, 1000).largestTile(reaching(96)), "but are not all halo");
	}

	@Test
	void networksThatSeeEverythingGetSmallerTiles() {
		// 16 GB / 8 / 8 KB = 2¹⁸ pixels.
		assertEquals(512, new WorkingMemory(16 * GIGABYTE, 16 * GIGABYTE).largestTile(reaching(Prior.GLOBAL)));
	}

	@Test
	void thisMachineHasMemory() {
		WorkingMemory now = WorkingMemory.now();
		assertTrue(now.total() > 1 << 20 && now.free() > 1 << 20, now.toString());
	}

	@Test
	void theLessNoiseTheSmallerTheHalo() {
		Prior prior = reaching(96);
		assertEquals(48, WholePlanes.halo(prior, 0.3));
		assertEquals(64, WholePlanes.halo(prior, 1));
		assertEquals(96, WholePlanes.halo(prior, 1.1));
		assertEquals(24, WholePlanes.halo(reaching(39), 0.1), "a multiple of the size step");
		assertEquals(3, WholePlanes.halo(reaching(3), 0.1), "never more than the radius");
		assertEquals(Prior.GLOBAL, WholePlanes.halo(reaching(Prior.GLOBAL), 20));
	}

	@Test
	void aPlaneThatCannotBeHeldIsRefusedBeforeTheStart() {
		WorkingMemory.requireHeap(512, 512, 6);
		String said = assertThrows(IllegalArgumentException.class, () -> WorkingMemory.requireHeap(46_000, 46_000, 1000)).getMessage();
		assertTrue(said.startsWith("A plane of 46000×46000 pixels needs 8464.0 GB of Java's memory, of which "), said);
	}
}
