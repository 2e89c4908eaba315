package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import io.github.tweedie.command.ImageJ1.Picture;
import net.imagej.patcher.LegacyInjector;

/** The command as a macro sees it, run in ImageJ without a window. */
class InpaintTest {

	static {
		LegacyInjector.preinit();
	}

	private static final int WIDTH = 32, HEIGHT = 24;

	private static final String IMAGES = """
		newImage("cells", "16-bit ramp", 32, 24, 1);
		setVoxelSize(0.5, 0.5, 2, "um");
		newImage("holes", "8-bit black", 32, 24, 1);
		setColor(255);
		fillRect(10, 8, 5, 4);
		selectImage("cells");
		""";

	/** With options that make it quick, unless they are given. */
	private static String inpaint(String options) {
		for (String quick : List.of("model=[closed form]", "steps=3", "samples=2"))
			if (!options.contains(quick.substring(0, quick.indexOf('=') + 1))) options += " " + quick;
		return "run(\"Tweedie Inpaint...\", \"" + options + "\");\n";
	}

	private static boolean hidden(int i) {
		int x = i % WIDTH, y = i / WIDTH;
		return x >= 10 && x < 15 && y >= 8 && y < 12;
	}

	@AfterAll
	static void end() {
		CommandPlugIn.dispose();
	}

	@Test
	void knownPixelsComeBackAsTheyWere() {
		float[] truth = ImageJ1.run(IMAGES).pixels(1);
		Picture restored = ImageJ1.run(IMAGES + inpaint("mask=holes"));
		float[] pixels = restored.pixels(1);
		assertEquals("restored of cells", restored.title());
		for (int i = 0; i < truth.length; i++)
			if (!hidden(i)) assertEquals(truth[i], pixels[i]);
			else assertTrue(Float.isFinite(pixels[i]));
	}

	@Test
	void theInputIsUntouched() {
		float[] truth = ImageJ1.run(IMAGES).pixels(1);
		Picture input = ImageJ1.run(IMAGES + inpaint("mask=holes") + "selectImage('cells');");
		assertArrayEquals(truth, input.pixels(1));
		assertEquals(16, input.image().getBitDepth());
	}

	@Test
	void aSelectionAndNotANumberHideTheSameAsAMaskImage() {
		float[] byImage = ImageJ1.run(IMAGES + inpaint("mask=holes")).pixels(1);
		float[] bySelection = ImageJ1.run(IMAGES + "makeRectangle(10, 8, 5, 4);" + inpaint("mask=selection")).pixels(1);
		float[] byNumbers = ImageJ1.run(IMAGES + "run('32-bit');"
			+ "for (y = 8; y < 12; y++) for (x = 10; x < 15; x++) setPixel(x, y, NaN);" + inpaint("mask=[NaN pixels]")).pixels(1);
		assertArrayEquals(byImage, bySelection);
		assertArrayEquals(byImage, byNumbers);
	}

	@Test
	void theActiveImageNeedsNoName() {
		assertArrayEquals(ImageJ1.run(IMAGES + inpaint("image=cells mask=holes")).pixels(1),
			ImageJ1.run(IMAGES + inpaint("mask=holes")).pixels(1));
	}

	@Test
	void theRecordedLineMakesTheSameImageAgain() {
		Picture first = ImageJ1.run(IMAGES + inpaint("mask=holes seed=7 noise=0"));
		Picture again = ImageJ1.run(IMAGES + first.property("tweedie.macro"));
		Picture other = ImageJ1.run(IMAGES + inpaint("mask=holes seed=8"));
		assertArrayEquals(first.pixels(1), again.pixels(1));
		assertFalse(Arrays.equals(first.pixels(1), other.pixels(1)));
	}

	@Test
	void theInfoTellsTheModelTheDeviceAndTheMacroLine() {
		String info = ImageJ1.run(IMAGES + inpaint("mask=holes")).image().getInfoProperty();
		assertTrue(info.contains("tweedie.model: closed form") && info.contains("tweedie.device: closed form")
			&& info.contains("run(\"Tweedie Inpaint...\", \"image=cells mask=holes"), info);
	}

	@Test
	void theRecordedSelectionMakesTheSameImageAgain() {
		Picture first = ImageJ1.run(IMAGES + "makePolygon(3, 3, 12, 4, 6, 15);" + inpaint("mask=selection"));
		Picture again = ImageJ1.run(IMAGES + first.property("tweedie.selection") + first.property("tweedie.macro"));
		assertArrayEquals(first.pixels(1), again.pixels(1));
	}

	@Test
	void theUncertaintyIsZeroWhereThePixelsAreKnown() {
		Picture deviation = ImageJ1.run(IMAGES + inpaint("mask=holes") + "selectImage('uncertainty of cells');");
		float[] pixels = deviation.pixels(1);
		for (int i = 0; i < pixels.length; i++)
			if (hidden(i)) assertTrue(pixels[i] > 0);
			else assertEquals(0, pixels[i]);
	}

	@Test
	void samplesComeAsAStack() {
		Picture samples = ImageJ1.run(IMAGES + inpaint("mask=holes show=[restored, uncertainty and samples]")
			+ "selectImage('samples of cells');");
		assertEquals(2, samples.image().getStackSize());
		assertFalse(Arrays.equals(samples.pixels(1), samples.pixels(2)));
	}

	@Test
	void calibrationAndDisplayRangeAreCarriedOver() {
		Picture restored = ImageJ1.run(IMAGES + "setMinAndMax(100, 3000); run('Fire');" + inpaint("mask=holes"));
		assertEquals(0.5, restored.image().getCalibration().pixelWidth);
		assertEquals(100, restored.image().getDisplayRangeMin());
		assertEquals(3000, restored.image().getDisplayRangeMax());
		assertTrue(restored.image().getProcessor().isColorLut());
		assertEquals(32, restored.image().getBitDepth());
	}

	@Test
	void aHyperstackKeepsItsDimensionsAndEachPlaneIsRestored() {
		String stack = """
			newImage("cells", "16-bit ramp", 32, 24, 12);
			Stack.setDimensions(2, 3, 2);
			for (i = 1; i <= 12; i++) { setSlice(i); for (x = 0; x < 32; x++) setPixel(x, 0, 1000 * i); }
			""";
		float[] fifth = ImageJ1.run(stack).pixels(5);
		Picture restored = ImageJ1.run(stack + "makeRectangle(10, 8, 5, 4);" + inpaint("mask=selection"));
		assertEquals(2, restored.image().getNChannels());
		assertEquals(3, restored.image().getNSlices());
		assertEquals(2, restored.image().getNFrames());
		float[] pixels = restored.pixels(5);
		for (int i = 0; i < pixels.length; i++)
			if (!hidden(i)) assertEquals(fifth[i], pixels[i]);
	}

	@Test
	void aProgramGetsTheSameAsAMacro() throws Exception {
		Picture byMacro = ImageJ1.run(IMAGES + inpaint("mask=selection").replace("run(", "makeRectangle(10, 8, 5, 4); run("));
		Picture byProgram = ImageJ1.inpainted(ImageJ1.run(IMAGES + "makeRectangle(10, 8, 5, 4);"), "model", ClosedFormPriors.NAME,
			"steps", 3, "samples", 2);
		assertArrayEquals(byMacro.pixels(1), byProgram.pixels(1));
	}

	@Test
	void aProgramGetsTheExceptionOfAMistake() {
		ExecutionException thrown = assertThrows(ExecutionException.class,
			() -> ImageJ1.inpainted(ImageJ1.run(IMAGES), "model", ClosedFormPriors.NAME));
		assertTrue(thrown.getCause().getCause().getMessage().contains("no area selection"));
	}

	@Test
	void aCompositeStaysOne() {
		Picture restored = ImageJ1.run("""
			newImage("cells", "16-bit composite-mode label", 32, 24, 2, 1, 1);
			Stack.setChannel(1); setMinAndMax(10, 50);
			Stack.setChannel(2); setMinAndMax(20, 90);
			makeRectangle(10, 8, 5, 4);
			""" + inpaint("mask=selection") + "Stack.setChannel(2);");
		assertTrue(restored.composite());
		assertEquals(20, restored.image().getDisplayRangeMin());
		assertEquals(90, restored.image().getDisplayRangeMax());
	}

	@Test
	void escapeStopsTheMacro() {
		String told = assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(IMAGES
			+ inpaint("mask=holes model=[" + ClosedFormPriors.INTERRUPTED + "]") + "selectImage('the macro went on');")).getMessage();
		assertNull(told);
		assertEquals("restored of cells", ImageJ1.run(IMAGES + inpaint("mask=holes")).title());
	}

	@Test
	void aFolderIsRestoredAndWhatFailsIsPassedOver(@TempDir Path folder) throws IOException {
		Path images = Files.createDirectory(folder.resolve("images")), masks = Files.createDirectory(folder.resolve("masks"));
		for (String name : List.of("a", "b"))
			ImageJ1.run(IMAGES + "saveAs('Tiff', '" + images.resolve(name + ".tif") + "'); selectImage('holes');"
				+ "saveAs('Tiff', '" + masks.resolve(name + ".tif") + "');");
		Files.writeString(images.resolve("broken.tif"), "no image");
		Files.writeString(masks.resolve("broken.tif"), "no image");
		Files.copy(images.resolve("a.tif"), images.resolve("no mask.tif"));
		for (Path either : List.of(images, masks))
			ImageJ1.run("open('" + either.resolve("b.tif") + "'); saveAs('Png', '" + either.resolve("b.png") + "');");
		Path results = folder.resolve("results");
		ImageJ1.run(Files.readString(Path.of("macros", "inpaint-folder.ijm")),
			images + ";" + masks + ";" + results + ";model=[closed form] steps=3 samples=2");
		try (Stream<Path> files = Files.list(results)) {
			assertEquals(Set.of("a-restored.tif", "a-uncertainty.tif", "b.png-restored.tif", "b.png-uncertainty.tif",
				"b.tif-restored.tif", "b.tif-uncertainty.tif"),
				files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()));
		}
	}

	@Test
	void aFailureIsASentenceForAMacroThatGoesOn() {
		Picture last = ImageJ1.run(IMAGES + """
			told = call("io.github.tweedie.command.Inpaint.attempt", "mask=nothing");
			newImage(told, "8-bit", 8, 8, 1);
			""");
		assertTrue(last.title().contains("No open image has the title 'nothing'"), last.title());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
		"mask=selection | no area selection",
		"mask=nothing | No open image has the title 'nothing'",
		"image=nothing mask=holes | No open image has the title 'nothing'",
		"mask=cells | is the image itself",
		"mask=holes steps=-3 | The option steps=-3 must be from 2 to 1000; give a whole number between these.",
		"mask=holes steps=1001 model=nowhere | steps=1001 must be from 2 to 1000",
		"mask=holes samples=-1 | The option samples=-1 must be from 1 to 10000",
		"mask=holes samples=10001 model=nowhere | samples=10001 must be from 1 to 10000",
		"mask=holes steps=many | steps=many should be a whole number",
		"mask=holes noise=-1 | -1",
		"mask=holes model=unheard | unheard",
		"mask=holes method=magic | is not known; it is one of [moment matching]",
		"mask=holes device=abacus | is not known; it is one of [auto]",
		"mask=holes samples=1 | has no uncertainty",
		"mask=holes show=everything | is not known; it is one of [restored]",
		"mask=holes stps=4 | has no option 'stps'; its options are image, mask",
		"mask=holes Steps=4 | has no option 'Steps'",
		"mask=holes fast | has no option 'fast'",
		"mask=holes seed=1 seed=2 | seed is given twice",
	})
	void mistakesAreToldInOneSentence(String options, String expected) {
		String told = assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(IMAGES + inpaint(options))).getMessage();
		assertTrue(told != null && told.contains(expected), told);
	}

	/** 10000 samples of 4 million pixels are 160 GB, and twice that if they are shown; before a model is looked for. */
	@Test
	void samplesThatTheMemoryCannotHoldAreToldAtOnce() {
		String large = "newImage('large', '8-bit ramp', 2000, 2000, 1); makeRectangle(9, 9, 2, 2);"
			+ inpaint("model=nowhere samples=10000 show=[restored, uncertainty and samples]");
		String told = assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(large)).getMessage();
		assertTrue(told.contains("samples=10000 takes 305237 MB of Java's memory for 'large'"), told);
		assertTrue(told.contains("ask for fewer samples"), told);
	}

	@Test
	void aMacroWithoutAnImageIsToldSo() {
		String told = assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(inpaint("mask=holes"))).getMessage();
		assertTrue(told.contains("no image"), told);
	}

	@Test
	void colourImagesAreRefused() {
		String told = assertThrows(ImageJ1.MacroError.class,
			() -> ImageJ1.run(IMAGES + "run('RGB Color');" + inpaint("mask=holes"))).getMessage();
		assertTrue(told.contains("RGB"), told);
	}

	@Test
	void aMaskOfAnotherSizeIsRefused() {
		String told = assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(IMAGES
			+ "newImage('small', '8-bit white', 9, 9, 1); selectImage('cells');" + inpaint("mask=small"))).getMessage();
		assertTrue(told.contains("9×9") && told.contains(WIDTH + "×" + HEIGHT), told);
	}

	@Test
	void aMaskThatHidesNothingIsRefused() {
		assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(IMAGES
			+ "newImage('none', '8-bit black', 32, 24, 1); selectImage('cells');" + inpaint("mask=none")));
	}
}
