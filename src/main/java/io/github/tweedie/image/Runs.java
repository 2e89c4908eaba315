package io.github.tweedie.image;

import java.util.stream.IntStream;

/**
 * Runs of neighbouring elements of an array, worked on in parallel. A loop over a run is compiled after few turns, and for its own
 * body; a stream over the elements calls a function for each, which is many times slower until the virtual machine knows it well.
 */
final class Runs {

	private static final int LENGTH = 1 << 14;

	private Runs() {}

	/** What is done with the elements from one index, to one behind the last. */
	@FunctionalInterface
	interface Body {
		void over(int from, int to);
	}

	/** Does all runs of an array of some length, in any order and in any number of threads. */
	static void of(int length, Body body) {
		IntStream.range(0, (int) ((length + LENGTH - 1L) / LENGTH)).parallel()
			.forEach(run -> body.over(run * LENGTH, (int) Math.min(length, (run + 1L) * LENGTH)));
	}
}
