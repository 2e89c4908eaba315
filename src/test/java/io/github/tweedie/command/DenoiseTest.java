package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.tweedie.command.ImageJ1.Picture;
import io.github.tweedie.image.Planes;
import net.imagej.patcher.LegacyInjector;

/** The command as a macro sees it, run in ImageJ without a window. */
class DenoiseTest {

	static {
		LegacyInjector.preinit();
	}

	/** A plane of two levels, 100 and 200, with Gaussian noise of standard deviation 5. */
	private static final String CELLS = """
		setBatchMode(true); random('seed', 1);
		newImage("cells", "16-bit black", 64, 48, 1);
		run("Set...", "value=100"); makeRectangle(0, 0, 32, 48); run("Set...", "value=200"); run("Select None");
		run("Add Specified Noise...", "standard=5");
		setVoxelSize(0.5, 0.5, 2, "um");
		""";

	private static String denoise(String options) {
		return "run(\"Tweedie Denoise...\", \"model=[closed form] " + options + "\");\n";
	}

	/** To the closed form pixels are N(0, 1/4): with known noise the result is a line in each pixel's grey level. */
	private static double shrinkage(float[] before, float[] after) {
		double x = 0, y = 0, xx = 0, xy = 0;
		for (int i = 0; i < before.length; i++) {
			x += before[i];
			y += after[i];
			xx += before[i] * (double) before[i];
			xy += before[i] * (double) after[i];
		}
		int n = before.length;
		return (xy - x * y / n) / (xx - x * x / n);
	}

	@AfterAll
	static void end() {
		CommandPlugIn.dispose();
	}

	@Test
	void theNoiseIsFoundAndTakenOut() {
		Picture clean = ImageJ1.run(CELLS + denoise(""));
		assertEquals("denoised of cells", clean.title());
		assertEquals(32, clean.image().getBitDepth());
		assertEquals(0.5, clean.image().getCalibration().pixelWidth);
		Picture given = ImageJ1.run(CELLS + denoise("noise=gaussian sd=5"));
		float[] before = ImageJ1.run(CELLS).pixels(1);
		// σ in the data range is 5·2/100, a span of about 100 grey levels: a factor of 1/4 / (1/4 + σ²).
		assertEquals(0.25 / (0.25 + 0.01), shrinkage(before, given.pixels(1)), 0.005);
		assertEquals(shrinkage(before, given.pixels(1)), shrinkage(before, clean.pixels(1)), 0.01);
		assertTrue(given.image().getInfoProperty().contains("tweedie.noise variance: 0.0·z + 25.0"), given.image().getInfoProperty());
	}

	@Test
	void theResidualIsWhatIsMissing() {
		float[] residual = ImageJ1.run(CELLS + denoise("noise=gaussian sd=5 residual=yes") + "selectImage('residual of cells');").pixels(1);
		float[] clean = ImageJ1.run(CELLS + denoise("noise=gaussian sd=5")).pixels(1), before = ImageJ1.run(CELLS).pixels(1);
		for (int i = 0; i < before.length; i++)
			assertEquals(before[i], clean[i] + residual[i], 1e-4);
	}

	@Test
	void samplesHaveAnUncertainty() {
		Picture spread = ImageJ1.run(CELLS + denoise("noise=gaussian sd=20 samples=40 uncertainty=yes") + "selectImage('uncertainty of cells');");
		double mean = 0;
		for (float v : spread.pixels(1))
			mean += v / spread.pixels(1).length;
		float[] before = ImageJ1.run(CELLS).pixels(1), after = ImageJ1.run(CELLS + denoise("noise=gaussian sd=20")).pixels(1);
		// √(1/4·σ²/(1/4 + σ²)) is σ times the root of the shrinkage, and σ are 20 grey levels; 40 samples tell it to 1 %.
		assertEquals(20 * Math.sqrt(shrinkage(before, after)), mean, 0.04 * mean);
	}

	/**
	 * A Gaussian's order statistic of rank k among n lies at Φ⁻¹((k − 3/8)/(n + 1/4)) in the mean (Blom 1958), that of 25 % among 40,
	 * k = 10.25, at -0.6893; their standard deviation is 0.9936 in the mean.
	 */
	@Test
	void anIntervalHasALowerAndAnUpperBound() {
		String run = CELLS + denoise("noise=gaussian sd=20 samples=40 uncertainty=yes interval=50");
		float[] low = ImageJ1.run(run + "selectImage('lower bound of cells');").pixels(1);
		float[] high = ImageJ1.run(run + "selectImage('upper bound of cells');").pixels(1);
		float[] spread = ImageJ1.run(run + "selectImage('uncertainty of cells');").pixels(1), mean = ImageJ1.run(run).pixels(1);
		double width = 0, sd = 0, middle = 0;
		for (int i = 0; i < low.length; i++) {
			width += high[i] - low[i];
			sd += spread[i];
			middle += (high[i] + low[i]) / 2 - mean[i];
		}
		assertEquals(2 * 0.6893 / 0.9936, width / sd, 0.02);
		assertEquals(0, middle / sd, 0.02);
	}

	@Test
	void everyChannelHasItsOwnNoiseAndTheOrderIsKept() {
		String stack = """
			setBatchMode(true); random('seed', 1);
			newImage("cells", "32-bit black", 64, 64, 12);
			for (i = 1; i <= 12; i++) {
				setSlice(i); run("Set...", "value=" + 1000 * i + " slice");
				run("Add Specified Noise...", "slice standard=" + (2 + 8 * ((i - 1) % 2)));
			}
			Stack.setDimensions(2, 3, 2); Property.setSliceLabel("fifth", 5);
			""";
		Picture clean = ImageJ1.run(stack + denoise(""));
		assertEquals("2 3 2", clean.image().getNChannels() + " " + clean.image().getNSlices() + " " + clean.image().getNFrames());
		assertEquals("fifth", clean.image().getStack().getSliceLabel(5));
		for (int i = 1; i <= 12; i++) {
			double mean = 0;
			for (float v : clean.pixels(i))
				mean += v / 4096;
			assertEquals(1000 * i, mean, 10, "plane " + i);
		}
		assertEquals(4, variance(clean, "channel 1"), 0.4);
		assertEquals(100, variance(clean, "channel 2"), 10);
	}

	private static double variance(Picture picture, String channel) {
		String told = picture.property("tweedie." + channel + ", noise variance");
		return Double.parseDouble(told.substring(told.indexOf("+ ") + 2, told.indexOf(" at")));
	}

	@Test
	void outsideOfTheRegionTheBoundsAreTheInput() {
		float[] before = ImageJ1.run(CELLS).pixels(1);
		String run = CELLS + "makeRectangle(10, 10, 5, 7);" + denoise("region=selection noise=gaussian sd=5 samples=3 interval=50");
		float[] low = ImageJ1.run(run + "selectImage('lower bound of cells');").pixels(1);
		float[] high = ImageJ1.run(run + "selectImage('upper bound of cells');").pixels(1);
		for (int i = 0; i < before.length; i++)
			if (i % 64 >= 10 && i % 64 < 15 && i / 64 >= 10 && i / 64 < 17)
				assertTrue(low[i] < high[i]);
			else {
				assertEquals(before[i], low[i]);
				assertEquals(before[i], high[i]);
			}
	}

	@Test
	void outsideOfTheRegionTheInputIsKept() {
		float[] before = ImageJ1.run(CELLS).pixels(1);
		float[] after = ImageJ1.run(CELLS + "makeRectangle(10, 10, 5, 7);" + denoise("region=selection noise=gaussian sd=5")).pixels(1);
		int changed = 0;
		for (int i = 0; i < before.length; i++) {
			boolean inside = i % 64 >= 10 && i % 64 < 15 && i / 64 >= 10 && i / 64 < 17;
			changed += before[i] != after[i] ? 1 : 0;
			assertTrue(inside || before[i] == after[i]);
		}
		assertTrue(changed > 30);
	}

	@Test
	void holesOutsideOfTheRegionAreKept() {
		String holed = CELLS + "run('32-bit'); makeRectangle(40, 3, 9, 8); run('Set...', 'value=NaN'); makeRectangle(10, 10, 5, 7);";
		String options = denoise("region=selection noise=gaussian sd=5 residual=yes");
		float[] before = ImageJ1.run(holed).pixels(1), after = ImageJ1.run(holed + options).pixels(1);
		for (int i = 0; i < before.length; i++) {
			boolean inside = i % 64 >= 10 && i % 64 < 15 && i / 64 >= 10 && i / 64 < 17;
			assertTrue(inside ? Math.abs(before[i] - after[i]) < 25 : Float.compare(before[i], after[i]) == 0,
				"pixel " + i + ": " + after[i]);
		}
		assertTrue(Float.isNaN(after[5 * 64 + 45]));
		assertEquals(0, ImageJ1.run(holed + options + "selectImage('residual of cells');").pixels(1)[5 * 64 + 45]);
	}

	@Test
	void aHoleInTheLastPlaneIsToldBeforeTheNetworkIsOpened() {
		String stack = CELLS + "run('32-bit'); run('Duplicate...', 'title=more'); setPixel(3, 2, NaN);"
			+ "run('Concatenate...', 'title=both image1=cells image2=more');";
		String told = assertThrows(ImageJ1.MacroError.class,
			() -> ImageJ1.run(stack + "run('Tweedie Denoise...', 'model=[no such model]');")).getMessage();
		assertTrue(told.contains("(3, 2) of plane 2 is NaN"), told);
	}

	@Test
	void theReadNoiseOfTheCameraIsUsed() {
		// Single photons of a gain of 50: how many a level means depends on the read noise, not on b alone.
		String photons = CELLS + "run('32-bit');";
		float[] low = ImageJ1.run(photons + denoise("noise=camera gain=50 offset=90 readnoise=2")).pixels(1);
		// The same b = readnoise² − gain·offset.
		float[] high = ImageJ1.run(photons + denoise("noise=camera gain=50 offset=98 readnoise=20.09975")).pixels(1);
		double difference = 0;
		for (int i = 0; i < low.length; i++)
			difference = Math.max(difference, Math.abs(low[i] - high[i]));
		assertTrue(difference > 0.5, difference + " grey levels");
	}

	@Test
	void theRecordedLineOfAnyTitleRuns() {
		String odd = CELLS + "rename('a\\\\new \"q\"');";
		Picture first = ImageJ1.run(odd + denoise("noise=gaussian sd=5"));
		assertArrayEquals(first.pixels(1), ImageJ1.run(odd + first.property("tweedie.macro")).pixels(1));
	}

	/** Three planes under noise of 5 grey levels and two under four times as much, as if they had been multiplied: each as if alone. */
	@Test
	void planesWhoseNoiseDiffersHaveTheirOwn() {
		String stack = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 140, 130, 5); for (i = 1; i <= 5; i++) {"
			+ " setSlice(i); run('Set...', 'value=100 slice'); run('Add Specified Noise...', 'slice standard=' + 5 + 15 * (i % 2 == 0)); }";
		Picture all = ImageJ1.run(stack + denoise(""));
		assertTrue(all.property("tweedie.remarks").contains("noise of its planes differs"), all.property("tweedie.remarks"));
		for (int i = 1; i <= 5; i++)
			assertArrayEquals(ImageJ1.run(stack + "setSlice(" + i + "); run('Duplicate...', 'title=one');" + denoise("")).pixels(1),
				all.pixels(i), "plane " + i);
		String alike = stack.replace("5 + 15 * (i % 2 == 0)", "5 + 0.5 * (i % 2 == 0)");
		assertTrue(!String.valueOf(ImageJ1.run(alike + denoise("")).property("tweedie.remarks")).contains("differs"));
	}

	/** The same noise everywhere, but two planes are full of structure as small as blurred noise. */
	@Test
	void texturedPlanesHaveNoNoiseOfTheirOwn() {
		String stack = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 140, 130, 6); for (i = 1; i <= 6; i++) {"
			+ " setSlice(i); run('Set...', 'value=400 slice'); if (i < 3) { run('Add Specified Noise...', 'slice standard=200');"
			+ " run('Gaussian Blur...', 'sigma=0.8 slice'); } run('Add Specified Noise...', 'slice standard=10'); }";
		Picture clean = ImageJ1.run(stack + denoise(""));
		assertTrue(!String.valueOf(clean.property("tweedie.remarks")).contains("differs"), clean.property("tweedie.remarks"));
	}

	/** The first stack has two channels by turns; of the second one plane is another. */
	@ParameterizedTest
	@ValueSource(strings = { "i % 2 == 0", "i == 10" })
	void planesThatDifferFromAllThatWereComparedAreNoticed(String other) {
		String stack = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 140, 130, 24); for (i = 1; i <= 24; i++) {"
			+ " setSlice(i); run('Set...', 'value=400 slice'); d = 5; if (" + other + ") d = 30;"
			+ " run('Add Specified Noise...', 'slice standard=' + d); }";
		String told = String.valueOf(ImageJ1.run(stack + denoise("")).property("tweedie.remarks"));
		assertTrue(told.contains(other.startsWith("i %") ? "The noise of its planes differs"
			: "In 1 of 24 plane(s) the noise differs"), told);
		assertTrue(!told.contains("taken away"), told);
	}

	@Test
	void fewPhotonsAreTold() {
		String counts = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 128, 128, 1); for (i = 0; i < 16384; i++) {"
			+ " n = 0; p = random; limit = exp(-0.4 - (i % 128) / 80); while (p > limit) { n++; p *= random; } setPixel(i % 128, floor(i / 128), n); }";
		String told = String.valueOf(ImageJ1.run(counts + denoise("")).property("tweedie.remarks"));
		assertTrue(told.contains("photons where most fall") && !told.contains("averaged and"), told);
	}

	@Test
	void fewerPhotonsAreAveragedAndThatIsTold() {
		String counts = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 128, 128, 1); for (i = 0; i < 16384; i++) {"
			+ " n = 0; p = random; limit = exp(-0.05 - (i % 128) / 256); while (p > limit) { n++; p *= random; } setPixel(i % 128, floor(i / 128), n); }";
		Picture clean = ImageJ1.run(counts + denoise(""));
		String told = String.valueOf(clean.property("tweedie.remarks"));
		assertTrue(told.contains("so pixels were averaged"), told);
		assertEquals(128 * 128, clean.pixels(1).length);
	}

	/** Light is dark, as a scanner or an inverted lookup table that was applied makes it. */
	@Test
	void anInvertedImageIsDenoisedLikeAnUprightOne() {
		String counts = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 128, 128, 1); for (i = 0; i < 16384; i++) {"
			+ " m = 10 + (i % 128); setPixel(i % 128, floor(i / 128), m + sqrt(m) * random('gaussian')); }";
		Picture upright = ImageJ1.run(counts + denoise("")), inverted = ImageJ1.run(counts + "run('Multiply...', 'value=-1');" + denoise(""));
		assertArrayEquals(Planes.negative(upright.pixels(1)), inverted.pixels(1), 0.1f);
		assertTrue(String.valueOf(inverted.property("tweedie.remarks")).contains("falls with brightness"));
	}

	/** Of a camera of 2 grey levels a photon, an offset of 100 and a read noise of 5, and its frame without light. */
	private static final String CAMERA = "setBatchMode(true); random('seed', 1); newImage('dark', '32-bit black', 128, 128, 1);"
		+ " for (i = 0; i < 16384; i++) setPixel(i % 128, floor(i / 128), 100 + 5 * random('gaussian'));"
		+ " newImage('cells', '32-bit black', 128, 128, 1); for (i = 0; i < 16384; i++) { m = 400 + i % 128;"
		+ " setPixel(i % 128, floor(i / 128), 100 + m + sqrt(2 * m + 25) * random('gaussian')); }";

	@ParameterizedTest
	@ValueSource(strings = { "offset=100 readnoise=5", "dark=dark", "dark=[FILE]" })
	void theGainIsMeasuredWhereAFrameWithoutLightIsKnown(String known, @TempDir Path folder) {
		String file = folder.resolve("dark.tif").toString();
		String save = known.contains("FILE") ? "selectImage('dark'); saveAs('tiff', '" + file + "'); close(); selectImage('cells');" : "";
		Picture clean = ImageJ1.run(CAMERA + save + denoise("noise=camera plot=yes " + known.replace("FILE", file)));
		Matcher camera = Pattern.compile("gain ([0-9.]+), offset ([0-9.]+), read noise ([0-9.]+) grey levels").matcher(clean.property("tweedie.camera"));
		assertTrue(camera.matches(), clean.property("tweedie.camera"));
		// The variance in the middle, about 950, is known to 1 %, that is the gain to 1 %, too; three times that and more.
		assertEquals(2, Double.parseDouble(camera.group(1)), 0.08);
		// Standard errors of 16384 pixels: 5/128 and 5/181; four of each.
		assertEquals(100, Double.parseDouble(camera.group(2)), 0.16);
		assertEquals(5, Double.parseDouble(camera.group(3)), 0.11);
		assertNull(ImageJ1.run(CAMERA + denoise("")).property("tweedie.camera"));
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "noise=camera | Too little was told of the camera", "noise=camera dark=dark offset=3 | in place of offset",
		"dark=dark | is for noise=camera", "noise=camera dark=nowhere | is the title of no open image, and as a file: there is no such file",
		"noise=camera offset=100 | Too little was told of the camera", "noise=camera dark=cells | is the image that is to be denoised",
		"noise=camera dark=bright | of the pixels are darker than that", "noise=camera gain=2 dark=dark plot=yes | only of noise that was estimated" })
	void aFrameWithoutLightThatCannotBeUsedIsTold(String options, String sentence) {
		String bright = "newImage('bright', '32-bit black', 20, 20, 1); run('Add...', 'value=2000'); selectImage('cells');";
		String told = assertThrows(RuntimeException.class, () -> ImageJ1.run(CAMERA + bright + denoise(options))).getMessage();
		assertTrue(told.contains(sentence), told);
	}

	@Test
	void aFrameWithoutLightThatWasNotUsedIsTold() {
		String blurred = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 256, 256, 1); run('Set...', 'value=400');"
			+ " run('Add Specified Noise...', 'standard=20'); run('Gaussian Blur...', 'sigma=1');";
		String told = String.valueOf(ImageJ1.run(blurred + denoise("noise=camera offset=90 readnoise=1")).property("tweedie.remarks"));
		assertTrue(told.contains("a frame without light was not used"), told);
	}

	@Test
	void noiseOfNeighboursIsNoticedWhereTheUserToldItsStrength() {
		String blurred = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 256, 256, 1); run('Set...', 'value=400');"
			+ " run('Add Specified Noise...', 'standard=20'); run('Gaussian Blur...', 'sigma=1');";
		String told = String.valueOf(ImageJ1.run(blurred + denoise("noise=gaussian sd=5.6")).property("tweedie.remarks"));
		assertTrue(told.contains("is correlated") && told.contains("taken for white"), told);
	}

	@ParameterizedTest
	@ValueSource(strings = { "a[b", "a]b", "a[b] c", "it's 5\\ \"x\"" })
	void theRecordedLineIsReadAgainWhateverTheTitle(String title) {
		String named = CELLS + "rename(\"" + title.replace("\\", "\\\\").replace("\"", "\\\"") + "\");";
		Picture first = ImageJ1.run(named + denoise("noise=gaussian sd=5"));
		assertArrayEquals(first.pixels(1), ImageJ1.run(named + first.property("tweedie.macro")).pixels(1));
	}

	/** In truth it is 5. */
	@ParameterizedTest
	@ValueSource(strings = { "noise=gaussian sd=1", "noise=gaussian sd=25", "noise=camera gain=10 offset=90 readnoise=1" })
	void noiseThatIsToldWronglyIsNoticed(String options) {
		String told = String.valueOf(ImageJ1.run(CELLS + denoise(options)).property("tweedie.remarks"));
		assertTrue(told.contains("times as strong as it was told"), told);
		String right = String.valueOf(ImageJ1.run(CELLS + denoise("noise=gaussian sd=5")).property("tweedie.remarks"));
		assertTrue(!right.contains("as it was told"), right);
	}

	@Test
	void resultsOfBatchModeHaveTitlesOfTheirOwn() {
		assertEquals("denoised of cells-1", ImageJ1.run(CELLS + denoise("") + "selectImage('cells');" + denoise("")).title());
	}

	/** Before a model is looked for, which takes time. */
	@ParameterizedTest
	@ValueSource(strings = { "noise=gaussian sd=0", "noise=gaussian sd=1e19", "noise=gaussian sd=Infinity", "noise=gaussian sd=NaN",
		"noise=camera gain=1e30", "noise=camera gain=2 readnoise=1e30", "noise=camera gain=2 offset=-1e30",
		"noise=camera gain=2 readnoise=NaN", "samples=-1", "samples=10001", "samples=1000000", "samples=1 steps=1",
		"samples=1 steps=1001" })
	void aNumberOutOfItsRangeIsToldAtOnce(String options) {
		String told = ImageJ1.run(CELLS + "told = call('io.github.tweedie.command.Denoise.attempt', 'model=nowhere " + options
			+ "'); newImage(told, '8-bit', 8, 8, 1);").title();
		assertTrue(told.contains("must be"), told);
	}

	/** The grey levels span 135, and noise of a standard deviation spreads them farther than it. */
	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
		"noise=gaussian sd=13501 | option sd=13501.0 the noise has a standard deviation of 13501.0 grey levels",
		"noise=camera gain=2e6 offset=90 | gain=2000000.0, offset=90.0 and readnoise=0.0 the noise has a standard deviation of 15937.",
		"noise=camera gain=2 offset=-1e8 | the noise has a standard deviation of 14142.1",
		"noise=camera gain=2 offset=90 readnoise=14000 | the noise has a standard deviation of 14000.0" })
	void noiseThatCannotBeThatOfTheImageIsToldAtOnce(String options, String sentence) {
		Picture cells = ImageJ1.run(CELLS + "told = call('io.github.tweedie.command.Denoise.attempt', 'model=nowhere " + options
			+ "'); selectImage('cells'); rename(told);");
		assertTrue(cells.title().contains(sentence), cells.title());
		assertTrue(cells.title().contains("'cells' lie from 82.0 to 217.0, which"), cells.title());
		assertTrue(cells.title().endsWith("ask for noise=estimated."), cells.title());
		assertArrayEquals(ImageJ1.run(CELLS).pixels(1), cells.pixels(1));
	}

	/** Ten times the span, a plane of one grey level, one plane of many that is, and what is small by its unit. */
	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
		"run('Macro...', 'code=v=100*(x%2)'); | sd=1000",
		"run('Set...', 'value=100'); | sd=5",
		"run('Set...', 'value=0'); | sd=1e18",
		"run('Add...', 'value=7 slice'); | sd=500",
		"run('Macro...', 'code=v=(x%2)'); | sd=0.1",
		"run('Macro...', 'code=v=1e-9*(x%2)'); | sd=1e-8" })
	void strongNoiseIsNoMistake(String picture, String options) {
		Picture clean = ImageJ1.run("newImage('cells', '32-bit black', 64, 48, 2);" + picture.replace("');", " stack');") + denoise(
			"noise=gaussian " + options));
		for (float value : clean.pixels(1))
			assertTrue(Float.isFinite(value));
	}

	@Test
	void theRecordedLineGivesTheSameAndTheInputIsUntouched() {
		Picture first = ImageJ1.run(CELLS + denoise("samples=2 seed=5 noise=camera gain=0.1 offset=10 readnoise=3"));
		assertArrayEquals(first.pixels(1), ImageJ1.run(CELLS + first.property("tweedie.macro")).pixels(1));
		assertArrayEquals(ImageJ1.run(CELLS).pixels(1), ImageJ1.run(CELLS + denoise("") + "selectImage('cells');").pixels(1));
		assertTrue(first.property("tweedie.noise variance").startsWith("0.1·z + 8.0"), first.property("tweedie.noise variance"));
	}

	@Test
	void theNoiseIsPlotted() {
		Picture plot = ImageJ1.run(CELLS + denoise("plot=yes") + "selectImage('noise of cells');");
		assertEquals(1, plot.image().getStackSize());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
		"noise=loud | noise=[loud] is not known",
		"uncertainty=yes | ask for samples=2 or more",
		"interval=90 samples=18 | An interval of 90 % needs at least 19 samples",
		"interval=67 samples=5 | needs at least 6 samples",
		"interval=100 samples=5 | interval=100 is a probability from 1 to 99",
		"noise=gaussian | sd=0.0 must be above 0 and at most 1.0E18; give it",
		"noise=gaussian sd=1e30 | sd=1.0E30 must be above 0 and at most 1.0E18",
		"noise=camera gain=-1 offset=100 | gain=-1.0 must be 0 or more",
		"noise=camera gain=2 readnoise=-3 | readnoise=-3.0 must be 0 or more",
		"noise=camera gain=2 offset=NaN | offset=NaN must be a number",
		"sd=20 | ask for noise=gaussian, or leave sd= out",
		"noise=gaussian sd=3 gain=2 | ask for noise=camera, or leave gain= out",
		"noise=camera gain=2 offset=5000 readnoise=5 | 100 % of the pixels are darker",
		"noise=gaussian sd=3 plot=yes | There is a plot only of noise that was estimated",
		"region=selection | has no area selection",
		"samples=-1 | The option samples=-1 must be from 0 to 10000; give a whole number between these.",
		"samples=1000000 | The option samples=1000000 must be from 0 to 10000",
		"samples=2 steps=100000 | The option steps=100000 must be from 2 to 1000",
		"sampels=3 | sampels" })
	void mistakesAreToldInASentence(String options, String sentence) {
		String told = assertThrows(ImageJ1.MacroError.class, () -> ImageJ1.run(CELLS + denoise(options))).getMessage();
		assertTrue(told.contains(sentence), told);
	}

	@Test
	void aFileIsDenoised(@TempDir Path folder) throws IOException {
		ImageJ1.run(CELLS + "saveAs('Tiff', '" + folder.resolve("a.tif") + "');");
		ImageJ1.run(Files.readString(Path.of("macros", "denoise.ijm")), folder.resolve("a.tif") + ";" + folder.resolve("b.tif")
			+ ";model=[closed form] noise=gaussian sd=5 samples=3 interval=50");
		for (String made : new String[] { "b.tif", "b-lower.tif", "b-upper.tif" })
			assertTrue(Files.exists(folder.resolve(made)), made);
		float[] kept = ImageJ1.run("open('" + folder.resolve("b.tif") + "');").pixels(1);
		assertArrayEquals(ImageJ1.run(CELLS + denoise("noise=gaussian sd=5 samples=3")).pixels(1), kept);
	}

	@Test
	void aFolderAndThoseInItAreDenoisedAndWhatFailsIsPassedOver(@TempDir Path folder) throws IOException {
		Path images = Files.createDirectories(folder.resolve("images")), inner = Files.createDirectory(images.resolve("inner"));
		ImageJ1.run(CELLS + "saveAs('Tiff', '" + images.resolve("a.tif") + "'); saveAs('Tiff', '" + inner.resolve("b.tif") + "');");
		ImageJ1.run(CELLS + "saveAs('Png', '" + images.resolve("a.png") + "');");
		Files.writeString(images.resolve("broken.tif"), "no image");
		Path results = folder.resolve("results");
		ImageJ1.run(Files.readString(Path.of("macros", "denoise-folder.ijm")), images + ";" + results + ";model=[closed form] residual=yes");
		try (Stream<Path> files = Files.walk(results)) {
			assertEquals(Set.of("a.png-denoised.tif", "a.png-residual.tif", "a.tif-denoised.tif", "a.tif-residual.tif",
				"inner/b-denoised.tif", "inner/b-residual.tif"),
				files.filter(Files::isRegularFile).map(f -> results.relativize(f).toString()).collect(Collectors.toSet()));
		}
	}

	@Test
	void aGainOfNextToNothingIsGaussianNoise() {
		float[] gaussian = ImageJ1.run(CELLS + denoise("noise=gaussian sd=5")).pixels(1);
		assertArrayEquals(gaussian, ImageJ1.run(CELLS + denoise("noise=camera gain=1e-12 offset=90 readnoise=5")).pixels(1), 1e-3f);
	}

	/** A photon in one pixel of four: 0 is a number of photons like another. */
	@Test
	void noPhotonIsNoCutOffNoise() {
		for (int seed = 1; seed <= 8; seed++) {
			String counts = "setBatchMode(true); random('seed', " + seed + "); newImage('counts', '8-bit black', 128, 128, 1);"
				+ " for (i = 0; i < 16384; i++) { n = 0; p = random; while (p > exp(-0.26)) { n++; p *= random; } setPixel(i % 128, floor(i / 128), n); }";
			String told = String.valueOf(ImageJ1.run(counts + denoise("")).property("tweedie.remarks"));
			assertTrue(!told.contains("lowest grey level"), seed + ": " + told);
		}
	}

	/** Stripes outside of the selection, which are taken away there. */
	@Test
	void theResidualIsJudgedInsideTheSelection() {
		String striped = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 64, 48, 1); run('Set...', 'value=100');"
			+ "run('Add Specified Noise...', 'standard=5'); makeRectangle(20, 10, 31, 38); run('Make Inverse');"
			+ "run('Macro...', 'code=v=v+8*sin(x/2)'); makeRectangle(20, 10, 31, 38);";
		String part = String.valueOf(ImageJ1.run(striped + denoise("region=selection noise=gaussian sd=5")).property("tweedie.remarks"));
		String whole = String.valueOf(ImageJ1.run(striped + denoise("noise=gaussian sd=5")).property("tweedie.remarks"));
		assertTrue(whole.contains("alike in neighbouring pixels"), whole);
		assertTrue(!part.contains("alike in neighbouring pixels"), part);
	}

	@ParameterizedTest
	@ValueSource(strings = { "noise=gaussian sd=5", "noise=camera gain=2 offset=5000" })
	void theModelIsGivenBackAfterSuccessAndAfterAFailure(String options) {
		int before = ClosedFormPriors.opened;
		ImageJ1.run(CELLS + "call('io.github.tweedie.command.Denoise.attempt', 'model=[" + ClosedFormPriors.LENT + "] " + options
			+ "');");
		assertEquals(before + 1, ClosedFormPriors.opened);
		assertEquals(0, ClosedFormPriors.lent);
	}

	@Test
	void withoutOptionsTheDefaultsAreTaken() {
		Picture clean = ImageJ1.run(CELLS + "told = call('io.github.tweedie.command.Denoise.attempt', ''); if (told != '') exit(told);");
		assertTrue(clean.property("tweedie.model").contains("fluorescence"), clean.title());
	}

	@Test
	void aMacroMayGoOn() {
		String problem = ImageJ1.run(CELLS + "problem = call('io.github.tweedie.command.Denoise.attempt', 'model=[closed form] noise=loud');"
			+ "newImage(problem, '8-bit', 8, 8, 1);").title();
		assertTrue(problem.contains("loud"), problem);
	}
}
