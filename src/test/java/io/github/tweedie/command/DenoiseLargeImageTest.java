package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import io.github.tweedie.command.ImageJ1.Picture;
import io.github.tweedie.restore.Footprint;
import io.github.tweedie.sde.Monitor;
import net.imagej.patcher.LegacyInjector;

/** Denoising of more than the memory holds, of many images with one network, and what is left when it is stopped. */
class DenoiseLargeImageTest {

	static {
		LegacyInjector.preinit();
	}

	private static final String STACK = """
		setBatchMode(true); random('seed', 1);
		newImage("cells.tif", "16-bit black", 40, 30, 6);
		run("Set...", "value=100 stack"); run("Add Specified Noise...", "stack standard=5");
		Property.set("objective", "63x"); Property.set("tweedie.samples", "99");
		for (i = 1; i <= 6; i++) { setSlice(i); Property.setSliceLabel("label " + i, i); }
		run("Stack to Hyperstack...", "order=xyczt(default) channels=2 slices=3 frames=1 display=Grayscale");
		setVoxelSize(0.5, 0.5, 2, "um");
		""";

	@AfterAll
	static void end() {
		CommandPlugIn.dispose();
	}

	private static String denoise(String options) {
		return "run(\"Tweedie Denoise...\", \"model=[closed form] " + options + "\");\n";
	}

	private static Set<String> files(Path folder) throws IOException {
		try (Stream<Path> files = Files.list(folder)) {
			return files.map(f -> f.getFileName().toString()).collect(Collectors.toSet());
		}
	}

	/** A plane of 128×128 floats are 64 KB; 900 of them would be 59 MB. */
	@Test
	void aThousandPlanesGoThroughInConstantMemory(@TempDir Path folder) throws Exception {
		CountingStack stack = new CountingStack(128, 128, 1000);
		Picture clean = ImageJ1.output(Denoise.class, "denoised", ImageJ1.virtual(stack), "model", ClosedFormPriors.NAME,
			"noise", "gaussian", "sd", 10.0, "save", folder.toString());
		assertEquals(IntStream.rangeClosed(2, 1000).boxed().toList(), stack.asked.stream().filter(n -> n > 1).toList(),
			"each plane is read once, in order");
		assertTrue(stack.mostAlive <= 3, stack.mostAlive + " planes of the input were held");
		assertTrue(stack.most - stack.first < 10 << 20, (stack.most - stack.first >> 20) + " MB more than at the beginning");
		assertTrue(clean.virtual());
		assertEquals("1 1000 1", clean.dimensions());
		assertEquals("plane 777", clean.label(777));
		assertEquals(Set.of("virtual-denoised.tif"), files(folder));
		// The 777th plane is that of the stack, and with less noise: two halves of 1000 and 1200.
		double mean = 0;
		for (int i = 0; i < 64; i++)
			mean += clean.pixels(777)[128 * i] / 64;
		assertEquals(1000, mean, 5);
	}

	@Test
	void onTheDiskAndInMemoryResultsAreTheSame(@TempDir Path folder) {
		String options = "samples=3 uncertainty=yes interval=50 residual=yes ";
		for (String kind : List.of("denoised", "uncertainty", "lower", "upper", "residual")) {
			String title = kind.endsWith("er") ? kind + " bound" : kind, select = "selectImage('" + title + " of cells.tif');";
			Picture kept = ImageJ1.run(STACK + denoise(options) + select);
			Picture saved = ImageJ1.run(STACK + denoise(options + "save=[" + folder.resolve("new " + kind) + "]") + select);
			Picture file = ImageJ1.run("open('" + folder.resolve("new " + kind).resolve("cells-" + kind + ".tif") + "');");
			assertTrue(saved.virtual());
			assertEquals(kept.composite(), saved.composite());
			for (Picture same : List.of(saved, file)) {
				assertEquals(kept.dimensions(), same.dimensions());
				assertEquals(kept.calibration(), same.calibration());
				for (int i = 1; i <= 6; i++) {
					assertEquals(kept.label(i), same.label(i));
					assertArrayEquals(kept.pixels(i), same.pixels(i));
				}
				assertTrue(same.information().contains("noise variance"), same.information());
			}
			assertEquals(kept.range(), saved.range());
			assertTrue(saved.property("tweedie.macro").contains("save=["), saved.property("tweedie.macro"));
			assertEquals("63x", saved.property("objective"));
			assertEquals("3", saved.property("tweedie.samples"));
		}
	}

	@Test
	void aColourImageGoesToTheDiskToo(@TempDir Path folder) throws Exception {
		Picture colours = ImageJ1.colours(40, 33, 3, 3, 6, 12);
		Object[] options = { "model", ClosedFormPriors.NAME, "residual", "yes", "save", folder.toString() };
		Picture saved = ImageJ1.output(Denoise.class, "denoised", colours, options);
		Picture kept = ImageJ1.output(Denoise.class, "denoised", colours, "model", ClosedFormPriors.NAME);
		assertEquals(Set.of("colours-denoised.tif", "colours-residual.tif"), files(folder));
		assertEquals(24, saved.bits());
		for (int i = 1; i <= 3; i++)
			for (int c = 0; c < 3; c++)
				assertArrayEquals(kept.colour(i, c), saved.colour(i, c));
	}

	@Test
	void nothingIsOverwritten(@TempDir Path folder) throws IOException {
		Files.writeString(folder.resolve("cells-residual.tif"), "mine");
		String told = assertThrows(ImageJ1.MacroError.class,
			() -> ImageJ1.run(STACK + denoise("residual=yes save=[" + folder + "]"))).getMessage();
		assertTrue(told.contains("cells-residual.tif exists already"), told);
		assertEquals(Set.of("cells-residual.tif"), files(folder));
		assertEquals("mine", Files.readString(folder.resolve("cells-residual.tif")));
	}

	@Test
	void norByARunBesideIt(@TempDir Path folder) throws IOException {
		Path file = folder.resolve("a.tif");
		List<String> told = new ArrayList<>();
		told.add(ImageJ1.saved(file, () -> {
			told.add(ImageJ1.saved(file, () -> null));
			return null;
		}));
		assertTrue(told.get(0).contains("a.tif exists already"), told.get(0));
		assertEquals("", told.get(1));
		assertEquals(12, ImageJ1.run("open('" + file + "');").pixels(1).length);
		assertEquals(Set.of("a.tif"), files(folder));
	}

	@Test
	void escapeEndsTheWritingOfAFile(@TempDir Path folder) throws IOException {
		AtomicBoolean pressed = new AtomicBoolean();
		Monitor monitor = new Monitor() {

			@Override
			public boolean cancelled() {
				return pressed.get();
			}
		};
		String told = ImageJ1.saved(folder.resolve("a.tif"), monitor, () -> {
			pressed.set(true);
			return null;
		});
		assertTrue(told.startsWith("Cancelled while") && told.endsWith("nothing of it is left."), told);
		assertEquals(Set.of(), files(folder));
	}

	@Test
	void whatAKilledRunLeftEmptyIsReplaced(@TempDir Path folder) throws IOException {
		Path file = Files.createFile(folder.resolve("a.tif"));
		assertEquals("", ImageJ1.saved(file, () -> null));
		assertEquals(12, ImageJ1.run("open('" + file + "');").pixels(1).length);
	}

	@Test
	void aFolderThatCannotBeIsTold(@TempDir Path folder) throws IOException {
		Files.writeString(folder.resolve("file"), "no folder");
		String told = assertThrows(ImageJ1.MacroError.class,
			() -> ImageJ1.run(STACK + denoise("save=[" + folder.resolve("file") + "]"))).getMessage();
		assertTrue(told.contains("cannot be written to"), told);
	}

	@Test
	void escapeEndsItBeforeTheNextCallAndNothingIsLeft(@TempDir Path folder) throws Exception {
		Picture input = ImageJ1.run(STACK);
		for (String save : List.of("", folder.toString()))
			for (int samples : new int[] { 0, 3 })
				for (String output : List.of("denoised", "deviation", "removed")) {
					int before = ClosedFormPriors.interruptions;
					assertTrue(ImageJ1.output(Denoise.class, output, input, "model", ClosedFormPriors.INTERRUPTED, "samples", samples,
						"uncertainty", samples > 0 ? "yes" : "no", "residual", "yes", "save", save).missing(), output);
					assertEquals(1, ClosedFormPriors.interruptions - before);
				}
		assertEquals(Set.of(), files(folder));
		for (int i = 1; i <= 6; i++)
			assertArrayEquals(ImageJ1.run(STACK).pixels(i), input.pixels(i));
	}

	@Test
	void escapeStopsTheMacro() {
		assertNull(assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(STACK + "run('Tweedie Denoise...', 'model=["
			+ ClosedFormPriors.INTERRUPTED + "]'); selectImage('the macro went on');")).getMessage());
		assertEquals("denoised of cells.tif", ImageJ1.run(STACK + denoise("")).title());
	}

	@Test
	void aFileThatCannotBeFinishedIsTold(@TempDir Path folder) throws IOException {
		Path gone = folder.resolve("gone");
		String told = ImageJ1.saved(gone.resolve("a.tif"), () -> {
			try (Stream<Path> files = Files.list(gone)) {
				for (Path file : files.toList())
					Files.delete(file);
			}
			Files.delete(gone);
			return null;
		});
		assertTrue(told.contains("a.tif could not be written (") && told.contains("MB are free there"), told);
	}

	/** 100,000 planes of 2000×2000: results of 1.6 TB. */
	@Test
	void whatDoesNotFitIsToldBeforeTheStart() {
		CountingStack stack = new CountingStack(2000, 2000, 100_000);
		Picture virtual = ImageJ1.virtual(stack);
		int before = stack.asked.size();
		String told = assertThrows(ExecutionException.class,
			() -> ImageJ1.output(Denoise.class, "denoised", virtual, "model", ClosedFormPriors.NAME)).getCause().getCause().getMessage();
		assertTrue(told.contains("MB of Java's memory") && told.contains("give save= a folder"), told);
		assertEquals(before, stack.asked.size());
	}

	@Test
	void whatHelpsDependsOnWhatIsMissing() {
		String results = Denoise.noRoom(new Footprint(900L << 20, 900L << 20, 100L << 20), 500L << 20, 4, "it");
		assertTrue(results.contains("takes 1000 MB of Java's memory, of which 500 MB are free; give save= a folder"), results);
		String work = Denoise.noRoom(new Footprint(900L << 20, 900L << 20, 600L << 20), 500L << 20, 4, "it");
		assertTrue(work.contains("takes 1500 MB") && work.contains("crop the image") && !work.contains("save="), work);
		assertTrue(work.contains("fewer samples"), work);
		String one = Denoise.noRoom(new Footprint(900L << 20, 900L << 20, 600L << 20), 500L << 20, 0, "it");
		assertTrue(!one.contains("samples"), one);
		String disk = Denoise.noRoom(new Footprint(65_500, 35_500, 0), 99_000, Path.of("there"));
		assertTrue(disk.contains("need 99 KB in there") && disk.contains("96 KB are free"), disk);
	}

	/** As the user does it while the network computes. */
	@Test
	void anImageThatIsClosedMeanwhileIsDenoisedToTheEnd() throws Exception {
		Object[] options = { "model", ClosedFormPriors.WATCHED, "region", "whole image" };
		ClosedFormPriors.meanwhile = () -> {};
		Picture input = ImageJ1.run(STACK), kept = ImageJ1.output(Denoise.class, "denoised", input, options);
		ClosedFormPriors.meanwhile = () -> input.image().flush();
		Picture clean = ImageJ1.output(Denoise.class, "denoised", input, options);
		assertEquals(kept.range(), clean.range());
		assertEquals(kept.label(5), clean.label(5));
		for (int i = 1; i <= 6; i++)
			assertArrayEquals(kept.pixels(i), clean.pixels(i));
	}

	@Test
	void aSelectionThatIsMovedAndClearedMeanwhileIsTheOneAtTheBeginning() throws Exception {
		Object[] options = { "model", ClosedFormPriors.WATCHED, "region", "selection" };
		ClosedFormPriors.meanwhile = () -> {};
		Picture input = ImageJ1.run(STACK + "makeRectangle(3, 4, 20, 15);"), kept = ImageJ1.output(Denoise.class, "denoised", input, options);
		ClosedFormPriors.meanwhile = () -> {
			if (input.image().getRoi() != null)
				input.image().getRoi().setLocation(9, 9);
			input.image().deleteRoi();
		};
		Picture clean = ImageJ1.output(Denoise.class, "denoised", input, options);
		assertArrayEquals(kept.pixels(1), clean.pixels(1));
		assertTrue(clean.property("tweedie.selection").contains("x=3,y=4"), clean.property("tweedie.selection"));
	}

	@Test
	void whatNobodyForesawIsToldToo() {
		ClosedFormPriors.meanwhile = () -> {
			throw new NullPointerException("of the network");
		};
		String told = ImageJ1.run(STACK + "told = call('io.github.tweedie.command.Denoise.attempt', 'model=["
			+ ClosedFormPriors.WATCHED + "]'); newImage(told, '8-bit', 8, 8, 1);").title();
		assertTrue(told.contains("not foreseen") && told.contains("of the network"), told);
	}

	/** The network's file is gone after the first image, so whoever opened it again would fail. */
	@Test
	void aHundredImagesAreDenoisedWithOneSession(@TempDir Path folder) throws IOException {
		Path source = Path.of("src/test/resources/io/github/tweedie/model/gaussian");
		Path copy = Files.createDirectory(folder.resolve("gaussian"));
		for (String name : files(source))
			Files.copy(source.resolve(name), copy.resolve(name));
		Picture last = ImageJ1.run("setBatchMode(true);"
			+ "for (k = 0; k < 100; k++) {"
			+ "  newImage('cells', '8-bit black', 24, 20, 1); run('Set...', 'value=100'); run('Add Specified Noise...', 'standard=5');"
			+ "  run('Tweedie Denoise...', 'noise=gaussian sd=5 device=cpu model=[" + copy + "]');"
			+ "  if (k == 0) File.delete('" + copy.resolve("model.onnx") + "');"
			+ "  if (k < 99) close('*'); else rename('the hundredth');"
			+ "}");
		assertEquals("the hundredth", last.title());
		assertTrue(Files.notExists(copy.resolve("model.onnx")));
	}
}
