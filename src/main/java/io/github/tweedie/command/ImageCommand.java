package io.github.tweedie.command;

import java.awt.GraphicsEnvironment;
import java.awt.HeadlessException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.scijava.command.DynamicCommand;
import org.scijava.module.ModuleItem;
import org.scijava.plugin.Parameter;
import org.scijava.task.Task;
import org.scijava.task.TaskService;

import ij.IJ;
import ij.ImagePlus;
import ij.Macro;
import ij.WindowManager;
import ij.gui.Roi;
import ij.macro.Interpreter;
import io.github.tweedie.sde.Monitor;

/**
 * What all commands share: strict macro options, progress and Escape, and failures told in one sentence. On a display the
 * sentence comes in ImageJ's own message box, without one it is printed; a running macro stops. A program that called the
 * command without a display gets the exception.
 */
abstract class ImageCommand extends DynamicCommand {

	/** Style of an option that is the path of a folder. NB: not a File, for which a macro without it would open a chooser. */
	static final String DIRECTORY = "directory";
	/** Style of an option that may be the path of a file. */
	static final String FILE = "file";

	/** By how many commands an image is read: ImageJ's own switch does not count. */
	private static final Map<ImagePlus, Integer> READERS = new IdentityHashMap<>();
	private static final String OWN = "tweedie.";
	private static final AtomicInteger RUNNING = new AtomicInteger();

	@Parameter(required = false)
	private TaskService tasks;

	/** Computes and sets the outputs. */
	abstract void compute(Monitor monitor);

	/** Gives back what was borrowed for {@link #compute}, however that ended. */
	void ended() {}

	/** Name in the menu. */
	abstract String title();

	/** Fills the drop-down lists with what is there at the moment. */
	protected void offerChoices() {}

	/** The inputs that a dialog asks for, in its order; the image is the active one. */
	List<ModuleItem<?>> asked() {
		List<ModuleItem<?>> asked = new ArrayList<>();
		for (ModuleItem<?> input : getInfo().inputs())
			if (MacroOptions.isOption(input) && input.getType() != ImagePlus.class) asked.add(input);
		return asked;
	}

	@Override
	public void run() {
		try {
			// NB: SciJava, like ImageJ, passes over unknown keys and over values that it cannot convert.
			String options = Macro.getOptions();
			if (options != null)
				MacroOptions.parse(options).read(title(), getInfo().inputs());
			watched();
			if (IJ.isMacro()) showOutputs();
		}
		catch (CancellationException e) {
			IJ.showStatus(title() + " was cancelled");
			abortMacro();
		}
		catch (IllegalArgumentException | IllegalStateException | UncheckedIOException | ArithmeticException e) {
			fail(e);
		}
		catch (RuntimeException | LinkageError e) {
			// NB: ImageJ passes over what is thrown, and a macro would take it for success.
			e.printStackTrace();
			fail(new IllegalStateException(title().replace("...", "") + " failed in a way that was not foreseen (" + e + "); please report"
				+ " it, with the image and the options.", e));
		}
		catch (OutOfMemoryError e) {
			fail(new IllegalStateException("Java's memory of " + (Runtime.getRuntime().maxMemory() >> 20)
				+ " MB is not enough for this image; give it more in Edit > Options > Memory & Threads, or give a part of the image or,"
				+ " where there are several, ask for fewer samples.", e));
		}
	}

	/** Shows what was made, the last output in front. A macro needs it before its next line runs. */
	void showOutputs() {
		for (ModuleItem<?> output : getInfo().outputs())
			if (getOutput(output.getName()) instanceof ImagePlus image) {
				image.setTitle(unique(image.getTitle()));
				image.show();
			}
	}

	/** NB: ImageJ's own numbering passes over images of batch mode. */
	private static String unique(String title) {
		String unique = title;
		for (int i = 1; WindowManager.getImage(unique) != null; i++)
			unique = title + "-" + i;
		return unique;
	}

	/** The line that runs this command again, with every option written out. */
	String macroLine() {
		Map<String, Object> values = new LinkedHashMap<>();
		for (ModuleItem<?> input : getInfo().inputs())
			if (MacroOptions.isOption(input)) {
				Object value = getInput(input.getName());
				if (!(value instanceof ImagePlus image))
					values.put(input.getName(), value);
				// NB: a title with a bracket too many could not be read back; the line then means the image in front.
				else if (MacroOptions.readable(image.getTitle()))
					values.put(input.getName(), image.getTitle());
			}
		return "run(\"" + title() + "\", \"" + MacroOptions.written(values).replace("\\", "\\\\").replace("\"", "\\\"") + "\");";
	}

	/**
	 * Runs a command for a macro that must go on after a failure.
	 *
	 * @return the sentence that tells what failed; empty if nothing did
	 */
	static String attempt(String title, String options) {
		boolean redirecting = IJ.redirectingErrorMessages();
		IJ.redirectErrorMessages();
		IJ.getErrorMessage();
		try {
			// NB: without any, ImageJ knows no options at all, and a dialog would open.
			IJ.run(title, options.isEmpty() ? " " : options);
			return "";
		}
		catch (RuntimeException e) {
			String told = IJ.getErrorMessage();
			Throwable cause = e;
			while (told == null && cause.getCause() != null)
				cause = cause.getCause();
			return told != null ? told : String.valueOf(cause.getMessage());
		}
		finally {
			IJ.redirectErrorMessages(redirecting);
		}
	}

	/** Refuses what is no image at all. */
	static void requireImage(ImagePlus image, String purpose) {
		if (image == null || image.getWidth() == 0 || image.getStackSize() == 0 || image.getProcessor() == null)
			throw new IllegalArgumentException("There is no image to " + purpose + "; open one, or give a macro the title of an open one.");
	}

	/** Refuses what is no image of grey levels. */
	static void requireGrey(ImagePlus image, String purpose) {
		requireImage(image, purpose);
		if (image.getType() == ImagePlus.COLOR_RGB || GreyPlanes.palette(image))
			throw new IllegalArgumentException("'" + image.getTitle() + "' is a colour (" + (image.getType() == ImagePlus.COLOR_RGB
				? "RGB" : "8-bit colour") + ") image, and the models know grey levels; convert it with Image > Type, or split its channels.");
	}

	/**
	 * The selection, which must have an inside.
	 *
	 * @param remedy end of the sentence that asks for one: what it is for, and what else to ask for
	 */
	static Roi areaSelection(ImagePlus image, String remedy) {
		Roi selection = image.getRoi();
		if (selection == null || !selection.isArea())
			throw new IllegalArgumentException("'" + image.getTitle() + "' has no area selection; draw one around what is to be " + remedy
				+ ".");
		// NB: the user may clear or move it while the network works.
		return (Roi) selection.clone();
	}

	/** Refuses a value that is none of the choices. */
	static void requireKnown(String key, String value, String... known) {
		if (!List.of(known).contains(value)) throw unknown(key, value, known);
	}

	/** Refuses a number out of its bounds; those of the dialog do not bind a macro. */
	static void requireWithin(String key, int value, int least, int most) {
		if (value < least || value > most)
			throw new IllegalArgumentException("The option " + key + "=" + value + " must be from " + least + " to " + most
				+ "; give a whole number between these.");
	}

	static IllegalArgumentException unknown(String key, String value, String... known) {
		return new IllegalArgumentException("The option " + key + "=[" + value + "] is not known; it is one of "
			+ Stream.of(known).map(k -> "[" + k + "]").collect(Collectors.joining(", ")) + ".");
	}

	/**
	 * Writes where an image came from into its properties and, for people, into what 'Show Info...' tells.
	 *
	 * @param image the input, of which the properties are kept, and what it had to tell is put below; null if there was none
	 */
	static void describe(ImagePlus output, Map<String, String> origin, ImagePlus image) {
		String[] kept = image == null ? null : image.getPropertiesAsArray();
		for (int i = 0; kept != null && i < kept.length; i += 2)
			// NB: what was said of an earlier run would be taken for this one's.
			if (!kept[i].startsWith(OWN)) output.setProp(kept[i], kept[i + 1]);
		StringBuilder text = new StringBuilder();
		origin.forEach((key, value) -> {
			output.setProp(OWN + key, value);
			text.append(OWN).append(key).append(": ").append(value).append('\n');
		});
		if (image != null && image.getInfoProperty() != null) text.append('\n').append(image.getInfoProperty());
		output.setProperty("Info", text.toString());
	}

	private List<ImagePlus> images() {
		List<ImagePlus> images = new ArrayList<>();
		for (ModuleItem<?> input : getInfo().inputs())
			if (getInput(input.getName()) instanceof ImagePlus image) images.add(image);
		return images;
	}

	/** Tells ImageJ of an image that so many more commands read than before, so that it keeps its pixels when its window is closed. */
	private static void read(ImagePlus image, int more) {
		synchronized (READERS) {
			int readers = READERS.merge(image, more, Integer::sum);
			if (readers == 0)
				READERS.remove(image);
			image.setIgnoreFlush(readers > 0);
		}
	}

	private void watched() {
		Task task = tasks == null ? null : tasks.createTask(title());
		if (task != null) task.start();
		List<ImagePlus> images = images();
		images.forEach(image -> read(image, 1));
		// NB: an Escape that a command beside this one has not seen yet is not to be forgotten.
		if (RUNNING.getAndIncrement() == 0)
			IJ.resetEscape();
		try {
			compute(new Monitor() {

				@Override
				public void progress(int done, int total) {
					IJ.showProgress(done, total);
					if (task == null) return;
					task.setProgressMaximum(total);
					task.setProgressValue(done);
				}

				@Override
				public void say(String sentence) {
					IJ.showStatus(sentence);
					if (task != null) task.setStatusMessage(sentence);
				}

				@Override
				public boolean cancelled() {
					return IJ.escapePressed() || isCanceled() || task != null && task.isCanceled();
				}
			});
		}
		finally {
			images.forEach(image -> read(image, -1));
			RUNNING.decrementAndGet();
			IJ.showProgress(1.0);
			if (task != null) task.finish();
			ended();
		}
	}

	/** Tells the sentence and stops the macro, if one runs; without a macro and a display, throws. */
	void fail(RuntimeException e) {
		if (GraphicsEnvironment.isHeadless() && !IJ.isMacro()) throw e;
		try {
			IJ.error(title().replace("...", ""), e.getMessage());
		}
		catch (HeadlessException noDialog) {
			IJ.log(e.getMessage());
			abortMacro();
		}
		catch (RuntimeException aborted) {
			// NB: ImageJ has stopped the macro before it throws. What is thrown farther would appear as a stack trace.
		}
	}

	/** Stops whatever called the command without another word. */
	private static void abortMacro() {
		Interpreter macro = Interpreter.getInstance();
		if (macro != null) macro.abort((String) null);
		try {
			Macro.abort();
		}
		catch (RuntimeException aborted) {
			// NB: as above.
		}
	}
}
