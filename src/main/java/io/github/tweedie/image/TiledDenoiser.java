package io.github.tweedie.image;

import java.util.Arrays;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

/**
 * A denoiser over a canvas of any size, which the prior sees in tiles of one shape. Tiles begin at multiples of the prior's size
 * step; of each, a margin is thrown away wherever it is not the canvas's own border, and what overlaps then is blended
 * linearly. With a halo of at least the prior's receptive radius the tiles change nothing but the order of roundings.
 * <p>
 * Every call gives the whole canvas, so a sampler never sees a seam.
 */
public final class TiledDenoiser implements Denoiser {

	private final Prior prior;
	private final int tile, halo, blend;

	/**
	 * @param prior to be asked tile by tile
	 * @param tile largest extent of a tile along Y and X, in pixels; a multiple of the prior's size step
	 * @param halo what is thrown away of a tile at each inner border, in pixels; with less than the receptive radius, an eighth of
	 *        the tile beyond it is blended with the neighbour
	 * @throws IllegalArgumentException if the tile has no inside, or breaks the size step
	 */
	public TiledDenoiser(Prior prior, int tile, int halo) {
		int step = prior.sizeStep();
		this.prior = prior;
		this.tile = tile;
		this.halo = halo;
		blend = halo < prior.receptiveRadius() ? tile / 8 : 0;
		if (tile < 1 || halo < 0 || tile % step != 0 || stride() < step)
			throw new IllegalArgumentException("Tiles of " + tile + " pixels with a halo of " + halo
				+ " were asked for; a tile must be a multiple of " + step + " and larger than two halos by at least " + (step + blend) + ".");
	}

	/**
	 * The whole canvas as one tile where it has at most about {@code largest}² pixels, else tiles of that size with a halo of the
	 * receptive radius (a prior that is not local gets an eighth of the tile, and is blended). A prior of one size gets tiles of
	 * that size.
	 *
	 * @param height Y of the canvas
	 * @param width X of the canvas
	 */
	public static Denoiser over(Prior prior, int height, int width, int largest) {
		int step = prior.sizeStep();
		boolean whole = prior.fixedSize() ? height == prior.trainingSize() && width == prior.trainingSize()
			: (long) height * width <= (long) largest * largest;
		if (whole)
			return prior;
		int tile = prior.fixedSize() ? prior.trainingSize() : Math.max(step, largest / step * step);
		int halo = prior.receptiveRadius() < tile / 3 ? prior.receptiveRadius() : tile / 8;
		return new TiledDenoiser(prior, tile, halo);
	}

	/** Distance of the origins of neighbouring tiles. */
	private int stride() {
		return (tile - 2 * halo - blend) / prior.sizeStep() * prior.sizeStep();
	}

	@Override
	public void denoise(Batch batch, float[] out) {
		Shape canvas = batch.shape();
		if (canvas.z() != 1 || canvas.y() % prior.sizeStep() != 0 || canvas.x() % prior.sizeStep() != 0)
			throw new IllegalArgumentException("A canvas of " + canvas + " was seen; tiles need planes whose height and width are multiples of "
				+ prior.sizeStep() + ".");
		int high = Math.min(tile, canvas.y()), wide = Math.min(tile, canvas.x());
		int[] tops = origins(canvas.y(), high), lefts = origins(canvas.x(), wide);
		Shape shape = Shape.planes(1, canvas.c(), high, wide);
		float[] piece = new float[shape.size()], clean = new float[shape.size()];
		float[] weight = new float[canvas.y() * canvas.x()];
		Arrays.fill(out, 0);
		for (int s = 0; s < canvas.n(); s++) {
			Arrays.fill(weight, 0);
			for (int top : tops)
				for (int left : lefts) {
					copy(batch.x(), canvas, s, top, left, piece, shape);
					prior.denoise(Batch.of(shape, piece, batch.sigma()[s], new int[] { batch.label()[s] }), clean);
					add(clean, shape, weights(high, top, canvas.y()), weights(wide, left, canvas.x()), out, weight, canvas, s, top, left);
				}
			for (int c = 0; c < canvas.c(); c++)
				for (int i = 0, at = (s * canvas.c() + c) * weight.length; i < weight.length; i++)
					out[at + i] /= weight[i];
		}
	}

	private int[] origins(int canvas, int extent) {
		int stride = stride();
		int count = 1 + Math.max(0, (canvas - extent + stride - 1) / stride);
		int[] origins = new int[count];
		for (int i = 0; i < count; i++)
			origins[i] = Math.min(i * stride, canvas - extent);
		return origins;
	}

	/** 0 in the halo, then a ramp of the blended width, then 1; the canvas's own border is no border. */
	private float[] weights(int extent, int origin, int canvas) {
		float[] w = new float[extent];
		for (int i = 0; i < extent; i++) {
			double before = origin == 0 ? Double.POSITIVE_INFINITY : i - halo + 1;
			double after = origin + extent == canvas ? Double.POSITIVE_INFINITY : extent - halo - i;
			w[i] = (float) Math.max(0, Math.min(1, Math.min(before, after) / (blend + 1)));
		}
		return w;
	}

	private static void copy(float[] from, Shape canvas, int s, int top, int left, float[] to, Shape tile) {
		for (int c = 0; c < tile.c(); c++)
			for (int y = 0; y < tile.y(); y++)
				System.arraycopy(from, ((s * canvas.c() + c) * canvas.y() + top + y) * canvas.x() + left, to,
					(c * tile.y() + y) * tile.x(), tile.x());
	}

	private static void add(float[] clean, Shape tile, float[] vertical, float[] horizontal, float[] out, float[] weight,
		Shape canvas, int s, int top, int left)
	{
		for (int c = 0; c < tile.c(); c++)
			for (int y = 0; y < tile.y(); y++) {
				int from = (c * tile.y() + y) * tile.x(), in = (top + y) * canvas.x() + left;
				int to = (s * canvas.c() + c) * weight.length + in;
				for (int x = 0; x < tile.x(); x++) {
					float w = vertical[y] * horizontal[x];
					out[to + x] += w * clean[from + x];
					if (c == 0)
						weight[in + x] += w;
				}
			}
	}
}
