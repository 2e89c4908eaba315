package io.github.tweedie.command;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

import org.scijava.Context;
import org.scijava.command.CommandInfo;
import org.scijava.command.CommandService;
import org.scijava.module.ModuleService;

import ij.ImagePlus;
import ij.macro.Interpreter;
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

	/** Runs the command as a SciJava program does, without a macro. */
	static Picture inpainted(Picture picture, Object... inputs) throws Exception {
		try (Context context = new Context(CommandService.class, PriorService.class)) {
			Object[] all = Arrays.copyOf(inputs, inputs.length + 2);
			all[inputs.length] = "image";
			all[inputs.length + 1] = picture.image();
			CommandInfo info = context.service(CommandService.class).getCommand(Inpaint.class);
			return new Picture((ImagePlus) context.service(ModuleService.class).run(info, true, all).get().getOutput("restored"));
		}
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

		float[] pixels(int plane) {
			ImageProcessor processor = image.getStack().getProcessor(plane);
			return (float[]) processor.convertToFloatProcessor().getPixels();
		}
	}
}
