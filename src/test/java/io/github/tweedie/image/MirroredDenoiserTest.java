package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

class MirroredDenoiserTest {

	private final List<Batch> seen = new ArrayList<>();
	/** Gives back what it sees, with the place of the pixel behind the point. */
	private final Denoiser recorder = (batch, out) -> {
		seen.add(batch);
		for (int i = 0; i < out.length; i++)
			out[i] = batch.x()[i] + i / 1000f;
	};

	private static IntUnaryOperator multiplesOf(int step) {
		return extent -> (extent + step - 1) / step * step;
	}

	@Test
	void aNetworkOfOneSizeSeesPlanesOfThatSize() {
		Prior fixed = new Prior(recorder, "fixed", "closed form", 1, -1, 1, 0.01, 20, 4, 0, List.of(), Prior.Precision.FLOAT32, 8, true, null);
		float[] out = new float[15];
		MirroredDenoiser.over(fixed, 3, 5, 1024).denoise(Batch.of(Shape.planes(1, 1, 3, 5), new float[15], 1), out);
		assertEquals(Shape.planes(1, 1, 8, 8), seen.get(0).shape());
	}

	@Test
	void thePlaneIsContinuedByItsMirrorImageAndCutOutAgain() {
		float[] x = { 1, 2, 3, 4, 5, 6 }, out = new float[6];
		new MirroredDenoiser(recorder, multiplesOf(4)).denoise(Batch.of(Shape.planes(1, 1, 2, 3), x, 0.5), out);
		assertEquals(Shape.planes(1, 1, 4, 4), seen.get(0).shape());
		assertArrayEquals(new float[] { 1, 2, 3, 3, 4, 5, 6, 6, 4, 5, 6, 6, 1, 2, 3, 3 }, seen.get(0).x());
		assertArrayEquals(new float[] { 1, 2.001f, 3.002f, 4.004f, 5.005f, 6.006f }, out, 1e-6f);
		assertEquals(0.5, seen.get(0).sigma()[0]);
	}

	@Test
	void onePixelIsEnough() {
		float[] out = new float[1];
		new MirroredDenoiser(recorder, multiplesOf(4)).denoise(Batch.of(Shape.planes(1, 1, 1, 1), new float[] { 7 }, 1), out);
		for (float v : seen.get(0).x())
			assertEquals(7, v);
		assertEquals(7, out[0]);
	}

	@Test
	void samplesAndChannelsKeepApart() {
		float[] x = { 1, 2, 3, 4 }, out = new float[4];
		new MirroredDenoiser(recorder, multiplesOf(2)).denoise(Batch.of(Shape.planes(2, 2, 1, 1), x, 1), out);
		assertArrayEquals(new float[] { 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4 }, seen.get(0).x());
		assertArrayEquals(new float[] { 1, 2.004f, 3.008f, 4.012f }, out, 1e-6f);
	}

	@Test
	void aPlaneThatFitsIsPassedOnAsItIs() {
		Batch batch = Batch.of(Shape.planes(1, 1, 4, 8), new float[32], 1);
		new MirroredDenoiser(recorder, multiplesOf(4)).denoise(batch, new float[32]);
		assertEquals(batch, seen.get(0));
	}

	/** A plane beyond one tile of a prior without reach: tiles and continuation change nothing. */
	@Test
	void largePlanesAreSeenInTiles() {
		Prior local = new Prior((batch, out) -> {
			seen.add(batch);
			for (int i = 0; i < out.length; i++)
				out[i] = 2 * batch.x()[i];
		}, "local", "closed form", 1, -1, 1, 0.01, 20, 8, 0, List.of(), Prior.Precision.FLOAT32);
		float[] x = new float[37 * 61], out = new float[x.length], twice = new float[x.length];
		for (int i = 0; i < x.length; i++)
			twice[i] = 2 * (x[i] = i);
		MirroredDenoiser.over(local, 37, 61, 16).denoise(Batch.of(Shape.planes(1, 1, 37, 61), x, 1), out);
		assertArrayEquals(twice, out, 1e-3f);
		assertTrue(seen.size() > 1 && seen.get(0).shape().size() <= 256, seen.size() + " tiles");
		assertEquals(1, seen.stream().map(Batch::shape).distinct().count());
	}

	/** Tiles continue a plane themselves, and see the same as a network that sees it in one piece. */
	@Test
	void tilesSeeTheSameContinuation() {
		Prior averaging = new Prior((batch, out) -> {
			Shape s = batch.shape();
			for (int i = 0; i < out.length; i++)
				out[i] = batch.x()[i] + (i % s.x() + 1 < s.x() ? batch.x()[i + 1] : 0) + (i + s.x() < out.length ? batch.x()[i + s.x()] : 0);
		}, "neighbours", "closed form", 1, -1, 1, 0.01, 20, 8, 1, List.of(), Prior.Precision.FLOAT32);
		float[] x = new float[45 * 51], whole = new float[x.length], tiles = new float[x.length];
		for (int i = 0; i < x.length; i++)
			x[i] = i % 17 * (i % 23);
		Batch batch = Batch.of(Shape.planes(1, 1, 45, 51), x, 1);
		new MirroredDenoiser(averaging, averaging::extent).denoise(batch, whole);
		MirroredDenoiser.over(averaging, 45, 51, 24).denoise(batch, tiles);
		assertArrayEquals(whole, tiles, 1e-3f);
	}
}
