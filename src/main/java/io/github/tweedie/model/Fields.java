package io.github.tweedie.model;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Some fields of a description, and where they stand in it.
 *
 * @param where what a sentence calls the description
 * @param path of the fields within it, with a dot at its end; empty for the whole
 */
record Fields(String where, String path, Map<?, ?> map) {

	/**
	 * Reads a file of YAML, or of JSON, which is YAML, too.
	 *
	 * @param where what a sentence calls the file
	 * @param expected what it should hold
	 */
	static Fields read(Path file, String where, String expected) throws IOException {
		Object content;
		try {
			content = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file));
		}
		catch (YAMLException | CharacterCodingException e) {
			throw new IOException(where + " is not YAML that can be read (" + Devices.reason(e) + "); repair it or get the package again.",
				e);
		}
		if (!(content instanceof Map<?, ?> map))
			throw new IOException(where + " holds no fields; expected is " + expected + ".");
		return new Fields(where, "", map);
	}

	boolean has(String key) {
		return map.get(key) != null;
	}

	IOException wrong(String key, Object seen, String expected) {
		return new IOException(where + " states " + path + key + ": " + seen + "; expected is " + expected
			+ ". Correct the field, or get a package that was made for Tweedie.");
	}

	private Object get(String key, String expected) throws IOException {
		Object value = map.get(key);
		if (value == null)
			throw new IOException(where + " lacks the field " + path + key + "; expected is " + expected
				+ ". Add the field, or get a package that was made for Tweedie.");
		return value;
	}

	private <T> T get(Class<T> type, String key, String expected) throws IOException {
		Object value = get(key, expected);
		if (!type.isInstance(value))
			throw wrong(key, value, expected);
		return type.cast(value);
	}

	Fields child(String key) throws IOException {
		return new Fields(where, path + key + ".", get(Map.class, key, "a block of fields"));
	}

	List<?> list(String key) throws IOException {
		return get(List.class, key, "a list");
	}

	List<Fields> children(String key) throws IOException {
		List<Fields> children = new ArrayList<>();
		for (Object child : list(key)) {
			if (!(child instanceof Map<?, ?> fields))
				throw wrong(key, child, "a list of blocks of fields");
			children.add(new Fields(where, path + key + "[" + children.size() + "].", fields));
		}
		return children;
	}

	String text(String key) throws IOException {
		Object value = get(key, "a text");
		if (value instanceof Map || value instanceof List || value.toString().isBlank())
			throw wrong(key, value, "a text");
		return value.toString();
	}

	/** NB: YAML takes 1e-4, without a dot, for a text, and Python writes such numbers into JSON. */
	private static double number(Object value) {
		if (value instanceof Number number)
			return number.doubleValue();
		try {
			return Double.parseDouble(String.valueOf(value));
		}
		catch (NumberFormatException e) {
			return Double.NaN;
		}
	}

	double number(String key) throws IOException {
		double value = number(get(key, "a number"));
		if (!Double.isFinite(value))
			throw wrong(key, map.get(key), "a number");
		return value;
	}

	double positive(String key) throws IOException {
		double value = number(get(key, "a positive number"));
		if (!(value > 0 && value < Double.POSITIVE_INFINITY))
			throw wrong(key, map.get(key), "a positive number");
		return value;
	}

	double[] numbers(String key) throws IOException {
		double[] values = list(key).stream().mapToDouble(Fields::number).toArray();
		for (double value : values)
			if (!Double.isFinite(value))
				throw wrong(key, map.get(key), "a list of numbers");
		return values;
	}

	int integer(String key, int least) throws IOException {
		String expected = "a whole number of at least " + least;
		int value = get(Integer.class, key, expected);
		if (value < least)
			throw wrong(key, value, expected);
		return value;
	}

	double[] range(String key) throws IOException {
		String expected = "a list of two finite numbers, the lower one first";
		double[] range = ((List<?>) get(List.class, key, expected)).stream().mapToDouble(Fields::number).toArray();
		if (range.length == 2 && range[0] < range[1] && Double.isFinite(range[0]) && Double.isFinite(range[1]))
			return range;
		throw wrong(key, map.get(key), expected);
	}

	<E extends Enum<E>> E word(Class<E> type, String key) throws IOException {
		List<String> words = Stream.of(type.getEnumConstants()).map(e -> e.name().toLowerCase(Locale.ROOT)).toList();
		String value = text(key);
		if (!words.contains(value))
			throw wrong(key, value, "one of " + String.join(", ", words) + ", which are supported");
		return Enum.valueOf(type, value.toUpperCase(Locale.ROOT));
	}
}
