package io.github.tweedie.image;

import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

/**
 * A denoiser over planes of any extent, for one that takes certain extents only: it sees the plane continued by its mirror
 * image at the lower and right border, and what it says of the continuation is thrown away. So it is a function of the plane's own
 * pixels and of no others, and a density under it is a density of just these.
 *
 * @param inner sees the continued planes
 * @param extent the extent in Y or X that is taken for one of the plane's; not below it
 */
public record MirroredDenoiser(Denoiser inner, IntUnaryOperator extent) implements Denoiser {

	/**
	 * A prior over a plane of any size: continued to an extent that it takes, in tiles where it is large.
	 *
	 * @param height Y of the plane
	 * @param width X of the plane
	 * @param largest as in {@link TiledDenoiser#over}
	 */
	public static Denoiser over(Prior prior, int height, int width, int largest) {
		return over(prior, height, width, largest, prior.receptiveRadius());
	}

	/** The same with a halo of its own, as in {@link TiledDenoiser#over(Prior, int, int, int, int)}. */
	public static Denoiser over(Prior prior, int height, int width, int largest, int halo) {
		Denoiser over = TiledDenoiser.over(prior, prior.extent(height), prior.extent(width), largest, halo);
		return over == prior ? new MirroredDenoiser(prior, prior::extent) : over;
	}

	@Override
	public void denoise(Batch batch, float[] out) {
		Shape own = batch.shape();
		Shape whole = new Shape(own.n(), own.c(), own.z(), extent.applyAsInt(own.y()), extent.applyAsInt(own.x()));
		if (whole.equals(own)) {
			inner.denoise(batch, out);
			return;
		}
		float[] continued = new float[whole.size()], clean = new float[continued.length];
		int[] columns = continued(own.x(), whole.x());
		for (int row = 0; row < continued.length / whole.x(); row++) {
			int from = (row / whole.y() * own.y() + mirrored(row % whole.y(), own.y())) * own.x();
			for (int x = 0; x < whole.x(); x++)
				continued[row * whole.x() + x] = batch.x()[from + columns[x]];
		}
		inner.denoise(new Batch(whole, continued, batch.sigma(), batch.label()), clean);
		for (int row = 0; row < out.length / own.x(); row++)
			System.arraycopy(clean, (row / own.y() * whole.y() + row % own.y()) * whole.x(), out, row * own.x(), own.x());
	}

	/** Which pixel of the axis stands at each place of its continuation. */
	static int[] continued(int extent, int whole) {
		return IntStream.range(0, whole).map(i -> mirrored(i, extent)).toArray();
	}

	/** The outermost pixel is repeated, so that one pixel is enough for any continuation. */
	private static int mirrored(int i, int extent) {
		int folded = i % (2 * extent);
		return folded < extent ? folded : 2 * extent - 1 - folded;
	}
}
