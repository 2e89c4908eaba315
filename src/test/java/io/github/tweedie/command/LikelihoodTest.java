package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import io.github.tweedie.command.ImageJ1.Picture;
import net.imagej.patcher.LegacyInjector;

/** The command as a macro sees it, run in ImageJ without a window. */
class LikelihoodTest {

	static {
		LegacyInjector.preinit();
	}

	/** Every pixel 100, which is −0.2157 on the scale of 0 to 255. */
	private static final String BYTES = """
		run("Clear Results");
		newImage("cells", "8-bit", 32, 24, 1);
		run("Set...", "value=100");
		setVoxelSize(0.5, 0.5, 2, "um");
		""";
	private static final String WORDS = BYTES.replace("8-bit", "16-bit");
	private static final String FLOATS = BYTES.replace("8-bit", "32-bit");

	private static String likelihood(String options) {
		return "run(\"Tweedie Likelihood...\", \"model=[closed form] " + options + "\");\n";
	}

	/** The number that a macro computes, which becomes the title of the picture. */
	private static double told(String macro, String number) {
		return Double.parseDouble(ImageJ1.run(macro + "newImage(d2s(" + number + ", 9), '8-bit', 8, 8, 1);").title());
	}

	/** Pixels are N(0, 0.25) to the closed form; the noise of a grey step of 2/255 is worth less than 1e-4 bits. */
	private static double bits(double x, double step) {
		double variance = 0.25 + 1e-4;
		return (x * x / (2 * variance) + 0.5 * Math.log(2 * Math.PI * variance) - Math.log(step)) / Math.log(2);
	}

	@AfterAll
	static void end() {
		CommandPlugIn.dispose();
	}

	@Test
	void theTableTellsTheBitsOfAnEightBitImageOnTheScaleOfItsType() {
		double found = told(BYTES + likelihood("seed=1"), "getResult('BitsPerDim', nResults - 1)");
		// Dequantisation: 768 pixels, each with a gradient of 0.86 per unit and noise of 0.0023.
		assertEquals(bits(2 * 100 / 255.0 - 1, 2 / 255.0), found, 1e-3);
		assertEquals(1, told(BYTES + likelihood("seed=1"), "nResults"));
		assertTrue(told(BYTES + likelihood("seed=1"), "getResult('Evaluations', 0)") > 50);
		assertEquals(0, told(BYTES + likelihood("seed=1"), "getResult('BitsError', 0)"), 1e-3);
		assertEquals("cells", ImageJ1.run(BYTES + likelihood("") + "newImage(getResultLabel(0), '8-bit', 8, 8, 1);").title());
		assertEquals("closed form", ImageJ1.run(BYTES + likelihood("")
			+ "newImage(getResultString('Model', 0), '8-bit', 8, 8, 1);").title());
	}

	@Test
	void theMapHasTheSizeAndCalibrationOfTheImageAndTheBitsForItsMean() {
		Picture map = ImageJ1.run(BYTES + likelihood(""));
		assertEquals("bits of cells", map.title());
		assertEquals(32, map.image().getBitDepth());
		assertEquals(0.5, map.image().getCalibration().pixelWidth);
		double mean = 0;
		for (float v : map.pixels(1))
			mean += v / 768;
		assertEquals(told(BYTES + likelihood("show=table"), "getResult('BitsPerDim', 0)"), mean, 1e-4);
	}

	@Test
	void wordsAndFloatsNeedTheirScaleSaid() {
		double words = told(WORDS + likelihood("low=0 high=200"), "getResult('BitsPerDim', 0)");
		assertEquals(bits(0, 0.01), words, 1e-3);
		double floats = told(FLOATS + likelihood("low=0 high=200 step=0.5"), "getResult('BitsPerDim', 0)");
		assertEquals(bits(0, 0.005), floats, 1e-3);
	}

	@Test
	void everyPlaneOfAHyperstackHasItsRow() {
		String stack = """
			run("Clear Results");
			newImage("cells", "8-bit", 16, 16, 6);
			Stack.setDimensions(2, 3, 1);
			for (i = 1; i <= 6; i++) { setSlice(i); run("Set...", "value=" + 40 * i + " slice"); }
			""";
		assertEquals(6, told(stack + likelihood("show=table"), "nResults"));
		assertEquals(bits(2 * 200 / 255.0 - 1, 2 / 255.0), told(stack + likelihood("show=table"), "getResult('BitsPerDim', 4)"), 2e-3);
		assertEquals(5, told(stack + likelihood("show=table"), "getResult('Plane', 4)"));
		Picture map = ImageJ1.run(stack + likelihood(""));
		assertEquals(2, map.image().getNChannels());
		assertEquals(3, map.image().getNSlices());
	}

	@Test
	void theStandardErrorIsAnotherImage() {
		Picture error = ImageJ1.run(BYTES + likelihood("show=[map and standard error]") + "selectImage('standard error of bits of cells');");
		assertEquals(768, error.pixels(1).length);
		for (float v : error.pixels(1))
			assertTrue(v >= 0 && v < 1e-3, "independent pixels have a diagonal Jacobian, which signs hit exactly");
	}

	@Test
	void theInputIsUntouchedAndTheRecordedLineGivesTheSame() {
		Picture input = ImageJ1.run(BYTES + likelihood("") + "selectImage('cells');");
		assertEquals(8, input.image().getBitDepth());
		assertEquals(100, input.pixels(1)[0]);
		Picture first = ImageJ1.run(BYTES + likelihood("seed=5 probes=2"));
		assertTrue(first.property("tweedie.macro").startsWith("run(\"Tweedie Likelihood...\", \"image=cells low=auto"),
			first.property("tweedie.macro"));
		assertArrayEquals(first.pixels(1), ImageJ1.run(BYTES + first.property("tweedie.macro")).pixels(1));
		assertTrue(first.image().getInfoProperty().contains("tweedie.bits per dimension: "), first.image().getInfoProperty());
	}

	@Test
	void escapeStopsTheMacro() {
		assertNull(assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(BYTES
			+ likelihood("").replace("closed form", ClosedFormPriors.INTERRUPTED) + "selectImage('the macro went on');")).getMessage());
	}

	@Test
	void aFailureIsASentenceForAMacroThatGoesOn() {
		String told = ImageJ1.run(WORDS + """
			told = call("io.github.tweedie.command.Likelihood.attempt", "model=[closed form]");
			newImage(told, "8-bit", 8, 8, 1);
			""").title();
		assertTrue(told.contains("16-bit image") && told.contains("give low= and high=, the same for all images that you compare"), told);
	}

	@Test
	void aFolderIsRatedAndWhatFailsIsPassedOver(@TempDir Path folder) throws IOException {
		Path images = Files.createDirectory(folder.resolve("images"));
		ImageJ1.run(WORDS + "saveAs('Tiff', '" + images.resolve("a.tif") + "'); run('32-bit'); setPixel(3, 2, NaN);"
			+ "saveAs('Tiff', '" + images.resolve("b.tif") + "');");
		Files.writeString(images.resolve("aa.tif"), "no image");
		Files.writeString(images.resolve("ab.png"), "no image");
		Files.writeString(images.resolve("ac.tif"), "");
		Path table = folder.resolve("bits.csv");
		ImageJ1.run(Files.readString(Path.of("macros", "likelihood-folder.ijm")),
			images + ";" + table + ";low=0 high=200 step=1 model=[closed form]");
		List<String> lines = Files.readAllLines(table);
		assertEquals(2, lines.size(), lines.toString());
		assertTrue(lines.get(0).contains("BitsPerDim") && lines.get(1).contains("a.tif,1,6.9"), lines.toString());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
		"16-bit | low=3 | give low= and high=",
		"32-bit | low=0 high=200 | give step=",
		"32-bit | low=0 high=200 step=0 | above 0; seen was 0",
		"16-bit | low=0 high=200 step=0.5 | whole number above 0; seen was 0.5",
		"8-bit | low=dark | low=dark should be a number",
		"8-bit | low=200 high=100 | 200.0 and 100.0",
		"8-bit | low=0 high=9 | far outside of the grey levels 0.0 to 9.0",
		"8-bit | probes=0 | The option probes=0 must be from 1 to 1000; give",
		"8-bit | probes=1001 | The option probes=1001 must be from 1 to 1000",
		"8-bit | probes=1 show=[map and standard error] | no standard error",
		"8-bit | show=everything | is not known; it is one of [map]",
		"8-bit | device=abacus | is not known; it is one of [auto]",
		"8-bit | steps=4 | has no option 'steps'; its options are image, low",
		"RGB | seed=1 | RGB",
	})
	void mistakesAreToldInOneSentence(String type, String options, String expected) {
		String told = assertThrows(ImageJ1.MacroError.class,
			() -> ImageJ1.run(BYTES.replace("8-bit", type) + likelihood(options))).getMessage();
		assertTrue(told != null && told.contains(expected), told);
	}

	@Test
	void notANumberIsTold() {
		String told = assertThrows(ImageJ1.MacroError.class,
			() -> ImageJ1.run(FLOATS + "setPixel(3, 2, NaN);" + likelihood("low=0 high=200 step=1"))).getMessage();
		assertTrue(told.contains("(3, 2) of plane 1 is NaN"), told);
	}

	@Test
	void aMacroWithoutAnImageIsToldSo() {
		assertTrue(assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(likelihood(""))).getMessage().contains("no image"));
	}
}
