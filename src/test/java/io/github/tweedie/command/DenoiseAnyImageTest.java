package io.github.tweedie.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Rectangle;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import ij.CompositeImage;
import io.github.tweedie.command.ImageJ1.Picture;
import net.imagej.patcher.LegacyInjector;

/** Denoising of images of any type, size and arrangement. */
class DenoiseAnyImageTest {

	static {
		LegacyInjector.preinit();
	}

	private static Picture denoised(Picture image, Object... options) throws Exception {
		return output("denoised", image, options);
	}

	private static Picture output(String output, Picture image, Object... options) throws Exception {
		Object[] all = new Object[options.length + 2];
		System.arraycopy(options, 0, all, 2, options.length);
		all[0] = "model";
		all[1] = ClosedFormPriors.STEPPED;
		return ImageJ1.output(Denoise.class, output, image, all);
	}

	private static double variance(Picture picture, String where) {
		String told = picture.property("tweedie." + where + "noise variance");
		return Double.parseDouble(told.substring(told.indexOf("+ ") + 2, told.indexOf(" at")));
	}

	private static double deviation(float[] a, float[] b) {
		double sum = 0, squares = 0;
		for (int i = 0; i < a.length; i++) {
			sum += a[i] - b[i];
			squares += (a[i] - b[i]) * (double) (a[i] - b[i]);
		}
		return Math.sqrt(squares / a.length - sum / a.length * sum / a.length);
	}

	/** As ImageJ keeps numbers from -32768 to 32767: as those from 0 to 65535. */
	@Test
	void channelsWithSignsAreShownInTheirOwnRange() throws Exception {
		Picture input = ImageJ1.run("setBatchMode(true); newImage('signed', '16-bit composite-mode', 40, 30, 2, 1, 1);"
			+ "for (c = 1; c <= 2; c++) { setSlice(c); run('Set...', 'value=' + 33000 + 500 * c + ' slice');"
			+ " run('Add Specified Noise...', 'slice standard=5'); setMinAndMax(33000, 34000); }");
		input.image().getCalibration().setSigned16BitCalibration();
		input.image().getCalibration().setValueUnit("OD");
		((CompositeImage) input.image()).getActiveChannels()[1] = false;
		Picture clean = denoised(input);
		assertEquals("OD", clean.image().getCalibration().getValueUnit());
		boolean[] shown = ((CompositeImage) clean.image()).getActiveChannels();
		assertTrue(shown[0] && !shown[1]);
		assertTrue(clean.composite());
		assertEquals(List.of(33000 - 32768.0, 34000 - 32768.0), clean.range());
	}

	private static final String TWO_CHANNELS = "setBatchMode(true); random('seed', 1); newImage('two', '16-bit composite-mode', 40, 30, 2, 2, 1);"
		+ "for (i = 1; i <= 4; i++) { setSlice(i); run('Set...', 'value=' + 500 * i + ' slice'); run('Add Specified Noise...', 'slice standard=5'); }";

	/** The first knows that everything is black. */
	@Test
	void eachChannelMayHaveAModelOfItsOwn() throws Exception {
		String options = " noise=gaussian sd=5\");";
		Picture black = ImageJ1.run(TWO_CHANNELS + "run(\"Tweedie Denoise...\", \"model=[" + ClosedFormPriors.BLACK + "]" + options),
			plain = ImageJ1.run(TWO_CHANNELS + "run(\"Tweedie Denoise...\", \"model=[" + ClosedFormPriors.NAME + "]" + options),
			both = ImageJ1.run(TWO_CHANNELS + "run(\"Tweedie Denoise...\", \"models=[" + ClosedFormPriors.BLACK + ", " + ClosedFormPriors.NAME + "]" + options);
		for (int i = 1; i <= 4; i++)
			assertArrayEquals((i % 2 == 1 ? black : plain).pixels(i), both.pixels(i), "plane " + i);
		assertTrue(deviation(black.pixels(1), plain.pixels(1)) > 0);
		assertEquals(ClosedFormPriors.BLACK, both.property("tweedie.channel 1, model"));
		assertEquals(ClosedFormPriors.NAME, both.property("tweedie.channel 2, model"));
		assertTrue(both.property("tweedie.channel 1, grey levels of the model's range").startsWith("49"));
		assertTrue(both.property("tweedie.channel 2, grey levels of the model's range").startsWith("99"));
		assertArrayEquals(both.pixels(3), ImageJ1.run(TWO_CHANNELS + both.property("tweedie.macro")).pixels(3));
	}

	@ParameterizedTest
	@CsvSource({ "closed form, must name a model for each channel", "'closed form,', must name a model for each channel",
		"'closed form, closed form, closed form', has 2 channel(s)", "'closed form, nowhere', There is no model 'nowhere'" })
	void modelsThatAreNotOnePerChannelAreTold(String models, String sentence) {
		String told = assertThrows(RuntimeException.class,
			() -> ImageJ1.run(TWO_CHANNELS + "run(\"Tweedie Denoise...\", \"models=[" + models + "]\");")).getMessage();
		assertTrue(told.contains(sentence), told);
	}

	@Test
	void aColourImageStaysOneAndEachColourHasItsOwnNoise() throws Exception {
		Picture colours = ImageJ1.colours(131, 97, 2, 3, 6, 12), clean = denoised(colours);
		assertEquals(24, clean.bits());
		assertEquals(2, clean.planes());
		assertEquals("slice 1", clean.label(2));
		assertEquals("0.25 µm", clean.calibration());
		// Of 25,000 pixels the variance is known to 1 %; what the estimator adds is measured in docs/noise.md.
		assertEquals(9, variance(clean, "red, "), 1.2);
		assertEquals(36, variance(clean, "green, "), 4);
		assertEquals(144, variance(clean, "blue, "), 15);
		assertTrue(clean.property("tweedie.rounding").contains("0 to 255"));
		// Rounding adds a variance of 1/12 to what is told of the residual, which is not rounded.
		Picture residual = output("removed", colours, "residual", "yes");
		assertEquals("3 2 1", residual.dimensions());
		assertEquals(32, residual.bits());
		assertEquals("blue of slice 1", residual.label(6));
		for (int plane = 0; plane < 6; plane++) {
			float[] before = colours.colour(plane / 3 + 1, plane % 3), after = clean.colour(plane / 3 + 1, plane % 3);
			for (int i = 0; i < before.length; i++)
				assertEquals(before[i] - after[i], residual.pixels(plane + 1)[i], 0.5001, "plane " + plane + ", pixel " + i);
		}
	}

	@Test
	void theUncertaintyOfAColourImageHasThreeChannels() throws Exception {
		Picture map = output("deviation", ImageJ1.colours(40, 33, 1, 3, 6, 12), "samples", 4, "uncertainty", "yes");
		assertEquals("3 1 1", map.dimensions());
		double[] mean = new double[3];
		for (int c = 0; c < 3; c++)
			for (float value : map.pixels(c + 1))
				mean[c] += value / 1320;
		assertTrue(mean[0] < mean[1] && mean[1] < mean[2], mean[0] + " " + mean[1] + " " + mean[2]);
	}

	/** Of three samples 50 % are the lowest and the highest, and their mean, which is not rounded, lies between them. */
	@Test
	void theBoundsOfAColourImageHaveThreeChannels() throws Exception {
		Picture input = ImageJ1.colours(40, 33, 1, 3, 6, 12);
		Object[] options = { "samples", 3, "interval", 50 };
		Picture low = output("lower", input, options), high = output("upper", input, options), clean = output("denoised", input, options);
		assertEquals("3 1 1", low.dimensions());
		assertEquals("3 1 1", high.dimensions());
		for (int c = 0; c < 3; c++)
			for (int i = 0; i < 1320; i++) {
				assertTrue(low.pixels(c + 1)[i] < high.pixels(c + 1)[i]);
				assertEquals(clean.colour(1, c)[i], (low.pixels(c + 1)[i] + high.pixels(c + 1)[i]) / 2,
					0.5 + (high.pixels(c + 1)[i] - low.pixels(c + 1)[i]) / 2, "colour " + c + ", pixel " + i);
			}
	}

	@Test
	void outsideOfTheRegionTheColoursAreKept() throws Exception {
		Picture colours = ImageJ1.colours(40, 33, 1, 3, 6, 12);
		colours.select(5, 6, 7, 8);
		Picture clean = denoised(colours, "region", "selection");
		int changed = 0;
		for (int c = 0; c < 3; c++)
			for (int i = 0; i < 40 * 33; i++) {
				boolean inside = i % 40 >= 5 && i % 40 < 12 && i / 40 >= 6 && i / 40 < 14;
				boolean same = colours.colour(1, c)[i] == clean.colour(1, c)[i];
				assertTrue(inside || same, "colour " + c + ", pixel " + i);
				changed += same ? 0 : 1;
			}
		assertTrue(changed > 60, changed + " of 168 values");
	}

	@Test
	void aPaletteIsTakenForItsColoursAndThatIsTold() throws Exception {
		Picture clean = denoised(ImageJ1.palette(ImageJ1.colours(64, 48, 1, 3, 6, 12)));
		assertEquals(24, clean.bits());
		assertTrue(clean.property("tweedie.remarks").contains("8-bit colour"), clean.property("tweedie.remarks"));
	}

	/** With an SD of 10 grey levels and noise that is known or not, at extents that no tile has. */
	@ParameterizedTest
	@CsvSource({ "1,1", "1,64", "64,1", "2,2", "3,1", "7,5", "33,47", "65,9" })
	void anyExtentsWillDo(int width, int height) throws Exception {
		for (String bits : new String[] { "8-bit", "16-bit", "32-bit" })
			for (String noise : new String[] { "estimated", "gaussian" }) {
				String noisy = "setBatchMode(true); newImage('odd', '" + bits + " black', " + width + ", " + height + ", 1);"
					+ "run('Set...', 'value=100'); run('Add Specified Noise...', 'standard=10');";
				Picture image = ImageJ1.run(noisy), clean = denoised(image, "noise", noise, "sd", noise.equals("gaussian") ? 10.0 : 0.0);
				assertEquals(32, clean.bits());
				assertEquals(width * height, clean.pixels(1).length);
				for (int i = 0; i < width * height; i++)
					assertEquals(image.pixels(1)[i], clean.pixels(1)[i], 60, bits + ", " + noise + " noise, pixel " + i);
				if (noise.equals("gaussian") && width * height > 300)
					assertTrue(deviation(image.pixels(1), clean.pixels(1)) > 5, bits);
			}
	}

	@Test
	void channelsSlicesFramesLabelsAndCalibrationAreKept() throws Exception {
		String stack = """
			setBatchMode(true);
			newImage("stack", "16-bit black", 33, 21, 12);
			for (i = 1; i <= 12; i++) {
				setSlice(i); run("Set...", "value=" + 100 * i + " slice"); Property.setSliceLabel("label " + i, i);
			}
			run("Add Specified Noise...", "stack standard=5");
			run("Stack to Hyperstack...", "order=xyczt(default) channels=2 slices=3 frames=2 display=Grayscale");
			setVoxelSize(0.5, 0.5, 2, "um");
			""";
		Picture input = ImageJ1.run(stack);
		Object[] options = { "samples", 3, "uncertainty", "yes", "interval", 50, "residual", "yes", "plot", "yes" };
		for (String output : new String[] { "denoised", "deviation", "lower", "upper", "removed" }) {
			Picture made = output(output, input, options);
			assertEquals("2 3 2", made.dimensions(), output);
			assertEquals("0.5 µm", made.calibration(), output);
			for (int i = 1; i <= 12; i++)
				assertEquals("label " + i, made.label(i), output);
		}
		Picture clean = output("denoised", input, options), rest = output("removed", input, options);
		for (int i = 1; i <= 12; i++)
			for (int k = 0; k < 33 * 21; k++) {
				assertEquals(100 * i, clean.pixels(i)[k], 40, "plane " + i);
				assertEquals(input.pixels(i)[k], clean.pixels(i)[k] + rest.pixels(i)[k], 1e-3);
			}
		assertEquals(2, output("plotted", input, options).planes());
		assertTrue(clean.composite());
	}

	@Test
	void theRecordedLineOfAColourImageGivesTheSame() throws Exception {
		String colours = "setBatchMode(true); random('seed', 1); newImage('cells', 'RGB white', 40, 30, 1);"
			+ "run('Set...', 'value=120'); run('Add Specified Noise...', 'standard=9');";
		Picture first = ImageJ1.run(colours + "run('Tweedie Denoise...', 'model=[closed form] samples=2 seed=4');");
		Picture again = ImageJ1.run(colours + first.property("tweedie.macro"));
		for (int c = 0; c < 3; c++)
			assertArrayEquals(first.colour(1, c), again.colour(1, c));
	}

	/** As if ImageJ had binned a 32-bit copy first: pixels, pixel size and what lies over them. */
	@Test
	void resampledIsBinnedFirst() throws Exception {
		String fine = "setBatchMode(true); random('seed', 1); newImage('cells', '32-bit black', 43, 33, 2); run('Add...', 'value=90 stack');"
			+ "run('Add Specified Noise...', 'stack standard=9'); makeRectangle(8, 4, 16, 20); run('Add Selection...'); Overlay.setPosition(2);";
		String sized = "run('Tweedie Denoise...', 'model=[" + ClosedFormPriors.SIZED + "] noise=gaussian region=selection ";
		// The noise is that of the image's own pixels; the mean of four has half of it.
		Picture by = ImageJ1.run(fine + "setVoxelSize(0.25, 0.25, 2, 'um');" + sized + "sd=6 resample=yes');");
		Picture before = ImageJ1.run(fine + "run('Remove Overlay'); run('Select None'); run('Bin...', 'x=2 y=2 z=1 bin=Average');"
			+ "setVoxelSize(0.5, 0.5, 2, 'um'); makeRectangle(4, 2, 8, 10);" + sized + "sd=3');");
		assertEquals("0.5 µm", by.calibration());
		for (int plane = 1; plane <= 2; plane++)
			assertArrayEquals(before.pixels(plane), by.pixels(plane), 1e-5f);
		assertEquals(new Rectangle(4, 2, 8, 10), by.image().getOverlay().get(0).getBounds());
		assertEquals(2, by.image().getOverlay().get(0).getPosition());
		assertEquals("from 43×33 to 21×16 pixels", by.property("tweedie.resampled"));
	}

	@Test
	void aSelectionWithoutAPixelIsTold() throws Exception {
		Picture input = ImageJ1.colours(40, 33, 1, 3, 6, 12);
		input.pixelSize(0.125, "um");
		input.select(8, 4, 1, 1);
		Throwable told = assertThrows(Exception.class, () -> ImageJ1.output(Denoise.class, "denoised", input, "resample", "yes", "region",
			"selection", "model", ClosedFormPriors.SIZED));
		while (told.getCause() != null)
			told = told.getCause();
		assertTrue(told.getMessage().contains("no pixel of those that are left after resampling"), told.getMessage());
	}

	@Test
	void coloursAreResampledWithoutRounding() throws Exception {
		Picture input = ImageJ1.colours(40, 32, 1, 3, 6, 12);
		input.pixelSize(0.125, "um");
		Object[] options = { "resample", "yes", "residual", "yes", "model", ClosedFormPriors.SIZED };
		Picture clean = ImageJ1.output(Denoise.class, "denoised", input, options);
		Picture rest = ImageJ1.output(Denoise.class, "removed", input, options);
		for (int c = 0; c < 3; c++)
			for (int i = 0; i < 80; i++) {
				double mean = 0;
				for (int k = 0; k < 16; k++)
					mean += input.colour(1, c)[(i / 10 * 4 + k / 4) * 40 + i % 10 * 4 + k % 4] / 16;
				assertEquals(mean, clean.colour(1, c)[i] + rest.pixels(c + 1)[i], 0.5001, "colour " + c + ", pixel " + i);
			}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
		"closed form, sized | pixel | 1 | does not tell how large its pixels are",
		"closed form | um | 0.25 | The model does not tell on pixels of which size it was trained",
		"closed form, sized | nm | 10 | 50×50 pixels would be averaged to one, and it has 40×33" })
	void whatCannotBeResampledIsTold(String model, String unit, double side, String sentence) throws Exception {
		Picture input = ImageJ1.colours(40, 33, 1, 3, 6, 12);
		input.pixelSize(side, unit);
		Throwable told = assertThrows(Exception.class, () -> ImageJ1.output(Denoise.class, "denoised", input, "resample", "yes", "model", model));
		while (told.getCause() != null)
			told = told.getCause();
		assertTrue(told.getMessage().contains(sentence), told.getMessage());
	}

	@Test
	void pixelsOfAnotherSizeAreTold() throws Exception {
		Picture fine = ImageJ1.colours(40, 33, 1, 3, 6, 12), alike = ImageJ1.colours(40, 33, 1, 3, 6, 12);
		fine.pixelSize(62.5, "nm");
		alike.pixelSize(0.3, "micron");
		String told = ImageJ1.output(Denoise.class, "denoised", fine, "model", ClosedFormPriors.SIZED).property("tweedie.remarks");
		assertTrue(told.contains("0.0625 µm") && told.contains("8.00 times") && told.contains("resample=yes"), told);
		String silent = ImageJ1.output(Denoise.class, "denoised", alike, "model", ClosedFormPriors.SIZED).property("tweedie.remarks");
		assertTrue(silent == null || !silent.contains("µm"), silent);
	}
}
