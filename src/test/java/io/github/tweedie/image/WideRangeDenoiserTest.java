package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

class WideRangeDenoiserTest {

	private static final float[] X = { -1, -0.99f, -0.8f, -0.5f, 0, 0.7f, 5 };

	private static float[] denoised(Denoiser denoiser, double sigma) {
		float[] out = new float[X.length];
		denoiser.denoise(Batch.of(Shape.vectors(1, X.length), X, sigma), out);
		return out;
	}

	@Test
	void whereNothingIsNeededTheDenoiserItselfIsAsked() {
		Denoiser inner = (batch, out) -> {};
		Prior prior = Prior.of("any", inner);
		assertSame(inner, WideRangeDenoiser.over(inner, prior, 0.05));
		assertEquals(0, ((WideRangeDenoiser) WideRangeDenoiser.over(inner, prior, 0.008)).layers());
		assertEquals(1, ((WideRangeDenoiser) WideRangeDenoiser.over(inner, prior, 0.004)).layers());
		assertEquals(2, ((WideRangeDenoiser) WideRangeDenoiser.over(inner, prior, 0.001)).layers());
	}

	/** A denoiser that takes a tenth of σ away whatever the range: the layers must not show. */
	@Test
	void whatKnowsNoScaleIsTheSameInEveryLayer() {
		Denoiser inner = (batch, out) -> {
			for (int i = 0; i < out.length; i++)
				out[i] = (float) (batch.x()[i] - 0.1 * batch.sigma()[0]);
		};
		float[] expected = denoised(inner, 0.03);
		assertArrayEquals(expected, denoised(new WideRangeDenoiser(inner, -1, 1, 0.01, 2), 0.03), 1e-6f);
	}

	@Test
	void dimPixelsComeFromTheStretchedPlaneAndBrightOnesFromTheWhole() {
		List<Double> sigmas = new ArrayList<>();
		Denoiser inner = (batch, out) -> {
			double sigma = batch.sigma()[0];
			sigmas.add(sigma);
			for (int i = 0; i < out.length; i++)
				out[i] = sigma > 0.1 ? -1 : batch.x()[i];
		};
		// Stretched by 4, -0.5 becomes 1, within the range, and 0 becomes 3, beyond it.
		assertArrayEquals(new float[] { -1, -1, -1, -1, 0, 0.7f, 5 }, denoised(new WideRangeDenoiser(inner, -1, 1, 0.01, 1), 0.05), 1e-6f);
		assertEquals(List.of(0.05, 0.2), sigmas);
	}

	/** A place without noise is what no network knows. */
	@Test
	void whatIsTooBrightForAStretchedPlaneKeepsItsNoise() {
		float[] clean = { -1, -0.9f, 0.7f, 5 }, noise = { 0.01f, -0.02f, 0.03f, -0.04f }, x = new float[4];
		for (int i = 0; i < x.length; i++)
			x[i] = clean[i] + noise[i];
		List<float[]> seen = new ArrayList<>();
		Denoiser inner = (batch, out) -> {
			seen.add(batch.x().clone());
			System.arraycopy(clean, 0, out, 0, out.length);
		};
		new WideRangeDenoiser(inner, -1, 1, 0.01, 1).denoise(Batch.of(Shape.vectors(1, 4), x, 0.02), new float[4]);
		// Stretched by 4 over -1, and cut off at 2.
		assertArrayEquals(new float[] { -1 + 0.04f, -0.6f - 0.08f, 2 + 0.12f, 2 - 0.16f }, seen.get(1), 1e-5f);
	}

	/** Tweedie's formula with the score of the smallest noise that is known. */
	@Test
	void noiseBelowTheSmallestKnownIsTakenAwayByItsShare() {
		Denoiser halving = (batch, out) -> {
			assertEquals(0.01, batch.sigma()[0]);
			for (int i = 0; i < out.length; i++)
				out[i] = batch.x()[i] / 2;
		};
		Denoiser wide = new WideRangeDenoiser(halving, -1, 1, 0.01, 0);
		for (int i = 0; i < X.length; i++) {
			assertEquals(X[i] / 2, denoised(wide, 0.007)[i], 1e-6, "nearly as much as the smallest");
			assertEquals(X[i] * (1 - 0.16 / 2), denoised(wide, 0.002)[i], 1e-6, "(2·0.002/0.01)² of it");
		}
	}
}
