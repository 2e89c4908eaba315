package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.scijava.command.CommandInfo;
import org.scijava.module.ModuleItem;

import net.imagej.patcher.LegacyInjector;

/** What ImageJ's recorder writes of a dialog is what the command reads. */
class CommandPlugInTest {

	static {
		LegacyInjector.preinit();
	}

	private static Stream<String> commands() {
		return CommandPlugIn.entries().values().stream().map(entry -> entry.substring(entry.indexOf('"') + 1, entry.lastIndexOf('"')));
	}

	@Test
	void allCommandsAreMeant() {
		assertTrue(commands().anyMatch(Import.class.getName()::equals) && commands().count() >= 7);
	}

	/** NB: ImageJ records the first word of a label, in lower case, as the key. */
	@ParameterizedTest
	@MethodSource("commands")
	void labelsBeginWithTheKeyOfAMacro(String className) {
		Set<String> keys = new HashSet<>();
		for (ModuleItem<?> input : new CommandInfo(className).inputs())
			if (MacroOptions.isOption(input)) {
				String label = CommandPlugIn.label(input), key = label.split(" ")[0].toLowerCase(Locale.ROOT);
				assertEquals(input.getName(), key, className + " asks for '" + label + "'");
				assertTrue(keys.add(key), className + " has two fields " + key);
			}
		assertTrue(keys.size() >= Map.of(Sample.class.getName(), 3).getOrDefault(className, 4), className);
	}
}
