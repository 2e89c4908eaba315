package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.tweedie.command.ImageJ1.Picture;
import net.imagej.patcher.LegacyInjector;

/** The command as a macro sees it, run in ImageJ without a window. */
class SampleTest {

	static {
		LegacyInjector.preinit();
	}

	private static String sample(String options) {
		return "run(\"Tweedie Sample...\", \"" + options + "\");\n";
	}

	@AfterAll
	static void end() {
		CommandPlugIn.dispose();
	}

	@Test
	void aSpecimenHasTheSizeThatWasAskedFor() {
		Picture sample = ImageJ1.run(sample("width=32 height=16"));
		assertEquals(32 * 16, sample.pixels(1).length);
		assertEquals(16, sample.bits());
	}

	@ParameterizedTest
	@ValueSource(strings = { "width=15", "height=-1", "width=16385", "height=1000000" })
	void aSideOutOfItsBoundsIsToldInOneSentence(String option) {
		String told = assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(sample(option))).getMessage();
		assertTrue(told.contains("The option " + option + " must be from 16 to 16384; give a whole number"), told);
	}
}
