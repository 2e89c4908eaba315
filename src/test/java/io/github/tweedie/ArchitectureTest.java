package io.github.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

/** The package list is the architecture: an arrow that is not named here may not be imported. */
class ArchitectureTest {

	private static final Path SOURCES = Path.of("src/main/java/io/github/tweedie");

	private static final Map<String, Set<String>> ARROWS = Map.of(
		"sde", Set.of(),
		"sampler", Set.of("sde"),
		"inverse", Set.of("sampler", "sde"),
		"model", Set.of("sde"),
		"image", Set.of("sde"),
		"restore", Set.of("image", "inverse", "sampler", "sde"),
		"command", Set.of("restore", "model", "image", "sde"));

	private static final Map<String, List<String>> FORBIDDEN = Map.of(
		"sde", List.of("ij.", "net.imglib2.", "net.imagej.", "org.scijava.", "ai.djl.", "ai.onnxruntime."),
		"sampler", List.of("ij.", "net.imglib2.", "net.imagej.", "org.scijava.", "ai.djl.", "ai.onnxruntime."),
		"inverse", List.of("ij.", "net.imglib2.", "net.imagej.", "org.scijava.", "ai.djl.", "ai.onnxruntime."),
		"model", List.of("ij.", "net.imglib2.", "net.imagej.", "org.scijava."),
		"image", List.of("ij.", "net.imagej.", "org.scijava.", "ai.djl.", "ai.onnxruntime."),
		"restore", List.of("ij.", "net.imagej.", "org.scijava.", "ai.djl.", "ai.onnxruntime."),
		"command", List.of("ai.djl.", "ai.onnxruntime."));

	/** Import lines, and names written out in full. */
	private static final Pattern OURS = Pattern.compile("\\bio\\.github\\.tweedie\\.([a-z]+)\\.[A-Z]");

	@Test
	void everyPackageOfTheDesignExists() throws IOException {
		try (Stream<Path> folders = Files.list(SOURCES)) {
			assertEquals(ARROWS.keySet(), Set.copyOf(folders.map(p -> p.getFileName().toString()).toList()));
		}
	}

	@Test
	void packagesImportOnlyAlongTheArrows() throws IOException {
		List<String> wrong = new ArrayList<>();
		int read = 0;
		for (Path file : sources()) {
			read++;
			String own = file.getParent().getFileName().toString(), text = code(file);
			for (Matcher m = OURS.matcher(text); m.find();)
				if (!m.group(1).equals(own) && !ARROWS.get(own).contains(m.group(1)))
					wrong.add(file.getFileName() + " (" + own + ") -> " + m.group(1));
			for (String foreign : FORBIDDEN.get(own))
				if (text.contains("import " + foreign) || text.contains("import static " + foreign))
					wrong.add(file.getFileName() + " (" + own + ") imports " + foreign);
		}
		assertTrue(read > 20, "Only " + read + " sources were found.");
		assertEquals(List.of(), wrong);
	}

	private static List<Path> sources() throws IOException {
		try (Stream<Path> files = Files.walk(SOURCES)) {
			return files.filter(p -> p.toString().endsWith(".java")).toList();
		}
	}

	/** Without javadoc, whose links may point anywhere. */
	private static String code(Path file) throws IOException {
		return Files.readString(file).replaceAll("(?s)/\\*.*?\\*/", "");
	}
}
