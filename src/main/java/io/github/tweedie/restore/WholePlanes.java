package io.github.tweedie.restore;

import java.util.concurrent.CancellationException;

import io.github.tweedie.image.MirroredDenoiser;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/** A prior as all use cases need it: to be cancelled before each call, over planes of any extent, in calls of bounded size. */
final class WholePlanes {

	/** Largest plane, in pixels along a square's side, that the network sees in one piece. */
	static final int LARGEST_TILE = 1024;
	/** Most pixels that go through a sampler at the same time, all samples of a batch together. */
	private static final int MOST_PIXELS = 512 * 512;

	private WholePlanes() {}

	/** The prior over a plane of any extent, to be cancelled before each call. */
	static Denoiser of(Prior prior, int height, int width, Monitor monitor) {
		return MirroredDenoiser.over(cancellable(prior, monitor), height, width, LARGEST_TILE);
	}

	/** NB: a step on a large canvas is many calls, of which a user who cancels should not have to wait for the last. */
	static Prior cancellable(Prior prior, Monitor monitor) {
		return prior.with((batch, out) -> {
			if (monitor.cancelled())
				throw new CancellationException("Cancelled before a call of the network.");
			prior.denoise(batch, out);
		});
	}

	/** How many samples of that many pixels make a batch, at most all of them. */
	static int batch(int all, long pixels) {
		return (int) Math.max(1, Math.min(all, MOST_PIXELS / pixels));
	}
}
