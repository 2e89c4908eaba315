package io.github.tweedie.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What a bench writes: a document for people and a table for machines. */
final class Report {

	private final StringBuilder text = new StringBuilder(), rows = new StringBuilder("case,method,metric,value,low,high\n");

	/** Adds to the document and prints. */
	void say(String format, Object... values) {
		String line = values.length == 0 ? format : String.format(Locale.ROOT, format, values);
		text.append(line).append('\n');
		System.out.println(line);
	}

	/** A row for machines; low and high may be NaN. */
	void row(String where, String method, String metric, double value, double low, double high) {
		rows.append(cell(where)).append(',').append(cell(method)).append(',').append(metric).append(',').append(number(value)).append(',')
			.append(number(low)).append(',').append(number(high)).append('\n');
	}

	void row(String where, String method, String metric, double value) {
		row(where, method, metric, value, Double.NaN, Double.NaN);
	}

	private static String cell(String s) {
		return s.replace(',', ';');
	}

	private static String number(double v) {
		return Double.isNaN(v) ? "" : String.format(Locale.ROOT, "%.5g", v);
	}

	/** Keeps what was written by hand into the document at that place before: all from a heading on. */
	void writeAbove(String heading, Path document, Path numbers) throws IOException {
		String old = Files.exists(document) ? Files.readString(document) : "";
		int kept = old.indexOf(heading);
		if (kept >= 0)
			text.append('\n').append(old.substring(kept));
		write(document, numbers);
	}

	void write(Path document, Path numbers) throws IOException {
		Files.createDirectories(document.toAbsolutePath().getParent());
		Files.createDirectories(numbers.toAbsolutePath().getParent());
		Files.writeString(document, text);
		Files.writeString(numbers, rows);
		System.out.println("Wrote " + document + " and " + numbers + ".");
	}
}
