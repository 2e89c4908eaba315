package io.github.tweedie.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;

/** What the benchmark computes with, and what it promises of memory. */
class SpeedBenchTest {

	@Test
	void theMedianIsTheMiddle() {
		assertEquals(2, SpeedBench.median(9, 2, 1));
		assertEquals(2.5, SpeedBench.median(9, 3, 2, 1));
	}

	/** In the first round the machine is ten times slower, for both. */
	@Test
	void ratiosAreTakenRoundByRound() {
		assertArrayEquals(new double[] { 2, 3 }, SpeedBench.ratios(new double[] { 60, 4 }, new double[] { 10, 1 }, 2), 1e-12);
	}

	@Test
	void remarksAreKept() {
		assertEquals("\n" + Report.REMARKS + "\n\nwell\n", Report.remarks("# x\n\n" + Report.REMARKS + "\n\nwell\n", ""));
		assertEquals("", Report.remarks("# x\n", ""));
	}

	@Test
	void largeImagesAreMirrored() {
		float[] image = Child.image(1030);
		assertEquals(image[511], image[512]);
		assertEquals(image[510 * 1030], image[513 * 1030]);
		assertEquals(image[5], image[1024 + 5]);
	}

	/**
	 * A call of the network on 256² pixels holds about 45 MB outside of the heap; if a cancelled run kept what belongs to one call, twenty
	 * would keep 900 MB. In a Java of its own, whose heap has 96 MB, nothing else can grow by as much as 100 MB.
	 */
	@Test
	void twentyCancelledRunsLeaveTheMemoryWhereItWas() throws IOException {
		double grown = Child.cancelled(Path.of("models", "nuclei")).growth() / (1 << 20);
		assertTrue(Double.isNaN(grown) || grown < 100, "grew by " + grown + " MB");
	}
}
