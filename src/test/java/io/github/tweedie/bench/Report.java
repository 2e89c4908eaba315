package io.github.tweedie.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What a bench writes: a document for people and a table for machines. */
final class Report {

	/** The heading from which on a document is written by hand. */
	static final String REMARKS = "## What this says";

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

	/** Keeps what was written by hand under the tables of the document that stands there. */
	void writeAboveRemarks(Path document, Path numbers) throws IOException {
		text.append(remarks(document, ""));
		write(document, numbers);
	}

	/** The part of the document that stands there which is kept, with an empty line before it; without one, what is given. */
	static String remarks(Path document, String without) throws IOException {
		return remarks(Files.exists(document) ? Files.readString(document) : "", without);
	}

	static String remarks(String old, String without) {
		int at = old.indexOf(REMARKS);
		return at < 0 ? without : "\n" + old.substring(at);
	}

	void write(Path document, Path numbers) throws IOException {
		Files.createDirectories(document.toAbsolutePath().getParent());
		Files.createDirectories(numbers.toAbsolutePath().getParent());
		Files.writeString(document, text);
		Files.writeString(numbers, rows);
		System.out.println("Wrote " + document + " and " + numbers + ".");
	}
}
