package io.github.tweedie.sde;

import java.util.stream.IntStream;

/**
 * Runs of neighbouring elements of an array, worked on in parallel. A run is handed over in short pieces: what is called again and
 * again is compiled after few turns, and for its own loop, whereas a loop over the whole array, or a stream over the elements, is
 * interpreted for long in a virtual machine that has just started.
 */
public final class Runs {

	private static final int LENGTH = 1 << 14, PIECE = 1 << 8;

	private Runs() {}

	/** What is done with the elements from one index, to one behind the last. */
	@FunctionalInterface
	public interface Body {
		void over(int from, int to);
	}

	/** What the elements from one index, to one behind the last, add up to. */
	@FunctionalInterface
	public interface Sum {
		double over(int from, int to);
	}

	/** Does all elements of an array of some length, in any order and in any number of threads. */
	public static void of(int length, Body body) {
		of(0, length, body);
	}

	/** Does the elements from {@code first} to one before {@code end}, in any order and in any number of threads. */
	public static void of(int first, int end, Body body) {
		if (end - first <= LENGTH)
			pieces(first, end, body);
		else
			runs(first, end).forEach(run -> pieces(begin(first, run), last(first, end, run), body));
	}

	/** Adds up the elements from {@code first} to one before {@code end}, always in the same order: the same for any number of threads. */
	public static double sum(int first, int end, Sum sum) {
		if (end - first <= LENGTH)
			return pieces(first, end, sum);
		double total = 0;
		for (double part : runs(first, end).mapToDouble(run -> pieces(begin(first, run), last(first, end, run), sum)).toArray())
			total += part;
		return total;
	}

	/** Whether the first of some numbers, so many of them, are all finite. */
	public static boolean finite(float[] values, int count) {
		return sum(0, count, (from, to) -> {
			int others = 0;
			for (int i = from; i < to; i++)
				if (!Float.isFinite(values[i]))
					others++;
			return others;
		}) == 0;
	}

	private static IntStream runs(int first, int end) {
		return IntStream.range(0, (int) ((end - (long) first + LENGTH - 1) / LENGTH)).parallel();
	}

	private static int begin(int first, int run) {
		return first + run * LENGTH;
	}

	private static int last(int first, int end, int run) {
		return (int) Math.min(end, first + (run + 1L) * LENGTH);
	}

	private static void pieces(int from, int to, Body body) {
		for (int i = from, next; i < to; i = next)
			body.over(i, next = next(i, to));
	}

	private static double pieces(int from, int to, Sum sum) {
		double total = 0;
		for (int i = from, next; i < to; i = next)
			total += sum.over(i, next = next(i, to));
		return total;
	}

	private static int next(int i, int to) {
		return to - i < PIECE ? to : i + PIECE;
	}
}
