package io.github.tweedie.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ForkJoinPool;

import org.junit.jupiter.api.Test;

import io.github.tweedie.image.Specimen.Family;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Shape;

/** BM3D and the transforms of its blocks. */
class Bm3dTest {

	private static final int SIDE = BlockTransform.SIDE, AREA = BlockTransform.AREA;
	private static final List<BlockTransform> BOTH = List.of(BlockTransform.COSINE, BlockTransform.WAVELET);

	private static float[] noise(int width, int height, long seed) {
		Shape shape = Shape.planes(1, 1, height, width);
		float[] z = new float[shape.size()];
		new Noise(seed).fill(Purpose.PROBE, 0, new int[1], shape, z);
		return z;
	}

	private static double squares(float[] x) {
		double sum = 0;
		for (float v : x)
			sum += (double) v * v;
		return sum;
	}

	// -- transforms --

	@Test
	void blocksComeBackFromTheirCoefficients() {
		float[] image = noise(11, 10, 1), pixels = new float[AREA];
		for (BlockTransform transform : BOTH) {
			float[] coefficients = transform.ofBlocks(image, 11, 10);
			assertEquals(4 * 3 * AREA, coefficients.length);
			for (int block = 0; block < 12; block++) {
				transform.inverse(coefficients, block * AREA, pixels);
				for (int i = 0; i < AREA; i++)
					assertEquals(image[(block / 4 + i / SIDE) * 11 + block % 4 + i % SIDE], pixels[i], 1e-5);
			}
		}
	}

	/** The squares of what a coefficient makes of each pixel alone are the variance that it makes of white noise. */
	@Test
	void everyCoefficientOfWhiteNoiseHasItsVariance() {
		for (BlockTransform transform : BOTH) {
			double[] variance = new double[AREA];
			for (int i = 0; i < AREA; i++) {
				float[] one = new float[AREA];
				one[i] = 1;
				float[] out = transform.ofBlocks(one, SIDE, SIDE);
				for (int k = 0; k < AREA; k++)
					variance[k] += out[k] * out[k];
			}
			for (double v : variance)
				assertEquals(1, v, 1e-5);
		}
	}

	@Test
	void aConstantIsItsFirstCoefficientAlone() {
		float[] image = new float[AREA];
		Arrays.fill(image, 3);
		for (BlockTransform transform : BOTH) {
			float[] expected = new float[AREA];
			expected[0] = 3 * SIDE;
			assertArrayEquals(expected, transform.ofBlocks(image, SIDE, SIDE), 1e-5f);
		}
	}

	/** In a block of equal rows, of which √8 times one is what is left of the other direction. */
	@Test
	void theFinestDetailsAreDifferencesOfNeighbours() {
		float[] row = noise(SIDE, 1, 2), block = new float[AREA];
		for (int i = 0; i < AREA; i++)
			block[i] = row[i % SIDE];
		float[] out = BlockTransform.WAVELET.ofBlocks(block, SIDE, SIDE);
		for (int k = 0; k < 4; k++)
			assertEquals(Math.sqrt(SIDE / 2) * (row[2 * k] - row[2 * k + 1]), out[4 + k], 1e-5);
	}

	/**
	 * By hand: the smooth numbers of the first scale are 128·(x₀ + x₁) + 22·(x₂ + x₇) − 22·(x₃ + x₆) and so on; of four numbers, taken
	 * periodically, the filter is the mean of two.
	 */
	@Test
	void theCoarsestDetailComparesTheHalves() {
		float[] one = new float[AREA];
		double[] expected = { 84, 172, 172, 84, -84, -172, -172, -84 };
		double norm = Math.sqrt(4 * (84 * 84 + 172 * 172));
		for (int i = 0; i < SIDE; i++) {
			Arrays.fill(one, 0);
			for (int row = 0; row < SIDE; row++)
				one[row * SIDE + i] = 1;
			assertEquals(Math.sqrt(SIDE) * expected[i] / norm, BlockTransform.WAVELET.ofBlocks(one, SIDE, SIDE)[1], 1e-5);
		}
	}

	@Test
	void haarAcrossAStackIsOrthonormalAndComesBack() {
		for (int n = 1; n <= 32; n *= 2) {
			float[] stack = noise(AREA, n, 3), kept = stack.clone();
			BlockTransform.haar(stack, n);
			assertEquals(squares(kept), squares(stack), 1e-3);
			double sum = 0;
			for (int k = 0; k < n; k++)
				sum += kept[k * AREA + 5];
			assertEquals(sum / Math.sqrt(n), stack[5], 1e-4);
			BlockTransform.inverseHaar(stack, n);
			assertArrayEquals(kept, stack, 1e-5f);
		}
	}

	// -- the filter --

	/** But for Wiener's factor of the only coefficient of a group, of the energy 32·64·v²; the first step changes nothing. */
	@Test
	void aConstantImageStays() {
		Shape shape = Shape.planes(1, 1, 21, 30);
		float[] image = new float[shape.size()], expected = new float[image.length];
		Arrays.fill(image, 0.7f);
		for (double sigma : new double[] { 0.05, 0.5, 2 }) {
			double energy = 32 * 64 * 0.7 * 0.7;
			Arrays.fill(expected, (float) (0.7 * energy / (energy + sigma * sigma)));
			assertArrayEquals(expected, Bm3d.denoise(shape, image, sigma, 2), 1e-5f);
		}
	}

	/**
	 * Of a group of 16 blocks of noise the mean passes the thresholds, and one coefficient in 144, which is larger than others:
	 * together 1/1024 + 6 % of the variance. The second step and the overlap of groups take more; the choice of like blocks gives
	 * some back.
	 */
	@Test
	void littleIsLeftOfWhiteNoiseAndItsMeanIsKept() {
		Shape shape = Shape.planes(1, 1, 64, 64);
		float[] noisy = noise(64, 64, 4);
		for (double range : new double[] { 40, 5 }) {
			float[] out = Bm3d.denoise(shape, noisy, 1, range);
			double mean = 0, before = 0;
			for (int i = 0; i < out.length; i++) {
				mean += out[i] / out.length;
				before += noisy[i] / out.length;
			}
			double variance = squares(out) / out.length - mean * mean;
			assertTrue(variance < 0.07, "left of the variance with a range of " + range + ": " + variance);
			assertEquals(before, mean, 0.01);
		}
	}

	/** Even when those are tuned by an oracle; by more than the half of a decibel that the literature has on average. */
	@Test
	void structureIsKeptBetterThanByNonLocalMeans() {
		Picture picture = Picture.specimens(List.of(Family.MEMBRANES), 96, 1).get(0);
		double sigma = 0.2;
		float[] noisy = picture.noisy(sigma, 0), out = Bm3d.denoise(picture.shape(), noisy, sigma, 2);
		float[] means = Classical.NON_LOCAL_MEANS.best(picture.shape(), noisy, sigma, picture.clean()).image();
		double filtered = DenoisingTable.psnr(out, picture.clean()), averaged = DenoisingTable.psnr(means, picture.clean());
		assertTrue(filtered > averaged + 0.5, filtered + " dB, non-local means " + averaged + " dB");
	}

	@Test
	void unitsDoNotMatter() {
		Shape shape = Shape.planes(1, 1, 32, 40);
		float[] noisy = noise(40, 32, 5), larger = noisy.clone();
		for (int i = 0; i < larger.length; i++)
			larger[i] *= 64;
		float[] out = Bm3d.denoise(shape, noisy, 0.8, 10), expected = Bm3d.denoise(shape, larger, 0.8 * 64, 640);
		for (int i = 0; i < out.length; i++)
			assertEquals(expected[i], 64 * out[i], 1e-3);
	}

	@Test
	void theNumberOfThreadsDoesNotMatter() throws Exception {
		Shape shape = Shape.planes(1, 1, 40, 33);
		float[] noisy = noise(33, 40, 6), kept = noisy.clone();
		ForkJoinPool one = new ForkJoinPool(1), three = new ForkJoinPool(3);
		try {
			assertArrayEquals(one.submit(() -> Bm3d.denoise(shape, noisy, 0.9, 9)).get(),
				three.submit(() -> Bm3d.denoise(shape, noisy, 0.9, 9)).get());
		}
		finally {
			one.shutdown();
			three.shutdown();
		}
		assertArrayEquals(kept, noisy);
	}
}
