package io.github.tweedie.model;

import static io.github.tweedie.model.Fixture.assertSays;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OnnxDenoiserTest {

	private static final double[] SIGMAS = { 0.02, 0.4, 15 };
	private static final Shape SHAPE = Shape.planes(3, 1, 8, 4);

	@TempDir
	Path folder;

	/** What float32 allows: a few rounding errors of the largest number on the way, which for ε and score is x itself. */
	private static float tolerance(float[] x) {
		return 8 * Math.ulp((float) IntStream.range(0, x.length).mapToDouble(i -> Math.abs(x[i])).max().orElseThrow());
	}

	@ParameterizedTest
	@CsvSource({ "gaussian/model.onnx, denoised, sigma", "gaussian/model.onnx, sample, sigma", "epsilon.onnx, epsilon, sigma",
		"score.onnx, score, sigma", "epsilon_c_noise.onnx, epsilon, c_noise" })
	void whateverANetworkPredictsItIsTheSameDenoiser(String network, String prediction, String time) throws IOException {
		Fixture.with(folder, network);
		Fixture.edit(folder, "prediction_type: denoised", "prediction_type: " + prediction);
		Fixture.edit(folder, "time_input: sigma", "time_input: " + time);
		Fixture.edit(folder, "id: sigma", "id: " + time);
		try (Prior prior = ModelPackage.read(folder).open("cpu")) {
			Batch batch = batch(SIGMAS);
			float[] out = new float[SHAPE.size()];
			prior.denoise(batch, out);
			assertArrayEquals(expected(batch), out, tolerance(batch.x()));
		}
	}

	/** NB: the pixels are Gaussian with the deviation that the package states, so that what is carried there is exact. */
	@Test
	void belowTheLowestNoiseOfTheTrainingTheImageReturnsToItself() throws IOException {
		Fixture.gaussian(folder);
		Fixture.edit(folder, "sigma_min: 0.01", "sigma_min: 0.2");
		try (Prior prior = ModelPackage.read(folder).open("cpu")) {
			Batch batch = batch(0, 0.05, 0.2);
			float[] out = new float[SHAPE.size()];
			prior.denoise(batch, out);
			assertArrayEquals(expected(batch), out, tolerance(batch.x()));
			assertArrayEquals(Arrays.copyOf(batch.x(), SHAPE.sampleSize()), Arrays.copyOf(out, SHAPE.sampleSize()));
		}
	}

	@Test
	void theBatchIsNotChangedAndTheSameBatchGivesTheSameBits() throws IOException {
		try (Prior prior = ModelPackage.read(Fixture.gaussian(folder)).open("cpu")) {
			Batch batch = batch(SIGMAS);
			float[] before = batch.x().clone(), first = new float[SHAPE.size()], second = new float[SHAPE.size()];
			prior.denoise(batch, first);
			prior.denoise(batch, second);
			assertArrayEquals(before, batch.x());
			assertArrayEquals(first, second);
		}
	}

	@Test
	void aLabelChoosesTheClassAndNoLabelTheNullClass() throws IOException {
		try (Prior prior = classes()) {
			assertEquals(java.util.List.of("dark", "bright"), prior.classNames());
			Shape shape = Shape.planes(3, 1, 4, 4);
			float[] out = new float[shape.size()];
			prior.denoise(Batch.of(shape, new float[shape.size()], 0.5, new int[] { 0, 1, Batch.NO_CLASS }), out);
			// NB: at σ² = s² the estimate of x = 0 is half of the mean.
			assertEquals(-0.25, out[0], 1e-6);
			assertEquals(0.25, out[16], 1e-6);
			assertEquals(0.125, out[32], 1e-6);
		}
	}

	@Test
	void aLabelBeyondTheClassesIsRefused() throws IOException {
		try (Prior prior = classes()) {
			Shape shape = Shape.planes(1, 1, 4, 4);
			assertSays(IllegalArgumentException.class, () -> prior.denoise(Batch.of(shape, new float[16], 0.5, new int[] { 2 }),
				new float[16]), "class 2", "from 0 to 1");
		}
	}

	@Test
	void aLabelIsNotSilentlyIgnoredByANetworkWithoutClasses() throws IOException {
		try (Prior prior = ModelPackage.read(Fixture.gaussian(folder)).open("cpu")) {
			Shape shape = Shape.planes(1, 1, 4, 4);
			assertSays(IllegalArgumentException.class, () -> prior.denoise(Batch.of(shape, new float[16], 0.5, new int[] { 0 }),
				new float[16]), "knows no classes", "[0]");
		}
	}

	private Prior classes() throws IOException {
		Fixture.with(folder, "classes.onnx");
		Fixture.edit(folder, "class_names: []", "class_names: [dark, bright]\n    null_class: 2");
		Fixture.edit(folder, "outputs:", "- id: label\n  axes:\n  - type: batch\n  test_tensor: {source: test_label.npy}\noutputs:");
		return ModelPackage.read(folder).open("cpu");
	}

	@Test
	void anImageOfTheWrongSizeOrChannelsIsRefused() throws IOException {
		try (Prior prior = ModelPackage.read(Fixture.gaussian(folder)).open("cpu")) {
			assertSays(IllegalArgumentException.class, () -> denoise(prior, Shape.planes(1, 1, 8, 6)), "multiples of 4", "6×8");
			assertSays(IllegalArgumentException.class, () -> denoise(prior, Shape.planes(1, 3, 8, 8)), "1 channels", "3 channels");
			assertSays(IllegalArgumentException.class, () -> denoise(prior, new Shape(1, 1, 2, 8, 8)), "2 slices");
			assertSays(IllegalArgumentException.class,
				() -> prior.denoise(Batch.of(Shape.planes(1, 1, 8, 8), new float[64], 1), new float[63]), "63", "64");
		}
	}

	@Test
	void moreNoiseThanTheTrainingKnewIsRefused() throws IOException {
		try (Prior prior = ModelPackage.read(Fixture.gaussian(folder)).open("cpu")) {
			assertSays(IllegalArgumentException.class, () -> prior.denoise(Batch.of(SHAPE, new float[SHAPE.size()], 21),
				new float[SHAPE.size()]), "21.0", "at most 20.0");
		}
	}

	@Test
	void aNetworkThatGivesNanIsToldFromAnImageThatHoldsIt() throws IOException {
		try (Prior prior = ModelPackage.read(Fixture.with(folder, "nan.onnx")).open("cpu")) {
			float[] x = new float[SHAPE.size()], out = new float[SHAPE.size()];
			prior.denoise(Batch.of(SHAPE, x, 1), out);
			x[5] = 2000;
			assertSays(IllegalStateException.class, () -> prior.denoise(Batch.of(SHAPE, x, 1), out), "'gaussian' gave", "finite");
			x[5] = Float.NaN;
			assertSays(IllegalArgumentException.class, () -> prior.denoise(Batch.of(SHAPE, x, 1), out), "The image given", "NaN");
		}
	}

	@Test
	void aClosedModelSaysSo() throws IOException {
		Prior prior = ModelPackage.read(Fixture.gaussian(folder)).open("cpu");
		prior.close();
		prior.close();
		assertSays(IllegalStateException.class, () -> denoise(prior, SHAPE), "'gaussian' is closed", "open it again");
	}

	@Test
	void threadsMayShareAModelAndOneMayCloseItMeanwhile() throws Exception {
		Prior prior = ModelPackage.read(Fixture.gaussian(folder)).open("cpu");
		Batch batch = batch(SIGMAS);
		float[] expected = expected(batch);
		AtomicBoolean closing = new AtomicBoolean();
		CompletableFuture<?>[] callers = IntStream.range(0, 4).mapToObj(i -> CompletableFuture.runAsync(() -> {
			float[] out = new float[SHAPE.size()];
			while (true) {
				try {
					prior.denoise(batch, out);
				}
				catch (IllegalStateException e) {
					assertTrue(closing.get() && e.getMessage().contains("is closed"), e.getMessage());
					return;
				}
				assertArrayEquals(expected, out, tolerance(batch.x()));
			}
		})).toArray(CompletableFuture[]::new);
		Thread.sleep(200);
		closing.set(true);
		prior.close();
		CompletableFuture.allOf(callers).get();
	}

	private static void denoise(Prior prior, Shape shape) {
		prior.denoise(Batch.of(shape, new float[shape.size()], 1), new float[shape.size()]);
	}

	private static Batch batch(double... sigma) {
		Random random = new Random(1);
		float[] x = new float[SHAPE.size()];
		for (int i = 0; i < x.length; i++)
			x[i] = (float) (0.25 + Math.hypot(0.5, sigma[i / SHAPE.sampleSize()]) * random.nextGaussian());
		return new Batch(SHAPE, x, sigma, Batch.unlabelled(3));
	}

	private static float[] expected(Batch batch) {
		int d = batch.shape().sampleSize();
		double[] mean = new double[d];
		Arrays.fill(mean, Fixture.MEAN);
		float[] out = new float[batch.x().length];
		GaussianMixture.isotropic(new double[][] { mean }, Fixture.VARIANCE).denoise(batch, out);
		return out;
	}
}
