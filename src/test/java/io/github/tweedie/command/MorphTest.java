package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.tweedie.command.ImageJ1.Picture;
import io.github.tweedie.image.IntensityScale;
import net.imagej.patcher.LegacyInjector;

/** The command as a macro sees it, run in ImageJ without a window. */
class MorphTest {

	static {
		LegacyInjector.preinit();
	}

	private static final String IMAGES = """
		newImage("ramp", "16-bit ramp", 32, 24, 1);
		setVoxelSize(0.5, 0.5, 2, "um");
		setMinAndMax(100, 60000);
		newImage("turned", "16-bit black", 32, 24, 1);
		for (y = 0; y < 24; y++) for (x = 0; x < 32; x++) setPixel(x, y, y * 2800);
		selectImage("ramp");
		""";
	private static final String STACK = IMAGES + "run('Concatenate...', 'title=pair image1=ramp image2=turned');";

	private static String morph(String options) {
		return "run(\"Tweedie Morph...\", \"model=[closed form] frames=5 " + options + "\");\n";
	}

	@AfterAll
	static void end() {
		CommandPlugIn.dispose();
	}

	/** Latents of independent pixels of one variance are the pixels times one factor. */
	@Test
	void framesLieOnTheGreatCircleOfTheirLatents() {
		float[] both = Arrays.copyOf(ImageJ1.run(IMAGES).pixels(1), 2 * 768);
		System.arraycopy(ImageJ1.run(IMAGES + "selectImage('turned');").pixels(1), 0, both, 768, 768);
		IntensityScale scale = IntensityScale.robust(both, 32, new boolean[both.length]);
		float[] x = scale.toData(both, -1, 1);
		double aa = 0, ab = 0, bb = 0;
		for (int i = 0; i < 768; i++) {
			aa += x[i] * x[i];
			ab += x[i] * x[768 + i];
			bb += x[768 + i] * x[768 + i];
		}
		double angle = Math.acos(ab / Math.sqrt(aa * bb));
		assertTrue(angle > 1, "far from a straight line");
		Picture morph = ImageJ1.run(IMAGES + morph("to=turned"));
		assertEquals("morph of ramp", morph.title());
		assertEquals(5, morph.image().getStackSize());
		for (int f = 0; f < 5; f++) {
			double t = f / 4.0, length = (1 - t) * Math.sqrt(aa) + t * Math.sqrt(bb);
			float[] frame = scale.toData(morph.pixels(f + 1), -1, 1);
			for (int i = 0; i < 768; i++)
				assertEquals(length * (Math.sin((1 - t) * angle) * x[i] / Math.sqrt(aa) + Math.sin(t * angle) * x[768 + i] / Math.sqrt(bb))
					/ Math.sin(angle), frame[i], 2e-3, "frame " + f + ", pixel " + i);
		}
	}

	@Test
	void aStackOfTwoGivesTheSameAsTwoImages() {
		Picture byTitle = ImageJ1.run(IMAGES + morph("to=turned")), byStack = ImageJ1.run(STACK + morph(""));
		for (int f = 1; f <= 5; f++)
			assertArrayEquals(byTitle.pixels(f), byStack.pixels(f));
	}

	@Test
	void calibrationLabelsAndTheMacroLineAreThere() {
		Picture morph = ImageJ1.run(IMAGES + morph("to=turned"));
		assertEquals(0.5, morph.image().getCalibration().pixelWidth);
		assertEquals(60_000, morph.image().getDisplayRangeMax());
		assertEquals("ramp", morph.image().getStack().getSliceLabel(1));
		assertEquals("25 % of the way", morph.image().getStack().getSliceLabel(2));
		assertEquals("turned", morph.image().getStack().getSliceLabel(5));
		assertTrue(morph.image().getInfoProperty().contains("tweedie.end frames differ from the inputs by: "),
			morph.image().getInfoProperty());
		assertArrayEquals(morph.pixels(2), ImageJ1.run(IMAGES + morph.property("tweedie.macro")).pixels(2));
	}

	@Test
	void escapeStopsTheMacro() {
		assertNull(assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(IMAGES
			+ morph("to=turned").replace("closed form", ClosedFormPriors.INTERRUPTED) + "selectImage('the macro went on');")).getMessage());
	}

	@Test
	void aFailureIsASentenceForAMacroThatGoesOn() {
		String told = ImageJ1.run(IMAGES + """
			told = call("io.github.tweedie.command.Morph.attempt", "model=[closed form] to=nothing");
			newImage(told, "8-bit", 8, 8, 1);
			""").title();
		assertTrue(told.contains("No open image has the title 'nothing'"), told);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
		"to=nothing | No open image has the title 'nothing'",
		"seed=1 | has no option 'seed'",
		"device=cpu | has 1 plane(s); give to= the title",
		"to=ramp | is the image itself",
		"to=copy | are the same, pixel by pixel",
		"to=small | 9×9",
		"to=stack | in 2 plane(s)",
		"to=colour | RGB",
		"to=turned device=abacus | is not known; it is one of [auto]",
		"to=turned model=unheard | unheard",
		"to=numbers | (3, 2) of the second image is NaN",
	})
	void mistakesAreToldInOneSentence(String options, String expected) {
		String told = assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(IMAGES + """
			run("Duplicate...", "title=copy");
			newImage("small", "16-bit ramp", 9, 9, 1);
			newImage("stack", "16-bit ramp", 32, 24, 2);
			newImage("colour", "RGB", 32, 24, 1);
			newImage("numbers", "32-bit ramp", 32, 24, 1);
			setPixel(3, 2, NaN);
			selectImage("ramp");
			""" + morph(options).replace(options.contains("model=") ? "model=[closed form] " : "\0", ""))).getMessage();
		assertTrue(told != null && told.contains(expected), told);
	}

	@ParameterizedTest
	@ValueSource(ints = { -1, 1, 1001 })
	void framesAreTwoToAThousand(int frames) {
		String told = assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(IMAGES
			+ morph("to=turned").replace("frames=5", "frames=" + frames).replace("closed form", "nowhere"))).getMessage();
		assertTrue(told.contains("The option frames=" + frames + " must be from 2 to 1000; give"), told);
	}
}
