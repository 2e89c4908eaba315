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
}
