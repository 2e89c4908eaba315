package io.github.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicIntegerArray;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunsTest {

	@ParameterizedTest
	@ValueSource(ints = { 0, 1, 255, 256, 257, 16_384, 16_385, 100_000 })
	void runsMeetEachElementOnce(int length) {
		AtomicIntegerArray met = new AtomicIntegerArray(length), summed = new AtomicIntegerArray(length);
		Runs.of(length, (from, to) -> {
			for (int i = from; i < to; i++)
				met.incrementAndGet(i);
		});
		assertEquals(Math.max(0, length - 5), Runs.sum(5, Math.max(5, length), (from, to) -> {
			for (int i = from; i < to; i++)
				summed.incrementAndGet(i);
			return to - from;
		}));
		for (int i = 0; i < length; i++) {
			assertEquals(1, met.get(i));
			assertEquals(i < 5 ? 0 : 1, summed.get(i));
		}
	}

	@Test
	void runsEndWhereTheLongestArraysEnd() {
		int end = Integer.MAX_VALUE - 8;
		assertEquals(100_000, Runs.sum(end - 100_000, end, (from, to) -> to - from));
	}

	/** Terms of all magnitudes, whose sum depends on the order. */
	@Test
	void sumsAreTheSameForAnyNumberOfThreads() throws InterruptedException, ExecutionException {
		double[] terms = new Noise(3).generator(Noise.Purpose.PROBE, 0, 0, 0).doubles(200_000).map(u -> Math.exp(80 * u - 40)).toArray();
		Runs.Sum sum = (from, to) -> {
			double part = 0;
			for (int i = from; i < to; i++)
				part += terms[i];
			return part;
		};
		double expected = Runs.sum(0, terms.length, sum);
		for (int threads = 1; threads < 6; threads++) {
			ForkJoinPool pool = new ForkJoinPool(threads);
			try {
				assertEquals(expected, pool.submit(() -> Runs.sum(0, terms.length, sum)).get());
			}
			finally {
				pool.shutdown();
			}
		}
	}

	@Test
	void infiniteAndMissingNumbersAreSeen() {
		float[] values = new float[40_000];
		assertTrue(Runs.finite(values, values.length));
		for (float other : new float[] { Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY }) {
			values[39_000] = other;
			assertFalse(Runs.finite(values, values.length));
			assertTrue(Runs.finite(values, 39_000));
		}
	}
}
