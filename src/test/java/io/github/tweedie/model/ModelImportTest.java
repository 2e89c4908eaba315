package io.github.tweedie.model;

import static io.github.tweedie.model.Fixture.assertSays;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.tweedie.image.TiledDenoiser;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks of which the answer is known, in every convention, through import and package to a prior. */
class ModelImportTest {

	private static final List<String> PREDICTIONS = List.of("denoised", "sample", "epsilon", "v_prediction", "score");
	private static final int STEPS = 1000;

	@TempDir
	Path folder;

	private Path models() {
		return folder.resolve("models");
	}

	private Path onnx(byte[] content) throws IOException {
		return Files.write(folder.resolve("net.onnx"), content);
	}

	/** β from 1e-4 to 0.02, Ho et al. (2020). */
	private static double[] betas() {
		return IntStream.range(0, STEPS).mapToDouble(i -> 1e-4 + (0.02 - 1e-4) * i / (STEPS - 1)).toArray();
	}

	private static double[] alphaBar(double[] betas) {
		double[] product = new double[betas.length];
		double last = 1;
		for (int i = 0; i < betas.length; i++)
			product[i] = last *= 1 - betas[i];
		return product;
	}

	private static GaussianNetwork network(String sde, String prediction, String time) {
		GaussianNetwork network = new GaussianNetwork().of(sde, prediction, time);
		if (sde.equals("ddpm"))
			network.alphaBar = alphaBar(betas());
		return network;
	}

	private static Map<String, Object> declared(String sde, String prediction, String time) {
		Map<String, Object> declared = new LinkedHashMap<>(Map.of("sde", sde, "prediction_type", prediction, "time_input", time,
			"data_range", List.of(-1.0, 1.0), "sigma_data", 0.2));
		declared.putAll(switch (sde) {
			case "vp", "subvp" -> Map.of("beta_min", 0.1, "beta_max", 20);
			case "ddpm" -> Map.of("beta_schedule", "linear", "beta_start", 1e-4, "beta_end", "2e-2", "num_train_timesteps", STEPS);
			default -> Map.of("sigma_min", 0.01, "sigma_max", 20);
		});
		return declared;
	}

	private ModelPackage imported(GaussianNetwork network, Map<String, Object> declared) throws IOException {
		return new ModelImport(onnx(network.bytes()), "tiny", declared, true).into(models(), Monitor.NONE);
	}

	/** Noise levels of a prior: for a table its own steps, where nothing is interpolated. */
	private static double[] levels(String sde) {
		double[] alphaBar = alphaBar(betas());
		return sde.equals("ddpm") ? DoubleStream.of(alphaBar[20], alphaBar[200], alphaBar[700])
			.map(a -> Math.sqrt((1 - a) / a)).toArray()
			: new double[] { 0.05, 0.6, 8 };
	}

	private static Batch batch(Shape shape, double... sigma) {
		Random random = new Random(1);
		float[] x = new float[shape.size()];
		for (int i = 0; i < x.length; i++)
			x[i] = (float) (GaussianNetwork.MEAN + Math.hypot(0.2, sigma[i / shape.sampleSize()]) * random.nextGaussian());
		return new Batch(shape, x, sigma, Batch.unlabelled(shape.n()));
	}

	private static float[] exact(Batch batch, double mean) {
		float[] out = new float[batch.x().length];
		int size = batch.shape().sampleSize();
		for (int i = 0; i < out.length; i++) {
			double square = batch.sigma()[i / size] * batch.sigma()[i / size], v = GaussianNetwork.VARIANCE;
			out[i] = (float) (mean + v / (v + square) * (batch.x()[i] - mean));
		}
		return out;
	}

	/**
	 * What float32 allows: rounding of what the network sees, is told and gives, a few ulps of the largest number on the way. For
	 * outputs in units of the noise that is x itself.
	 */
	private static float tolerance(Batch batch) {
		double largest = IntStream.range(0, batch.x().length).mapToDouble(i -> Math.abs(batch.x()[i])).max().orElseThrow();
		return 16 * Math.ulp((float) largest);
	}

	private static void assertExact(ModelPackage model, Shape shape, double tolerance, double... sigma) throws IOException {
		try (Prior prior = model.open("cpu")) {
			Batch batch = batch(shape, sigma);
			float[] out = new float[shape.size()];
			prior.denoise(batch, out);
			assertArrayEquals(exact(batch, GaussianNetwork.MEAN), out, (float) tolerance);
		}
	}

	private static Stream<Arguments> conventions() {
		Map<String, List<String>> times = new LinkedHashMap<>();
		times.put("edm", List.of("sigma", "c_noise"));
		times.put("ve", List.of("sigma", "c_noise", "t", "t999"));
		times.put("vp", List.of("t", "t999", "sigma", "c_noise"));
		times.put("subvp", List.of("t", "t999", "sigma", "c_noise"));
		times.put("ddpm", List.of("index", "index_reversed", "t", "t999", "sigma", "c_noise"));
		return times.entrySet().stream().flatMap(e -> e.getValue().stream().flatMap(time -> PREDICTIONS.stream()
			.map(prediction -> Arguments.of(e.getKey(), prediction, time))));
	}

	@ParameterizedTest
	@MethodSource("conventions")
	void whateverTheConventionTheImportedPriorIsTheClosedForm(String sde, String prediction, String time) throws IOException {
		ModelPackage model = imported(network(sde, prediction, time), declared(sde, prediction, time));
		double[] levels = levels(sde);
		Shape shape = Shape.planes(3, 1, 8, 5);
		// NB: t of float32 tells σ to 1e-6 of itself, and D follows by less.
		assertExact(model, shape, tolerance(batch(shape, levels)) + 1e-5, levels);
	}

	@Test
	void theWrittenPackageIsWholeAndFoundByTheLibrary() throws IOException {
		ModelPackage model = imported(network("vp", "epsilon", "t"), declared("vp", "epsilon", "t"));
		assertTrue(model.verify() < 1e-6);
		try (ModelLibrary library = new ModelLibrary(List.of(models())); Stream<Path> files = Files.list(models())) {
			assertEquals(List.of("tiny"), library.names());
			assertEquals(List.of(models().resolve("tiny")), files.toList());
			Prior prior = library.open("tiny", "cpu");
			assertEquals(1, prior.sizeStep());
			assertEquals(Prior.GLOBAL, prior.receptiveRadius());
			assertEquals(0.0105, prior.sigmaMin(), 1e-4);
			assertEquals(152, prior.sigmaMax(), 1);
		}
		assertTrue(Files.readString(model.location().resolve("rdf.yaml")).contains("opset_version: 17"));
		assertTrue(Files.readString(model.location().resolve("README.md")).contains("epsilon"));
	}

	@Test
	void aPackageIsImportedFromAFolderAndFromAZip() throws IOException {
		ModelPackage model = imported(network("subvp", "v_prediction", "t"), declared("subvp", "v_prediction", "t"));
		Path zip = Fixture.zip(model.location(), folder.resolve("tiny.zip"), "inner");
		for (Path source : List.of(model.location(), zip)) {
			Path second = folder.resolve("of " + source.getFileName());
			ModelPackage copy = new ModelImport(source, "", Map.of(), true).into(second, Monitor.NONE);
			assertEquals(second.resolve("tiny"), copy.location());
			assertEquals(model.checksum(), copy.checksum());
			assertTrue(copy.verify() < 1e-6);
		}
	}

	// -- Schedules --

	@ParameterizedTest
	@ValueSource(strings = { "betas", "alphas", "alphas_cumprod" })
	void aTableMayBeListedInThreeWays(String key) throws IOException {
		double[] betas = betas();
		Object table = switch (key) {
			case "betas" -> Arrays.stream(betas).boxed().toList();
			case "alphas" -> Arrays.stream(betas).mapToObj(b -> 1 - b).toList();
			default -> Arrays.stream(alphaBar(betas)).boxed().toList();
		};
		Map<String, Object> declared = declared("ddpm", "epsilon", "index");
		List.of("beta_start", "beta_end", "num_train_timesteps").forEach(declared::remove);
		declared.putAll(Map.of("beta_schedule", "listed", key, table));
		ModelPackage model = imported(network("ddpm", "epsilon", "index"), declared);
		assertExact(model, Shape.planes(3, 1, 8, 5), 1e-4, levels("ddpm"));
	}

	@ParameterizedTest
	@CsvSource({ "scaled_linear, 0.00085, 0.012", "squaredcos_cap_v2, 0, 0" })
	void theSchedulesOfDiffusersAreTheirs(String schedule, double first, double last) throws IOException {
		double[] betas = IntStream.range(0, STEPS).mapToDouble(i -> {
			if (schedule.equals("scaled_linear")) {
				double root = Math.sqrt(first) + (Math.sqrt(last) - Math.sqrt(first)) * i / (STEPS - 1);
				return root * root;
			}
			double from = Math.cos((i / (double) STEPS + 0.008) / 1.008 * Math.PI / 2),
				to = Math.cos(((i + 1) / (double) STEPS + 0.008) / 1.008 * Math.PI / 2);
			return Math.min(1 - to * to / (from * from), 0.999);
		}).toArray();
		GaussianNetwork network = network("ddpm", "v_prediction", "index");
		network.alphaBar = alphaBar(betas);
		Map<String, Object> declared = declared("ddpm", "v_prediction", "index");
		declared.put("beta_schedule", schedule);
		if (first > 0)
			declared.putAll(Map.of("beta_start", first, "beta_end", last));
		double[] levels = DoubleStream.of(network.alphaBar[20], network.alphaBar[300], network.alphaBar[700])
			.map(a -> Math.sqrt((1 - a) / a)).toArray();
		assertExact(imported(network, declared), Shape.planes(3, 1, 8, 5), 1e-5, levels);
	}

	/** NB: the pixels are Gaussian with the deviation that Tweedie assumes, so that it carries D from step to step exactly. */
	@Test
	void betweenTheStepsOfAnIntegerIndexNothingIsLost() throws IOException {
		GaussianNetwork network = network("ddpm", "epsilon", "index");
		network.timeType = OnnxFile.INT64;
		ModelPackage model = imported(network, declared("ddpm", "epsilon", "index"));
		assertExact(model, Shape.planes(4, 1, 8, 5), 1e-4, 0.012, 0.1234, 1.234, 12.34);
	}

	@Test
	void thePackageMayNarrowTheNoiseLevelsOfItsSchedule() throws IOException {
		Map<String, Object> declared = declared("vp", "epsilon", "t");
		declared.putAll(Map.of("sigma_min", 0.05, "sigma_max", 40));
		try (Prior prior = imported(network("vp", "epsilon", "t"), declared).open("cpu")) {
			assertEquals(0.05, prior.sigmaMin());
			assertEquals(40, prior.sigmaMax());
		}
	}

	// -- Types and extents --

	@ParameterizedTest
	@ValueSource(ints = { OnnxFile.FLOAT, OnnxFile.DOUBLE, OnnxFile.INT64, OnnxFile.INT32, OnnxFile.FLOAT16 })
	void anIndexMayBeOfAnyType(int type) throws IOException {
		GaussianNetwork network = network("ddpm", "epsilon", "index");
		network.timeType = type;
		assertExact(imported(network, declared("ddpm", "epsilon", "index")), Shape.planes(3, 1, 8, 5), 1e-4, levels("ddpm"));
	}

	@ParameterizedTest
	@ValueSource(ints = { OnnxFile.FLOAT, OnnxFile.INT64 })
	void aTimeMayBeAScalar(int type) throws IOException {
		GaussianNetwork network = network("ddpm", "epsilon", "index");
		network.timeType = type;
		network.scalar = true;
		ModelPackage model = imported(network, declared("ddpm", "epsilon", "index"));
		assertExact(model, Shape.planes(3, 1, 8, 5), 1e-4, levels("ddpm"));
		double level = levels("ddpm")[1];
		assertExact(model, Shape.planes(3, 1, 8, 5), 1e-4, level, level, level);
	}

	@Test
	void aBatchOfOneIsEnough() throws IOException {
		GaussianNetwork network = network("vp", "epsilon", "t");
		network.batch = 1;
		ModelPackage model = imported(network, declared("vp", "epsilon", "t"));
		assertExact(model, Shape.planes(3, 1, 8, 5), 1e-4, 0.05, 0.6, 8);
		assertExact(model, Shape.planes(3, 1, 8, 5), 1e-4, 0.6, 0.6, 0.6);
	}

	/** NB: a number of 16 bits has 11 bits of digits, so x and ε are known to 2⁻¹² of themselves. */
	@Test
	void halfPrecisionIsConvertedAndDeclared() throws IOException {
		GaussianNetwork network = network("edm", "denoised", "sigma");
		network.imageType = OnnxFile.FLOAT16;
		network.timeType = OnnxFile.FLOAT16;
		ModelPackage model = imported(network, declared("edm", "denoised", "sigma"));
		Batch batch = batch(Shape.planes(2, 1, 8, 5), 0.05, 0.6);
		double largest = IntStream.range(0, batch.x().length).mapToDouble(i -> Math.abs(batch.x()[i])).max().orElseThrow();
		assertExact(model, Shape.planes(2, 1, 8, 5), 3 * largest / 4096, 0.05, 0.6);
		try (Prior prior = model.open("cpu")) {
			assertEquals(Prior.Precision.FLOAT16, prior.precision());
		}
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 3 })
	void ofALearnedVarianceTheMeanIsTaken(int channels) throws IOException {
		GaussianNetwork network = network("ddpm", "epsilon", "index");
		network.doubled = true;
		network.channels = channels;
		ModelPackage model = imported(network, declared("ddpm", "epsilon", "index"));
		assertExact(model, Shape.planes(3, channels, 8, 5), 1e-4, levels("ddpm"));
		assertTrue(model.verify() < 1e-6);
	}

	@Test
	void aNetworkOfOneSizeTakesNoOtherAndTilesTakeIt() throws IOException {
		GaussianNetwork network = network("vp", "epsilon", "t");
		network.fixed = 32;
		ModelPackage model = imported(network, declared("vp", "epsilon", "t"));
		try (Prior prior = model.open("cpu")) {
			assertEquals(32, prior.trainingSize());
			assertTrue(prior.fixedSize());
			assertEquals(32, prior.extent(7));
			assertEquals(45, prior.extent(45));
			Shape large = Shape.planes(1, 1, 45, 71);
			assertSays(IllegalArgumentException.class, () -> prior.denoise(batch(large, 0.6), new float[large.size()]), "32×32", "71×45");
			Denoiser tiled = TiledDenoiser.over(prior, 45, 71, 1024);
			Batch batch = batch(large, 0.6);
			float[] out = new float[large.size()];
			tiled.denoise(batch, out);
			assertArrayEquals(exact(batch, GaussianNetwork.MEAN), out, 1e-5f);
		}
	}

	@ParameterizedTest
	@ValueSource(ints = { OnnxFile.INT64, OnnxFile.FLOAT })
	void classesAreTold(int type) throws IOException {
		GaussianNetwork network = network("vp", "epsilon", "t").means(-0.5, 0.5, GaussianNetwork.MEAN);
		network.labelType = type;
		Map<String, Object> declared = declared("vp", "epsilon", "t");
		declared.putAll(Map.of("class_names", List.of("dark", "bright"), "null_class", 2));
		try (Prior prior = imported(network, declared).open("cpu")) {
			assertEquals(List.of("dark", "bright"), prior.classNames());
			Batch one = batch(Shape.planes(1, 1, 8, 5), 0.6);
			double[] means = { -0.5, 0.5, GaussianNetwork.MEAN };
			for (int label : new int[] { 0, 1, Batch.NO_CLASS }) {
				float[] out = new float[40];
				prior.denoise(Batch.of(one.shape(), one.x(), 0.6, new int[] { label }), out);
				assertArrayEquals(exact(one, means[label == Batch.NO_CLASS ? 2 : label]), out, 1e-5f);
			}
		}
	}

	// -- Wrong declarations --

	private static Stream<Arguments> wrongPredictions() {
		return Stream.of("edm/sigma", "vp/t", "subvp/t", "ddpm/index")
			.flatMap(kind -> PREDICTIONS.stream().flatMap(truth -> PREDICTIONS.stream()
			.filter(said -> !alike(kind, truth, said)).map(said -> Arguments.of(kind.split("/")[0], kind.split("/")[1], truth, said))));
	}

	/** NB: where α = 1, v is hardly to be told from ε. */
	private static boolean alike(String kind, String a, String b) {
		return a.replace("sample", "denoised").equals(b.replace("sample", "denoised"))
			|| kind.startsWith("edm") && (a.equals("v_prediction") || b.equals("v_prediction"));
	}

	@ParameterizedTest
	@MethodSource("wrongPredictions")
	void aWrongPredictionIsCaughtAndTheRightOneNamed(String sde, String time, String truth, String said) throws IOException {
		IOException failure = assertSays(IOException.class, () -> imported(network(sde, truth, time), declared(sde, said, time)),
			"'tiny' does not answer as declared", "read with prediction_type " + said, "declare that");
		assertTrue(failure.getMessage().contains("with prediction_type " + truth.replace("sample", "denoised") + " and time_input "
			+ time + ";"), failure.getMessage());
		assertNothingWasWritten();
	}

	private void assertNothingWasWritten() throws IOException {
		try (Stream<Path> files = Files.list(models())) {
			assertEquals(List.of(), files.toList());
		}
	}

	private static Stream<Arguments> wrongTimes() {
		Map<String, List<String>> times = Map.of("edm", List.of("sigma", "c_noise"), "vp", List.of("t", "t999", "sigma", "c_noise"),
			"ddpm", List.of("index", "index_reversed", "t"));
		return times.entrySet().stream().flatMap(e -> e.getValue().stream().flatMap(truth -> e.getValue().stream()
			.filter(said -> !said.equals(truth)).map(said -> Arguments.of(e.getKey(), truth, said))));
	}

	@ParameterizedTest
	@MethodSource("wrongTimes")
	void aWrongTimeIsCaughtAndTheRightOneNamed(String sde, String truth, String said) throws IOException {
		IOException failure = assertSays(IOException.class, () -> imported(network(sde, "epsilon", truth),
			declared(sde, "epsilon", said)),
			"'tiny' does not answer as declared", "time_input " + said);
		assertTrue(failure.getMessage().contains("epsilon and time_input " + truth + ";"), failure.getMessage());
	}

	@ParameterizedTest
	@CsvSource({ "vp, t, ve, t", "vp, t, subvp, t", "subvp, t, vp, t", "ddpm, index, vp, t", "vp, t, ddpm, index",
		"edm, sigma, vp, t",
		"ve, t, vp, t" })
	void aWrongScheduleIsCaught(String truth, String time, String said, String told) throws IOException {
		assertSays(IOException.class, () -> imported(network(truth, "epsilon", time), declared(said, "epsilon", told)),
			"'tiny' does not answer as declared");
	}

	@Test
	void aDeclarationThatLooksWrongMayBeImportedNonetheless() throws IOException {
		List<String> said = new ArrayList<>();
		ModelPackage model = new ModelImport(onnx(network("edm", "epsilon", "sigma").bytes()), "tiny",
			declared("edm", "sample", "sigma"), false)
			.into(models(), new Monitor() {

				@Override
				public void say(String sentence) {
					said.add(sentence);
				}
			});
		assertTrue(model.verify() < 1e-6);
		assertEquals(1, said.size());
		assertTrue(said.get(0).contains("does not answer as declared"), said.get(0));
	}

	// -- Diffusers --

	private Path diffusers(GaussianNetwork network, String scheduler) throws IOException {
		Path model = folder.resolve("ddpm-cells");
		Files.createDirectories(model.resolve("unet"));
		Files.createDirectories(model.resolve("scheduler"));
		Files.write(model.resolve("unet/model.onnx"), network.bytes());
		Files.writeString(model.resolve("scheduler/scheduler_config.json"), scheduler);
		return model;
	}

	private static final String SCHEDULER = """
		{
		  "_class_name": "DDPMScheduler",
		  "_diffusers_version": "0.30.0",
		  "beta_end": 0.02,
		  "beta_schedule": "linear",
		  "beta_start": 1e-04,
		  "clip_sample": true,
		  "num_train_timesteps": 1000,
		  "prediction_type": "epsilon",
		  "trained_betas": null,
		  "variance_type": "fixed_small"
		}
		""";

	@Test
	void aDiffusersFolderNeedsNoQuestions() throws IOException {
		GaussianNetwork network = network("ddpm", "epsilon", "index");
		network.timeType = OnnxFile.INT64;
		network.fixed = 16;
		ModelPackage model = new ModelImport(diffusers(network, SCHEDULER), "", Map.of(), true).into(models(), Monitor.NONE);
		assertEquals("ddpm-cells", model.name());
		assertExact(model, Shape.planes(3, 1, 16, 16), 1e-4, levels("ddpm"));
	}

	@Test
	void aDiffusersFolderMayHaveClassesBetasAndALearnedVariance() throws IOException {
		GaussianNetwork network = network("ddpm", "v_prediction", "index").means(-0.5, 0.5);
		network.doubled = true;
		String betas = Arrays.toString(betas());
		Path source = diffusers(network, SCHEDULER.replace("\"trained_betas\": null", "\"trained_betas\": " + betas)
			.replace("fixed_small", "learned_range").replace("\"epsilon\"", "\"v_prediction\""));
		Files.writeString(source.resolve("unet/config.json"), "{\"num_class_embeds\": 2}");
		try (Prior prior = new ModelImport(source, "", Map.of(), true).into(models(), Monitor.NONE).open("cpu")) {
			assertEquals(List.of("class 0", "class 1"), prior.classNames());
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
		"\"num_train_timesteps\": 1000, | | lacks the field num_train_timesteps",
		"\"beta_schedule\": \"linear\" | \"beta_schedule\": \"sigmoid\" | beta_schedule: sigmoid",
		"\"epsilon\" | \"flow\" | prediction_type: flow",
		"\"clip_sample\": true | \"rescale_betas_zero_snr\": true | rescale_betas_zero_snr",
		"\"beta_end\": 0.02, | \"beta_end\": 2, | beta_end: 2",
		"{ | { [ | not YAML",
	})
	void aSchedulerThatCannotBeUsedIsToldOf(String text, String replacement, String expected) throws IOException {
		Path source = diffusers(network("ddpm", "epsilon", "index"), SCHEDULER.replace(text, replacement == null ? "" : replacement));
		assertSays(IOException.class, () -> new ModelImport(source, "", Map.of(), true).into(models(), Monitor.NONE), expected);
		assertNothingWasWritten();
	}

	@Test
	void aLatentModelAndWeightsInASecondFileAreToldOf() throws IOException {
		Path source = diffusers(network("ddpm", "epsilon", "index"), SCHEDULER);
		Files.createFile(source.resolve("unet/model.onnx_data"));
		assertSays(IOException.class, () -> new ModelImport(source, "", Map.of(), true).into(models(), Monitor.NONE), "second file");
		Files.createDirectory(source.resolve("vae_decoder"));
		assertSays(IOException.class, () -> new ModelImport(source, "", Map.of(), true).into(models(), Monitor.NONE), "latent");
	}

	// -- What cannot be imported --

	private IOException refused(Path source, Map<String, Object> declared, String... parts) throws IOException {
		IOException failure = assertSays(IOException.class, () -> new ModelImport(source, "", declared, true).into(models(),
			Monitor.NONE), parts);
		assertNothingWasWritten();
		return failure;
	}

	@Test
	void aBareFileIsAskedForWhatItDoesNotTell() throws IOException {
		Path net = onnx(network("vp", "epsilon", "t").bytes());
		for (String field : List.of("sde", "prediction_type", "time_input", "data_range", "beta_min")) {
			Map<String, Object> declared = declared("vp", "epsilon", "t");
			declared.remove(field);
			refused(net, declared, "net.onnx lacks the field " + field);
		}
	}

	@Test
	void aTimeThatTheScheduleDoesNotHaveIsRefused() throws IOException {
		Path net = onnx(network("vp", "epsilon", "t").bytes());
		refused(net, declared("edm", "epsilon", "t"), "time_input: t", "sigma or c_noise");
		refused(net, declared("vp", "epsilon", "index"), "time_input: index", "num_train_timesteps");
	}

	@Test
	void aTableThatAddsNoNoiseIsRefused() throws IOException {
		Map<String, Object> declared = declared("ddpm", "epsilon", "index");
		declared.putAll(Map.of("beta_schedule", "listed", "alphas_cumprod", List.of(0.9, 0.95), "num_train_timesteps", 2));
		refused(onnx(network("ddpm", "epsilon", "index").bytes()), declared, "0.95 at entry 1");
		declared.put("betas", List.of(0.1, 0.2));
		refused(folder.resolve("net.onnx"), declared, "exactly one of the tables");
	}

	@Test
	void anUnknownOperatorIsNamed() throws IOException {
		OnnxFile file = new OnnxFile().input("x", OnnxFile.FLOAT, -1, 1, -1, -1).input("t", OnnxFile.FLOAT, -1)
			.output("out", OnnxFile.FLOAT, -1, 1, -1, -1);
		file.named("out", "Teleport", null, 0, "x");
		refused(onnx(file.bytes()), declared("vp", "epsilon", "t"), "Teleport", "operators");
	}

	@Test
	void damagedFilesAreToldOf() throws IOException {
		refused(onnx(Arrays.copyOf(network("vp", "epsilon", "t").bytes(), 400)), declared("vp", "epsilon", "t"), "'net'",
			"cannot be run");
		refused(Files.write(folder.resolve("damaged.zip"), new byte[300]), Map.of(), "damaged.zip", "not a zip file");
		refused(Files.write(folder.resolve("notes.txt"), new byte[3]), Map.of(), "notes.txt", ".onnx");
		refused(folder.resolve("nowhere.onnx"), Map.of(), "nothing at", "nowhere.onnx");
		refused(Files.createDirectory(folder.resolve("empty")), Map.of(), "rdf.yaml", "unet/model.onnx");
	}

	@Test
	void aWrongChecksumIsToldOf() throws IOException {
		Path damaged = Fixture.gaussian(folder.resolve("gaussian"));
		Files.write(damaged.resolve("model.onnx"), network("vp", "epsilon", "t").bytes());
		refused(damaged, Map.of(), "sha256", "exchanged");
	}

	@Test
	void weightsThatAreNotFiniteAreToldOf() throws IOException {
		refused(onnx(network("vp", "epsilon", "t").means(Double.NaN, Double.NaN).bytes()),
			with(declared("vp", "epsilon", "t"), "class_names",
			List.of("a", "b")), "not finite", "weights are damaged");
	}

	private static Map<String, Object> with(Map<String, Object> map, String key, Object value) {
		map.put(key, value);
		return map;
	}

	@Test
	void aNetworkThatAsksForMoreIsRefused() throws IOException {
		OnnxFile file = new OnnxFile().input("sample", OnnxFile.FLOAT, -1, 1, -1, -1).input("timestep", OnnxFile.INT64, -1)
			.input("encoder_hidden_states", OnnxFile.FLOAT, -1, -1, 768).output("out", OnnxFile.FLOAT, -1, 1, -1, -1);
		file.named("out", "Identity", null, 0, "sample");
		refused(onnx(file.bytes()), declared("vp", "epsilon", "t"), "encoder_hidden_states", "text");
	}

	@Test
	void classesWithoutNamesAndNamesWithoutClassesAreToldOf() throws IOException {
		Path net = onnx(network("vp", "epsilon", "t").means(-0.5, 0.5).bytes());
		refused(net, declared("vp", "epsilon", "t"), "class_names", "label");
		onnx(network("vp", "epsilon", "t").bytes());
		refused(net, with(declared("vp", "epsilon", "t"), "class_names", List.of("a")), "class_names", "tell no class");
	}

	@Test
	void aModelThatIsThereIsNotOverwritten() throws IOException {
		imported(network("vp", "epsilon", "t"), declared("vp", "epsilon", "t"));
		byte[] before = Files.readAllBytes(models().resolve("tiny/model.onnx"));
		assertSays(IOException.class, () -> imported(network("vp", "score", "t"), declared("vp", "score", "t")), "already a model",
			"another name");
		assertArrayEquals(before, Files.readAllBytes(models().resolve("tiny/model.onnx")));
		try (Stream<Path> files = Files.list(models())) {
			assertEquals(1, files.count());
		}
	}

	@Test
	void whatCannotBeWrittenIsToldInASentence() throws IOException {
		Files.writeString(models(), "a file where the folder should be");
		assertSays(IOException.class, () -> imported(network("vp", "epsilon", "t"), declared("vp", "epsilon", "t")),
			"could not be imported", models() + " could not be written: ", "another folder");
	}

	@ParameterizedTest
	@MethodSource("faults")
	void aFaultOfTheFileSystemIsToldInWords(FileSystemException fault, String expected) {
		assertEquals(expected, ModelImport.why(fault));
	}

	private static Stream<Arguments> faults() {
		return Stream.of(Arguments.of(new FileAlreadyExistsException("a"), "a file of that name is there already"),
			Arguments.of(new AccessDeniedException("a"), "access is denied"),
			Arguments.of(new NoSuchFileException("a"), "it is not there"),
			Arguments.of(new DirectoryNotEmptyException("a"), "the folder is not empty"),
			Arguments.of(new FileSystemException("a", null, "No space left on device"), "No space left on device"),
			Arguments.of(new FileSystemException("a"), "FileSystemException"));
	}

	@Test
	void aNameThatTheLibraryHasElsewhereIsRefused() throws IOException {
		Path elsewhere = folder.resolve("elsewhere");
		Fixture.edit(Fixture.gaussian(elsewhere.resolve("first")), "name: gaussian", "name: tiny");
		ModelImport mine = new ModelImport(onnx(network("vp", "epsilon", "t").bytes()), "tiny", declared("vp", "epsilon", "t"), true);
		try (ModelLibrary library = new ModelLibrary(List.of(elsewhere, models()))) {
			assertSays(IOException.class, () -> mine.into(models(), library, Monitor.NONE), "'tiny'",
				elsewhere.resolve("first").toString(), "another name");
			assertNothingWasWritten();
			// Where the library does not look a model is used by its path, and the name is free.
			assertEquals("tiny", mine.into(folder.resolve("apart"), library, Monitor.NONE).name());
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { ".hidden", "..", "." })
	void aNameThatTheLibraryPassesOverIsRefused(String name) throws IOException {
		byte[] network = network("vp", "epsilon", "t").bytes();
		assertSays(IOException.class, () -> new ModelImport(onnx(network), name, declared("vp", "epsilon", "t"), true)
			.into(models(), Monitor.NONE), "'" + name + "'", "dot", "another name");
		assertNothingWasWritten();
	}

	@Test
	void othersMayReadTheModelIfTheyMayReadWhatTheUserWrites() throws IOException {
		Path usual = Files.createDirectory(folder.resolve("usual"));
		assumeTrue(Files.getFileStore(usual).supportsFileAttributeView("posix"));
		ModelPackage model = imported(network("vp", "epsilon", "t"), declared("vp", "epsilon", "t"));
		assertEquals(Files.getPosixFilePermissions(usual), Files.getPosixFilePermissions(model.location()));
	}

	@Test
	void theMonitorStopsAnImport() throws IOException {
		ModelPackage model = imported(network("vp", "epsilon", "t"), declared("vp", "epsilon", "t"));
		int[] asked = { 0 }, steps = { 0 };
		Monitor impatient = new Monitor() {

			@Override
			public boolean cancelled() {
				return ++asked[0] > 2;
			}

			@Override
			public void progress(int done, int total) {
				assertTrue(++steps[0] == done && done <= total, done + " of " + total);
			}
		};
		for (ModelImport stopped : List.of(new ModelImport(model.location(), "", Map.of(), true),
			new ModelImport(folder.resolve("net.onnx"), "second", declared("vp", "epsilon", "t"), true))) {
			asked[0] = steps[0] = 0;
			assertThrows(CancellationException.class, () -> stopped.into(folder.resolve("stopped"), impatient));
			assertEquals(3, asked[0]);
			assertEquals(2, steps[0]);
			try (Stream<Path> files = Files.list(folder.resolve("stopped"))) {
				assertEquals(List.of(), files.toList());
			}
		}
	}

	@Test
	void theClosedFormOfTheseTestsIsTheReference() {
		Batch batch = batch(Shape.planes(2, 1, 2, 3), 0.3, 4);
		double[] mean = new double[6];
		Arrays.fill(mean, GaussianNetwork.MEAN);
		float[] out = new float[12];
		GaussianMixture.isotropic(new double[][] { mean }, GaussianNetwork.VARIANCE).denoise(batch, out);
		assertArrayEquals(out, exact(batch, GaussianNetwork.MEAN), 1e-6f);
	}
}
