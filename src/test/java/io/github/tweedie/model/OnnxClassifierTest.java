package io.github.tweedie.model;

import static io.github.tweedie.model.Fixture.assertSays;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Classifier;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A classifier that is a closed form: which of three Gaussians an image of independent pixels is from. */
class OnnxClassifierTest {

	private static final double[] MEANS = { -0.5, 0, 0.5 };
	private static final double VARIANCE = 0.04;
	private static final Shape SHAPE = Shape.planes(3, 1, 4, 2);

	@TempDir
	Path temporary;
	Path folder;

	/** ln N(x; m_k, v + σ²) is Σ(m_k·x − m_k²/2)/(v + σ²) but for what all classes share. */
	private static OnnxFile graph(String gradient) {
		OnnxFile f = new OnnxFile().input("x", OnnxFile.FLOAT, -1, 1, -1, -1).input("sigma", OnnxFile.FLOAT, -1).input("label",
			OnnxFile.INT64, -1)
			.output(gradient, OnnxFile.FLOAT, -1, 1, -1, -1).output("log_probability", OnnxFile.FLOAT, -1, 3);
		String x = f.node("Cast", "to", OnnxFile.DOUBLE, "x"), sigma = f.node("Cast", "to", OnnxFile.DOUBLE, "sigma");
		String total = f.node("Reshape", f.node("Add", f.node("Mul", sigma, sigma), f.doubles(VARIANCE)), f.longs(-1, 1));
		String one = f.node("Add", f.node("Mul", x, f.doubles(0)), f.doubles(1)), axes = f.longs(1, 2, 3), column = f.longs(-1, 1);
		String sum = f.node("Reshape", f.node("ReduceSum", x, axes), column), count = f.node("Reshape", f.node("ReduceSum", one, axes),
			column);
		String means = f.doubles(MEANS), halves = f.doubles(Arrays.stream(MEANS).map(m -> m * m / 2).toArray());
		String logits = f.node("Div", f.node("Sub", f.node("Mul", sum, means), f.node("Mul", count, halves)), total);
		String log = f.node("LogSoftmax", logits);
		f.named("log_probability", "Cast", "to", OnnxFile.FLOAT, log);
		String expected = f.node("ReduceSum", f.node("Mul", f.node("Exp", log), means), f.longs(1));
		String own = f.node("Reshape", f.node("Gather", means, "label"), column);
		String slope = f.node("Reshape", f.node("Div", f.node("Sub", own, expected), total), f.longs(-1, 1, 1, 1));
		f.named(gradient, "Cast", "to", OnnxFile.FLOAT, f.node("Mul", slope, one));
		return f;
	}

	@BeforeEach
	void gaussian() throws IOException {
		folder = Fixture.gaussian(temporary.resolve("gaussian"));
		add(graph("gradient").bytes());
		Fixture.edit(folder, "class_names: []", "class_names: [dark, middle, bright]");
	}

	private void add(byte[] classifier) throws IOException {
		Files.write(folder.resolve("classifier.onnx"), classifier);
		Fixture.edit(folder, "    sde: edm", "    classifier: {source: classifier.onnx, sha256: " + Fixture.sha256(classifier)
			+ "}\n    sde: edm");
	}

	private static Batch batch(double sigma, int... label) {
		Random random = new Random(2);
		float[] x = new float[SHAPE.size()];
		for (int i = 0; i < x.length; i++)
			x[i] = (float) (0.3 * random.nextGaussian());
		return Batch.of(SHAPE, x, sigma, label);
	}

	/** NB: 8 pixels of float32, whose logits are known to 8 roundings of a sum below 100. */
	@Test
	void probabilityAndGradientAreTheClosedForm() throws IOException {
		double[][] means = Arrays.stream(MEANS).mapToObj(m -> new double[] { m, m, m, m, m, m, m, m }).toArray(double[][]::new);
		GaussianMixture exact = GaussianMixture.isotropic(means, VARIANCE);
		try (Prior prior = ModelPackage.read(folder).open("cpu")) {
			Classifier classifier = prior.classifier();
			assertEquals(3, classifier.classes());
			for (double sigma : new double[] { 0.05, 0.5, 5 }) {
				Batch batch = batch(sigma, 0, 2, 1);
				double[] log = new double[3], expectedLog = new double[3];
				float[] gradient = new float[SHAPE.size()], expected = new float[SHAPE.size()];
				classifier.logProbability(batch, log, gradient);
				exact.logProbability(batch, expectedLog, expected);
				assertArrayEquals(expectedLog, log, 1e-5);
				assertArrayEquals(expected, gradient, 1e-5f);
			}
		}
	}

	@Test
	void belowTheLeastNoiseOfTheTrainingTheLeastIsTold() throws IOException {
		Fixture.edit(folder, "sigma_min: 0.01", "sigma_min: 0.2");
		try (Prior prior = ModelPackage.read(folder).open("cpu")) {
			float[] least = new float[SHAPE.size()], less = new float[SHAPE.size()];
			prior.classifier().logProbability(batch(0.2, 0, 1, 2), new double[3], least);
			prior.classifier().logProbability(batch(0, 0, 1, 2), new double[3], less);
			assertArrayEquals(least, less);
		}
	}

	@Test
	void theClassifierIsClosedWithThePriorAndBorrowedWithIt() throws IOException {
		Prior prior = ModelPackage.read(folder).open("cpu");
		prior.with(prior.denoiser()::denoise).close();
		prior.classifier().logProbability(batch(1, 0, 1, 2), new double[3], new float[SHAPE.size()]);
		prior.close();
		assertSays(IllegalStateException.class,
			() -> prior.classifier().logProbability(batch(1, 0, 1, 2), new double[3], new float[SHAPE.size()]), "is closed");
	}

	@Test
	void anUnknownClassIsRefused() throws IOException {
		try (Prior prior = ModelPackage.read(folder).open("cpu")) {
			for (int label : new int[] { 3, Batch.NO_CLASS })
				assertSays(IllegalArgumentException.class,
					() -> prior.classifier().logProbability(batch(1, 0, label, 1), new double[3], new float[SHAPE.size()]),
					"class " + label, "from 0 to 2");
		}
	}

	@Test
	void anOutputThatIsMissingIsNamed() throws IOException {
		Files.write(folder.resolve("classifier.onnx"), graph("slope").bytes());
		Fixture.edit(folder, Fixture.sha256(graph("gradient").bytes()), Fixture.sha256(graph("slope").bytes()));
		assertSays(IOException.class, () -> ModelPackage.read(folder).open("cpu"), "slope", "gradient and log_probability");
	}

	@Test
	void aClassifierThatWasExchangedIsRefused() throws IOException {
		Files.write(folder.resolve("classifier.onnx"), graph("slope").bytes());
		assertSays(IOException.class, () -> ModelPackage.read(folder).open("cpu"), "classifier.onnx", "sha256");
	}

	@Test
	void aClassifierOfAnotherNumberOfClassesIsRefused() throws IOException {
		Fixture.edit(folder, "[dark, middle, bright]", "[dark, bright]");
		assertSays(IOException.class, () -> ModelPackage.read(folder).open("cpu"), "log_probability", "2 values are expected");
	}

	@Test
	void itTravelsWithAnImportedPackage() throws IOException {
		Path models = temporary.resolve("models");
		ModelPackage copy = new ModelImport(folder, "", Map.of(), true).into(models, Monitor.NONE);
		try (Prior prior = copy.open("cpu")) {
			assertEquals(List.of("dark", "middle", "bright"), prior.classNames());
			assertEquals(3, prior.classifier().classes());
		}
	}

	@Test
	void withoutOneThereIsNone() throws IOException {
		try (Prior prior = ModelPackage.read(Fixture.gaussian(temporary.resolve("plain"))).open("cpu")) {
			assertNull(prior.classifier());
		}
	}
}
