package io.github.tweedie.command;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;

import org.scijava.Context;
import org.scijava.command.CommandInfo;
import org.scijava.command.CommandService;
import org.scijava.module.ModuleService;

import io.github.tweedie.sde.Monitor;

import ij.ImagePlus;
import ij.ImageStack;
import ij.Macro;
import ij.macro.Interpreter;
import ij.process.ImageConverter;
import ij.process.ImageProcessor;

/**
 * ImageJ without a window, with the plugin in its menu. The methods that tests declare must not name classes of ImageJ, or
 * these would be loaded before they are patched.
 */
final class ImageJ1 {

	private static final AtomicBoolean READY = new AtomicBoolean();

	private ImageJ1() {}

	/** Runs a macro in batch mode and takes the image that is active at its end. */
	static Picture run(String macro) {
		if (READY.compareAndSet(false, true)) CommandPlugIn.install();
		Interpreter interpreter = new Interpreter();
		try {
			Picture picture = new Picture(interpreter.runBatchMacro(macro, null));
			if (interpreter.wasError()) throw new MacroError(interpreter.getErrorMessage());
			return picture;
		}
		finally {
			// NB: A macro that fails stays current, and the next one would stand in its shadow.
			if (interpreter.wasError()) Interpreter.abort();
		}
	}

	/** Runs a macro with an argument, in batch mode. */
	static void run(String macro, String argument) {
		if (READY.compareAndSet(false, true)) CommandPlugIn.install();
		new Interpreter().run(macro, argument);
	}

	/** Runs a macro with an argument, in batch mode, and takes what it prints. */
	static String told(String macro, String argument) {
		PrintStream before = System.out;
		ByteArrayOutputStream told = new ByteArrayOutputStream();
		System.setOut(new PrintStream(told, true, StandardCharsets.UTF_8));
		try {
			run(macro, argument);
		}
		catch (RuntimeException e) {
			// NB: so ends a macro that calls exit().
			if (!Macro.MACRO_CANCELED.equals(e.getMessage())) throw e;
		}
		finally {
			System.setOut(before);
		}
		return told.toString(StandardCharsets.UTF_8);
	}

	/** Runs the command as a SciJava program does, without a macro. */
	static Picture inpainted(Picture picture, Object... inputs) throws Exception {
		return output(Inpaint.class, "restored", picture, inputs);
	}

	/** Runs a command as a SciJava program does, without a macro, and takes one of its outputs. */
	static Picture output(Class<? extends ImageCommand> command, String output, Picture picture, Object... inputs) throws Exception {
		try (Context context = new Context(CommandService.class, PriorService.class)) {
			Object[] all = Arrays.copyOf(inputs, inputs.length + 2);
			all[inputs.length] = "image";
			all[inputs.length + 1] = picture.image();
			CommandInfo info = context.service(CommandService.class).getCommand(command);
			return new Picture((ImagePlus) context.service(ModuleService.class).run(info, true, all).get().getOutput(output));
		}
	}

	/** Puts planes onto the disk, lets something happen and writes the file. @return what failed */
	static String saved(Path file, Callable<Void> between) {
		return saved(file, Monitor.NONE, between);
	}

	static String saved(Path file, Monitor monitor, Callable<Void> between) {
		try (DiskStack stack = new DiskStack(4, 3, false, file, monitor)) {
			stack.addSlice(null, new float[12]);
			stack.addSlice(null, new float[12]);
			between.call();
			stack.save(new ImagePlus("a", stack));
			return "";
		}
		catch (Exception e) {
			return e.getMessage();
		}
	}

	/** Of 16 bits, on demand; see {@link CountingStack}. */
	static Picture virtual(CountingStack stack) {
		return new Picture(new ImagePlus("virtual", stack));
	}

	/** A colour picture of grey 100 and 160 halves, with Gaussian noise of a standard deviation of its own in red, green and blue. */
	static Picture colours(int width, int height, int slices, double... noise) {
		Random random = new Random(1);
		ImageStack stack = new ImageStack(width, height);
		for (int s = 0; s < slices; s++) {
			int[] rgb = new int[width * height];
			for (int i = 0; i < rgb.length; i++)
				for (int c = 0; c < 3; c++)
					rgb[i] = rgb[i] << 8 | (int) Math.round((2 * (i % width) < width ? 100 : 160) + noise[c] * random.nextGaussian());
			stack.addSlice("slice " + s, rgb);
		}
		ImagePlus image = new ImagePlus("colours", stack);
		image.getCalibration().setUnit("um");
		image.getCalibration().pixelWidth = 0.25;
		return new Picture(image);
	}

	/** With 16 colours in a table. */
	static Picture palette(Picture colours) {
		ImagePlus image = new ImagePlus("palette", colours.image().getProcessor().duplicate());
		new ImageConverter(image).convertRGBtoIndexedColor(16);
		return new Picture(image);
	}

	/** The sentence with which a macro was stopped. */
	static final class MacroError extends RuntimeException {

		private static final long serialVersionUID = 1;

		MacroError(String message) {
			super(message);
		}
	}

	/** What a test asks of an image. */
	record Picture(ImagePlus image) {

		String title() {
			return image.getTitle();
		}

		boolean composite() {
			return image.isComposite();
		}

		String property(String key) {
			return image.getProp(key);
		}

		String calibration() {
			return image.getCalibration().pixelWidth + " " + image.getCalibration().getUnit();
		}

		/** Channels, slices and frames. */
		String dimensions() {
			return image.getNChannels() + " " + image.getNSlices() + " " + image.getNFrames();
		}

		boolean missing() {
			return image == null;
		}

		String information() {
			return image.getInfoProperty();
		}

		/** Ends of the display range. */
		List<Double> range() {
			return List.of(image.getDisplayRangeMin(), image.getDisplayRangeMax());
		}

		int bits() {
			return image.getBitDepth();
		}

		int planes() {
			return image.getStackSize();
		}

		String label(int plane) {
			return image.getStack().getSliceLabel(plane);
		}

		boolean virtual() {
			return image.getStack().isVirtual();
		}

		/** Of a colour picture: 0 red, 1 green, 2 blue. */
		float[] colour(int plane, int colour) {
			return (float[]) image.getStack().getProcessor(plane).convertToRGB().toFloat(colour, null).getPixels();
		}

		void select(int x, int y, int width, int height) {
			image.setRoi(x, y, width, height);
		}

		void pixelSize(double side, String unit) {
			image.getCalibration().setUnit(unit);
			image.getCalibration().pixelWidth = image.getCalibration().pixelHeight = side;
		}

		float[] pixels(int plane) {
			ImageProcessor processor = image.getStack().getProcessor(plane);
			return (float[]) processor.convertToFloatProcessor().getPixels();
		}
	}
}
