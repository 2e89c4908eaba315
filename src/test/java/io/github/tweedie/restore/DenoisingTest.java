package io.github.tweedie.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.tweedie.image.Halving;
import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.NoiseEstimate.Correlation;
import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Whitening;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import net.imglib2.RandomAccessibleInterval;
import net.imglib2.img.array.ArrayImgs;
import net.imglib2.type.numeric.real.FloatType;

/** Against a Gaussian in 64 dimensions, of which the posterior under Gaussian noise has a closed form. */
class DenoisingTest {

	private static final int SIZE = GaussianField.SIZE, PIXELS = GaussianField.PIXELS;
	private static final double SD = 90;

	/** Knows that every image is even. */
	private static final Prior EVEN = Prior.of("even", DenoisingTest::mean);

	/** Grey level of a pixel. */
	private interface Pixel {
		double at(int x, int y, Random random);
	}

	private static float[] square(int size, int seed, Pixel pixel) {
		float[] grey = new float[size * size];
		Random random = new Random(seed);
		for (int i = 0; i < grey.length; i++)
			grey[i] = (float) pixel.at(i % size, i / size, random);
		return grey;
	}

	private static float[] noisy(int seed) {
		float[] grey = new float[PIXELS];
		Random random = new Random(seed);
		for (int i = 0; i < PIXELS; i++)
			grey[i] = (float) (GaussianField.grey(seed)[i] + SD * random.nextGaussian());
		return grey;
	}

	private static RandomAccessibleInterval<FloatType> image(float[] grey) {
		return ArrayImgs.floats(grey, SIZE, SIZE);
	}

	private static float[] plane(RandomAccessibleInterval<FloatType> image, int index) {
		return new Planes(image).read(index);
	}

	/** The scale in grey levels: that of the stabilised plane, whose unit is one standard deviation of the noise. */
	private static IntensityScale scale(float[] grey) {
		float[] stable = new float[PIXELS];
		for (int i = 0; i < PIXELS; i++)
			stable[i] = (float) (grey[i] / SD);
		IntensityScale scale = IntensityScale.ofNoisy(stable, SIZE, 1);
		return new IntensityScale(scale.low() * SD, scale.high() * SD);
	}

	@Test
	void oneCallGivesThePosteriorMeanOfAGaussian() {
		float[] grey = noisy(1);
		IntensityScale scale = scale(grey);
		double[] mean = GaussianField.posteriorMean(scale.toData(grey, -1, 1), scale.toData(SD, -1, 1));
		Restored restored = Denoising.with(GaussianField.PRIOR).build().restore(image(grey), NoiseModel.gaussian(SD));
		double unit = (scale.high() - scale.low()) / 2;
		for (int i = 0; i < PIXELS; i++)
			assertEquals(scale.low() + (mean[i] + 1) * unit, plane(restored.mean(), 0)[i], 2e-3, "pixel " + i);
		assertEquals(1, restored.evaluations());
		assertNull(restored.deviation());
		assertNull(restored.samples());
	}

	@Test
	void theGreyLevelsOfTheModelsRangeAreTold() {
		float[] grey = noisy(1);
		Denoising denoising = Denoising.with(GaussianField.PRIOR).build();
		Denoising.Plane plane = denoising.plane(grey, SIZE, NoiseModel.gaussian(SD), 0, Monitor.NONE);
		assertEquals(scale(grey).low(), plane.low(), 1e-3);
		assertEquals(scale(grey).high(), plane.high(), 1e-3);
		String range = (float) plane.low() + " to " + (float) plane.high() + " in the first plane";
		assertEquals(range, denoising.restore(image(grey), NoiseModel.gaussian(SD)).provenance().get("grey levels of the model's range"));
		assertTrue(denoising.plane(grey, SIZE, new NoiseModel(0, 0), 0, Monitor.NONE).range().startsWith("none"));
	}

	/** The stabilised mean of p photons is 2·√(p + 1/8) where they are not few, one stabilised number 2·√(p + 3/8). */
	@Test
	void theRangeOfPhotonsIsToldInGreyLevels() {
		float[] seen = new float[PIXELS], grey = square(SIZE, 5, (x, y, random) -> 4 * poisson(40 + 5 * x, random));
		Prior seeing = Prior.of("seeing", (batch, out) -> System.arraycopy(batch.x(), 0, seen, 0, PIXELS));
		Denoising.Plane plane = Denoising.with(seeing).build().plane(grey, SIZE, new NoiseModel(4, 0), 0, Monitor.NONE);
		double low = Math.sqrt(plane.low() / 4 + 0.125), high = Math.sqrt(plane.high() / 4 + 0.125);
		for (int i = 0; i < PIXELS; i++)
			assertEquals(-1 + 2 * (Math.sqrt(grey[i] / 4 + 0.375) - low) / (high - low), seen[i], 2e-3, "pixel " + i);
	}

	/** As of a canvas that was enlarged: a network knows no places without noise. */
	@Test
	void areasOfOneGreyLevelLookNoisyToTheNetworkAndComeBackAsTheyWere() {
		int size = 128, dark = 40 * size;
		float[] grey = square(size, 5, (x, y, random) -> y < 40 ? 0 : 1000 + 20 * random.nextGaussian());
		double[] seen = new double[2];
		Prior prior = Prior.of("watching", (batch, out) -> {
			double mean = IntStream.range(0, dark).mapToDouble(i -> batch.x()[i]).average().orElse(0);
			seen[0] = Math.sqrt(IntStream.range(0, dark).mapToDouble(i -> Math.pow(batch.x()[i] - mean, 2)).average().orElse(0));
			seen[1] = batch.sigma()[0];
			Arrays.fill(out, (float) mean);
		});
		Denoising.Plane plane = Denoising.with(prior).build().plane(grey, size, NoiseModel.gaussian(20), 0, Monitor.NONE);
		// Of 5120 independent numbers the standard deviation is known to 1 %; four times that.
		assertEquals(1, seen[0] / seen[1], 0.04);
		for (int i = 0; i < dark; i++)
			assertEquals(0, plane.mean()[i], 0);
		assertTrue(plane.mean()[dark + 10 * size] != grey[dark + 10 * size]);
	}

	/** The level of a canvas says nothing of the image beside it: it does not stretch the range of the network. */
	@ParameterizedTest
	@ValueSource(floats = { -1e3f, -32768, -1e6f, 1e4f, 65535 })
	void theLevelOfACanvasChangesNothingBesideIt(float dark) {
		int size = 128, canvas = 40 * size;
		double[] sigma = new double[1];
		Prior prior = Prior.of("watching", (batch, out) -> {
			sigma[0] = batch.sigma()[0];
			System.arraycopy(batch.x(), 0, out, 0, out.length);
		});
		float[] grey = square(size, 5, (x, y, random) -> y < 40 ? 0 : 8 * x + 20 * random.nextGaussian());
		Denoising denoising = Denoising.with(prior).build();
		denoising.plane(grey, size, NoiseModel.gaussian(20), 0, Monitor.NONE);
		double black = sigma[0];
		Arrays.fill(grey, 0, canvas, dark);
		Denoising.Plane plane = denoising.plane(grey, size, NoiseModel.gaussian(20), 0, Monitor.NONE);
		// The darkest hundredth is noise about 0, of which some is below 0.
		assertEquals(black, sigma[0], 0.05 * black);
		assertEquals(dark, plane.mean()[0], 0);
	}

	/** An image that was turned, with linear interpolation, on a black canvas: nothing is seen of it beside the image. */
	@Test
	void theBorderOfATurnedImageIsKept() {
		int size = 128;
		// The first factor is the part of the pixel that lies on the image.
		float[] grey = square(size, 5, (x, y, random) -> Math.rint(Math.max(0, Math.min(1, x - 30 - 0.2 * y))
			* (200 + 10 * random.nextGaussian())));
		float[] clean = Denoising.with(EVEN).build().plane(grey, size, new NoiseModel(1, -100), 0, Monitor.NONE).mean();
		for (int i = 0; i < grey.length; i++)
			if (grey[i] < 90)
				assertEquals(grey[i], clean[i], 0, "pixel " + i);
			else if (grey[i] > 140)
				assertTrue(clean[i] != grey[i], "pixel " + i);
	}

	/** A band of two pixels, which is no area of one grey level; but a dead pixel is replaced. */
	@Test
	void theNarrowBorderOfARegisteredImageIsKept() {
		int size = 128;
		float[] grey = square(size, 5, (x, y, random) -> x < 2 ? 0 : Math.rint(200 + 10 * random.nextGaussian()));
		grey[50 * size + 50] = 0;
		Denoising.Plane plane = Denoising.with(EVEN).build().plane(grey, size, new NoiseModel(1, -100), 0, Monitor.NONE);
		for (int i = 0; i < grey.length; i += size)
			assertArrayEquals(new float[] { 0, 0 }, Arrays.copyOfRange(plane.mean(), i, i + 2));
		assertEquals(2 * size, plane.even());
		assertEquals(200, plane.mean()[50 * size + 50], 5);
	}

	/** Where photons are rare, pixels without any lie side by side. */
	@Test
	void placesWithoutPhotonsAreNoAreasOfOneGreyLevel() {
		int size = 128;
		float[] grey = square(size, 7, (x, y, random) -> random.nextDouble() < 0.02 ? 1 : 0);
		double mean = IntStream.range(0, grey.length).mapToDouble(i -> grey[i]).average().orElse(0);
		float[] clean = Denoising.with(EVEN).build().plane(grey, size, new NoiseModel(1, 0), 0, Monitor.NONE).mean();
		assertEquals(mean, IntStream.range(0, clean.length).mapToDouble(i -> clean[i]).average().orElse(0), 0.1 * mean);
	}

	/** More than noise can hold is not taken away, and that is told. */
	@Test
	void noiseThatWasTakenForFarTooWeakIsNotCalledTooStrong() {
		int size = 128;
		float[] grey = square(size, 8, (x, y, random) -> 1000 + 20 * random.nextGaussian());
		assertEquals(Residual.Verdict.BOUNDED,
			Denoising.with(EVEN).build().plane(grey, size, NoiseModel.gaussian(1), 0, Monitor.NONE).residual().verdict());
	}

	/** Outside, at the left, the network fails, and there are two hot pixels and an even area. */
	@Test
	void whatLiesOutsideOfTheSelectionIsNotCounted() {
		int size = 128;
		float[] grey = square(size, 8, (x, y, random) -> x < 16 ? 900 : 1000 + 20 * random.nextGaussian());
		boolean[] inside = new boolean[grey.length];
		for (int i = 0; i < inside.length; i++)
			inside[i] = i % size >= 64;
		grey[40 * size + 40] = grey[70 * size + 50] = 5000;
		Prior prior = Prior.of("failing", (batch, out) -> {
			EVEN.denoise(batch, out);
			for (int i = 0; i < out.length; i++)
				out[i] += i % size >= 20 && i % size < 40 ? 10 : 0;
		});
		Denoising denoising = Denoising.with(prior).build();
		Denoising.Plane all = denoising.plane(grey, size, NoiseModel.gaussian(20), 0, null, Monitor.NONE);
		assertEquals(Residual.Verdict.BOUNDED, all.residual().verdict());
		assertEquals(2, all.replaced());
		assertEquals(16 * size, all.even());
		Denoising.Plane part = denoising.plane(grey, size, NoiseModel.gaussian(20), 0, inside, Monitor.NONE);
		assertEquals(Residual.Verdict.AS_EXPECTED, part.residual().verdict());
		assertEquals(0, part.replaced() + part.even());
	}

	/** Little noise in a wide range takes several layers, each a call. */
	@Test
	void allCallsOfTheNetworkAreCounted() {
		int size = 64;
		float[] grey = square(size, 9, (x, y, random) -> 100 + (x < 32 ? 0 : 2000) + 0.05 * random.nextGaussian());
		long[] calls = { 0 };
		Prior prior = Prior.of("counting", (batch, out) -> {
			calls[0] += batch.shape().n();
			System.arraycopy(batch.x(), 0, out, 0, out.length);
		});
		long told = Denoising.with(prior).build().plane(grey, size, NoiseModel.gaussian(0.05), 0, Monitor.NONE).evaluations();
		assertTrue(told > 1, "there are layers");
		assertEquals(calls[0], told);
		calls[0] = 0;
		told = Denoising.with(prior).samples(3).steps(5).build().plane(grey, size, NoiseModel.gaussian(0.05), 0, Monitor.NONE).evaluations();
		assertEquals(calls[0], 3 * told);
	}

	/** A black canvas holds no noise, and is not to be judged as if it did. */
	@Test
	void whatWasTakenAwayIsJudgedBesideAreasOfOneGreyLevel() {
		int size = 128, dark = 64 * size;
		NoiseModel noise = new NoiseModel(2, -175);
		float[] grey = square(size, 6, (x, y, random) -> y < 64 ? 0 : 500 + noise.deviation(500) * random.nextGaussian());
		Prior prior = Prior.of("knowing", (batch, out) -> {
			Arrays.fill(out, 0, dark, (float) IntStream.range(0, dark).mapToDouble(i -> batch.x()[i]).average().orElse(0));
			Arrays.fill(out, dark, out.length, (float) IntStream.range(dark, out.length).mapToDouble(i -> batch.x()[i]).average().orElse(0));
		});
		Residual residual = Denoising.with(prior).build().plane(grey, size, noise, 0, Monitor.NONE).residual();
		// Of 8192 independent numbers the standard deviation is known to 0.8 %; four times that, and 0.5 % for the stabiliser.
		assertEquals(1, residual.deviation(), 0.037);
	}

	/** The closed form of what is to be expected of a noisy plane, in the prior's units. */
	private record Expected(IntensityScale scale, double[] mean, double[] sd) {

		static Expected of(float[] grey) {
			IntensityScale scale = DenoisingTest.scale(grey);
			double sigma = scale.toData(SD, -1, 1);
			return new Expected(scale, GaussianField.posteriorMean(scale.toData(grey, -1, 1), sigma),
				GaussianField.posteriorDeviation(sigma));
		}

		double unit() {
			return (scale.high() - scale.low()) / 2;
		}

		/** Standard deviations from the mean to a grey level of a pixel. */
		double standardised(int pixel, float level) {
			return ((level - scale.low()) / unit() - 1 - mean[pixel]) / sd[pixel];
		}
	}

	@Test
	void samplesComeFromThePosteriorOfAGaussian() {
		float[] grey = noisy(1);
		Expected known = Expected.of(grey);
		int n = 300;
		Restored restored = Denoising.with(GaussianField.PRIOR).samples(n).steps(60).build().restore(image(grey), NoiseModel.gaussian(SD));
		double error = 0, variance = 0, expected = 0;
		for (int i = 0; i < PIXELS; i++) {
			error += Math.pow(known.standardised(i, plane(restored.mean(), 0)[i]), 2);
			variance += Math.pow(plane(restored.deviation(), 0)[i] / known.unit(), 2);
			expected += known.sd[i] * known.sd[i];
		}
		// The mean of n draws has 1/n of their variance; pixels are correlated, so the sum over them scatters by about its half.
		assertEquals(1.0 / n, error / PIXELS, 2.0 / n);
		assertEquals(1, variance / expected, 0.08);
		assertEquals(60, restored.evaluations());
		assertArrayEquals(new long[] { SIZE, SIZE, n }, restored.samples().dimensionsAsLongArray());
	}

	/**
	 * The quantiles of N(m, s²) at 25 and 75 % are m ∓ 0.6745·s. Those of n draws scatter by 1.36·s/√n, and pixels are correlated,
	 * so that their mean scatters by about half of that.
	 */
	@Test
	void quantilesAreThoseOfThePosteriorOfAGaussian() {
		float[] grey = noisy(1);
		Expected known = Expected.of(grey);
		int n = 399;
		Denoising.Plane plane = Denoising.with(GaussianField.PRIOR).samples(n).steps(60).quantiles(0.25, 0.75).build()
			.plane(grey, SIZE, NoiseModel.gaussian(SD), 0, Monitor.NONE);
		double low = 0, high = 0;
		for (int i = 0; i < PIXELS; i++) {
			low += known.standardised(i, plane.quantiles()[0][i]) / PIXELS;
			high += known.standardised(i, plane.quantiles()[1][i]) / PIXELS;
		}
		assertEquals(-0.6745, low, 4 * 0.5 * 1.36 / Math.sqrt(n));
		assertEquals(0.6745, high, 4 * 0.5 * 1.36 / Math.sqrt(n));
		assertEquals(0, Denoising.with(GaussianField.PRIOR).samples(3).build().plane(grey, SIZE, NoiseModel.gaussian(SD), 0, Monitor.NONE)
			.quantiles().length);
	}

	@Test
	void aQuantileNeedsSamples() {
		Denoising.Builder builder = Denoising.with(GaussianField.PRIOR).quantiles(0.05, 0.95);
		builder.samples(19).build();
		String told = assertThrows(IllegalArgumentException.class, () -> builder.samples(18).build()).getMessage();
		assertTrue(told.contains("order 0.05 needs at least 19 samples; seen were 18"), told);
		for (double order : new double[] { 0, 1, -1, Double.NaN })
			assertThrows(IllegalArgumentException.class, () -> builder.quantiles(order).build(), "order " + order);
	}

	@Test
	void photonsAreCountedWithoutBias() {
		// A prior that knows every pixel to be constant: its estimate is the mean of the stabilised values.
		Prior flat = new Prior(DenoisingTest::mean, "flat", "closed form", 1, -1, 1, 0.01, 20, 1, Prior.GLOBAL, List.of(), Prior.Precision.FLOAT32);
		int side = 128;
		for (double photons : new double[] { 0.5, 2, 5, 30 }) {
			Random random = new Random(3);
			double gain = 4, offset = 100, read = 1;
			float[] grey = new float[side * side];
			for (int i = 0; i < grey.length; i++)
				grey[i] = (float) (gain * poisson(photons, random) + offset + read * random.nextGaussian());
			float[] out = Denoising.with(flat).build().plane(grey, side, NoiseModel.camera(gain, offset, read), 0, Monitor.NONE).mean();
			double sd = Math.sqrt(gain * gain * photons + read * read), error = sd / side;
			assertEquals(gain * photons + offset, out[0], 4 * error, photons + " photons");
			// NB: without the read noise it is inferred from the darkest level, which here is no dark level at all.
			NoiseModel unknown = new NoiseModel(gain, read * read - gain * offset);
			out = Denoising.with(flat).build().plane(grey, side, unknown, 0, Monitor.NONE).mean();
			assertEquals(gain * photons + offset, out[0], 4 * error + 0.25 * gain, photons + " photons, read noise unknown");
		}
	}

	/** The network sees the means of 2×2 pixels, or of 4×4, in which there are enough; read noise is variance enough. */
	@ParameterizedTest
	@CsvSource({ "2, 0, 1", "0.4, 0, 2", "0.1, 0, 4", "0.1, 3, 1" })
	void pixelsAreAveragedUntilPhotonsAreEnough(double photons, double readNoise, int averaged) {
		int width = 75, height = 80;
		Random random = new Random(3);
		float[] grey = new float[width * height];
		for (int i = 0; i < grey.length; i++)
			grey[i] = (float) (4 * (poisson(photons, random) + readNoise * random.nextGaussian()));
		NoiseModel noise = NoiseModel.camera(4, 0, 4 * readNoise);
		float[] sigma = new float[1];
		Prior seeing = Prior.of("seeing", (batch, out) -> {
			sigma[0] = batch.shape().sampleSize();
			System.arraycopy(batch.x(), 0, out, 0, out.length);
		});
		boolean[] inside = new boolean[grey.length];
		Arrays.fill(inside, 0, grey.length / 2, true);
		Denoising.Plane plane = Denoising.with(seeing).build().plane(grey, width, noise, 0, inside, Monitor.NONE);
		assertEquals(averaged, plane.averaged());
		int w = width, h = height;
		float[] means = grey;
		for (int side = averaged; side > 1; side /= 2, w = (w + 1) / 2, h = (h + 1) / 2)
			means = new Halving(w, h).means(means);
		assertEquals(w * h, sigma[0]);
		float[] back = Denoising.with(seeing).build().plane(means, w, noise.averaged(averaged * averaged), 0, Monitor.NONE).mean();
		if (averaged == 4)
			back = new Halving((width + 1) / 2, (height + 1) / 2).enlarged(back);
		assertArrayEquals(averaged == 1 ? back : new Halving(width, height).enlarged(back), plane.mean(), 1e-5f);
		assertEquals(grey.length, plane.mean().length);
	}

	/** In a field of hardly any photons: what is bright is not smeared, a hot pixel does not count, and a canvas keeps its edge. */
	@ParameterizedTest
	@CsvSource({ "nothing, 4", "bead, 1", "hot pixel, 4", "canvas, 1" })
	void pixelsAreNotAveragedForWhatIsDarkAlone(String what, int averaged) {
		int size = 128;
		Random random = new Random(3);
		float[] grey = new float[size * size];
		for (int i = 0; i < grey.length; i++) {
			double bead = what.equals("bead") ? 30 * Math.exp(-(Math.pow(i % size - 64.3, 2) + Math.pow(i / size - 60.1, 2)) / 3.4) : 0;
			grey[i] = 100 + poisson(0.1 + bead, random);
			if (what.equals("canvas") && i % size < 20)
				grey[i] = 0;
		}
		if (what.equals("hot pixel"))
			grey[50 * size + 50] = 4000;
		Denoising.Plane plane = Denoising.with(EVEN).build().plane(grey, size, NoiseModel.camera(1, 100, 0), 0, Monitor.NONE);
		assertEquals(averaged, plane.averaged());
		if (what.equals("canvas"))
			assertEquals(0, plane.mean()[19]);
	}

	@Test
	void samplesOfFewPhotonsHaveAllPixels() {
		Random random = new Random(3);
		float[] grey = new float[64 * 48];
		for (int i = 0; i < grey.length; i++)
			grey[i] = poisson(0.3, random);
		// All of its samples are alike but in one pixel, beside which a cubic undershoots.
		Prior doubting = Prior.of("doubting", (batch, out) -> {
			for (int i = 0; i < out.length; i++)
				out[i] = i % batch.shape().sampleSize() == 400 ? batch.x()[i] : 0;
		});
		Denoising denoising = Denoising.with(doubting).samples(4).steps(2).quantiles(0.25, 0.75).build();
		Denoising.Plane plane = denoising.plane(grey, 64, new NoiseModel(1, 0), 0, Monitor.NONE);
		assertEquals(grey.length, plane.deviation().length);
		for (int i = 0; i < grey.length; i++)
			assertTrue(plane.deviation()[i] >= 0 && plane.quantiles()[0][i] <= plane.quantiles()[1][i], "pixel " + i);
		assertTrue(plane.deviation()[400 / 32 * 2 * 64 + 400 % 32 * 2] > 0);
		Restored restored = denoising.restore(ArrayImgs.floats(grey, 64, 48), new NoiseModel(1, 0));
		assertArrayEquals(plane.mean(), plane(restored.mean(), 0));
		assertEquals(64 * 48 * 4, restored.samples().size());
		assertEquals("2×2", restored.provenance().get("pixels averaged, for want of photons"));
	}

	/** Noise that falls with brightness is that of the negative. */
	@ParameterizedTest
	@ValueSource(ints = { 0, 3 })
	void anInvertedImageIsDenoisedInItsNegative(int samples) {
		float[] grey = square(SIZE, 5, (x, y, random) -> 4 * poisson(20 + 10 * Math.sin(x / 9.0), random));
		Denoising.Builder builder = Denoising.with(GaussianField.PRIOR).samples(samples).steps(4);
		Denoising denoising = (samples == 0 ? builder : builder.quantiles(0.25, 0.75)).build();
		Denoising.Plane upright = denoising.plane(grey, SIZE, new NoiseModel(4, 0), 0, Monitor.NONE);
		float[] negative = Planes.negative(grey);
		Denoising.Plane inverted = denoising.plane(negative.clone(), SIZE, new NoiseModel(-4, 0), 0, Monitor.NONE);
		assertArrayEquals(Planes.negative(upright.mean()), inverted.mean());
		assertArrayEquals(upright.deviation(), inverted.deviation());
		assertEquals(upright.residual(), inverted.residual());
		assertEquals(-upright.high(), inverted.low());
		assertEquals(-upright.low(), inverted.high());
		if (samples > 0) {
			assertArrayEquals(Planes.negative(upright.quantiles()[1]), inverted.quantiles()[0]);
			assertArrayEquals(Planes.negative(upright.quantiles()[0]), inverted.quantiles()[1]);
		}
	}

	private static void mean(Batch batch, float[] out) {
		Shape shape = batch.shape();
		for (int s = 0; s < shape.n(); s++) {
			double sum = 0;
			for (int i = 0; i < shape.sampleSize(); i++)
				sum += batch.x()[s * shape.sampleSize() + i];
			Arrays.fill(out, s * shape.sampleSize(), (s + 1) * shape.sampleSize(), (float) (sum / shape.sampleSize()));
		}
	}

	private static int poisson(double mean, Random random) {
		int count = 0;
		for (double product = random.nextDouble(), end = Math.exp(-mean); product > end; product *= random.nextDouble())
			count++;
		return count;
	}

	@Test
	void theResidualTellsNoiseFromStructure() {
		int side = 64;
		float[] clean = new float[side * side], noisy = new float[clean.length], structured = new float[clean.length];
		Random random = new Random(4);
		for (int i = 0; i < clean.length; i++) {
			noisy[i] = (float) random.nextGaussian();
			structured[i] = noisy[i] + (float) (1.2 * Math.sin(i % side / 2.0));
		}
		Residual noise = Residual.of(noisy, clean, side, 1), structure = Residual.of(structured, clean, side, 1);
		assertEquals(1, noise.deviation(), 4 / Math.sqrt(2 * clean.length));
		assertEquals(0, noise.correlation(), 4 / Math.sqrt(2 * clean.length));
		assertEquals(Residual.Verdict.AS_EXPECTED, noise.verdict());
		// The sine adds a variance of 0.72 with a correlation of cos ½ along X and 1 along Y.
		assertEquals(Math.sqrt(1.72), structure.deviation(), 0.05);
		assertEquals(0.72 * (Math.cos(0.5) + 1) / 2 / 1.72, structure.correlation(), 0.05);
		assertEquals(Residual.Verdict.TOO_MUCH, structure.verdict());
		for (int i = 0; i < clean.length; i++)
			structured[i] = 0.8f * structured[i];
		assertEquals(Residual.Verdict.CORRELATED, Residual.of(structured, clean, side, 1).verdict());
		for (int i = 0; i < clean.length; i++)
			clean[i] = 0.5f * noisy[i];
		assertEquals(Residual.Verdict.TOO_LITTLE, Residual.of(noisy, clean, side, 1).verdict());
	}

	@Test
	void aResidualFarBelowTheNoiseTellsThatTheNoiseWasTakenForStronger() {
		int side = 64;
		float[] noisy = new float[side * side];
		for (int i = 0; i < noisy.length; i++)
			noisy[i] = (float) (Math.sin(i % side / 2.0) + Math.cos(i / side / 3.0));
		assertEquals(Residual.Verdict.FAR_TOO_LITTLE, Residual.of(noisy, new float[side * side], side, 1e6).verdict());
		assertEquals(Residual.Verdict.CORRELATED, Residual.of(noisy, new float[side * side], side, 1).verdict());
	}

	@Test
	void theResidualIsJudgedWhereItCounts() {
		int side = 64;
		float[] clean = new float[side * side], noisy = new float[clean.length];
		boolean[] inside = new boolean[clean.length], few = new boolean[clean.length];
		Random random = new Random(4);
		for (int i = 0; i < clean.length; i++) {
			inside[i] = i % side >= 20 && i % side < 50 && i / side > 30;
			few[i] = i < 100;
			noisy[i] = 7 + (inside[i] ? (float) random.nextGaussian() : (float) (30 * Math.sin(i % side / 2.0)));
		}
		Residual part = Residual.of(noisy, clean, side, 1, inside);
		// 30 by 33 pixels.
		assertEquals(1, part.deviation(), 4 / Math.sqrt(2 * 990));
		assertEquals(0, part.correlation(), 4 / Math.sqrt(2 * 990));
		assertEquals(Residual.Verdict.TOO_MUCH, Residual.of(noisy, clean, side, 1, null).verdict());
		assertEquals(Residual.NONE, Residual.of(noisy, clean, side, 1, few));
	}

	/** Of two halves the mean stabilised values are known, so what is taken away is the noise, whatever its strength became. */
	@ParameterizedTest
	@CsvSource({ "0.2, 0.7", "0.7, 5", "5, 60" })
	void ofFewPhotonsAResidualIsExpectedThatIsWeaker(double dark, double bright) {
		int side = 128;
		Random random = new Random(1);
		float[] grey = new float[side * side];
		for (int i = 0; i < grey.length; i++)
			grey[i] = 2 * poisson(i % side < side / 2 ? dark : bright, random);
		NoisyPlane plane = NoisyPlane.stabilised(EVEN, grey, side, NoiseModel.camera(2, 0, 0), Whitening.NONE, 1);
		double[] halves = new double[2];
		for (int i = 0; i < grey.length; i++)
			halves[2 * (i % side) / side] += 2 * plane.data()[i] / grey.length;
		float[] clean = new float[grey.length];
		for (int i = 0; i < grey.length; i++)
			clean[i] = (float) halves[2 * (i % side) / side];
		Residual residual = plane.judge().apply(clean, plane.stable().apply(clean), null);
		// Rare photons: the variance of the darkest half is known to 1/√(n·p) of it.
		assertEquals(1, residual.deviation(), 0.04);
		assertEquals(Residual.Verdict.AS_EXPECTED, residual.verdict());
	}

	/** The truth is one more draw of the posterior: so the mean of n draws has (1 + 1/n) of the least mean square error. */
	@Test
	void theMeanOfNSamplesHasOnePlusOneOverNOfTheLeastError() {
		float[] grey = noisy(1);
		IntensityScale scale = scale(grey);
		double unit = (scale.high() - scale.low()) / 2, least = 0;
		for (double sd : GaussianField.posteriorDeviation(scale.toData(SD, -1, 1)))
			least += sd * sd * unit * unit;
		Restored restored = Denoising.with(GaussianField.PRIOR).samples(300).steps(60).build().restore(image(grey), NoiseModel.gaussian(SD));
		float[][] draws = IntStream.range(0, 300).mapToObj(s -> plane(restored.samples(), s)).toArray(float[][]::new);
		for (int n : new int[] { 1, 2, 4 }) {
			int groups = 300 / (n + 1);
			double error = 0;
			for (int g = 0; g < groups; g++)
				for (int i = 0; i < PIXELS; i++) {
					double mean = 0;
					for (int s = 0; s < n; s++)
						mean += draws[g * (n + 1) + s][i] / n;
					error += Math.pow(mean - draws[g * (n + 1) + n][i], 2) / groups;
				}
			// Each group has about 20 independent values, and a relative error of √(2/20); coarse steps lose a few per cent.
			double scatter = Math.sqrt(2.0 / 20 / groups);
			assertEquals(1 + 1.0 / n, error / least, (1 + 1.0 / n) * (3 * scatter + 0.03), "n = " + n);
		}
	}

	/** In linear units, with a variance for each pixel, against the linear regression on the noisy pixels. */
	@Test
	void momentMatchingOfAGaussianIsItsPosteriorMeanUnderUnequalNoise() {
		NoiseModel noise = new NoiseModel(20, 500);
		float[] grey = new float[PIXELS], level = new float[PIXELS];
		Random random = new Random(5);
		for (int i = 0; i < PIXELS; i++) {
			level[i] = 1000 + 4 * GaussianField.grey(1)[i] * (i % SIZE) / SIZE;
			grey[i] = (float) (GaussianField.grey(1)[i] + noise.deviation(level[i]) * random.nextGaussian());
		}
		NoisyPlane plane = NoisyPlane.linear(GaussianField.PRIOR, grey, SIZE, noise, level, new int[0], 1, PIXELS);
		double unit = (plane.data()[1] - plane.data()[0]) / (grey[1] - grey[0]), darkest = IntensityScale.darkest(grey, SIZE);
		double[][] rows = new double[PIXELS][PIXELS];
		double[] measured = new double[PIXELS];
		for (int i = 0; i < PIXELS; i++) {
			double deviation = unit * noise.deviation(Math.max(darkest, level[i]));
			rows[i][i] = 1 / deviation;
			measured[i] = plane.data()[i] / deviation;
		}
		double[] expected = GaussianField.FIELD.posterior(rows, measured, 1).mean();
		float[] estimate = new float[PIXELS];
		Batch batch = Batch.of(Shape.planes(1, 1, SIZE, SIZE), plane.data(), plane.sigma(), Batch.unlabelled(1));
		GaussianField.PRIOR.denoise(batch, estimate);
		double before = 0;
		for (int i = 0; i < PIXELS; i++)
			before = Math.max(before, Math.abs(expected[i] - estimate[i]));
		plane.condition().denoised(GaussianField.PRIOR, batch, estimate);
		for (int i = 0; i < PIXELS; i++)
			assertEquals(expected[i], estimate[i], 4e-3, "pixel " + i);
		assertTrue(before > 0.02, "the noise is unequal enough to tell, " + before);
	}

	@Test
	void momentMatchingOfEqualNoiseIsTheOneCall() {
		float[] grey = noisy(1);
		Denoising matching = Denoising.with(GaussianField.PRIOR).method(Denoising.Method.MOMENT_MATCHING).build();
		Denoising.Plane one = Denoising.with(GaussianField.PRIOR).build().plane(grey, SIZE, NoiseModel.gaussian(SD), 0, Monitor.NONE),
			matched = matching.plane(grey, SIZE, NoiseModel.gaussian(SD), 0, Monitor.NONE);
		assertArrayEquals(one.mean(), matched.mean(), 0.05f);
		assertTrue(matching.provenance(NoiseModel.gaussian(SD), 2, 0).get("estimate").startsWith("moment matching"));
	}

	/** Noise that was blurred with (c, 1 − 2c, c) along both axes. */
	@Test
	void correlatedNoiseIsTakenForNoise() {
		int side = 128;
		double c = 0.15, power = (1 - 2 * c) * (1 - 2 * c) + 2 * c * c, one = 2 * c * (1 - 2 * c) / power, two = c * c / power;
		Correlation correlation = new Correlation(one, two, one, two, true);
		Random random = new Random(6);
		float[] white = new float[side * side];
		for (int i = 0; i < white.length; i++)
			white[i] = (float) (10 * random.nextGaussian());
		float[] grey = Whitening.of(correlation).coloured(white, side);
		double square = 0;
		for (int i = 0; i < grey.length; i++) {
			square += grey[i] * grey[i] / grey.length;
			grey[i] += 1000;
		}
		Prior flat = new Prior(DenoisingTest::mean, "flat", "closed form", 1, -1, 1, 0.01, 20, 1, Prior.GLOBAL, List.of(), Prior.Precision.FLOAT32);
		NoiseModel noise = NoiseModel.gaussian(Math.sqrt(square));
		Residual ignored = Denoising.with(flat).build().plane(grey, side, noise, 0, Monitor.NONE).residual();
		Denoising.Plane plane = Denoising.with(flat).correlation(correlation).build().plane(grey, side, noise, 0, Monitor.NONE);
		assertEquals(Residual.Verdict.CORRELATED, ignored.verdict());
		assertEquals(1, plane.residual().deviation(), 0.03);
		assertEquals(0, plane.residual().correlation(), 0.03);
		assertEquals(1000, plane.mean()[77], 0.5);
		// A prior that keeps everything gives the input back: what was made white is made what it was.
		Prior same = flat.with((b, out) -> System.arraycopy(b.x(), 0, out, 0, out.length));
		assertArrayEquals(grey, Denoising.with(same).correlation(correlation).build().plane(grey, side, noise, 0, Monitor.NONE).mean(), 0.02f);
	}

	@Test
	void hotPixelsAreReplacedAndCounted() {
		int side = 32;
		float[] grey = new float[side * side];
		Random random = new Random(7);
		for (int i = 0; i < grey.length; i++)
			grey[i] = (float) (100 + random.nextGaussian());
		grey[300] = 4000;
		Prior same = Prior.of("same", (b, out) -> System.arraycopy(b.x(), 0, out, 0, out.length));
		Denoising.Plane plane = Denoising.with(same).build().plane(grey, side, NoiseModel.gaussian(1), 0, Monitor.NONE);
		assertEquals(1, plane.replaced());
		assertEquals(100, plane.mean()[300], 2);
		assertEquals("1", Denoising.with(same).build().restore(ArrayImgs.floats(grey, side, side), NoiseModel.gaussian(1)).provenance()
			.get("hot or dead pixels replaced"));
	}

	@Test
	void planesAreDenoisedOneByOneAndInAnyOrder() {
		float[] both = new float[2 * PIXELS];
		System.arraycopy(noisy(1), 0, both, 0, PIXELS);
		System.arraycopy(noisy(2), 0, both, PIXELS, PIXELS);
		Denoising denoising = Denoising.with(GaussianField.PRIOR).samples(2).steps(5).seed(7).build();
		Restored restored = denoising.restore(ArrayImgs.floats(both.clone(), SIZE, SIZE, 2), NoiseModel.gaussian(SD));
		Denoising.Plane second = denoising.plane(noisy(2), SIZE, NoiseModel.gaussian(SD), 1, Monitor.NONE);
		assertArrayEquals(second.mean(), plane(restored.mean(), 1));
		assertArrayEquals(plane(restored.samples(), 3), plane(denoising.restore(ArrayImgs.floats(both.clone(), SIZE, SIZE, 2),
			NoiseModel.gaussian(SD)).samples(), 3));
		for (int i = 0; i < PIXELS; i++)
			assertEquals(second.mean()[i], (plane(restored.samples(), 1)[i] + plane(restored.samples(), 3)[i]) / 2, 1e-3);
		Restored more = Denoising.with(GaussianField.PRIOR).samples(3).steps(5).seed(7).build().restore(image(noisy(1)), NoiseModel.gaussian(SD));
		assertArrayEquals(plane(more.samples(), 1), plane(restored.samples(), 2), "a sample does not depend on how many there are");
	}

	@Test
	void anyExtentIsDenoisedAndTheInputKept() {
		for (int[] extent : new int[][] { { 1, 1 }, { 5, 1 }, { 1, 9 }, { 13, 7 } }) {
			float[] grey = new float[extent[0] * extent[1]];
			for (int i = 0; i < grey.length; i++)
				grey[i] = 100 + i % 3;
			float[] before = grey.clone();
			Prior independent = new Prior((b, out) -> System.arraycopy(b.x(), 0, out, 0, out.length), "same", "closed form", 1, -1, 1, 0.01, 20, 8,
				Prior.GLOBAL, List.of(), Prior.Precision.FLOAT32);
			Restored restored = Denoising.with(independent).build().restore(ArrayImgs.floats(grey, extent[0], extent[1]), NoiseModel.gaussian(1));
			assertArrayEquals(before, grey);
			assertArrayEquals(grey, plane(restored.mean(), 0), 1e-4f);
		}
	}

	@Test
	void withoutNoiseNothingIsChanged() {
		Restored restored = Denoising.with(GaussianField.PRIOR).samples(2).build().restore(image(noisy(1)), new NoiseModel(0, 0));
		assertArrayEquals(noisy(1), plane(restored.mean(), 0));
		assertEquals(0, restored.evaluations());
	}

	@Test
	void whatCannotBeDenoisedIsToldInASentence() {
		float[] holed = noisy(1);
		holed[SIZE + 3] = Float.NaN;
		String told = assertThrows(IllegalArgumentException.class,
			() -> Denoising.with(GaussianField.PRIOR).build().restore(image(holed), NoiseModel.gaussian(SD))).getMessage();
		assertTrue(told.startsWith("The pixel (3, 1) of plane 1 is NaN"), told);
		assertThrows(IllegalArgumentException.class, () -> Denoising.with(GaussianField.PRIOR).samples(-1).build());
		assertThrows(IllegalArgumentException.class, () -> Denoising.with(GaussianField.PRIOR).steps(1).build());
		assertThrows(IllegalArgumentException.class, () -> Denoising.with(GaussianField.PRIOR).inflation(0.5).build());
		assertThrows(IllegalArgumentException.class, () -> Denoising.with(GaussianField.PRIOR).iterations(0).build());
		assertThrows(IllegalArgumentException.class, () -> Denoising.with(GaussianField.PRIOR).method(Denoising.Method.MOMENT_MATCHING)
			.correlation(new Correlation(0.5, 0, 0.5, 0, true)).build());
	}

	@Test
	void aHoleInTheLastPlaneIsToldBeforeTheFirstIsDenoised() {
		float[] both = new float[2 * PIXELS];
		System.arraycopy(noisy(1), 0, both, 0, PIXELS);
		System.arraycopy(noisy(2), 0, both, PIXELS, PIXELS);
		both[2 * PIXELS - 1] = Float.POSITIVE_INFINITY;
		int[] calls = { 0 };
		Prior counting = GaussianField.PRIOR.with((b, out) -> calls[0]++);
		String told = assertThrows(IllegalArgumentException.class, () -> Denoising.with(counting).build()
			.restore(ArrayImgs.floats(both, SIZE, SIZE, 2), NoiseModel.gaussian(SD))).getMessage();
		assertTrue(told.contains("of plane 2 is Infinity"), told);
		assertEquals(0, calls[0]);
	}

	@Test
	void cancellingStopsBeforeTheNextCall() {
		int[] calls = { 0 };
		Prior counting = GaussianField.PRIOR.with((b, out) -> {
			calls[0]++;
			GaussianField.PRIOR.denoise(b, out);
		});
		Monitor impatient = new Monitor() {
			@Override
			public boolean cancelled() {
				return calls[0] >= 3;
			}
		};
		assertThrows(CancellationException.class, () -> Denoising.with(counting).samples(4).steps(10).monitor(impatient).build()
			.restore(image(noisy(1)), NoiseModel.gaussian(SD)));
		assertEquals(3, calls[0]);
	}

	@Test
	void theOriginIsTold() {
		Restored restored = Denoising.with(GaussianField.PRIOR).inflation(1.5).build().restore(image(noisy(1)), new NoiseModel(2, 50));
		assertEquals("2.0·z + 50.0 at the grey level z", restored.provenance().get("noise variance"));
		assertEquals("1.5", restored.provenance().get("noise taken for stronger by"));
		assertNotNull(restored.provenance().get("model"));
	}
}
