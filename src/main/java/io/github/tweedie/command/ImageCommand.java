package io.github.tweedie.command;

import java.awt.GraphicsEnvironment;
import java.awt.HeadlessException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;

import org.scijava.command.DynamicCommand;
import org.scijava.module.ModuleItem;
import org.scijava.plugin.Parameter;
import org.scijava.task.Task;
import org.scijava.task.TaskService;

import ij.IJ;
import ij.ImagePlus;
import ij.Macro;
import ij.WindowManager;
import ij.macro.Interpreter;
import io.github.tweedie.sde.Monitor;

/**
 * What all commands share: strict macro options, progress and Escape, and failures told in one sentence. On a display the
 * sentence comes in ImageJ's own message box, without one it is printed; a running macro stops. A program that called the
 * command without a display gets the exception.
 */
abstract class ImageCommand extends DynamicCommand {

	@Parameter(required = false)
	private TaskService tasks;

	/** Computes and sets the outputs. */
	abstract void compute(Monitor monitor);

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
		catch (OutOfMemoryError e) {
			fail(new IllegalStateException("Java's memory of " + (Runtime.getRuntime().maxMemory() >> 20)
				+ " MB is not enough for this image; give it more in Edit > Options > Memory & Threads, or ask for fewer samples or a part of the image.", e));
		}
	}

	/** Shows what was made, the last output in front. A macro needs it before its next line runs. */
	void showOutputs() {
		for (ModuleItem<?> output : getInfo().outputs())
			if (getOutput(output.getName()) instanceof ImagePlus image) {
				image.setTitle(WindowManager.makeUniqueName(image.getTitle()));
				image.show();
			}
	}

	/** The line that runs this command again, with every option written out. */
	String macroLine() {
		Map<String, Object> values = new LinkedHashMap<>();
		for (ModuleItem<?> input : getInfo().inputs())
			if (MacroOptions.isOption(input)) {
				Object value = getInput(input.getName());
				values.put(input.getName(), value instanceof ImagePlus image ? image.getTitle() : value);
			}
		return "run(\"" + title() + "\", \"" + MacroOptions.written(values) + "\");";
	}

	private void watched() {
		IJ.resetEscape();
		Task task = tasks == null ? null : tasks.createTask(title());
		if (task != null) task.start();
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
			IJ.showProgress(1.0);
			if (task != null) task.finish();
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
