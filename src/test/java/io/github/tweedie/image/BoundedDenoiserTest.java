package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Shape;

class BoundedDenoiserTest {

	private static final int WIDTH = 43, HEIGHT = 37, SIZE = WIDTH * HEIGHT;

	/** Of two planes of noise 0.1 and 0.2, whatever they hold. */
	private static float[] bounded(Denoiser inner) {
		float[] x = new float[2 * SIZE], out = new float[x.length];
		for (int i = 0; i < x.length; i++)
			x[i] = (float) Math.sin(i);
		new BoundedDenoiser(inner, null, (sigma, share) -> {})
			.denoise(new Batch(Shape.planes(2, 1, HEIGHT, WIDTH), x, new double[] { 0.1, 0.2 }, Batch.unlabelled(2)), out);
		return out;
	}

	private static Denoiser takingAway(double amount) {
		return (batch, out) -> {
			for (int i = 0; i < out.length; i++)
				out[i] = (float) (batch.x()[i] - amount * (i % 2 == 0 ? 1 : -1));
		};
	}

	@Test
	void whatNoiseCanHoldIsTakenAway() {
		float[] out = bounded(takingAway(0.24));
		for (int i = 0; i < out.length; i++)
			assertEquals((float) (Math.sin(i) - 0.24 * (i % 2 == 0 ? 1 : -1)), out[i], 1e-6f);
	}

	/** Of k·σ there remains k·σ·2.5²/k². */
	@Test
	void theMoreIsTooMuchTheLessOfItIsTakenAway() {
		float[] out = bounded(takingAway(2));
		for (int i = 0; i < out.length; i++) {
			double sigma = i < SIZE ? 0.1 : 0.2, kept = 2.5 * 2.5 * sigma * sigma / 2;
			assertEquals(Math.sin(i) - kept * (i % 2 == 0 ? 1 : -1), out[i], 1e-6, "pixel " + i);
		}
	}

	@Test
	void answersThatAreNoNumbersAndThoseBesideThemChangeNothing() {
		int bad = 20 * WIDTH + 21;
		float[] out = bounded((batch, result) -> {
			takingAway(0.1).denoise(batch, result);
			result[bad] = Float.NaN;
		}), untouched = bounded(takingAway(0.1));
		for (int i = 0; i < out.length; i++) {
			int dx = Math.abs(i % WIDTH / 8 - 21 / 8), dy = Math.abs(i / WIDTH / 8 - 20 / 8);
			if (i < SIZE && Math.max(dx, dy) == 0)
				assertEquals((float) Math.sin(i), out[i], 0, "pixel " + i);
			else if (i >= SIZE || Math.max(dx, dy) > 2)
				assertEquals(untouched[i], out[i], 0, "pixel " + i);
		}
	}

	/** Of six rows of blocks, the last of them cut off, the second is bounded; pixels of the first three count. */
	@Test
	void blocksThatHoldAPixelThatCountsAreCounted() {
		float[] x = new float[48 * 45], out = new float[x.length];
		boolean[] inside = new boolean[x.length];
		Arrays.fill(inside, 0, 17 * 48, true);
		double[] told = new double[1];
		new BoundedDenoiser((batch, result) -> Arrays.fill(result, 8 * 48, 16 * 48, 50), inside, (sigma, share) -> told[0] = share)
			.denoise(Batch.of(Shape.planes(1, 1, 45, 48), x, 1, Batch.unlabelled(1)), out);
		assertEquals(1 / 3.0, told[0], 1e-12);
	}

	@Test
	void planesSmallerThanABlockAreBoundedToo() {
		float[] x = { 1, 2, 3 }, out = new float[3];
		double[] told = new double[2];
		new BoundedDenoiser((batch, result) -> {
			for (int i = 0; i < 3; i++)
				result[i] = batch.x()[i] + 50;
		}, null, (sigma, share) -> {
			told[0] = sigma;
			told[1] = share;
		}).denoise(Batch.of(Shape.planes(1, 1, 1, 3), x, 1, Batch.unlabelled(1)), out);
		assertArrayEquals(new float[] { 1.125f, 2.125f, 3.125f }, out, 1e-6f);
		assertArrayEquals(new double[] { 1, 1 }, told, 0);
	}
}
