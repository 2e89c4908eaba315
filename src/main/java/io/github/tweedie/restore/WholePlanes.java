package io.github.tweedie.restore;

import java.util.concurrent.CancellationException;

import io.github.tweedie.image.MirroredDenoiser;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/** A prior as those use cases need it that take a plane as a whole: over any extent, and to be cancelled before each call. */
final class WholePlanes {

	/** Largest plane, in pixels along a square's side, that the network sees in one piece. */
	private static final int LARGEST_TILE = 1024;

	private WholePlanes() {}

	static Denoiser of(Prior prior, int height, int width, Monitor monitor) {
		Denoiser cancellable = (batch, out) -> {
			if (monitor.cancelled())
				throw new CancellationException("Cancelled before a call of the network.");
			prior.denoise(batch, out);
		};
		return MirroredDenoiser.over(prior.with(cancellable), height, width, LARGEST_TILE);
	}
}
