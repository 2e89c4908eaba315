package io.github.tweedie.sde;

/** Watches a run: told of progress and asked, between network calls, whether to go on. */
public interface Monitor {

	/** Lets everything run to its end in silence. */
	Monitor NONE = new Monitor() {};

	/**
	 * Called between steps.
	 *
	 * @param done steps done so far
	 * @param total steps of the whole run
	 */
	default void progress(int done, int total) {}

	/** Called with a sentence that the user should read. */
	default void say(String sentence) {}

	/** @return whether the run shall stop; the sampler then throws {@link java.util.concurrent.CancellationException} */
	default boolean cancelled() {
		return false;
	}

	/** The monitor of {@code n} of the {@code count} equal parts of a run, from part {@code first} on. */
	default Monitor part(int first, int n, int count) {
		Monitor whole = this;
		return new Monitor() {

			@Override
			public void progress(int done, int total) {
				whole.progress(first * total + n * done, count * total);
			}

			@Override
			public void say(String sentence) {
				whole.say(sentence);
			}

			@Override
			public boolean cancelled() {
				return whole.cancelled();
			}
		};
	}
}
