package io.github.tweedie.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;

import org.junit.jupiter.api.Test;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.Planes;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import net.imglib2.img.Img;
import net.imglib2.img.array.ArrayImgs;
import net.imglib2.type.numeric.integer.UnsignedShortType;

/** Against a Gaussian in 64 dimensions, whose probability flow is linear, so that every frame has a closed form. */
class MorphingTest {

	private static final int SIZE = GaussianField.SIZE, PIXELS = GaussianField.PIXELS;

	private static Img<UnsignedShortType> image(int seed) {
		return ArrayImgs.unsignedShorts(GaussianField.grey(seed), SIZE, SIZE);
	}

	private static Morphing.Builder morphing() {
		return Morphing.with(GaussianField.PRIOR);
	}

	private static IntensityScale scale(int first, int second) {
		float[] both = new float[2 * PIXELS];
		for (int i = 0; i < PIXELS; i++) {
			both[i] = GaussianField.grey(first)[i];
			both[PIXELS + i] = GaussianField.grey(second)[i];
		}
		return IntensityScale.robust(both, SIZE, new boolean[both.length]);
	}

	private static double[] latent(int seed, IntensityScale scale) {
		double[] x = new double[PIXELS];
		for (int i = 0; i < PIXELS; i++)
			x[i] = -1 + 2 * (GaussianField.grey(seed)[i] - scale.low()) / (scale.high() - scale.low());
		return GaussianField.flow(x, GaussianField.LOWEST, GaussianField.HIGHEST);
	}

	private static double length(double[] v) {
		return Math.sqrt(Arrays.stream(v).map(e -> e * e).sum());
	}

	@Test
	void framesOfAGaussianLieOnTheGreatCircleOfItsLatents() {
		int frames = 5;
		Planes found = new Planes(morphing().frames(frames).tolerance(1e-7).build().between(image(1), image(2)).frames());
		IntensityScale scale = scale(1, 2);
		double[] a = latent(1, scale), b = latent(2, scale);
		double dot = 0;
		for (int i = 0; i < PIXELS; i++)
			dot += a[i] * b[i];
		double angle = Math.acos(dot / length(a) / length(b));
		assertTrue(angle > 0.3, "a straight line would be told from the circle");
		for (int f = 0; f < frames; f++) {
			// Turn the first towards the second: cos and sin in the plane that they span.
			double t = f / (frames - 1.0), turn = t * angle, length = (1 - t) * length(a) + t * length(b);
			double[] point = new double[PIXELS];
			for (int i = 0; i < PIXELS; i++) {
				double across = (b[i] / length(b) - Math.cos(angle) * a[i] / length(a)) / Math.sin(angle);
				point[i] = length * (Math.cos(turn) * a[i] / length(a) + Math.sin(turn) * across);
			}
			double[] expected = GaussianField.flow(point, GaussianField.HIGHEST, GaussianField.LOWEST);
			float[] grey = found.read(f);
			for (int i = 0; i < PIXELS; i++)
				// Latents are floats of up to 60, magnified by nothing on the way down: 1e-5 of the range.
				assertEquals(scale.low() + (expected[i] + 1) / 2 * (scale.high() - scale.low()), grey[i], 2e-5 * (scale.high() - scale.low()),
					"frame " + f + ", pixel " + i);
		}
	}

	@Test
	void theEndsComeBackThoughTheToleranceWasTooLarge() {
		Morphed morphed = morphing().frames(2).tolerance(0.02).build().between(image(3), image(4));
		double range = scale(3, 4).high() - scale(3, 4).low(), worst = 0;
		for (int end = 0; end < 2; end++)
			for (int i = 0; i < PIXELS; i++)
				worst = Math.max(worst, Math.abs(new Planes(morphed.frames()).read(end)[i] - GaussianField.grey(3 + end)[i]) / range);
		assertTrue(worst <= 1e-3, "off by " + worst);
		assertEquals(worst, morphed.deviation(), 1e-6);
		assertTrue(worst > 0, "decoded, not pasted in");
		assertTrue(Double.parseDouble(morphed.provenance().get("tolerance")) < 0.02, "the tolerance became smaller");
	}

	@Test
	void aFlowThatDoesNotComeBackIsRefusedInWords() {
		double[] before = { 0, 0 };
		Prior slanted = GaussianField.PRIOR.with((batch, out) -> {
			GaussianField.PRIOR.denoise(batch, out);
			double sigma = batch.sigma()[0];
			// The way back, on which the noise falls, meets another network than the way there.
			boolean falls = sigma < before[0] || sigma == before[0] && before[1] > 0;
			before[0] = sigma;
			before[1] = falls ? 1 : 0;
			for (int i = 0; falls && i < out.length; i++)
				out[i] += 0.05f;
		});
		String told = assertThrows(ArithmeticException.class,
			() -> Morphing.with(slanted).tolerance(1e-3).build().between(image(1), image(2))).getMessage();
		assertTrue(told.contains("of the range, where 0.001 was expected"), told);
	}

	@Test
	void anExtentThatTheNetworkDoesNotTakeIsKept() {
		Prior flat = new Prior((batch, out) -> {
			for (int i = 0; i < out.length; i++)
				out[i] = (float) (batch.x()[i] * 0.25 / (0.25 + Math.pow(batch.sigma()[i / batch.shape().sampleSize()], 2)));
		}, "independent", "closed form", 1, -1, 1, 0.01, 20, 8, 0, List.of(), Prior.Precision.FLOAT32);
		float[] a = new float[15], b = new float[15];
		for (int i = 0; i < 15; i++)
			b[14 - i] = a[i] = i * i;
		Morphed morphed = Morphing.with(flat).frames(3).build().between(ArrayImgs.floats(a, 5, 3), ArrayImgs.floats(b, 5, 3));
		assertArrayEquals(new long[] { 5, 3, 3 }, morphed.frames().dimensionsAsLongArray());
		assertArrayEquals(a, new Planes(morphed.frames()).read(0), 0.2f);
		assertArrayEquals(b, new Planes(morphed.frames()).read(2), 0.2f);
	}

	@Test
	void theNumberOfFramesChangesNoFrame() {
		Planes three = new Planes(morphing().frames(3).build().between(image(5), image(6)).frames());
		Planes five = new Planes(morphing().frames(5).build().between(image(5), image(6)).frames());
		for (int f = 0; f < 3; f++)
			assertArrayEquals(three.read(f), five.read(2 * f));
	}

	@Test
	void progressEndsAtTheEndAndACancelIsHeard() {
		List<Double> seen = new ArrayList<>();
		morphing().frames(4).monitor(new Monitor() {

			@Override
			public void progress(int done, int total) {
				seen.add((double) done / total);
			}
		}).build().between(image(1), image(2));
		assertEquals(seen.stream().sorted().toList(), seen);
		assertEquals(1, seen.get(seen.size() - 1));
		int[] calls = { 0 };
		Prior counting = GaussianField.PRIOR.with((batch, out) -> {
			calls[0]++;
			GaussianField.PRIOR.denoise(batch, out);
		});
		Morphing cancelled = Morphing.with(counting).monitor(new Monitor() {

			@Override
			public boolean cancelled() {
				return calls[0] == 10;
			}
		}).build();
		assertThrows(CancellationException.class, () -> cancelled.between(image(1), image(2)));
		assertEquals(10, calls[0]);
	}

	@Test
	void refusesInWords() {
		Morphing morph = morphing().build();
		assertTold("are the same", () -> morph.between(image(1), image(1)));
		assertTold("8×8 pixels in 1 plane(s), the second 16×4", () -> morph.between(image(1), ArrayImgs.unsignedShorts(GaussianField.grey(2), 16, 4)));
		assertTold("8×4 pixels in 2 plane(s)", () -> morph.between(ArrayImgs.unsignedShorts(GaussianField.grey(2), 8, 4, 2),
			ArrayImgs.unsignedShorts(GaussianField.grey(3), 8, 4, 2)));
		float[] grey = new float[PIXELS];
		grey[9] = Float.NaN;
		assertTold("(1, 1) of the second image is NaN", () -> morph.between(image(1), ArrayImgs.floats(grey, SIZE, SIZE)));
		assertTold("seen was 1", () -> morphing().frames(1).build());
		assertTold("seen was 0.0", () -> morphing().tolerance(0).build());
		Prior p = GaussianField.PRIOR;
		assertTold("3 channels", () -> Morphing.with(new Prior(p, "rgb", "cpu", 3, -1, 1, 0.01, 20, 8, 0, List.of(), p.precision())).build());
	}

	private static void assertTold(String expected, Runnable mistake) {
		String told = assertThrows(IllegalArgumentException.class, mistake::run).getMessage();
		assertTrue(told.contains(expected), told);
	}
}
