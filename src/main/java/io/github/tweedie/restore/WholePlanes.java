package io.github.tweedie.restore;

import java.util.concurrent.CancellationException;

import io.github.tweedie.image.MirroredDenoiser;
import io.github.tweedie.image.TiledDenoiser;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/** A prior as all use cases need it: to be cancelled before each call, over planes of any extent, in calls of bounded size. */
final class WholePlanes {

	/** Most pixels that go through a sampler at the same time, all samples of a batch together. */
	private static final int MOST_PIXELS = 512 * 512;

	private WholePlanes() {}

	/**
	 * Copies of the plane that are held on top of the measured ones while a sampler runs: its state before and after a move, two
	 * estimates and the kernel's mean, and what statistics need; and in one call: the estimate, and the same in grey levels.
	 */
	private static final int OF_SAMPLER = 8, OF_ONE_CALL = 2;

	/**
	 * The prior over a plane of any extent, to be cancelled before each call; tiles change nothing.
	 *
	 * @throws IllegalArgumentException if there is no memory for a sampler on such a plane
	 */
	static Denoiser of(Prior prior, int height, int width, Monitor monitor) {
		WorkingMemory.requireHeap(width, height, OF_SAMPLER * prior.channels());
		return MirroredDenoiser.over(cancellable(prior, monitor), height, width, largestTile(prior, height, width));
	}

	/**
	 * The same for one call at a low level of noise, in tiles with a {@linkplain #halo smaller halo}: faster, and alike to 1e-3 of the
	 * range.
	 *
	 * @throws IllegalArgumentException if there is no memory for the result
	 */
	static Denoiser ofOneCall(Prior prior, int height, int width, double sigma, Monitor monitor) {
		WorkingMemory.requireHeap(width, height, OF_ONE_CALL * prior.channels());
		return MirroredDenoiser.over(cancellable(prior, monitor), height, width, largestTile(prior, height, width), halo(prior, sigma));
	}

	/**
	 * How far away a pixel must be to change another by less than 1e-3 of the range, the less noise, the nearer: of the bundled networks
	 * half of the receptive radius up to σ = 0.15 of the range, two thirds up to half of the range (exec:java@benchmark measures it).
	 */
	static int halo(Prior prior, double sigma) {
		double noise = sigma / (prior.high() - prior.low());
		long radius = prior.receptiveRadius(), step = prior.sizeStep();
		long least = noise <= 0.15 ? (radius + 1) / 2 : noise <= 0.5 ? (2 * radius + 2) / 3 : radius;
		return (int) Math.min(radius, (least + step - 1) / step * step);
	}

	/** Largest plane, in pixels along a square's side, that the network sees in one piece on this machine. */
	static int largestTile(Prior prior) {
		return WorkingMemory.now().largestTile(prior);
	}

	/** The same for a plane: of one that is a single tile on any machine the machine is not asked, which takes a millisecond. */
	private static int largestTile(Prior prior, int height, int width) {
		boolean small = (long) prior.extent(height) * prior.extent(width) <= (long) WorkingMemory.SMALLEST * WorkingMemory.SMALLEST;
		return small ? WorkingMemory.SMALLEST : largestTile(prior);
	}

	/** The prior over a canvas whose extents it takes, in tiles that change nothing, to be cancelled before each call. */
	static Denoiser tiled(Prior prior, int height, int width, Monitor monitor) {
		return TiledDenoiser.over(cancellable(prior, monitor), height, width, largestTile(prior, height, width));
	}

	/** NB: a step on a large canvas is many calls, of which a user who cancels should not have to wait for the last. */
	private static Prior cancellable(Prior prior, Monitor monitor) {
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
