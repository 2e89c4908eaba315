package io.github.tweedie.model;

import static io.github.tweedie.model.Fixture.assertSays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDManager;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelLibraryTest {

	private static final Shape SHAPE = Shape.planes(1, 1, 4, 4);

	@TempDir
	Path places;

	@Test
	void packagesAreFoundByNameByFolderAndByPath() throws IOException {
		Path folder = Fixture.gaussian(places.resolve("first folder"));
		try (ModelLibrary library = new ModelLibrary(List.of(places.resolve("nowhere"), places))) {
			assertEquals(List.of("gaussian"), library.names());
			for (String name : List.of("gaussian", "Gaussian", "first folder", " gaussian ", folder.toString()))
				assertEquals(folder, library.find(name).location());
		}
	}

	@Test
	void zipsAreFound() throws IOException {
		Path zip = Fixture.zip(Fixture.gaussian(places.resolve("inner/gaussian")), places.resolve("gaussian.zip"), "gaussian");
		try (ModelLibrary library = new ModelLibrary(List.of(places))) {
			assertEquals(zip, library.find("gaussian").location());
		}
	}

	@Test
	void ofTwoPackagesWithOneNameTheFirstPlaceWins() throws IOException {
		Path first = Fixture.gaussian(places.resolve("b/gaussian"));
		Fixture.gaussian(places.resolve("a/gaussian"));
		try (ModelLibrary library = new ModelLibrary(List.of(places.resolve("b"), places.resolve("a")))) {
			assertEquals(List.of("gaussian"), library.names());
			assertEquals(first, library.find("gaussian").location());
		}
	}

	@Test
	void packagesOfOthersAndDamagedOnesDoNotHideTheRest() throws IOException {
		Fixture.gaussian(places.resolve("good"));
		Fixture.edit(Fixture.gaussian(places.resolve("foreign")), "  tweedie:", "  deepimagej:");
		Path damaged = Fixture.gaussian(places.resolve("damaged"));
		Fixture.edit(damaged, "sigma_max: 20.0", "sigma_max: -1");
		Files.writeString(places.resolve("rubbish.zip"), "rubbish");
		try (ModelLibrary library = new ModelLibrary(List.of(places))) {
			assertEquals(List.of("gaussian"), library.names());
			assertSays(IOException.class, () -> library.find("damaged"), "sigma_max");
			assertSays(IOException.class, () -> library.find("rubbish"), "rubbish.zip");
			assertSays(IOException.class, () -> library.find("foreign"), "config.tweedie");
		}
	}

	@Test
	void anUnknownNameListsTheModelsAndThePlaces() throws IOException {
		Fixture.gaussian(places.resolve("gaussian"));
		try (ModelLibrary library = new ModelLibrary(List.of(places))) {
			assertSays(IOException.class, () -> library.find("nuclei"), "'nuclei'", "found were gaussian", places.toString());
			assertSays(IOException.class, () -> library.find(" "), "No model was named", "found were gaussian");
		}
		try (ModelLibrary library = new ModelLibrary(List.of(places.resolve("empty")))) {
			assertSays(IOException.class, () -> library.find("nuclei"), "no models were found in " + places.resolve("empty"));
		}
	}

	@Test
	void aModelIsOpenedOnceAndClosedByTheLibraryAlone() throws IOException {
		Fixture.gaussian(places.resolve("gaussian"));
		List<String> said = new ArrayList<>();
		Monitor monitor = new Monitor() {

			@Override
			public void say(String sentence) {
				said.add(sentence);
			}
		};
		Prior second;
		try (ModelLibrary library = new ModelLibrary(List.of(places))) {
			try (Prior first = library.open("gaussian", "auto", monitor)) {
				denoise(first);
			}
			second = library.open("gaussian", "auto", monitor);
			denoise(second);
			assertEquals(1, said.size(), "the network must be opened, and the device spoken of, once: " + said);
		}
		assertSays(IllegalStateException.class, () -> denoise(second), "is closed");
	}

	@Test
	void aModelThatWasTrainedAnewIsOpenedAnew() throws IOException {
		Path folder = Fixture.gaussian(places.resolve("gaussian"));
		try (ModelLibrary library = new ModelLibrary(List.of(places))) {
			float before = denoise(library.open("gaussian", "cpu"));
			Fixture.exchange(folder, "model.onnx", Fixture.resource("nan.onnx"));
			assertNotEquals(before, denoise(library.open("gaussian", "cpu")));
		}
	}

	@Test
	void aNetworkThatWasReplacedIsClosedWhenTheLastBorrowerIsDone() throws IOException {
		Path folder = Fixture.gaussian(places.resolve("gaussian"));
		int before = sessions();
		try (ModelLibrary library = new ModelLibrary(List.of(places))) {
			library.open("gaussian", "cpu").close();
			Prior first = library.open("gaussian", "cpu"), second = library.open("gaussian", "auto");
			float old = denoise(first);
			Fixture.exchange(folder, "model.onnx", Fixture.resource("nan.onnx"));
			Prior replacement = library.open("gaussian", "cpu");
			assertEquals(before + 2, sessions());
			first.close();
			first.close();
			assertEquals(old, denoise(second), "a borrower that is not done");
			second.close();
			assertEquals(before + 1, sessions());
			assertSays(IllegalStateException.class, () -> denoise(second), "is closed");
			denoise(replacement);
		}
		assertEquals(before, sessions());
	}

	@Test
	void aNetworkThatWasReplacedAndIsNotBorrowedIsClosedAtOnce() throws IOException {
		Path folder = Fixture.gaussian(places.resolve("gaussian"));
		int before = sessions();
		try (ModelLibrary library = new ModelLibrary(List.of(places))) {
			library.open("gaussian", "cpu").close();
			assertEquals(before + 1, sessions(), "given back, and kept for the next");
			Fixture.exchange(folder, "model.onnx", Fixture.resource("nan.onnx"));
			library.open("gaussian", "cpu");
			assertEquals(before + 1, sessions());
		}
	}

	/** As by an import of the same file that declares another range. */
	@Test
	void theSameNetworkOfAnotherDescriptionIsAnotherModel() throws IOException {
		Path folder = Fixture.gaussian(places.resolve("gaussian"));
		try (ModelLibrary library = new ModelLibrary(List.of(places))) {
			double low = library.open("gaussian", "cpu").low();
			Path rdf = folder.resolve("rdf.yaml");
			Files.writeString(rdf, Files.readString(rdf).replaceFirst("data_range:\\s*- -1[^\\n]*\\n", "data_range:\n    - -3.0\n"));
			assertTrue(low > -3);
			assertEquals(-3, library.open("gaussian", "cpu").low());
		}
	}

	@Test
	void aLibraryThatIsClosedClosesWhatWasReplaced() throws IOException {
		Path folder = Fixture.gaussian(places.resolve("gaussian"));
		int before = sessions();
		Prior never;
		try (ModelLibrary library = new ModelLibrary(List.of(places))) {
			never = library.open("gaussian", "cpu");
			Fixture.exchange(folder, "model.onnx", Fixture.resource("nan.onnx"));
			library.open("gaussian", "cpu");
			assertEquals(before + 2, sessions());
		}
		assertEquals(before, sessions());
		assertSays(IllegalStateException.class, () -> denoise(never), "is closed");
		never.close();
	}

	/** Where there is no graphics card; with one, they are two. */
	@Test
	void aDeviceThatIsFoundSharesItsSessionWithTheSameByName() throws IOException {
		Fixture.gaussian(places.resolve("gaussian"));
		int before = sessions();
		for (List<String> devices : List.of(List.of("auto", "cpu"), List.of("cpu", "auto")))
			try (ModelLibrary library = new ModelLibrary(List.of(places))) {
				Prior first = library.open("gaussian", devices.get(0)), second = library.open("gaussian", devices.get(1));
				assertEquals(before + (first.device().equals(second.device()) ? 1 : 2), sessions(), "first " + devices.get(0));
				assertEquals(denoise(first), denoise(second));
			}
	}

	/** Native sessions that are open in this Java machine: each is a manager below the one that DJL has for all. */
	private static int sessions() throws IOException {
		try (NDManager manager = Devices.engine().newBaseManager()) {
			Field resources = BaseNDManager.class.getDeclaredField("resources");
			resources.setAccessible(true);
			return ((Map<?, ?>) resources.get(manager.getParentManager())).size() - 1;
		}
		catch (ReflectiveOperationException e) {
			throw new AssertionError(e);
		}
	}

	@Test
	void modelsLieBesideTheFolderOfTheJarInFijiAndInImageJ() throws IOException {
		Files.createDirectories(places.resolve("Fiji.app/models"));
		for (String jar : List.of("jars/tweedie.jar", "plugins/tweedie.jar", "plugins/jars/tweedie.jar"))
			assertEquals(places.resolve("Fiji.app/models"), ModelLibrary.above(places.resolve("Fiji.app").resolve(jar)).get(0));
	}

	@Test
	void aSystemPropertyGoesBeforeAllOtherPlaces() {
		System.setProperty("tweedie.models", places.resolve("a") + File.pathSeparator + places.resolve("b"));
		try {
			List<Path> standard = ModelLibrary.standardPlaces();
			assertEquals(List.of(places.resolve("a"), places.resolve("b")), standard.subList(0, 2));
			assertTrue(standard.contains(Path.of("models").toAbsolutePath()));
			assertTrue(standard.contains(Path.of(System.getProperty("user.home"), ".tweedie", "models")));
		}
		finally {
			System.clearProperty("tweedie.models");
		}
	}

	private static float denoise(Prior prior) {
		float[] out = new float[SHAPE.size()];
		prior.denoise(Batch.of(SHAPE, new float[SHAPE.size()], 1), out);
		return out[0];
	}
}
