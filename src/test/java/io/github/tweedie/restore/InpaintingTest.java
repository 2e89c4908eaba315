package io.github.tweedie.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;

import org.junit.jupiter.api.Test;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.Planes;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import net.imglib2.img.Img;
import net.imglib2.img.array.ArrayImgs;
import net.imglib2.type.numeric.integer.UnsignedByteType;
import net.imglib2.type.numeric.integer.UnsignedShortType;
import net.imglib2.type.numeric.real.FloatType;

/** On 8×8 images the prior is a Gaussian in 64 dimensions with a full covariance, and the posterior a closed form. */
class InpaintingTest {

	private static final int SIZE = GaussianField.SIZE, PIXELS = GaussianField.PIXELS;
	private static final GaussianMixture FIELD = GaussianMixture.gaussian(new double[PIXELS], GaussianField.COVARIANCE);
	private static final Prior PRIOR = new Prior(FIELD, "field 1.0", "closed form", 1, -1, 1, 0.01, 20, 8, Prior.GLOBAL, List.of(),
		Prior.Precision.FLOAT32);

	/** A draw of the prior as a 16-bit image around 1000. */
	private static short[] grey(int seed) {
		float[] x = FIELD.sample(1, new Noise(seed).generator(Noise.Purpose.PROBE, 0, 0, 0));
		short[] grey = new short[PIXELS];
		for (int i = 0; i < PIXELS; i++)
			grey[i] = (short) Math.round(1000 + 400 * x[i]);
		return grey;
	}

	private static Img<UnsignedShortType> image(short[] grey) {
		return ArrayImgs.unsignedShorts(grey, SIZE, SIZE);
	}

	/** A third of the pixels, in no order. */
	private static byte[] marks() {
		byte[] marks = new byte[PIXELS];
		for (int i = 0; i < PIXELS; i++)
			marks[i] = (byte) (i * 7 % 11 < 4 ? 255 : 0);
		return marks;
	}

	private static Img<UnsignedByteType> mask(byte[] marks) {
		return ArrayImgs.unsignedBytes(marks, SIZE, SIZE);
	}

	private static float[] plane(net.imglib2.RandomAccessibleInterval<FloatType> image, int index) {
		return new Planes(image).read(index);
	}

	private static Inpainting.Builder quick() {
		return Inpainting.with(PRIOR).steps(6);
	}

	@Test
	void samplesOfAGaussianFieldComeFromItsPosterior() {
		short[] grey = grey(1);
		byte[] marks = marks();
		boolean[] hidden = new boolean[PIXELS];
		float[] values = new float[PIXELS];
		List<double[]> rows = new ArrayList<>();
		for (int i = 0; i < PIXELS; i++) {
			hidden[i] = marks[i] != 0;
			values[i] = grey[i];
		}
		IntensityScale scale = IntensityScale.robust(values, SIZE, hidden);
		float[] data = scale.toData(values, -1, 1);
		List<Double> known = new ArrayList<>();
		for (int i = 0; i < PIXELS; i++)
			if (!hidden[i]) {
				double[] row = new double[PIXELS];
				row[i] = 1;
				rows.add(row);
				known.add((double) data[i]);
			}
		GaussianMixture posterior = FIELD.posterior(rows.toArray(new double[0][]),
			known.stream().mapToDouble(v -> v).toArray(), 0);
		int n = 200;
		Restored restored = Inpainting.with(PRIOR).steps(60).iterations(40).samples(n).build().restore(image(grey),
			mask(marks));
		float[] mean = plane(restored.mean(), 0), deviation = plane(restored.deviation(), 0);
		double unit = (scale.high() - scale.low()) / 2;
		double variance = 0, expected = 0, error = 0;
		int count = 0;
		for (int i = 0; i < PIXELS; i++) {
			if (!hidden[i])
				continue;
			double sd = Math.sqrt(posterior.covariance()[i][i]);
			double m = scale.low() + (posterior.mean()[i] + 1) * unit;
			assertEquals(m, mean[i], 4.5 * sd * unit / Math.sqrt(n) + 0.02 * sd * unit, "mean at " + i);
			variance += deviation[i] * deviation[i];
			expected += sd * sd * unit * unit;
			error += Math.pow(mean[i] - m, 2) / (sd * sd * unit * unit);
			count++;
		}
		assertEquals(1.0 / n, error / count, 3.0 / n, "mean squared error of the mean");
		// 23 correlated pixels of 200 draws; the discretisation of 60 steps adds a few per cent.
		assertEquals(1, variance / expected, 0.15, "variance");
	}

	@Test
	void knownPixelsComeBackBitIdenticalAndWithoutUncertainty() {
		short[] grey = grey(2);
		byte[] marks = marks();
		for (Inpainting.Method method : Inpainting.Method.values()) {
			Restored restored = quick().method(method).samples(3).build().restore(image(grey), mask(marks));
			float[] mean = plane(restored.mean(), 0), deviation = plane(restored.deviation(), 0);
			for (int i = 0; i < PIXELS; i++)
				if (marks[i] == 0) {
					assertEquals((float) grey[i], mean[i]);
					assertEquals(0f, deviation[i]);
					for (int s = 0; s < 3; s++)
						assertEquals((float) grey[i], plane(restored.samples(), s)[i]);
				}
				else
					assertTrue(deviation[i] > 0);
		}
	}

	@Test
	void whatTheHiddenPixelsHoldChangesNoBit() {
		short[] grey = grey(3);
		byte[] marks = marks();
		float[] reference = null;
		for (float filling : new float[] { 0, 65_535, Float.NaN, Float.NEGATIVE_INFINITY }) {
			float[] values = new float[PIXELS];
			for (int i = 0; i < PIXELS; i++)
				values[i] = marks[i] != 0 ? filling : grey[i];
			float[] mean = plane(quick().build().restore(ArrayImgs.floats(values, SIZE, SIZE), mask(marks)).mean(), 0);
			if (reference == null)
				reference = mean;
			assertArrayEquals(reference, mean, "filled with " + filling);
		}
	}

	@Test
	void theSameSeedGivesTheSamePictureAndAnotherAnother() {
		short[] grey = grey(4);
		Restored a = quick().seed(5).samples(2).build().restore(image(grey), mask(marks()));
		Restored b = quick().seed(5).samples(4).build().restore(image(grey), mask(marks()));
		Restored c = quick().seed(6).build().restore(image(grey), mask(marks()));
		assertArrayEquals(plane(a.samples(), 0), plane(b.samples(), 0));
		assertArrayEquals(plane(a.samples(), 1), plane(b.samples(), 1));
		assertNotEquals(Arrays.toString(plane(a.samples(), 0)), Arrays.toString(plane(c.samples(), 0)));
		assertNotEquals(Arrays.toString(plane(b.samples(), 0)), Arrays.toString(plane(b.samples(), 1)));
	}

	@Test
	void planesOfAStackAreRestoredByThemselves() {
		short[] one = grey(5), two = grey(6), both = new short[2 * PIXELS];
		System.arraycopy(one, 0, both, 0, PIXELS);
		System.arraycopy(two, 0, both, PIXELS, PIXELS);
		Restored stack = quick().samples(2).build().restore(ArrayImgs.unsignedShorts(both, SIZE, SIZE, 2), mask(marks()));
		Restored alone = quick().samples(2).build().restore(image(one), mask(marks()));
		assertArrayEquals(plane(alone.mean(), 0), plane(stack.mean(), 0));
		assertArrayEquals(plane(alone.samples(), 1), plane(stack.samples(), 2));
		byte[] secondOnly = new byte[2 * PIXELS];
		System.arraycopy(marks(), 0, secondOnly, PIXELS, PIXELS);
		Restored second = quick().build().restore(ArrayImgs.unsignedShorts(both, SIZE, SIZE, 2),
			ArrayImgs.unsignedBytes(secondOnly, SIZE, SIZE, 2));
		for (int i = 0; i < PIXELS; i++)
			assertEquals((float) one[i], plane(second.mean(), 0)[i]);
		assertArrayEquals(plane(stack.samples(), 1), plane(second.mean(), 1));
	}

	@Test
	void imagesOfAnySizeAreRestored() {
		Prior pixelwise = new Prior((batch, out) -> {
			assertEquals(0, batch.shape().x() % 8 + batch.shape().y() % 8, "the network sees multiples of its size step");
			for (int i = 0; i < out.length; i++)
				out[i] = (float) (batch.x()[i] * 0.25 / (0.25 + Math.pow(batch.sigma()[i / batch.shape().sampleSize()], 2)));
		}, "pixelwise", "closed form", 1, -1, 1, 0.01, 20, 8, 2, List.of(), Prior.Precision.FLOAT32);
		for (int[] size : new int[][] { { 1, 2 }, { 2, 1 }, { 3, 50 }, { 33, 17 }, { 9, 9 } }) {
			short[] grey = new short[size[0] * size[1]];
			byte[] marks = new byte[grey.length];
			for (int i = 0; i < grey.length; i++)
				grey[i] = (short) (100 + 13 * i % 50);
			marks[grey.length - 1] = 1;
			Restored restored = Inpainting.with(pixelwise).steps(5).build().restore(ArrayImgs.unsignedShorts(grey, size[0], size[1]),
				ArrayImgs.unsignedBytes(marks, size[0], size[1]));
			assertArrayEquals(new long[] { size[0], size[1] }, restored.mean().dimensionsAsLongArray());
			float[] mean = plane(restored.mean(), 0);
			for (int i = 0; i < grey.length - 1; i++)
				assertEquals((float) grey[i], mean[i]);
			assertTrue(Float.isFinite(mean[grey.length - 1]));
		}
	}

	@Test
	void onlyTheSurroundingsOfTheMaskAreComputed() {
		long[] most = { 0 };
		Prior watched = new Prior((batch, out) -> {
			most[0] = Math.max(most[0], batch.shape().sampleSize());
			System.arraycopy(batch.x(), 0, out, 0, out.length);
		}, "watched", "closed form", 1, -1, 1, 0.01, 20, 8, 10, List.of(), Prior.Precision.FLOAT32);
		byte[] marks = new byte[200 * 200];
		marks[100 * 200 + 100] = 1;
		Inpainting.with(watched).steps(3).build().restore(ArrayImgs.unsignedShorts(200, 200), ArrayImgs.unsignedBytes(marks, 200, 200));
		assertTrue(most[0] <= 32 * 32, most[0] + " pixels for one hidden one within a radius of 10");
	}

	/** Independent pixels: N(0, 0.25), or N(±0.5, 0) by the place on a grid of 4, which only an origin on that grid keeps. */
	private static Prior independent(int radius, boolean grid) {
		return new Prior((batch, out) -> {
			Shape shape = batch.shape();
			for (int i = 0; i < out.length; i++) {
				int x = i % shape.x(), y = i / shape.x() % shape.y();
				out[i] = grid ? x % 4 == 0 && y % 4 == 0 ? 0.5f : -0.5f
					: (float) (batch.x()[i] * 0.25 / (0.25 + Math.pow(batch.sigma()[i / shape.sampleSize()], 2)));
			}
		}, "independent", "closed form", 1, -1, 1, 0.01, 20, 4, radius, List.of(), Prior.Precision.FLOAT32);
	}

	private static Img<UnsignedShortType> ramp(int width, int height) {
		short[] grey = new short[width * height];
		for (int i = 0; i < grey.length; i++)
			grey[i] = (short) (500 + 37 * i % 1000);
		return ArrayImgs.unsignedShorts(grey, width, height);
	}

	private static Img<UnsignedByteType> marked(int width, int height, int left, int top, int side) {
		byte[] marks = new byte[width * height];
		for (int y = top; y < top + side; y++)
			Arrays.fill(marks, y * width + left, y * width + left + side, (byte) 1);
		return ArrayImgs.unsignedBytes(marks, width, height);
	}

	@Test
	void theSurroundingsOfTheMaskKeepTheGridOfTheNetwork() {
		for (int[] place : new int[][] { { 36, 40 }, { 37, 40 }, { 36, 41 }, { 38, 43 } }) {
			Restored restored = Inpainting.with(independent(2, true)).steps(3).build().restore(ramp(64, 64),
				marked(64, 64, place[0], place[1], 1));
			boolean on = place[0] % 4 == 0 && place[1] % 4 == 0;
			String[] range = restored.provenance().get("grey levels of the model's range").split(" to ");
			double low = Double.parseDouble(range[0]), high = Double.parseDouble(range[1]);
			float value = plane(restored.mean(), 0)[place[1] * 64 + place[0]];
			assertEquals(low + (on ? 0.75 : 0.25) * (high - low), value, 1e-3 * (high - low), Arrays.toString(place));
		}
	}

	@Test
	void aHoleIsFilledByANetworkThatSeesOnePixelOnly() {
		Restored restored = Inpainting.with(independent(0, false)).steps(3).build().restore(ramp(16, 16), marked(16, 16, 4, 8, 4));
		assertTrue(Float.isFinite(plane(restored.mean(), 0)[8 * 16 + 4]));
	}

	@Test
	void noisyKnownPixelsAreDenoisedFarFromTheMaskToo() {
		Restored restored = Inpainting.with(independent(2, false)).steps(20).noise(100).samples(2).build().restore(ramp(64, 64),
			marked(64, 64, 3, 3, 2));
		float[] before = new Planes(ramp(64, 64)).read(0), mean = plane(restored.mean(), 0), deviation = plane(restored.deviation(), 0);
		double square = 0;
		for (int i = 0; i < before.length; i++) {
			assertNotEquals(before[i], mean[i], "at " + i % 64 + ", " + i / 64);
			assertTrue(deviation[i] > 0);
			square += deviation[i] * deviation[i] / before.length;
		}
		// Posterior variance v·s²/(v + s²) with v = 0.25 and s the noise in the prior's units; 20 steps make it somewhat too small.
		String[] range = restored.provenance().get("grey levels of the model's range").split(" to ");
		double unit = (Double.parseDouble(range[1]) - Double.parseDouble(range[0])) / 2, s = 100 / unit;
		double expected = unit * Math.sqrt(0.25 * s * s / (0.25 + s * s));
		assertEquals(expected, Math.sqrt(square), 0.25 * expected);
	}

	@Test
	void equalPlanesOfAStackGetNoiseOfTheirOwn() {
		short[] both = new short[2 * PIXELS];
		System.arraycopy(grey(5), 0, both, 0, PIXELS);
		System.arraycopy(grey(5), 0, both, PIXELS, PIXELS);
		Restored stack = quick().build().restore(ArrayImgs.unsignedShorts(both, SIZE, SIZE, 2), mask(marks()));
		assertNotEquals(Arrays.toString(plane(stack.mean(), 0)), Arrays.toString(plane(stack.mean(), 1)));
	}

	@Test
	void noisyKnownPixelsAreDenoised() {
		short[] grey = grey(7);
		Restored restored = quick().noise(30).samples(2).build().restore(image(grey), mask(marks()));
		float[] mean = plane(restored.mean(), 0);
		boolean changed = false;
		for (int i = 0; i < PIXELS; i++)
			changed |= marks()[i] == 0 && mean[i] != grey[i];
		assertTrue(changed);
	}

	@Test
	void resultsSayHowTheyWereMade() {
		Restored restored = quick().seed(77).build().restore(image(grey(8)), mask(marks()));
		assertNull(restored.deviation());
		assertEquals("field 1.0", restored.provenance().get("model"));
		assertEquals("77", restored.provenance().get("seed"));
		assertEquals("6", restored.provenance().get("steps"));
		assertEquals("closed form", restored.provenance().get("device"));
		assertEquals(String.valueOf(restored.evaluations()), restored.provenance().get("network evaluations per sample"));
		assertTrue(restored.evaluations() >= 6 && restored.evaluations() <= 6 * 4, restored.evaluations() + " evaluations");
	}

	private static String refusal(Inpainting.Builder builder, Img<?> image, Img<UnsignedByteType> mask) {
		@SuppressWarnings("unchecked")
		Img<UnsignedShortType> typed = (Img<UnsignedShortType>) image;
		return assertThrows(IllegalArgumentException.class, () -> builder.build().restore(typed, mask)).getMessage();
	}

	@Test
	void badInputGetsOneSentence() {
		short[] grey = grey(9);
		byte[] full = new byte[PIXELS];
		Arrays.fill(full, (byte) 255);
		assertTrue(refusal(quick(), image(grey), mask(new byte[PIXELS])).startsWith("The mask is empty"));
		assertTrue(refusal(quick(), image(grey), mask(full)).contains("hides all 64 pixels"));
		assertTrue(refusal(quick(), image(grey), ArrayImgs.unsignedBytes(4, 4)).contains("4×4"));
		assertTrue(refusal(quick(), image(grey), ArrayImgs.unsignedBytes(8, 8, 3)).contains("3 plane"));
		float[] broken = new float[PIXELS];
		broken[10] = Float.NaN;
		byte[] one = new byte[PIXELS];
		one[0] = 1;
		String message = refusal(quick(), ArrayImgs.floats(broken, SIZE, SIZE), mask(one));
		assertTrue(message.contains("(2, 1)") && message.contains("NaN"), message);
		broken[10] = Float.POSITIVE_INFINITY;
		assertTrue(refusal(quick(), ArrayImgs.floats(broken, SIZE, SIZE), mask(one)).contains("Infinity"));
	}

	@Test
	void optionsOutOfRangeGetOneSentence() {
		for (Inpainting.Builder builder : List.of(quick().steps(-3), quick().samples(0), quick().noise(-1), quick().noise(Double.NaN),
			quick().resamplings(0), quick().iterations(0), quick().noise(3).method(Inpainting.Method.REPLACEMENT)))
			assertThrows(IllegalArgumentException.class, builder::build);
		Prior colour = new Prior(FIELD, "colour", "cpu", 3, -1, 1, 0.01, 20, 8, 0, List.of(), Prior.Precision.FLOAT32);
		String message = assertThrows(IllegalArgumentException.class, () -> Inpainting.with(colour).build()).getMessage();
		assertTrue(message.contains("3 channels"), message);
		assertTrue(assertThrows(IllegalArgumentException.class, () -> quick().steps(-3).build()).getMessage().contains("-3"));
	}

	@Test
	void cancelStopsHalfWayAndTheInputIsUntouched() {
		short[] grey = grey(1), before = grey.clone();
		byte[] marks = marks();
		List<Integer> progress = new ArrayList<>();
		Monitor monitor = new Monitor() {

			@Override
			public void progress(int done, int total) {
				progress.add(100 * done / total);
			}

			@Override
			public boolean cancelled() {
				return progress.size() > 4;
			}
		};
		assertThrows(CancellationException.class,
			() -> quick().samples(2).monitor(monitor).build().restore(image(grey), mask(marks)));
		assertArrayEquals(before, grey);
		assertArrayEquals(marks(), marks);
	}

	@Test
	void cancelIsHeardBetweenTheCallsOfOneStep() {
		int[] calls = { 0 };
		Prior counted = PRIOR.with((batch, out) -> {
			calls[0]++;
			FIELD.denoise(batch, out);
		});
		Monitor monitor = new Monitor() {

			@Override
			public boolean cancelled() {
				return calls[0] == 2;
			}
		};
		assertThrows(CancellationException.class,
			() -> Inpainting.with(counted).steps(6).iterations(9).monitor(monitor).build().restore(image(grey(1)), mask(marks())));
		assertEquals(2, calls[0]);
	}

	@Test
	void progressRunsFromNothingToAll() {
		List<Double> progress = new ArrayList<>();
		Monitor monitor = new Monitor() {

			@Override
			public void progress(int done, int total) {
				progress.add(done / (double) total);
			}
		};
		short[] both = new short[2 * PIXELS];
		System.arraycopy(grey(1), 0, both, 0, PIXELS);
		System.arraycopy(grey(2), 0, both, PIXELS, PIXELS);
		quick().samples(2).monitor(monitor).build().restore(ArrayImgs.unsignedShorts(both, SIZE, SIZE, 2), mask(marks()));
		assertEquals(0, progress.get(0));
		assertEquals(1, progress.get(progress.size() - 1));
		for (int i = 1; i < progress.size(); i++)
			assertTrue(progress.get(i) >= progress.get(i - 1));
	}

	/** NB: independent pixels, so that tiles of any kind change nothing but the restored pixels' own noise. */
	@Test
	void aNetworkOfOneSizeSeesTilesOfThatSize() {
		int width = 29, height = 11;
		List<String> seen = new ArrayList<>();
		Prior fixed = new Prior((batch, out) -> {
			seen.add(batch.shape().x() + "×" + batch.shape().y());
			for (int i = 0; i < out.length; i++) {
				double square = batch.sigma()[i / batch.shape().sampleSize()] * batch.sigma()[i / batch.shape().sampleSize()];
				out[i] = (float) (0.25 / (0.25 + square) * batch.x()[i]);
			}
		}, "fixed", "cpu", 1, -1, 1, 0.01, 20, 1, Prior.GLOBAL, List.of(), Prior.Precision.FLOAT32, 16, true, null);
		float[] grey = new float[width * height];
		byte[] hidden = new byte[grey.length];
		for (int i = 0; i < grey.length; i++) {
			grey[i] = i % 7;
			hidden[i] = (byte) (i % 5 == 0 ? 1 : 0);
		}
		Restored restored = Inpainting.with(fixed).steps(4).build().restore(ArrayImgs.floats(grey, width, height),
			ArrayImgs.unsignedBytes(hidden, width, height));
		assertEquals(List.of("16×16"), seen.stream().distinct().toList());
		float[] out = new Planes(restored.mean()).read(0);
		for (int i = 0; i < grey.length; i++)
			if (hidden[i] == 0)
				assertEquals(grey[i], out[i]);
			else
				assertTrue(Float.isFinite(out[i]) && out[i] != 0);
	}
}
