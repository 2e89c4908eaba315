package io.github.tweedie.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;

import org.junit.jupiter.api.Test;

import io.github.tweedie.image.Planes;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import net.imglib2.img.Img;
import net.imglib2.img.array.ArrayImgs;
import net.imglib2.type.numeric.integer.UnsignedShortType;
import net.imglib2.type.numeric.real.FloatType;

/** Against a Gaussian in 64 dimensions, whose bits per dimension have a closed form. */
class LikelihoodTest {

	private static final int SIZE = GaussianField.SIZE, PIXELS = GaussianField.PIXELS;
	/** 800 grey levels for the range of 2. */
	private static final double LOW = 600, HIGH = 1400;

	/** Independent pixels of variance ¼ around 0: the flow of each is a factor. */
	private static Prior independent(int sizeStep) {
		return new Prior((batch, out) -> {
			for (int i = 0; i < out.length; i++) {
				double sigma = batch.sigma()[i / batch.shape().sampleSize()];
				out[i] = (float) (batch.x()[i] * 0.25 / (0.25 + sigma * sigma));
			}
		}, "independent", "closed form", 1, -1, 1, 0.01, 20, sizeStep, 0, List.of(), Prior.Precision.FLOAT32);
	}

	private static Likelihood.Builder field() {
		return Likelihood.with(GaussianField.PRIOR).scale(LOW, HIGH);
	}

	private static Img<UnsignedShortType> image(int seed) {
		return ArrayImgs.unsignedShorts(GaussianField.grey(seed), SIZE, SIZE);
	}

	private static double mean(float[] values) {
		double sum = 0;
		for (float v : values)
			sum += v;
		return sum / values.length;
	}

	/**
	 * The dequantisation moves each pixel by 0.0007 of the data's unit, its mean over 64 pixels by some 1e-3 bits; the flow's tolerance
	 * of 1e-6 adds nothing to that.
	 */
	@Test
	void bitsOfAGaussianAreItsClosedForm() {
		for (int seed = 1; seed <= 3; seed++) {
			double[] x = new double[PIXELS];
			short[] grey = GaussianField.grey(seed);
			for (int i = 0; i < PIXELS; i++)
				x[i] = (grey[i] - 1000) / 400.0;
			double exact = -(GaussianField.logDensity(x) / PIXELS - Math.log(400)) / Math.log(2);
			BitsPerDimension.Plane found = field().probes(64).tolerance(1e-6).build().of(image(seed)).planes().get(0);
			assertTrue(found.error() > 1e-4 && found.error() < 0.02, "standard error " + found.error());
			assertEquals(exact, found.bits(), 4 * found.error() + 0.003);
		}
	}

	/** One pixel a dimension: N(0, 0.25 + 0.01²) but for the normal prior, which takes 20² for 20² + 0.25: 1e-4 bits. */
	@Test
	void theUnitIsTheGreyStep() {
		Img<FloatType> one = ArrayImgs.floats(new float[] { 150 }, 1, 1);
		double variance = 0.25 + 1e-4, x = 0.5, density = Math.exp(-x * x / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
		// NB: steps so small that the dequantisation moves nothing.
		for (double step : new double[] { 0.01, 0.04 }) {
			double bits = Likelihood.with(independent(1)).scale(0, 200).step(step).tolerance(1e-7).build().of(one).planes().get(0).bits();
			assertEquals(-Math.log(density * step / 100) / Math.log(2), bits, 1e-3);
		}
	}

	/** The mean over the step of −log2 p(x + u) for p = N(0, v): −log2 p(x) + step²/24v in nats. */
	@Test
	void theNoiseOfDequantisationIsUniformOverTheStep() {
		double step = 40, v = 0.25 + 1e-4;
		Img<FloatType> flat = ArrayImgs.floats(4096);
		float[] grey = new float[4096];
		Arrays.fill(grey, 100);
		flat = ArrayImgs.floats(grey, 64, 64);
		double bits = Likelihood.with(independent(1)).scale(0, 200).step(step).tolerance(1e-6).build().of(flat).planes().get(0).bits();
		double density = 1 / Math.sqrt(2 * Math.PI * v), unit = step / 100;
		double expected = (-Math.log(density * unit) + unit * unit / (24 * v)) / Math.log(2);
		// The square of uniform noise has a standard deviation of unit²/√180.
		assertEquals(expected, bits, 4 * unit * unit / Math.sqrt(180) / (2 * v * Math.log(2) * 64) + 2e-4);
		assertTrue(unit * unit / (24 * v * Math.log(2)) > 0.03, "wide enough to be seen");
	}

	@Test
	void greyLevelsOfAnotherUnitChangeNoBits() {
		float[] grey = new float[PIXELS], tenfold = new float[PIXELS];
		for (int i = 0; i < PIXELS; i++)
			tenfold[i] = 10 * (grey[i] = GaussianField.grey(4)[i]);
		double bits = field().build().of(ArrayImgs.floats(grey, SIZE, SIZE)).planes().get(0).bits();
		double again = Likelihood.with(GaussianField.PRIOR).scale(10 * LOW, 10 * HIGH).step(10).build()
			.of(ArrayImgs.floats(tenfold, SIZE, SIZE)).planes().get(0).bits();
		assertEquals(bits, again, 1e-3);
	}

	@Test
	void theMapHasTheTotalForItsMean() {
		BitsPerDimension found = field().build().of(image(5));
		assertEquals(found.planes().get(0).bits(), mean(new Planes(found.map()).read(0)), 1e-5);
		float[] error = new Planes(found.error()).read(0);
		for (float e : error)
			assertTrue(e > 0);
	}

	@Test
	void moreProbesAgreeWithinTheStandardErrorAndHaveASmallerOne() {
		BitsPerDimension.Plane few = field().probes(4).build().of(image(6)).planes().get(0);
		BitsPerDimension.Plane many = field().probes(64).seed(2).build().of(image(6)).planes().get(0);
		// The error of 4 probes is 4 times that of 64, which knows it better; two draws of the dequantisation as well: 1e-3 bits each.
		assertEquals(many.bits(), few.bits(), 4 * Math.hypot(4, 1) * many.error() + 0.004);
		// 4 in the mean; of 3 degrees of freedom it scatters by a factor of 2.
		assertTrue(few.error() > 1.5 * many.error() && few.error() < 12 * many.error(), few.error() + " and " + many.error());
		assertTrue(many.evaluations() > few.evaluations());
	}

	/** The scatter of repeats is what the standard error says. */
	@Test
	void theStandardErrorIsTheScatterOfRepeats() {
		int repeats = 40;
		double[] bits = new double[repeats];
		double predicted = 0;
		for (int seed = 0; seed < repeats; seed++) {
			BitsPerDimension.Plane plane = field().seed(seed).step(1e-3).build().of(image(7)).planes().get(0);
			bits[seed] = plane.bits();
			predicted += plane.error() * plane.error() / repeats;
		}
		double mean = Arrays.stream(bits).average().orElseThrow();
		double variance = Arrays.stream(bits).map(b -> (b - mean) * (b - mean)).sum() / (repeats - 1);
		// Variances of 39 and 120 degrees of freedom: a standard deviation of 0.26 for their ratio.
		assertEquals(1, variance / predicted, 4 * 0.26);
		assertTrue(variance / predicted > 0.3);
	}

	@Test
	void extentsThatTheNetworkDoesNotTakeAreThoseOfTheDensity() {
		float[] grey = new float[15];
		for (int i = 0; i < grey.length; i++)
			grey[i] = 20 + 10 * i;
		BitsPerDimension found = Likelihood.with(independent(8)).scale(0, 200).step(1e-2).tolerance(1e-6).build().of(ArrayImgs.floats(grey, 5, 3));
		BitsPerDimension alone = Likelihood.with(independent(1)).scale(0, 200).step(1e-2).tolerance(1e-6).build().of(ArrayImgs.floats(grey, 5, 3));
		assertArrayEquals(new long[] { 5, 3 }, found.map().dimensionsAsLongArray());
		double variance = 0.25 + 1e-4, sum = 0;
		for (float g : grey)
			sum += (g - 100) * (g - 100) / 1e4 / (2 * variance) + 0.5 * Math.log(2 * Math.PI * variance) - Math.log(1e-4);
		assertEquals(sum / 15 / Math.log(2), found.planes().get(0).bits(), 2e-3);
		assertEquals(alone.planes().get(0).bits(), found.planes().get(0).bits(), 1e-4);
	}

	@Test
	void everyPlaneIsRatedOnItsOwn() {
		short[] two = Arrays.copyOf(GaussianField.grey(8), 2 * PIXELS);
		System.arraycopy(GaussianField.grey(9), 0, two, PIXELS, PIXELS);
		BitsPerDimension both = field().build().of(ArrayImgs.unsignedShorts(two, SIZE, SIZE, 2));
		BitsPerDimension first = field().build().of(image(8));
		assertEquals(2, both.planes().size());
		assertEquals(first.planes().get(0), both.planes().get(0));
		assertArrayEquals(new Planes(first.map()).read(0), new Planes(both.map()).read(0));
		assertEquals(both.planes().get(1).bits(), mean(new Planes(both.map()).read(1)), 1e-5);
	}

	@Test
	void theSameSeedGivesTheSameBits() {
		assertEquals(field().seed(3).build().of(image(1)).planes(), field().seed(3).build().of(image(1)).planes());
		assertTrue(!field().seed(4).build().of(image(1)).planes().equals(field().seed(3).build().of(image(1)).planes()));
	}

	@Test
	void oneProbeHasNoStandardError() {
		BitsPerDimension found = field().probes(1).build().of(image(1));
		assertNull(found.error());
		assertTrue(Double.isNaN(found.planes().get(0).error()));
	}

	@Test
	void progressEndsAtTheEndAndACancelIsHeard() {
		List<Double> seen = new ArrayList<>();
		field().monitor(new Monitor() {

			@Override
			public void progress(int done, int total) {
				seen.add((double) done / total);
			}
		}).build().of(ArrayImgs.unsignedShorts(Arrays.copyOf(GaussianField.grey(1), 2 * PIXELS), SIZE, SIZE, 2));
		assertEquals(seen.stream().sorted().toList(), seen);
		assertEquals(1, seen.get(seen.size() - 1));
		int[] calls = { 0 };
		Prior counting = GaussianField.PRIOR.with((batch, out) -> {
			calls[0]++;
			GaussianField.PRIOR.denoise(batch, out);
		});
		Likelihood cancelled = Likelihood.with(counting).scale(LOW, HIGH).monitor(new Monitor() {

			@Override
			public boolean cancelled() {
				return calls[0] == 10;
			}
		}).build();
		assertThrows(CancellationException.class, () -> cancelled.of(image(1)));
		assertEquals(10, calls[0]);
	}

	@Test
	void refusesInWords() {
		Likelihood rate = field().build();
		float[] grey = new float[PIXELS];
		Arrays.fill(grey, 1000);
		grey[10] = Float.NaN;
		assertTold("(2, 1) of plane 1 is NaN", () -> rate.of(ArrayImgs.floats(grey, SIZE, SIZE)));
		grey[10] = Float.NEGATIVE_INFINITY;
		assertTold("is -Infinity", () -> rate.of(ArrayImgs.floats(grey, SIZE, SIZE)));
		grey[10] = 60_000;
		assertTold("60000.0, far outside of the grey levels 600.0 to 1400.0", () -> rate.of(ArrayImgs.floats(grey, SIZE, SIZE)));
		assertTold("two grey levels", () -> Likelihood.with(GaussianField.PRIOR).build());
		assertTold("5.0 and 5.0", () -> field().scale(5, 5));
		assertTold("-1.0", () -> field().step(-1).build());
		assertTold("NaN", () -> field().step(Double.NaN).build());
		assertTold("seen was 0", () -> field().probes(0).build());
		assertTold("seen was 2.0", () -> field().tolerance(2).build());
		Prior p = GaussianField.PRIOR;
		assertTold("3 channels", () -> Likelihood.with(new Prior(p, "rgb", "cpu", 3, -1, 1, 0.01, 20, 8, 0, List.of(), p.precision()))
			.scale(0, 1).build());
		assertTold("FLOAT16", () -> Likelihood.with(new Prior(p, "half", "cpu", 1, -1, 1, 0.01, 20, 8, 0, List.of(),
			Prior.Precision.FLOAT16)).scale(0, 1).build());
	}

	private static void assertTold(String expected, Runnable mistake) {
		String told = assertThrows(IllegalArgumentException.class, mistake::run).getMessage();
		assertTrue(told.contains(expected), told);
	}
}
