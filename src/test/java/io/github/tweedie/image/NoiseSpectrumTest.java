package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.tweedie.image.BlockSpectra.Block;
import io.github.tweedie.image.BlockSpectra.Range;
import io.github.tweedie.image.Specimen.Family;

/** Noise that a known kernel made of white noise has a known spectrum. */
class NoiseSpectrumTest {

	private static final Range ALL = new Range(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);

	private static float[] random(int size, double deviation, int seed) {
		float[] out = new float[size];
		Random random = new Random(seed);
		for (int i = 0; i < size; i++)
			out[i] = (float) (deviation * random.nextGaussian());
		return out;
	}

	/** By distance, from 0 on, along either axis; of a Gaussian of a standard deviation in pixels. */
	private static double[] gaussian(double deviation) {
		double[] taps = new double[(int) (5 * deviation) + 2];
		for (int i = 0; i < taps.length; i++)
			taps[i] = Math.exp(-i * i / (2 * deviation * deviation));
		double sum = 2 * Arrays.stream(taps).sum() - taps[0];
		return Arrays.stream(taps).map(v -> v / sum).toArray();
	}

	private static double[][] product(double[] taps) {
		return Arrays.stream(taps).mapToObj(y -> Arrays.stream(taps).map(x -> x * y).toArray()).toArray(double[][]::new);
	}

	private static double autocovariance(double[] taps, int distance) {
		double sum = 0;
		for (int i = 1 - taps.length; i < taps.length; i++)
			if (Math.abs(i + distance) < taps.length)
				sum += taps[Math.abs(i)] * taps[Math.abs(i + distance)];
		return sum;
	}

	private static double[] meanPower(BlockSpectra spectra, float[] plane, int width) {
		Block[] blocks = spectra.of(1, i -> plane, i -> ALL, width);
		double[] mean = new double[spectra.cells()];
		for (Block block : blocks)
			for (int c = 0; c < mean.length; c++)
				mean[c] += block.power()[c] / blocks.length;
		return mean;
	}

	// -- Transforms and filters --

	@Test
	void theCosineTransformIsThatOfTheWholePlaneAndItsOwnInverse() {
		double[][] quadrant = { { 3, -1, 0.5 }, { 0.2, 2, 1 }, { 4, 0.1, -2 } };
		double[][] once = new Cosines(4).transformed(quadrant), twice = new Cosines(4).transformed(once);
		for (int l = 0; l < 3; l++)
			for (int k = 0; k < 3; k++) {
				double sum = 0;
				for (int y = 0; y < 4; y++)
					for (int x = 0; x < 4; x++)
						sum += quadrant[Math.min(y, 4 - y)][Math.min(x, 4 - x)] * Math.cos(Math.PI / 2 * (k * x + l * y));
				assertEquals(sum, once[l][k], 1e-12);
				assertEquals(16 * quadrant[l][k], twice[l][k], 1e-12);
			}
	}

	/** Each row and each column after an even kernel, of which half the taps are given; the border is mirrored. */
	private static float[] filtered(double[] taps, float[] plane, int width) {
		int height = plane.length / width;
		float[] rows = new float[plane.length], out = new float[plane.length];
		for (int i = 0; i < plane.length; i++)
			for (int d = 1 - taps.length; d < taps.length; d++)
				rows[i] += (float) (taps[Math.abs(d)] * plane[i / width * width + mirrored(i % width + d, width)]);
		for (int i = 0; i < plane.length; i++)
			for (int d = 1 - taps.length; d < taps.length; d++)
				out[i] += (float) (taps[Math.abs(d)] * rows[mirrored(i / width + d, height) * width + i % width]);
		return out;
	}

	private static int mirrored(int i, int count) {
		return i < 0 ? -1 - i : i < count ? i : 2 * count - 1 - i;
	}

	/** Of white noise n after (c, 1 − 2c, c): |h(ω)|² over its mean, along either axis. */
	@Test
	void theSpectrumOfAnAutocorrelationIsThatOfItsKernel() {
		double c = 0.2, power = (1 - 2 * c) * (1 - 2 * c) + 2 * c * c, one = 2 * c * (1 - 2 * c) / power, two = c * c / power;
		Autocorrelation noise = Autocorrelation.separable(one, two, one, two);
		double[][] spectrum = noise.spectrum(16);
		for (int l = 0; l <= 8; l++)
			for (int k = 0; k <= 8; k++) {
				double h = (1 - 2 * c + 2 * c * Math.cos(Math.PI * k / 8)) * (1 - 2 * c + 2 * c * Math.cos(Math.PI * l / 8));
				assertEquals(h * h / (power * power), spectrum[l][k], 1e-12);
			}
		assertEquals(spectrum[0][0], noise.lowest(), 1e-12);
		assertEquals(0, noise.at(3, 0));
	}

	// -- Spectra of blocks --

	@ParameterizedTest
	@ValueSource(ints = { 16, 32 })
	void whiteNoiseHasItsVarianceAtEveryFrequencyButTheFlatOnes(int side) {
		BlockSpectra spectra = new BlockSpectra(side);
		double[] mean = meanPower(spectra, random(512 * 512, 3, 2), 512);
		double blocks = Math.min(2048, Math.pow(2 * 512.0 / side - 1, 2)), all = 0, weight = 0;
		for (int c = 0; c < mean.length; c++) {
			if (spectra.flat(c)) {
				assertTrue(mean[c] < 9, "a plane was taken away");
				continue;
			}
			// One value in each block where both frequencies are their own opposite.
			assertEquals(9, mean[c], 9 * 5 * Math.sqrt(2 / blocks));
			all += spectra.weight(c) * mean[c];
			weight += spectra.weight(c);
		}
		// As many independent values as pixels, of which not all blocks were looked at.
		assertEquals(9, all / weight, 9 * 5 * Math.sqrt(2.0 / (256 * 256)));
	}

	@Test
	void aPlaneHasNoPower() {
		float[] plane = new float[64 * 64];
		for (int i = 0; i < plane.length; i++)
			plane[i] = 100 + 2 * (i % 64) - 3 * (i / 64);
		for (double power : meanPower(new BlockSpectra(32), plane, 64))
			assertEquals(0, power, 1e-6);
	}

	/** Of a ring among others, and of the few cells at the low end, of which some neighbours are missing. */
	@ParameterizedTest
	@CsvSource({ "5, 11", "1.4, 3.2" })
	void theRelativeSpreadOfAMeanOverCellsIsAsExpected(double from, double to) {
		BlockSpectra spectra = new BlockSpectra(32);
		int[] cells = IntStream.range(0, spectra.cells()).filter(c -> spectra.frequency(c) > from && spectra.frequency(c) < to).toArray();
		double weight = Arrays.stream(cells).map(spectra::weight).sum(), one = 0, two = 0, together = 0, first = 0;
		float[] white = random(1024 * 1024, 1, 3);
		Block[] blocks = spectra.of(1, i -> white, i -> ALL, 1024);
		for (Block block : blocks) {
			double mean = Arrays.stream(cells).mapToDouble(c -> spectra.weight(c) * block.power()[c]).sum() / weight;
			one += mean / blocks.length;
			two += mean * mean / blocks.length;
			first += block.power()[cells[0]] / blocks.length;
			together += block.power()[cells[0]] * mean / blocks.length;
		}
		// Of 2048 blocks that overlap, some 700 are independent: errors of 5 to 7 %, and at the low end the plane takes a few.
		assertEquals(spectra.spread(cells), two / (one * one) - 1, 0.2 * spectra.spread(cells));
		assertEquals(spectra.covariance(cells[0], cells), together / (one * first) - 1, 0.3 * spectra.covariance(cells[0], cells));
	}

	/** The window's loss at each distance is made good: what is left is the kernel's autocovariance, and the taper. */
	@Test
	void theCovarianceIsThatOfTheKernel() {
		// NB: a kernel that leaves little at the low frequencies, of which the plane takes some: 9 of 1024, with (0.1² / 1.405)² of the power.
		double[] taps = { 1, 0, 0, -0.45 };
		float[] noise = filtered(taps, random(1024 * 1024, 1, 4), 1024);
		BlockSpectra spectra = new BlockSpectra(32);
		double[][] covariance = spectra.covariance(meanPower(spectra, noise, 1024), 9);
		double variance = Math.pow(autocovariance(taps, 0), 2);
		for (int dy = 0; dy < 9; dy++)
			for (int dx = 0; dx < 9; dx++) {
				double expected = autocovariance(taps, dx) * autocovariance(taps, dy) * BlockSpectra.taper(dx, 9) * BlockSpectra.taper(dy, 9);
				assertEquals(expected, covariance[dy][dx], 0.015 * variance);
			}
	}

	@Test
	void clippedAndConstantBlocksAreLeftOut() {
		float[] plane = random(64 * 64, 1, 5);
		for (int y = 0; y < 32; y++)
			Arrays.fill(plane, y * 64, y * 64 + 32, 7);
		for (int y = 40; y < 48; y++)
			Arrays.fill(plane, y * 64 + 48, y * 64 + 64, 50);
		Block[] blocks = new BlockSpectra(32).of(1, i -> plane, i -> new Range(Float.NEGATIVE_INFINITY, 40), 64);
		assertEquals(6, blocks.length, "of 9, one is constant, and two hold an eighth of clipped pixels");
	}

	// -- Estimates --

	/** What is lost where quiet blocks are chosen is made good: on an even image nothing is missing, at no frequency. */
	@ParameterizedTest
	@ValueSource(doubles = { 0.5, 0.7, 1, 1.5 })
	void noiseOfAKnownKernelOnAnEvenImageHasItsStrengthAndSpectrum(double blur) {
		double[] taps = gaussian(blur);
		double lowest = Math.pow(1 / autocovariance(taps, 0), 2), deviation = 0, power = 0;
		int seeds = 6;
		for (int seed = 0; seed < seeds; seed++) {
			float[] noise = filtered(taps, random(256 * 256, 20 / autocovariance(taps, 0), 40 + seed), 256);
			for (int i = 0; i < noise.length; i++)
				noise[i] = Math.round(1000 + noise[i]);
			NoiseEstimate estimate = NoiseEstimator.estimate(Planes.like(new float[][] { noise }, 256, 256));
			assertTrue(estimate.correlation().found());
			deviation += estimate.model().deviation(1000) / 20 / seeds;
			power += estimate.model().variance(1000) / 400 * estimate.correlation().noise().lowest() / lowest / seeds;
			for (int d = 1; d < 5; d++)
				assertEquals(autocovariance(taps, d) / autocovariance(taps, 0), estimate.correlation().noise().at(d, 0), 0.06);
		}
		// A third of the blocks, and 14 pixels to an independent square at most: an error of 2 % of one image, and of 8 % at the low end.
		// The spectrum of the widest is steep where the plane was taken away.
		assertEquals(1, deviation, blur < 1.5 ? 0.03 : 0.06);
		assertEquals(1, power, blur < 1.5 ? 0.1 : 0.16);
	}

	/** Grains of three pixels side by side, blurred by one pixel, under white noise of 40 grey levels. */
	@Test
	void denseTextureUnderWhiteNoiseIsNoCorrelatedNoise() {
		int side = 256;
		Random random = new Random(3);
		float[] grains = new float[side * side], noise = random(side * side, 40, 41);
		for (int grain = 0; grain < 25_000; grain++) {
			double x = side * random.nextDouble(), y = side * random.nextDouble(), radius = 1.5 + 1.5 * random.nextDouble();
			float grey = 2300 + 1400 * random.nextFloat();
			for (int i = (int) Math.max(0, y - radius); i < Math.min(side, y + radius); i++)
				for (int j = (int) Math.max(0, x - radius); j < Math.min(side, x + radius); j++)
					if ((i - y) * (i - y) + (j - x) * (j - x) < radius * radius)
						grains[i * side + j] = grey;
		}
		float[] seen = filtered(gaussian(1), grains, side);
		for (int i = 0; i < seen.length; i++)
			seen[i] = (float) Math.rint(seen[i] + noise[i]);
		NoiseEstimate estimate = NoiseEstimator.estimate(seen, side);
		assertFalse(estimate.correlation().found());
		assertEquals(40, estimate.model().deviation(3000), 4);
	}

	@ParameterizedTest
	@ValueSource(doubles = { 1e-20, 1e20 })
	void correlatedNoiseIsMeasuredInAnyUnit(double unit) {
		double[] taps = gaussian(1);
		float[] noise = filtered(taps, random(256 * 256, 20 / autocovariance(taps, 0), 40), 256);
		for (int i = 0; i < noise.length; i++)
			noise[i] = (float) (unit * (1000 + noise[i]));
		NoiseEstimate estimate = NoiseEstimator.estimate(noise, 256);
		assertTrue(estimate.correlation().found());
		assertEquals(20, estimate.model().deviation(1000 * unit) / unit, 0.06 * 20);
	}

	/** Nuclei, blurred together with noise that has 10 grey levels when it is. */
	@ParameterizedTest
	@ValueSource(doubles = { 0.7, 1, 1.5, 2 })
	void theNoiseOfABlurredImageIsMeasured(double blur) {
		double[] taps = gaussian(blur);
		NoiseEstimate estimate = ofBlurredNuclei(taps);
		assertTrue(estimate.correlation().found());
		// NB: wide noise has few independent values in the quiet half of the picture: 384²/2 pixels, up to 50 of which share one.
		assertEquals(10, estimate.model().deviation(300), 1);
		for (int d = 1; d < 4; d++) {
			double rho = autocovariance(taps, d) / autocovariance(taps, 0);
			assertEquals(rho, estimate.correlation().noise().at(d, 0), 0.08);
			assertEquals(rho, estimate.correlation().noise().at(0, d), 0.08);
		}
	}

	/**
	 * Twice the size by linear interpolation: along an axis two pixels weigh 3/4 and 1/4, which leaves 5/8 of the variance. Structure
	 * without an even place adds to it.
	 */
	@ParameterizedTest
	@EnumSource(Family.class)
	void theNoiseOfAnEnlargedImageIsMeasured(Family family) {
		int side = 192;
		float[] light = new Planes(Specimen.draw(family, side, side, 31)).read(0), noise = random(side * side, 80, 32);
		for (int i = 0; i < light.length; i++)
			noise[i] += light[i];
		float[] seen = new float[4 * noise.length];
		for (int i = 0; i < seen.length; i++)
			seen[i] = Math.round(interpolated(noise, side, i % (2 * side), i / (2 * side)));
		NoiseEstimate estimate = NoiseEstimator.estimate(Planes.like(new float[][] { seen }, 2 * side, 2 * side));
		assertTrue(estimate.correlation().found());
		assertEquals(50, estimate.model().deviation(NoiseFit.quantile(toDoubles(light), 0.5)), 10);
	}

	private static float interpolated(float[] plane, int width, int x, int y) {
		int left = Math.max(0, (x - 1) / 2), top = Math.max(0, (y - 1) / 2);
		int right = Math.min(width - 1, left + 1), bottom = Math.min(width - 1, top + 1);
		float tx = x % 2 == 0 ? 0.75f : 0.25f, ty = y % 2 == 0 ? 0.75f : 0.25f;
		return (1 - ty) * ((1 - tx) * plane[top * width + left] + tx * plane[top * width + right])
			+ ty * ((1 - tx) * plane[bottom * width + left] + tx * plane[bottom * width + right]);
	}

	private static double[] toDoubles(float[] values) {
		return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
	}

	/** Structure that is sharper than the noise, and brighter, is not taken for noise of bright places, and dark ones keep theirs. */
	@ParameterizedTest
	@CsvSource({ "FILAMENTS, 41", "DENDRITES, 177" })
	void theNoiseOfDarkAndBrightPlacesIsMeasuredBesideStructureThatIsSharper(Family family, long seed) {
		int side = 256;
		double[] taps = gaussian(1.5), levels = toDoubles(new Planes(Specimen.draw(family, side, side, seed)).read(0));
		double contrast = NoiseFit.quantile(levels.clone(), 0.998) - NoiseFit.quantile(levels.clone(), 0.01), deviation = contrast / 25;
		float[] seen = filtered(taps, random(side * side, deviation / autocovariance(taps, 0), 42), side);
		for (int i = 0; i < seen.length; i++)
			seen[i] = (float) Math.rint(16 / deviation * (seen[i] + levels[i]));
		NoiseEstimate estimate = NoiseEstimator.estimate(Planes.like(new float[][] { seen }, side, side));
		assertTrue(estimate.correlation().found());
		for (double part : new double[] { 0.05, 0.5, 0.95 })
			assertEquals(16, estimate.model().deviation(16 / deviation * NoiseFit.quantile(levels.clone(), part)), 4, "at " + part);
	}

	private static NoiseEstimate ofBlurredNuclei(double[] taps) {
		int side = 384;
		float[] light = new Planes(Specimen.draw(Family.NUCLEI, side, side, 11)).read(0), white = random(side * side, 10 / autocovariance(taps, 0), 6);
		for (int i = 0; i < light.length; i++)
			white[i] += light[i];
		float[] seen = filtered(taps, white, side);
		for (int i = 0; i < seen.length; i++)
			seen[i] = Math.round(seen[i]);
		return NoiseEstimator.estimate(Planes.like(new float[][] { seen }, side, side));
	}

	/** A quarter of a field of numbers does not harm what the rest tells, nor does a single pixel. */
	@Test
	void pixelsThatAreNoNumbersAreLeftOut() {
		int width = 200;
		float[] noise = correlated(width, 21);
		double clean = NoiseEstimator.estimate(noise, width).model().deviation(100);
		for (float hole : new float[] { Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY }) {
			float[] one = noise.clone(), corner = noise.clone();
			one[50 * width + 70] = hole;
			for (int y = 0; y < 100; y++)
				Arrays.fill(corner, y * width, y * width + 100, hole);
			assertEquals(clean, NoiseEstimator.estimate(one, width).model().deviation(100), 0.1 * clean);
			assertEquals(clean, NoiseEstimator.estimate(corner, width).model().deviation(100), 0.2 * clean);
		}
	}

	/** Too small for blocks of 32 pixels, of which there must be 40. */
	@ParameterizedTest
	@ValueSource(ints = { 80, 96, 112, 127 })
	void theNoiseOfASmallImageIsMeasured(int width) {
		NoiseEstimate estimate = NoiseEstimator.estimate(correlated(width, 5), width);
		assertTrue(estimate.correlation().found());
		assertEquals(10, estimate.model().deviation(100), 2.5);
	}

	@Test
	void noiseThatIsEverywhereTheSameHasNoSlope() {
		int sloping = 0;
		for (int seed = 0; seed < 16; seed++) {
			NoiseEstimate estimate = NoiseEstimator.estimate(correlated(256, 100 + seed), 256);
			assertTrue(estimate.correlation().found());
			assertTrue(estimate.a().high() > 0, "nothing is known so well");
			assertEquals(10, estimate.model().deviation(100), 1);
			sloping += estimate.model().a() > 0 ? 1 : 0;
		}
		// 95 % intervals, of which half of the misses lie above: more than 2 of 16 with a probability below 1 %.
		assertTrue(sloping <= 2, sloping + " of 16");
	}

	/** Level 100, SD 10, after a small kernel. */
	private static float[] correlated(int width, int seed) {
		double[] taps = { 0.4, 0.24, 0.06 };
		float[] noise = filtered(taps, random(width * width, 10 / autocovariance(taps, 0), seed), width);
		for (int i = 0; i < noise.length; i++)
			noise[i] += 100;
		return noise;
	}

	@ParameterizedTest
	@EnumSource(value = Family.class, names = { "NUCLEI", "MEMBRANES", "NETWORKS", "DENDRITES" })
	void anImageWithoutNoiseHasNoCorrelatedNoise(Family family) {
		float[] light = new Planes(Specimen.draw(family, 384, 384, 12)).read(0);
		for (int i = 0; i < light.length; i++)
			light[i] = Math.round(light[i]);
		assertFalse(NoiseEstimator.estimate(Planes.like(new float[][] { light }, 384, 384)).correlation().found());
	}

	// -- Whitening --

	/** Made white, it has no correlation at any distance, and the strength that was promised. */
	@ParameterizedTest
	@ValueSource(doubles = { 0.7, 1, 1.5, 2 })
	void blurredNoiseIsMadeWhite(double blur) {
		int width = 500, inside = 420;
		double[] taps = gaussian(blur), correlation = new double[12];
		for (int d = 0; d < 12; d++)
			correlation[d] = autocovariance(taps, d) / autocovariance(taps, 0);
		Whitening whitening = Whitening.of(new NoiseEstimate.Correlation(new Autocorrelation(product(correlation)), true));
		float[] noise = filtered(taps, random(width * width, 1 / autocovariance(taps, 0), 7), width);
		float[] white = whitening.whitened(noise, width);
		double squares = 0, sum = 0;
		double[] products = new double[6];
		for (int y = 40; y < 40 + inside; y++)
			for (int x = 40; x < 40 + inside; x++) {
				int i = y * width + x;
				squares += white[i] * white[i];
				sum += white[i];
				for (int d = 0; d < 3; d++) {
					products[d] += white[i] * white[i + d + 1];
					products[d + 3] += white[i] * white[i + (d + 1) * width];
				}
			}
		// Errors of 1/√(2n) and 1/√n, five times.
		assertEquals(1, Math.sqrt(squares) / inside / whitening.deviation(), 5 / Math.sqrt(2) / inside + 0.002);
		assertEquals(0, sum / inside / inside, 5 * whitening.deviation() / inside);
		double all = squares;
		assertArrayEquals(new double[6], Arrays.stream(products).map(p -> p / all).toArray(), 5.0 / inside + 0.002);
		assertArrayEquals(white, whitening.whitened(noise, width), "the same for the same plane");
	}
}
