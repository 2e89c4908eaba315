package io.github.tweedie.bench;

import java.util.concurrent.CancellationException;

import io.github.tweedie.restore.Denoising;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

/**
 * Runs that are cancelled one after the other.
 *
 * @param growth bytes by which the memory of the process grew meanwhile
 * @param longest time from a wish to the end of its run, over that of one call of the network
 */
record Cancelling(double growth, double longest) {

	static final int RUNS = 20, SIDE = 256;
	private static final int FIRST = 5, SAMPLES = 2;

	static Cancelling of(Prior prior) {
		float[] image = Child.image(SIDE);
		Denoising sampled = Denoising.with(prior).samples(SAMPLES).build();
		for (int i = 0; i < FIRST; i++)
			seconds(sampled, image, 3);
		double before = Child.memory(false), longest = 0, call = Double.POSITIVE_INFINITY;
		for (int i = 0; i < RUNS; i++)
			longest = Math.max(longest, seconds(sampled, image, 1 + i % 5));
		double growth = Child.memory(false) - before;
		Shape shape = Shape.planes(SAMPLES, 1, SIDE, SIDE);
		for (int i = 0; i < 3; i++) {
			long start = System.nanoTime();
			prior.denoise(Batch.of(shape, new float[shape.size()], 0.2), new float[shape.size()]);
			call = Math.min(call, (System.nanoTime() - start) * 1e-9);
		}
		return new Cancelling(growth, longest / call);
	}

	/** From the wish, which comes while the network computes, to the end. */
	private static double seconds(Denoising denoising, float[] image, int calls) {
		Wish wish = new Wish(calls);
		try {
			denoising.plane(image, SIDE, Child.noise(), 0, wish);
		}
		catch (CancellationException e) {
			return (System.nanoTime() - wish.uttered) * 1e-9;
		}
		throw new IllegalStateException("A run ended that was cancelled.");
	}

	/** Wishes to cancel right after it was asked for the n-th time, so that all of a call and what follows it counts. */
	private static final class Wish implements Monitor {

		private final int calls;
		private int asked;
		private long uttered;

		Wish(int calls) {
			this.calls = calls;
		}

		@Override
		public boolean cancelled() {
			if (asked++ == calls)
				uttered = System.nanoTime();
			return asked > calls + 1;
		}
	}
}
