package io.github.tweedie.restore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.tweedie.image.NoiseEstimator;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

class FootprintTest {

	/** What Java itself and its classes take of the heap. */
	private static final int JAVA = 16 << 20;
	private static final int SIDE = 2043;

	/** The program of another Java: estimates the noise of a plane and takes it out, in tiles and with the border continued. */
	public static final class OnePlane {

		public static void main(String[] args) {
			Prior prior = new Prior(OnePlane::shrunk, "shrinking", "closed form", 1, -1, 1, 0.01, 20, 8, 32, List.of(),
				Prior.Precision.FLOAT32);
			float[] grey = new float[SIDE * SIDE];
			for (int i = 0; i < grey.length; i++)
				grey[i] = 100 + i % SIDE / 20 + 7 * (i * 31 % 97) / 97f;
			Denoising denoising = Denoising.with(prior).samples(Integer.parseInt(args[0])).steps(2).build();
			denoising.plane(grey, SIDE, NoiseEstimator.estimate(grey, SIDE).model(), 0, Monitor.NONE);
		}

		private static void shrunk(Batch batch, float[] out) {
			for (int i = 0; i < out.length; i++)
				out[i] = 0.9f * batch.x()[i];
		}
	}

	/** With the plane as given, and the heap in parts of which one may be full while another is not. */
	@ParameterizedTest
	@ValueSource(ints = { 0, 2 })
	void aPlaneGoesThroughInTheMemoryThatIsForeseen(int samples) throws IOException, InterruptedException {
		long bytes = Footprint.ofPlane(SIDE * SIDE, samples) + Float.BYTES * SIDE * SIDE + JAVA;
		String program = Path.of(System.getProperty("java.home"), "bin", "java").toString(), heap = "-Xmx" + bytes / 1024 + "k";
		Process java = new ProcessBuilder(program, heap, "-cp", System.getProperty("java.class.path"), OnePlane.class.getName(),
			String.valueOf(samples)).redirectErrorStream(true).start();
		String told = new String(java.getInputStream().readAllBytes());
		assertEquals(0, java.waitFor(), told);
	}

	@Test
	void samplesTakeMoreAndManyTakeNoMoreThanABatch() {
		long plane = 1000 * 1000;
		assertTrue(Footprint.ofPlane(plane, 1) > Footprint.ofPlane(plane, 0));
		assertEquals(Footprint.ofPlane(plane, 2), Footprint.ofPlane(plane, 200));
		assertEquals(Footprint.CONSTANT + 4 * plane * Footprint.ONE_CALL, Footprint.ofPlane(plane, 0));
	}

	/** The promise: a plane of 8192² of 16 bits in a heap of 4 GB. */
	@Test
	void aLargePlaneFitsInto4Gigabytes() {
		long pixels = 8192L * 8192;
		assertTrue(2 * pixels + Footprint.of(pixels, 1, 1, 1, 0, 0, false).bytes() < 4L << 30);
	}

	/** 10 colour slices of 100 pixels: 4000 bytes of colours, and 12000 bytes for each map, which has red, green and blue apart. */
	@Test
	void resultsAreCounted() {
		assertEquals(4000, Footprint.of(100, 1, 10, 1, 0, 0, false).results());
		assertEquals(12000, Footprint.of(100, 1, 10, 1, 2, 3, false).results());
		assertEquals(4000, Footprint.of(100, 1, 10, 3, 0, 0, false).results());
		Footprint colour = Footprint.of(100, 1, 10, 3, 2, 3, false);
		assertEquals(4000 + 2 * 12000, colour.results());
		assertEquals(colour.results() + colour.work(), colour.bytes());
		assertEquals(colour.results() + 12000, colour.disk());
		assertEquals(colour.work(), colour.saved().bytes());
		assertEquals(colour.work() + 3 * 400, Footprint.of(100, 1, 10, 3, 2, 3, true).work(), "the samples of a plane");
		assertEquals(colour.work() + 3 * 2 * 400, Footprint.of(100, 4, 10, 3, 2, 3, false).work(), "a slice of four times the pixels, and a copy");
		assertTrue(Footprint.of(1 << 20, 1, 100_000, 3, 2, 0, false).results() > 2_000_000_000_000L, "more than an int counts");
	}

	@Test
	void whatIsFreeIsLessThanAll() {
		long free = Footprint.free(Long.MAX_VALUE);
		assertTrue(free > 0 && free <= Runtime.getRuntime().maxMemory(), free + " bytes");
	}

	@Test
	void aSumBeyondAllBoundsIsNoSmallNumber() {
		assertThrows(ArithmeticException.class, () -> new Footprint(Long.MAX_VALUE, 1, 1).bytes());
	}
}
