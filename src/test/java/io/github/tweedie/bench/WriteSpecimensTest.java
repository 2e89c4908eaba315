package io.github.tweedie.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.imageio.ImageIO;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.image.Specimen.Family;
import picocli.CommandLine;

class WriteSpecimensTest {

	@TempDir
	private Path folder;

	private static Set<String> names(Path folder) throws IOException {
		try (Stream<Path> files = Files.list(folder)) {
			return files.map(p -> p.getFileName().toString()).collect(Collectors.toSet());
		}
	}

	private static String run(int expected, Object... args) {
		StringWriter said = new StringWriter();
		CommandLine line = new CommandLine(new WriteSpecimens()).setErr(new PrintWriter(said));
		assertEquals(expected, line.execute(Stream.of(args).map(Object::toString).toArray(String[]::new)));
		return said.toString();
	}

	@Test
	void picturesForTrainingNeverShowAHeldOutFamily() throws IOException {
		run(0, folder, 1, 20);
		assertEquals(Set.of("nuclei", "filaments", "puncta", "membranes", "networks", "blobs", "dead_leaves"), names(folder));
		assertTrue(run(2, folder, 1, 20, "--held-out").contains("--test"));
		assertFalse(WriteSpecimens.families(false, true).stream().anyMatch(Family::heldOut));
	}

	@Test
	void picturesForTestsHaveOtherSeeds() throws IOException {
		run(0, folder, 2, 16, "--test", "--held-out");
		assertEquals(9, names(folder).size());
		assertEquals(Set.of("1000000.png", "1000001.png"), names(folder.resolve("dendrites")));
		run(0, folder, 2, 16);
		assertEquals(Set.of("0.png", "1.png", "1000000.png", "1000001.png"), names(folder.resolve("puncta")));
		assertTrue(run(2, folder, 1_000_001, 16).contains("1000000"));
	}

	@Test
	void filesHoldTheRoundedGreyLevels() throws IOException {
		run(0, folder, 1, 30);
		var raster = ImageIO.read(folder.resolve("filaments/0.png").toFile()).getRaster();
		float[] grey = new Planes(Specimen.draw(Family.FILAMENTS, 30, 30, 0)).read(0);
		for (int i : List.of(0, 31, 450, 899))
			assertEquals(Math.round(grey[i]), raster.getSample(i % 30, i / 30, 0));
	}
}
