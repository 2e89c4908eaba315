package io.github.tweedie.command;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.scijava.module.ModuleItem;

import ij.ImagePlus;
import ij.WindowManager;

/**
 * The options of a macro's {@code run("Command...", "key=value other=[a value with spaces] flag")}, read more strictly than
 * ImageJ does, which passes over a key that it does not know. A bare {@code flag} has the value {@code true}.
 *
 * @param values by key, in the order of the macro
 */
record MacroOptions(Map<String, String> values) {

	private static final Pattern OPTION = Pattern.compile("\\G\\s*([^\\s=\\[\\]]+)(?:=(\\[|'[^']*'|[^\\s\\['][^\\s]*)?)?");

	static MacroOptions parse(String text) {
		Map<String, String> values = new LinkedHashMap<>();
		String options = text.trim();
		Matcher matcher = OPTION.matcher(options);
		int at = 0;
		while (at < options.length() && matcher.find(at)) {
			String value = matcher.group(2);
			at = matcher.end();
			if (value == null)
				value = matcher.group().endsWith("=") ? "" : "true";
			else if (value.equals("[")) {
				int close = closingBracket(options, at);
				value = options.substring(at, close);
				at = close + 1;
			}
			else if (value.startsWith("'"))
				value = value.substring(1, value.length() - 1);
			if (values.put(matcher.group(1), value) != null)
				throw new IllegalArgumentException("The option " + matcher.group(1) + " is given twice in '" + options + "'.");
		}
		if (at < options.length() && !options.substring(at).isBlank())
			throw new IllegalArgumentException("The macro options '" + options + "' cannot be read from '"
				+ options.substring(at).trim() + "' on; they are written key=value or key=[value with spaces].");
		return new MacroOptions(values);
	}

	private static int closingBracket(String options, int from) {
		int depth = 1;
		for (int i = from; i < options.length(); i++) {
			if (options.charAt(i) == '[') depth++;
			if (options.charAt(i) == ']' && --depth == 0) return i;
		}
		throw new IllegalArgumentException("The macro options '" + options + "' lack a closing bracket ].");
	}

	/** Appends {@code key=value} in the notation that {@link #parse} and ImageJ read. */
	static String written(Map<String, Object> values) {
		return values.entrySet().stream().map(e -> e.getKey() + "=" + quoted(String.valueOf(e.getValue())))
			.collect(Collectors.joining(" "));
	}

	/** Whether a value, in brackets, is read as it was written. */
	static boolean readable(String value) {
		try {
			return closingBracket(value + "]", 0) == value.length();
		}
		catch (IllegalArgumentException e) {
			return false;
		}
	}

	private static String quoted(String value) {
		return value.isEmpty() || value.matches(".*[\\s'\\[\\]].*") ? "[" + value + "]" : value;
	}

	/**
	 * Reads the value of each option as the type of the input of that name.
	 *
	 * @throws IllegalArgumentException if a key is no input's name, or a value does not fit
	 */
	Map<String, Object> read(String command, Iterable<ModuleItem<?>> inputs) {
		Map<String, ModuleItem<?>> known = new LinkedHashMap<>();
		inputs.forEach(input -> {
			if (isOption(input)) known.put(input.getName(), input);
		});
		Map<String, Object> read = new LinkedHashMap<>();
		values.forEach((key, text) -> {
			if (!known.containsKey(key))
				throw new IllegalArgumentException("'" + command + "' has no option '" + key + "'; its options are "
					+ String.join(", ", known.keySet()) + ", in lower case.");
			read.put(key, value(key, known.get(key).getType(), text));
		});
		return read;
	}

	/** Whether an input is one that a macro can set, in distinction from services and the context. */
	static boolean isOption(ModuleItem<?> input) {
		return List.of(ImagePlus.class, String.class, Integer.class, Long.class, Double.class).contains(input.getType());
	}

	private static Object value(String key, Class<?> type, String text) {
		if (type == String.class) return text;
		if (type == ImagePlus.class) return image(text);
		try {
			if (type == Double.class) return Double.valueOf(text);
			BigDecimal number = new BigDecimal(text);
			return type == Integer.class ? (Object) number.intValueExact() : (Object) number.longValueExact();
		}
		catch (ArithmeticException | NumberFormatException e) {
			throw new IllegalArgumentException("The option " + key + "=" + text + " should be a "
				+ (type == Double.class ? "number." : "whole number."));
		}
	}

	private static ImagePlus image(String title) {
		ImagePlus image = WindowManager.getImage(title);
		if (image == null && title.matches("-\\d+"))
			image = WindowManager.getImage(Integer.parseInt(title));
		if (image == null)
			throw new IllegalArgumentException("No open image has the title '" + title + "'.");
		return image;
	}
}
