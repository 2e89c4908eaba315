package io.github.tweedie.command;

import java.awt.GraphicsEnvironment;
import java.awt.Menu;
import java.awt.MenuItem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

import org.scijava.Context;
import org.scijava.command.CommandInfo;
import org.scijava.command.CommandService;
import org.scijava.module.ModuleItem;
import org.scijava.module.ModuleService;
import org.scijava.task.TaskService;
import org.scijava.widget.NumberWidget;

import ij.IJ;
import ij.ImagePlus;
import ij.Macro;
import ij.Menus;
import ij.WindowManager;
import ij.gui.GenericDialog;
import ij.plugin.PlugIn;

/**
 * Runs the commands of this package in plain ImageJ 1, which knows no SciJava: {@code plugins.config} names this class with a
 * command's class as its argument. The labels of the dialog begin with the names of the fields ({@link #label}), so what ImageJ's
 * recorder writes is what Fiji reads.
 */
public class CommandPlugIn implements PlugIn {

	/** Of a text field. */
	private static final int COLUMNS = 25;

	private static Context context;

	@Override
	public void run(String className) {
		Thread thread = Thread.currentThread();
		ClassLoader before = thread.getContextClassLoader();
		// NB: SciJava finds its plugins, and DJL its engines, through the class loader of the thread, which in ImageJ does not see the
		// plugins folder.
		thread.setContextClassLoader(CommandPlugIn.class.getClassLoader());
		try {
			run(context().service(CommandService.class).getCommand(className));
		}
		finally {
			thread.setContextClassLoader(before);
		}
	}

	private static synchronized Context context() {
		if (context == null)
			context = new Context(CommandService.class, ModuleService.class, TaskService.class, PriorService.class);
		return context;
	}

	/** Ends the threads behind the commands; the next command starts them anew. */
	static synchronized void dispose() {
		if (context != null) context.dispose();
		context = null;
	}

	private static void run(CommandInfo info) {
		ImageCommand command = (ImageCommand) context().service(ModuleService.class).createModule(info).getDelegateObject();
		if (!harvest(command)) return;
		command.run();
		if (!IJ.isMacro()) command.showOutputs();
	}

	/** @return false if the user or a failure stopped it */
	private static boolean harvest(ImageCommand command) {
		for (ModuleItem<?> input : command.getInfo().inputs())
			if (input.getType() == ImagePlus.class) command.setInput(input.getName(), WindowManager.getCurrentImage());
		String options = Macro.getOptions();
		if (options != null) {
			try {
				MacroOptions.parse(options).read(command.title(), command.getInfo().inputs()).forEach(command::setInput);
			}
			catch (IllegalArgumentException e) {
				command.fail(e);
				return false;
			}
			return true;
		}
		// NB: ImageJ has no window of its own with -batch, even on a display: nobody would answer.
		return GraphicsEnvironment.isHeadless() || IJ.getInstance() == null || answered(command);
	}

	// -- The dialog --

	private static boolean answered(ImageCommand command) {
		command.offerChoices();
		List<ModuleItem<?>> asked = command.asked();
		GenericDialog dialog = new GenericDialog(command.title().replace("...", ""));
		asked.forEach(input -> addField(dialog, input, command.getInput(input.getName())));
		dialog.addHelp(help(command.title(), asked));
		dialog.showDialog();
		if (dialog.wasCanceled()) return false;
		try {
			asked.forEach(input -> command.setInput(input.getName(), answer(dialog, input)));
			return true;
		}
		catch (IllegalArgumentException e) {
			command.fail(e);
			return false;
		}
	}

	/**
	 * The label of a field in the dialog. NB: ImageJ records its first word, in lower case, as the key, so a label that does not
	 * begin with the name of the field gives way to that name, of which ImageJ shows each underscore as a space.
	 */
	static String label(ModuleItem<?> input) {
		String label = input.getLabel(), first = label.split("[ :]")[0].toLowerCase(Locale.ROOT);
		return first.equals(input.getName()) ? label : input.getName();
	}

	private static void addField(GenericDialog dialog, ModuleItem<?> input, Object value) {
		if (input.getChoices() != null && !input.getChoices().isEmpty())
			dialog.addChoice(label(input), input.getChoices().stream().map(String::valueOf).toArray(String[]::new),
				String.valueOf(value));
		else if (ImageCommand.DIRECTORY.equals(input.getWidgetStyle()))
			dialog.addDirectoryField(label(input), String.valueOf(value));
		else if (ImageCommand.FILE.equals(input.getWidgetStyle()))
			dialog.addFileField(label(input), String.valueOf(value));
		else if (input.getType() == String.class)
			dialog.addStringField(label(input), String.valueOf(value), COLUMNS);
		else if (NumberWidget.SLIDER_STYLE.equals(input.getWidgetStyle()))
			dialog.addSlider(label(input), number(input.getMinimumValue()), number(input.getMaximumValue()), number(value));
		else
			dialog.addNumericField(label(input), number(value), input.getType() == Double.class ? 2 : 0);
	}

	private static double number(Object value) {
		return ((Number) value).doubleValue();
	}

	private static Object answer(GenericDialog dialog, ModuleItem<?> input) {
		if (input.getChoices() != null && !input.getChoices().isEmpty()) return dialog.getNextChoice();
		if (input.getType() == String.class) return dialog.getNextString();
		double number = dialog.getNextNumber();
		if (Double.isNaN(number) || input.getType() != Double.class && number != Math.rint(number))
			throw new IllegalArgumentException("'" + label(input).replace('_', ' ') + "' should be a "
				+ (input.getType() == Double.class ? "number." : "whole number."));
		if (input.getType() == Double.class) return number;
		return input.getType() == Integer.class ? (Object) (int) number : (Object) (long) number;
	}

	private static String help(String title, List<ModuleItem<?>> asked) {
		return "<html><b>" + title.replace("...", "") + "</b><table width=480>" + asked.stream()
			.filter(input -> input.getDescription() != null)
			.map(input -> "<tr><td valign=top><b>" + input.getName() + "</b></td><td>" + input.getDescription() + "</td></tr>")
			.collect(Collectors.joining()) + "</table></html>";
	}

	// -- The menu --

	/**
	 * Adds the commands of {@code plugins.config} to an ImageJ that did not find this class in its plugins folder, because it
	 * lies on the class path.
	 */
	static void install() {
		// NB: Without a window, ImageJ builds its table of commands when the first one runs.
		if (Menus.getCommands() == null) IJ.run("Clear Results");
		Map<String, String> entries = entries();
		@SuppressWarnings("unchecked")
		Map<String, String> commands = Menus.getCommands();
		commands.putAll(entries);
		if (IJ.getInstance() == null) return;
		Menu submenu = new Menu("Tweedie");
		for (String label : entries.keySet()) {
			MenuItem item = new MenuItem(label);
			item.addActionListener(IJ.getInstance());
			submenu.add(item);
		}
		Menus.getImageJMenu("Plugins").add(submenu);
	}

	/** Class and argument of each command, by its name in the menu. */
	static Map<String, String> entries() {
		try (InputStream config = CommandPlugIn.class.getResourceAsStream("/plugins.config")) {
			Map<String, String> entries = new LinkedHashMap<>();
			for (String line : new String(config.readAllBytes(), StandardCharsets.UTF_8).split("\\R")) {
				String[] words = line.split("\\s*,\\s*");
				if (words.length == 3) entries.put(words[1].replace("\"", ""), words[2]);
			}
			return entries;
		}
		catch (IOException e) {
			throw new UncheckedIOException(e);
		}
	}
}
