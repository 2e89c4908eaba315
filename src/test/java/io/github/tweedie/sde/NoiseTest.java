package io.github.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Noise.Purpose;

class NoiseTest {

	private static float[] fill(Noise noise, Purpose purpose, int step, int[] ids, Shape shape) {
		float[] out = new float[shape.size()];
		noise.fill(purpose, step, ids, shape, out);
		return out;
	}

	@Test
	void hasMeanZeroAndVarianceOne() {
		float[] z = fill(new Noise(3), Purpose.MOVE, 5, new int[] { 0, 1 }, Shape.planes(2, 1, 200, 500));
		double mean = 0, square = 0, fourth = 0;
		for (float v : z) {
			mean += v / z.length;
			square += (double) v * v / z.length;
			fourth += Math.pow(v, 4) / z.length;
		}
		double error = 4 / Math.sqrt(z.length);
		assertEquals(0, mean, error);
		assertEquals(1, square, error * Math.sqrt(2));
		assertEquals(3, fourth, error * Math.sqrt(96));
	}

	@Test
	void ofASampleDoesNotDependOnItsBatch() {
		Shape one = Shape.planes(1, 2, 7, 9);
		float[] alone = fill(new Noise(1), Purpose.START, 0, new int[] { 11 }, one);
		float[] among = fill(new Noise(1), Purpose.START, 0, new int[] { 4, 11, 2 }, one.withN(3));
		assertArrayEquals(alone, Arrays.copyOfRange(among, one.size(), 2 * one.size()));
	}

	@Test
	void doesNotDependOnTheNumberOfThreads() throws Exception {
		Shape shape = Shape.planes(3, 1, 64, 64);
		int[] ids = { 0, 1, 2 };
		float[] many = fill(new Noise(9), Purpose.MOVE, 1, ids, shape);
		ForkJoinPool one = new ForkJoinPool(1);
		float[] single = one.submit(() -> fill(new Noise(9), Purpose.MOVE, 1, ids, shape)).get();
		one.shutdown();
		assertArrayEquals(many, single);
	}

	@Test
	void isAddedAsItIsFilled() {
		Shape shape = Shape.planes(3, 2, 5, 7);
		int[] ids = { 4, 0, 9 };
		float[] z = fill(new Noise(2), Purpose.MOVE, 3, ids, shape), sum = new float[shape.size()];
		Arrays.fill(sum, 1);
		new Noise(2).add(Purpose.MOVE, 3, ids, shape, new double[] { 0.5, 0, 2 }, sum);
		for (int i = 0; i < sum.length; i++)
			assertEquals(1 + new float[] { 0.5f, 0, 2 }[i / 70] * z[i], sum[i]);
	}

	@Test
	void differsWithEveryPartOfItsAddress() {
		Shape row = Shape.planes(1, 1, 1, 4);
		Set<String> seen = new HashSet<>();
		int count = 0;
		for (long seed : new long[] { 1, 2, -1 })
			for (int plane : new int[] { 0, 1 })
				for (int id : new int[] { 0, 1, 7 })
					for (int step : new int[] { 0, 1, 2 })
						for (Purpose purpose : Purpose.values()) {
							seen.add(Arrays.toString(fill(new Noise(seed, plane), purpose, step, new int[] { id }, row)));
							count++;
						}
		float[] rows = fill(new Noise(1), Purpose.START, 0, new int[] { 0 }, Shape.planes(1, 1, 2, 4));
		assertEquals(count, seen.size());
		assertNotEquals(rows[0], rows[4]);
	}

	/** Philox gives four numbers for each count of its first word; a row's address must not move that word. */
	@Test
	void rowsAreSubstreamsThatNeverMeet() {
		Set<Long> numbers = new HashSet<>();
		Noise noise = new Noise(5);
		for (int row = 0; row < 50; row++) {
			var generator = noise.generator(Purpose.START, 0, 0, row);
			for (int i = 0; i < 1000; i++)
				numbers.add(generator.nextLong());
		}
		assertEquals(50_000, numbers.size());
	}
}
