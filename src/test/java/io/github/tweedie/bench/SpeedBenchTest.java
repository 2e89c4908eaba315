package io.github.tweedie.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;

import org.junit.jupiter.api.Test;

import io.github.tweedie.model.ModelPackage;
import io.github.tweedie.restore.Denoising;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/** What the benchmark computes with, and what it promises of memory. */
class SpeedBenchTest {

	private static final int CANCELS = 20, SIDE = 256;

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
		assertEquals("\n" + SpeedBench.REMARKS + "\n\nwell\n", SpeedBench.remarks("# x\n\n" + SpeedBench.REMARKS + "\n\nwell\n"));
		assertEquals("", SpeedBench.remarks("# x\n"));
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
	 * would keep 900 MB. What Java itself takes in the meantime, compiled code and parts of the heap, stays below 200 MB: the heap of the
	 * tests has grown before, in runs that are alike.
	 */
	@Test
	void twentyCancelledRunsLeaveTheMemoryWhereItWas() throws IOException {
		float[] image = Child.image(SIDE);
		try (Prior prior = ModelPackage.read(Path.of("models", "nuclei")).open("cpu")) {
			Denoising sampled = Denoising.with(prior).samples(2).steps(4).build();
			for (int i = 0; i < 3; i++)
				cancelled(sampled, image);
			double before = Child.memory(false);
			for (int i = 0; i < CANCELS; i++)
				cancelled(sampled, image);
			double grown = (Child.memory(false) - before) / (1 << 20);
			assertTrue(Double.isNaN(grown) || grown < 200, "grew by " + grown + " MB");
		}
	}

	/** The second time that the monitor is asked before a call there is none. */
	private static void cancelled(Denoising denoising, float[] image) {
		int[] asked = { 0 };
		assertThrows(CancellationException.class, () -> denoising.plane(image, SIDE, Child.noise(), 0, new Monitor() {

			@Override
			public boolean cancelled() {
				return ++asked[0] > 2;
			}
		}));
		assertEquals(3, asked[0], "asked again after the wish");
	}
}
