package io.github.tweedie.model;

import static io.github.tweedie.model.Fixture.assertSays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.github.tweedie.sde.Prior;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelPackageTest {

	@TempDir
	Path temporary;
	Path folder;

	@BeforeEach
	void gaussian() throws IOException {
		folder = Fixture.gaussian(temporary.resolve("gaussian"));
	}

	@Test
	void aPriorKnowsWhatThePackageStates() throws IOException {
		Fixture.edit(folder, "receptive_radius: 0", "receptive_radius: 24");
		try (Prior prior = ModelPackage.read(folder).open("cpu")) {
			assertEquals("gaussian 1.0.0", prior.name());
			assertEquals("cpu", prior.device());
			assertEquals(1, prior.channels());
			assertEquals(-1, prior.low());
			assertEquals(1, prior.high());
			assertEquals(0.01, prior.sigmaMin());
			assertEquals(20, prior.sigmaMax());
			assertEquals(4, prior.sizeStep());
			assertEquals(24, prior.receptiveRadius());
			assertEquals(Prior.Precision.FLOAT32, prior.precision());
			assertTrue(prior.classNames().isEmpty());
		}
	}

	@Test
	void aNetworkWithoutReceptiveRadiusIsGlobal() throws IOException {
		Fixture.edit(folder, "receptive_radius: 0", "receptive_radius: null");
		try (Prior prior = ModelPackage.read(folder).open("cpu")) {
			assertEquals(Prior.GLOBAL, prior.receptiveRadius());
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "gaussian-1.0" })
	void aZipIsAsGoodAsAFolder(String below) throws IOException {
		ModelPackage zipped = ModelPackage.read(Fixture.zip(folder, temporary.resolve("gaussian.zip"), below));
		assertEquals("gaussian", zipped.name());
		assertTrue(zipped.verify() < 1e-6);
	}

	@Test
	void theTestTensorsAreReproduced() throws IOException {
		assertTrue(ModelPackage.read(folder).verify() < 1e-6);
	}

	@Test
	void aNetworkThatIsNotTheOneOfTheTestTensorsIsRefused() throws IOException {
		Fixture.exchange(folder, "model.onnx", Fixture.resource("epsilon.onnx"));
		assertSays(IOException.class, () -> ModelPackage.read(folder).verify(), "differs from its own test output", "at most");
	}

	@Test
	void aDamagedTestTensorIsNamed() throws IOException {
		Fixture.exchange(folder, "test_input.npy", "no tensor at all".getBytes());
		assertSays(IOException.class, () -> ModelPackage.read(folder).verify(), "test_input.npy", ".npy file");
	}

	@Test
	void testTensorsThatDoNotFitEachOtherAreRefused() throws IOException {
		Fixture.exchange(folder, "test_output.npy", Files.readAllBytes(folder.resolve("test_sigma.npy")));
		assertSays(IOException.class, () -> ModelPackage.read(folder).verify(), "test tensors", "N×C×Y×X");
	}

	@ParameterizedTest
	@ValueSource(strings = { "sde: edm", "prediction_type: denoised", "time_input: sigma", "sigma_min: 0.01",
		"sigma_max: 20.0", "size_step: 4", "precision: float32", "name: gaussian", "format_version: 0.5.4" })
	void aMissingFieldIsNamed(String field) throws IOException {
		Fixture.edit(folder, field, "unknown_to_all: 1");
		assertSays(IOException.class, () -> ModelPackage.read(folder), "rdf.yaml", "lacks the field",
			field.substring(0, field.indexOf(':')), "Add the field");
	}

	@ParameterizedTest
	@CsvSource({ "sde: edm, sde: vesde, 'edm, ve, vp, subvp, ddpm'",
		"prediction_type: denoised, prediction_type: flow, 'epsilon, v_prediction, score'",
		"time_input: sigma, time_input: t999, sigma or c_noise", "time_input: sigma, time_input: log, 'sigma, c_noise'",
		"'- -1.0', '- -.inf', finite", "'- -1.0', '- .nan', finite", "sigma_min: 0.01, sigma_min: .inf, a positive number",
		"sde: edm, sde: vp, lacks the field config.tweedie.beta_min",
			"sde: edm, sde: ddpm, lacks the field config.tweedie.beta_schedule",
		"sigma_min: 0.01, sigma_min: -1, a positive number",
		"sigma_min: 0.01, sigma_min: much, a positive number", "sigma_max: 20.0, sigma_max: 0.001, more than sigma_min",
		"size_step: 4, size_step: 0, a whole number", "size_step: 4, size_step: 1.5, a whole number",
		"receptive_radius: 0, receptive_radius: -3, a whole number", "precision: float32, precision: float8, float32",
		"format_version: 0.5.4, format_version: 0.4.9, 0.5", "name: gaussian, name: [a], a text", "'- -1.0', '- 3.0', the lower one first",
		"'class_names: []', 'class_names: [a, b]', the class", "'name: The', 'nom: &', cannot", })
	void aWrongFieldIsNamedWithWhatWasSeenAndExpected(String before, String after, String expected) throws IOException {
		Fixture.edit(folder, before, after);
		if (expected.equals("cannot"))
			assertSays(IOException.class, () -> ModelPackage.read(folder), "not YAML");
		else
			assertSays(IOException.class, () -> ModelPackage.read(folder), "rdf.yaml", expected);
	}

	@Test
	void aPackageForOtherProgramsSaysWhatItLacks() throws IOException {
		Fixture.edit(folder, "  tweedie:", "  deepimagej:");
		assertSays(IOException.class, () -> ModelPackage.read(folder), "lacks the field config.tweedie",
			"a package that was made for Tweedie");
	}

	@ParameterizedTest
	@ValueSource(strings = { "a: [1, 2", "\tname: x", "just words", "", "- a\n- b", "a: !!javax.script.ScriptEngineManager []" })
	void aDescriptionThatIsNoYamlOrHoldsNoFieldsIsRefused(String content) throws IOException {
		Files.writeString(folder.resolve("rdf.yaml"), content);
		assertSays(IOException.class, () -> ModelPackage.read(folder), "rdf.yaml", folder.toString());
	}

	@Test
	void aDescriptionOfRandomBytesIsRefused() throws IOException {
		Files.write(folder.resolve("rdf.yaml"), new byte[] { (byte) 0xff, (byte) 0xfe, 0, 1, (byte) 0x80 });
		assertSays(IOException.class, () -> ModelPackage.read(folder), "rdf.yaml", "not YAML");
	}

	@Test
	void aFolderWithoutDescriptionIsNoPackage() throws IOException {
		Files.delete(folder.resolve("rdf.yaml"));
		assertSays(IOException.class, () -> ModelPackage.read(folder), "no rdf.yaml", folder.toString());
		assertSays(IOException.class, () -> ModelPackage.read(folder.resolve("nowhere")), "no model package", "nowhere");
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 3, 2000 })
	void aDamagedZipIsRefused(int length) throws IOException {
		Path zip = Fixture.zip(folder, temporary.resolve("whole.zip"), "");
		byte[] content = Files.readAllBytes(zip);
		Path damaged = temporary.resolve("damaged.zip");
		Files.write(damaged, java.util.Arrays.copyOf(content, length));
		assertSays(IOException.class, () -> ModelPackage.read(damaged), "damaged.zip", "not a zip file");
	}

	@Test
	void aFileThatIsNoZipIsRefused() throws IOException {
		Path text = Files.writeString(temporary.resolve("notes.txt"), "hello");
		assertSays(IOException.class, () -> ModelPackage.read(text), "notes.txt", "not a zip file");
	}

	@Test
	void aZipWithoutDescriptionIsRefused() throws IOException {
		Files.delete(folder.resolve("rdf.yaml"));
		Path zip = Fixture.zip(folder, temporary.resolve("empty.zip"), "");
		assertSays(IOException.class, () -> ModelPackage.read(zip), "no rdf.yaml", "empty.zip");
	}

	@Test
	void aNetworkThatIsNotThereIsNamed() throws IOException {
		Files.delete(folder.resolve("model.onnx"));
		assertSays(IOException.class, () -> ModelPackage.read(folder).open("cpu"), "'model.onnx'", "not there");
	}

	@Test
	void aNetworkThatWasExchangedIsRefused() throws IOException {
		Files.write(folder.resolve("model.onnx"), Fixture.resource("score.onnx"));
		assertSays(IOException.class, () -> ModelPackage.read(folder).open("cpu"), "'model.onnx'", "sha256", "exchanged");
	}

	@ParameterizedTest
	@ValueSource(strings = { "../model.onnx", "/etc/passwd", "https://somewhere/model.onnx" })
	void aFileOutsideOfThePackageIsRefused(String source) throws IOException {
		Fixture.edit(folder, "source: model.onnx", "source: " + source);
		assertSays(IOException.class, () -> ModelPackage.read(folder).open("cpu"), source, "within the package");
	}

	@ParameterizedTest
	@ValueSource(strings = { "cpu", "cuda", "auto" })
	void aFileThatIsNoNetworkIsRefusedOnEveryDevice(String device) throws IOException {
		Fixture.exchange(folder, "model.onnx", "this is not a network".getBytes());
		assertSays(IOException.class, () -> ModelPackage.read(folder).open(device), "ONNX file of the model 'gaussian'", "export");
	}

	@Test
	void aNetworkWithOtherInputsIsRefused() throws IOException {
		Fixture.exchange(folder, "model.onnx", Fixture.resource("epsilon_c_noise.onnx"));
		assertSays(IOException.class, () -> ModelPackage.read(folder).open("cpu"), "c_noise", "[x, sigma]");
	}
}
