package io.github.tweedie.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Shape;

/** The classical methods that priors are compared with are what their papers say. */
class ClassicalTest {

	private static float[] noise(Shape shape, long seed) {
		float[] z = new float[shape.size()];
		new Noise(seed).fill(Purpose.PROBE, 0, new int[1], shape, z);
		return z;
	}

	// -- non-local means --

	/** Patch by patch and pair by pair, straight from the definition. */
	private static float[] naive(Shape shape, float[] image, double sigma, int patch, int search, double h) {
		int w = shape.x(), high = shape.y(), pixels = w * high;
		float[] out = new float[image.length];
		for (int p = 0; p < pixels; p++) {
			double weights = 0;
			double[] sums = new double[shape.c()];
			for (int y = Math.max(0, p / w - search); y <= Math.min(high - 1, p / w + search); y++)
				for (int x = Math.max(0, p % w - search); x <= Math.min(w - 1, p % w + search); x++) {
					double d = 0;
					for (int c = 0; c < shape.c(); c++)
						for (int dy = -patch; dy <= patch; dy++)
							for (int dx = -patch; dx <= patch; dx++)
								d += Math.pow(image[c * pixels + Mirror.index(p / w + dy, high) * w + Mirror.index(p % w + dx, w)]
									- (double) image[c * pixels + Mirror.index(y + dy, high) * w + Mirror.index(x + dx, w)], 2);
					d /= shape.c() * (2 * patch + 1) * (2 * patch + 1);
					double weight = Math.exp(-Math.max(0, d - 2 * sigma * sigma) / (h * h));
					weights += weight;
					for (int c = 0; c < shape.c(); c++)
						sums[c] += weight * image[c * pixels + y * w + x];
				}
			for (int c = 0; c < shape.c(); c++)
				out[c * pixels + p] = (float) (sums[c] / weights);
		}
		return out;
	}

	/** To the weights below 5e-5 that are left out: at most 81 of them, and differences of a few units. */
	@Test
	void nonLocalMeansFollowItsDefinition() {
		for (int channels : new int[] { 1, 3 }) {
			Shape shape = Shape.planes(1, channels, 11, 14);
			float[] image = noise(shape, 1);
			for (int patch : new int[] { 1, 2 }) {
				float[][] out = NonLocalMeans.denoise(shape, image, 0.6, patch, 4, 1.3, 4);
				for (int k = 0; k < 4; k++)
					assertArrayEquals(naive(shape, image, 0.6, patch, 4, 1.3 / Math.pow(2, k / 2.0)), out[k], k < 2 ? 1e-5f : 5e-3f);
			}
		}
	}

	@Test
	void nonLocalMeansOfUnlimitedStrengthIsTheMeanOfAllThatIsSearched() {
		Shape shape = Shape.planes(1, 1, 9, 8);
		float[] image = noise(shape, 2), expected = new float[image.length];
		double mean = 0;
		for (float v : image)
			mean += v / image.length;
		Arrays.fill(expected, (float) mean);
		assertArrayEquals(expected, NonLocalMeans.denoise(shape, image, 0, 1, 20, 1e6, 1)[0], 1e-6f);
	}

	/** Patch by patch and pair by pair, straight from the definition: every patch becomes a mean, every pixel a mean of those. */
	private static float[] naivePublished(Shape shape, float[] image, double sigma, PublishedNonLocalMeans.Row row) {
		int w = shape.x(), high = shape.y(), pixels = w * high, r = row.patch();
		double h = row.strength() * sigma;
		double[] sums = new double[image.length], shares = new double[pixels];
		for (int p = 0; p < pixels; p++) {
			double[] weight = new double[pixels];
			for (int q = 0; q < pixels; q++) {
				if (q == p || Math.abs(q / w - p / w) > row.search() || Math.abs(q % w - p % w) > row.search())
					continue;
				double d = 0;
				for (int c = 0; c < shape.c(); c++)
					for (int i = 0; i < (2 * r + 1) * (2 * r + 1); i++) {
						int dy = i / (2 * r + 1) - r, dx = i % (2 * r + 1) - r;
						d += Math.pow(image[c * pixels + Mirror.index(p / w + dy, high) * w + Mirror.index(p % w + dx, w)]
							- (double) image[c * pixels + Mirror.index(q / w + dy, high) * w + Mirror.index(q % w + dx, w)], 2);
					}
				weight[q] = Math.exp(-Math.max(0, d / (shape.c() * (2 * r + 1) * (2 * r + 1)) - 2 * sigma * sigma) / (h * h));
			}
			weight[p] = Arrays.stream(weight).max().orElseThrow();
			double total = Arrays.stream(weight).sum();
			for (int q = 0; q < pixels; q++)
				for (int dy = -r; dy <= r; dy++)
					for (int dx = -r; dx <= r; dx++) {
						int ty = p / w + dy, tx = p % w + dx, fy = q / w + dy, fx = q % w + dx;
						if (Math.min(Math.min(ty, tx), Math.min(fy, fx)) < 0 || Math.max(ty, fy) >= high || Math.max(tx, fx) >= w)
							continue;
						shares[ty * w + tx] += weight[q] / total;
						for (int c = 0; c < shape.c(); c++)
							sums[c * pixels + ty * w + tx] += weight[q] / total * image[c * pixels + fy * w + fx];
					}
		}
		float[] out = new float[image.length];
		for (int i = 0; i < out.length; i++)
			out[i] = (float) (sums[i] / shares[i % pixels]);
		return out;
	}

	@Test
	void publishedNonLocalMeansFollowItsDefinition() {
		for (int channels : new int[] { 1, 3 }) {
			Shape shape = Shape.planes(1, channels, 9, 12);
			float[] image = noise(shape, 1);
			for (int patch : new int[] { 1, 2 }) {
				PublishedNonLocalMeans.Row row = new PublishedNonLocalMeans.Row(0, patch, 4, 2);
				assertArrayEquals(naivePublished(shape, image, 0.4, row), PublishedNonLocalMeans.denoise(shape, image, 0.4, row), 1e-5f);
			}
		}
	}

	/** σ = 0.1, 0.2, 0.4 and 0.8 of a range of 2 are 12.75, 25.5, 51 and 102 of 255 grey levels. */
	@Test
	void publishedParametersAreThoseOfTheAuthorsTable() {
		assertEquals(new PublishedNonLocalMeans.Row(15, 1, 10, 0.4), PublishedNonLocalMeans.row(1, 0.1));
		assertEquals(new PublishedNonLocalMeans.Row(30, 2, 10, 0.4), PublishedNonLocalMeans.row(1, 0.2));
		assertEquals(new PublishedNonLocalMeans.Row(75, 4, 17, 0.35), PublishedNonLocalMeans.row(1, 0.4));
		assertEquals(new PublishedNonLocalMeans.Row(100, 5, 17, 0.3), PublishedNonLocalMeans.row(1, 0.8));
		assertEquals(new PublishedNonLocalMeans.Row(25, 1, 10, 0.55), PublishedNonLocalMeans.row(3, 0.1));
		assertEquals(new PublishedNonLocalMeans.Row(55, 2, 17, 0.4), PublishedNonLocalMeans.row(3, 0.2));
	}

	// -- Gaussian --

	/** Cosines mirrored at the border are its eigenfunctions, with exp(−ω²s²/2) to what lies beyond 4 s and the sampling. */
	@Test
	void gaussianBlurDampsWavesAsItsTransformSays() {
		Shape shape = Shape.planes(1, 2, 24, 40);
		double s = 1.5, wx = 3 * Math.PI / 40, wy = 2 * Math.PI / 24, factor = Math.exp(-0.5 * s * s * (wx * wx + wy * wy));
		float[] image = new float[shape.size()], expected = new float[image.length];
		for (int i = 0; i < image.length; i++) {
			double wave = Math.cos(wx * (i % 40 + 0.5)) * Math.cos(wy * (i / 40 % 24 + 0.5)) * (i < 960 ? 1 : -2);
			image[i] = (float) wave;
			expected[i] = (float) (factor * wave);
		}
		assertArrayEquals(expected, GaussianBlur.denoise(shape, image, s), 1e-3f);
	}

	@Test
	void gaussianBlurIsWiderThanASmallPicture() {
		Shape shape = Shape.planes(1, 1, 5, 3);
		float[] image = noise(shape, 3);
		double mean = 0;
		for (float v : image)
			mean += v / image.length;
		for (float v : GaussianBlur.denoise(shape, image, 40))
			assertEquals(mean, v, 1e-3);
	}

	// -- median --

	@Test
	void medianRemovesASpotAndKeepsAnEdge() {
		Shape shape = Shape.planes(1, 1, 6, 7);
		float[] image = new float[shape.size()];
		for (int i = 0; i < image.length; i++)
			image[i] = i % 7 < 3 ? -1 : 1;
		float[] edge = image.clone();
		image[2 * 7 + 5] = 9;
		image[4 * 7] = 3;
		assertArrayEquals(edge, Median.denoise(shape, image, 1));
		assertArrayEquals(edge, Median.denoise(shape, image, 2));
	}

	// -- total variation --

	/**
	 * A step between two halves, each w pixels wide, moves by λ/w on either side: ∂/∂δ of w·δ² − 2·λ·δ for each row. With the same
	 * step in two channels the length of the gradient grows by √2 and the fidelity twofold, so it moves by λ/(√2·w).
	 */
	@Test
	void totalVariationMovesTheTwoSidesOfAStepTogether() {
		for (int channels : new int[] { 1, 2 }) {
			int w = 6;
			Shape shape = Shape.planes(1, channels, 5, 2 * w);
			float[] image = new float[shape.size()], expected = new float[image.length];
			double lambda = 1.2, moved = lambda / w / Math.sqrt(channels);
			for (int i = 0; i < image.length; i++) {
				image[i] = i % (2 * w) < w ? 0 : 2;
				expected[i] = (float) (i % (2 * w) < w ? moved : 2 - moved);
			}
			assertArrayEquals(expected, new TotalVariation(shape, image).denoise(lambda, 3000, 0), 1e-3f);
		}
	}

	@Test
	void muchTotalVariationLeavesTheMean() {
		Shape shape = Shape.planes(1, 1, 8, 8);
		float[] image = noise(shape, 4);
		double mean = 0;
		for (float v : image)
			mean += v / image.length;
		for (float v : new TotalVariation(shape, image).denoise(50, 5000, 0))
			assertEquals(mean, v, 1e-3);
	}

	@Test
	void totalVariationGoesOnFromWhereItWas() {
		Shape shape = Shape.planes(1, 1, 16, 16);
		float[] image = noise(shape, 5);
		TotalVariation variation = new TotalVariation(shape, image);
		variation.denoise(0.3, 3000, 0);
		assertArrayEquals(new TotalVariation(shape, image).denoise(0.6, 6000, 0), variation.denoise(0.6, 6000, 0), 1e-3f);
	}

	// -- the oracle --

	/** A flat disc is recovered far better than left alone by each, and the choice is the best of the grid. */
	@ParameterizedTest
	@EnumSource
	void theOracleTakesTheBestOfTheGrid(Classical method) {
		Shape shape = Shape.planes(1, 1, 40, 40);
		float[] truth = new float[shape.size()], noisy = noise(shape, 6);
		double sigma = 0.2;
		for (int i = 0; i < truth.length; i++) {
			truth[i] = Math.hypot(i % 40 - 20.0, i / 40 - 20.0) < 12 ? 0.7f : -0.8f;
			noisy[i] = truth[i] + (float) sigma * noisy[i];
		}
		double[] least = { Double.POSITIVE_INFINITY };
		float[] kept = noisy.clone();
		method.variants(shape, noisy, sigma, (parameters, image) -> {
			double sum = 0;
			for (int i = 0; i < image.length; i++)
				sum += Math.pow(image[i] - truth[i], 2);
			least[0] = Math.min(least[0], sum);
		});
		Classical.Tuned best = method.best(shape, noisy, sigma, truth);
		assertEquals(least[0], best.squares(), 1e-3 * least[0]);
		assertTrue(best.squares() < 0.5 * sigma * sigma * truth.length, method + " leaves " + best.squares() / truth.length);
		assertArrayEquals(kept, noisy);
	}
}
