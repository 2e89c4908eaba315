package io.github.tweedie.image;

import java.util.Arrays;
import java.util.stream.IntStream;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

/**
 * A denoiser over a canvas of any size, which the prior sees in tiles of one shape. Tiles begin at multiples of the prior's size
 * step; of each, a margin is thrown away wherever it is not the canvas's own border, and what overlaps then is blended
 * linearly. With a halo of at least the prior's receptive radius the tiles change nothing but the order of roundings. A canvas whose
 * extents the prior does not take is continued by its mirror image, as {@link MirroredDenoiser} does it.
 * <p>
 * Every call gives the whole canvas, so a sampler never sees a seam; besides the caller's two arrays it needs memory for one tile.
 */
public final class TiledDenoiser implements Denoiser {

	/** How tiles are laid out on a canvas, in Y and in X, for extents that the prior takes. */
	@FunctionalInterface
	private interface Layout {

		Tiling[] on(int height, int width);
	}

	private final Prior prior;
	private final Layout layout;

	/**
	 * @param prior to be asked tile by tile
	 * @param tile largest extent of a tile along Y and X, in pixels; a multiple of the prior's size step
	 * @param halo what is thrown away of a tile at each inner border, in pixels; with less than the receptive radius, an eighth of
	 *        the tile beyond it is blended with the neighbour
	 * @throws IllegalArgumentException if the tile has no inside, or breaks the size step
	 */
	public TiledDenoiser(Prior prior, int tile, int halo) {
		this(prior, tile, halo, halo < prior.receptiveRadius() ? tile / 8 : 0);
	}

	private TiledDenoiser(Prior prior, int tile, int halo, int blend) {
		this(prior, (height, width) -> new Tiling[] { new Tiling(height, Math.min(tile, height), halo, blend, prior.sizeStep()),
			new Tiling(width, Math.min(tile, width), halo, blend, prior.sizeStep()) });
		int step = prior.sizeStep();
		if (tile < 1 || halo < 0 || tile % step != 0 || (tile - 2L * halo - blend) < step)
			throw new IllegalArgumentException("Tiles of " + tile + " pixels with a halo of " + halo
				+ " were asked for; a tile must be a multiple of " + step + " and larger than two halos by at least " + (step + blend) + ".");
	}

	private TiledDenoiser(Prior prior, Layout layout) {
		this.prior = prior;
		this.layout = layout;
	}

	/**
	 * The whole canvas as one tile where it has at most {@code largest}² pixels, else tiles of at most so many, with a halo of the
	 * receptive radius. A prior that is not local gets an eighth of the tile, and is blended; a prior of one size gets tiles of that
	 * size.
	 *
	 * @param height Y of the canvas
	 * @param width X of the canvas
	 */
	public static Denoiser over(Prior prior, int height, int width, int largest) {
		return over(prior, height, width, largest, prior.receptiveRadius());
	}

	/**
	 * The same with another halo: below the receptive radius the result depends on the tiles, by as much as reaches from so far away, and
	 * neighbours give way to each other over two size steps.
	 *
	 * @param halo pixels; what is above the receptive radius is taken for it
	 */
	public static Denoiser over(Prior prior, int height, int width, int largest, int halo) {
		int step = prior.sizeStep();
		boolean whole = prior.fixedSize() ? height == prior.trainingSize() && width == prior.trainingSize()
			: (long) height * width <= (long) largest * largest;
		if (whole)
			return prior;
		int tile = prior.fixedSize() ? prior.trainingSize() : Math.max(step, largest / step * step);
		int radius = prior.receptiveRadius(), margin = Math.min(halo, radius), blend = margin < radius ? 2 * step : 0;
		if (margin >= tile / 3 || tile - 2 * margin - blend < step)
			return new TiledDenoiser(prior, tile, tile / 8);
		return prior.fixedSize() ? new TiledDenoiser(prior, tile, margin)
			: new TiledDenoiser(prior, (high, wide) -> leastWork(high, wide, (long) tile * tile, margin, blend, step));
	}

	/** Of all layouts in tiles of at most so many pixels, the one in which the prior sees the fewest pixels in all. */
	private static Tiling[] leastWork(int height, int width, long most, int halo, int blend, int step) {
		Tiling[] best = null;
		long least = Long.MAX_VALUE;
		for (int rows = 1; rows <= height / step; rows++) {
			Tiling high = Tiling.of(rows, height, halo, blend, step);
			if (high == null)
				break;
			for (int columns = 1; columns <= width / step; columns++) {
				Tiling wide = Tiling.of(columns, width, halo, blend, step);
				if (wide == null)
					break;
				if ((long) high.extent() * wide.extent() > most)
					continue;
				long work = (long) high.count() * high.extent() * wide.count() * wide.extent();
				if (work < least) {
					least = work;
					best = new Tiling[] { high, wide };
				}
				break;
			}
		}
		return best;
	}

	@Override
	public void denoise(Batch batch, float[] out) {
		Shape canvas = batch.shape();
		if (canvas.z() != 1)
			throw new IllegalArgumentException("A canvas of " + canvas + " was seen; tiles need planes.");
		int[] rows = MirroredDenoiser.continued(canvas.y(), prior.extent(canvas.y()));
		int[] columns = MirroredDenoiser.continued(canvas.x(), prior.extent(canvas.x()));
		Tiling[] tiling = layout.on(rows.length, columns.length);
		float[][] vertical = tiling[0].weights(), horizontal = tiling[1].weights();
		Shape tile = Shape.planes(1, canvas.c(), tiling[0].extent(), tiling[1].extent());
		float[] piece = new float[tile.size()], clean = new float[tile.size()];
		Arrays.fill(out, 0);
		for (int s = 0; s < canvas.n(); s++)
			for (int v = 0; v < vertical.length; v++)
				for (int h = 0; h < horizontal.length; h++) {
					Place place = new Place(canvas, s, tile, tiling[0].origin(v), tiling[1].origin(h));
					place.copy(batch.x(), rows, columns, piece);
					prior.denoise(Batch.of(tile, piece, batch.sigma()[s], new int[] { batch.label()[s] }), clean);
					place.add(clean, vertical[v], horizontal[h], out);
				}
	}

	/** Where a tile lies on the canvas; it may reach beyond it. */
	private record Place(Shape canvas, int sample, Shape tile, int top, int left) {

		void copy(float[] from, int[] rows, int[] columns, float[] to) {
			rows().forEach(row -> {
				int begin = inCanvas(row, rows[top + row % tile.y()]), at = row * tile.x();
				int own = Math.min(tile.x(), canvas.x() - left);
				System.arraycopy(from, begin + left, to, at, own);
				for (int x = own; x < tile.x(); x++)
					to[at + x] = from[begin + columns[left + x]];
			});
		}

		void add(float[] clean, float[] vertical, float[] horizontal, float[] out) {
			rows().filter(row -> top + row % tile.y() < canvas.y() && vertical[row % tile.y()] > 0).forEach(row -> {
				int from = row * tile.x(), to = inCanvas(row, top + row % tile.y()) + left;
				float weight = vertical[row % tile.y()];
				for (int x = 0, own = Math.min(tile.x(), canvas.x() - left); x < own; x++)
					out[to + x] += weight * horizontal[x] * clean[from + x];
			});
		}

		private IntStream rows() {
			return IntStream.range(0, tile.c() * tile.y()).parallel();
		}

		/** Where a row of the canvas begins, in the channel of a row of the tile. */
		private int inCanvas(int row, int y) {
			return ((sample * canvas.c() + row / tile.y()) * canvas.y() + y) * canvas.x();
		}
	}
}
