package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import net.imagej.patcher.LegacyInjector;

/** The macros over files: what they write, what they must not overwrite, and what they say of files that are broken. */
class DenoiseFilesTest {

	static {
		LegacyInjector.preinit();
	}

	private static final String OPTIONS = ";model=[closed form] noise=gaussian sd=5";

	@TempDir
	private Path folder;
	private Path images, results, cells;

	@BeforeEach
	void anImage() throws IOException {
		images = Files.createDirectory(folder.resolve("images"));
		results = folder.resolve("results");
		cells = folder.resolve("cells.tif");
		ImageJ1.run("setBatchMode(true); random('seed', 1); newImage('cells', '16-bit black', 40, 30, 1);"
			+ "run('Set...', 'value=100'); run('Add Specified Noise...', 'standard=5'); saveAs('Tiff', '" + cells + "');");
	}

	@AfterAll
	static void end() {
		CommandPlugIn.dispose();
	}

	/** @return what it printed */
	private static String run(String macro, String argument) throws IOException {
		return ImageJ1.told(Files.readString(Path.of("macros", macro)), argument);
	}

	private Set<String> written() throws IOException {
		try (Stream<Path> files = Files.walk(results)) {
			return files.filter(Files::isRegularFile).map(f -> results.relativize(f).toString()).collect(Collectors.toSet());
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "cells.tif", "images/../cells.tif", "linked.tif", "cells" })
	void theImageIsNeverOverwritten(String result) throws IOException {
		Files.createSymbolicLink(folder.resolve("linked.tif"), cells);
		byte[] before = Files.readAllBytes(cells);
		run("denoise.ijm", cells + ";" + folder.resolve(result) + OPTIONS);
		assertArrayEquals(before, Files.readAllBytes(cells));
	}

	@Test
	void noFurtherResultOverwritesTheImage() throws IOException {
		Path image = Files.copy(cells, folder.resolve("a-residual.tif"));
		run("denoise.ijm", image + ";" + folder.resolve("a.tif") + OPTIONS + " residual=yes");
		assertArrayEquals(Files.readAllBytes(cells), Files.readAllBytes(image));
	}

	@Test
	void resultsDoNotGoAmongTheImagesOnAnyWay() throws IOException {
		Files.copy(cells, images.resolve("a.tif"));
		Path way = Files.createSymbolicLink(folder.resolve("way"), images);
		for (Path within : List.of(images, images.resolve("new"), folder.resolve("results/../images"), way, way.resolve("new")))
			run("denoise-folder.ijm", images + ";" + within + OPTIONS);
		assertArrayEquals(new String[] { "a.tif" }, images.toFile().list());
		run("denoise-folder.ijm", images + ";" + folder.resolve("images2") + OPTIONS);
		assertTrue(Files.exists(folder.resolve("images2/a-denoised.tif")));
	}

	/** A folder stands where the file should be: that cannot be written by anybody. */
	@Test
	void aFileThatIsNotWrittenIsNotReported() throws IOException {
		Files.createDirectories(results.resolve("a-denoised.tif"));
		Files.copy(cells, images.resolve("a.tif"));
		Files.copy(cells, images.resolve("b.tif"));
		String told = run("denoise-folder.ijm", images + ";" + results + OPTIONS);
		assertTrue(told.contains("1 denoised, 1 failed") && told.contains("a-denoised.tif could not be written"), told);
		String one = run("denoise.ijm", cells + ";" + results.resolve("a-denoised.tif") + OPTIONS);
		assertTrue(!one.contains("Written"), one);
	}

	@Test
	void everyImageHasAResultOfItsOwn() throws IOException {
		for (String name : List.of("a.tif", "a.tif.png", "b.tif", "A.TIF"))
			Files.copy(cells, images.resolve(name));
		ImageJ1.run("setBatchMode(true); open('" + cells + "'); saveAs('Png', '" + images.resolve("a.png") + "');");
		run("denoise-folder.ijm", images + ";" + results + OPTIONS);
		assertEquals(Set.of("a.png-denoised.tif", "a.tif-denoised.tif", "A.TIF-denoised.tif", "a.tif.png-denoised.tif", "b-denoised.tif"),
			written());
	}

	@Test
	void whatCannotBeReadIsPassedOver() throws IOException {
		byte[] whole = Files.readAllBytes(cells);
		Files.createSymbolicLink(images.resolve("a.tif"), folder.resolve("nothing"));
		Files.write(images.resolve("b.tif"), Arrays.copyOf(whole, whole.length / 2));
		Files.writeString(images.resolve("c.tif"), "II, says the text");
		Files.writeString(images.resolve("d.tif"), "");
		Files.write(images.resolve("e.tif"), whole);
		String told = run("denoise-folder.ijm", images + ";" + results + OPTIONS);
		assertEquals(Set.of("e-denoised.tif"), written());
		assertTrue(told.contains("1 denoised, 4 failed"), told);
		assertTrue(told.contains("b.tif: the file is cut off, " + (whole.length - whole.length / 2) + " bytes are missing"), told);
	}

	/** Images that bear the very titles that the macro would use, and have not been saved. */
	@Test
	void otherImagesAreNeitherTakenNorClosed() throws IOException {
		Files.copy(cells, images.resolve("a.tif"));
		String others = "setBatchMode(true); for (i = 0; i < 2; i++) { newImage('A.TIF', '16-bit black', 4, 4, 1);"
			+ " newImage('denoised of A.TIF', '16-bit black', 4, 4, 1); newImage('image', '16-bit black', 4, 4, 1); }\n";
		String told = ImageJ1.told(others + Files.readString(Path.of("macros/denoise-folder.ijm")) + "\nprint(nImages + ' are open');",
			images + ";" + results + OPTIONS);
		assertTrue(told.contains("1 denoised, 0 failed") && told.contains("6 are open"), told);
		assertTrue(Files.size(results.resolve("a-denoised.tif")) > 40 * 30 * Float.BYTES);
	}

	/** Brackets end an option of a macro, and wildcards stand for other names. */
	@Test
	void namesMayHoldWhatMeansSomethingInAMacro() throws IOException {
		for (String name : List.of("a[1].tif", "a*.tif", "a b=c.tif", "ä.tif"))
			Files.copy(cells, images.resolve(name));
		String told = run("denoise-folder.ijm", images + ";" + results + OPTIONS);
		assertTrue(told.contains("4 denoised, 0 failed"), told);
	}

	@Test
	void linksThatLeadBackAreNotFollowed() throws IOException {
		for (String name : List.of("x", "y")) {
			Files.createDirectory(images.resolve(name));
			Files.copy(cells, images.resolve(name).resolve("a.tif"));
		}
		Files.createSymbolicLink(images.resolve("x/up"), images);
		Files.createSymbolicLink(images.resolve("y/across"), images.resolve("x"));
		Files.createSymbolicLink(images.resolve("x/across"), images.resolve("y"));
		Files.createSymbolicLink(images.resolve("x/results"), Files.createDirectory(results));
		run("denoise-folder.ijm", images + ";" + results + OPTIONS);
		assertEquals(Set.of("x/a-denoised.tif", "x/across/a-denoised.tif", "y/a-denoised.tif", "y/across/a-denoised.tif"), written());
	}

	/** Of another bit depth, number of slices, byte order or compression than the one above. */
	@Test
	void wholeFilesAreNotTakenForCutOff() throws IOException {
		Path file = folder.resolve("b.tif");
		for (String kind : List.of("8-bit black", "32-bit black", "RGB black", "16-bit composite-mode"))
			for (int slices : new int[] { 1, 5 }) {
				ImageJ1.run("setBatchMode(true); newImage('b', '" + kind + "', 33, 20, 2, " + slices + ", 1); saveAs('Tiff', '" + file + "');");
				assertEquals("", ImageFile.problem(file.toString()), kind);
				byte[] whole = Files.readAllBytes(file);
				Files.write(file, Arrays.copyOf(whole, whole.length / 2));
				assertTrue(ImageFile.problem(file.toString()).contains("cut off"), kind);
			}
	}

	@ParameterizedTest
	@ValueSource(strings = { "noise=loud", "sampels=3", "samples=two" })
	void aMistakeIsPrintedAndNothingIsWritten(String options) throws IOException {
		String told = run("denoise.ijm", cells + ";" + folder.resolve("b.tif") + ";" + options);
		assertTrue(told.contains(options.substring(options.indexOf('=') + 1)) || told.contains("sampels"), told);
		assertTrue(Files.notExists(folder.resolve("b.tif")));
	}
}
