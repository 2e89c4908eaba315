package io.github.tweedie.image;

/**
 * Tiles along one axis, all of one extent. They begin at multiples of the size step, the last one at the end of the canvas.
 *
 * @param canvas extent of the canvas, a multiple of the step
 * @param extent of a tile, a multiple of the step and at most the canvas
 * @param halo what is thrown away at each inner border
 * @param blend width beyond it in which neighbours give way to each other
 * @param step multiples at which a tile may begin
 */
record Tiling(int canvas, int extent, int halo, int blend, int step) {

	/**
	 * The smallest extent with which that many tiles cover the canvas: rounded up, so that fewer may do.
	 *
	 * @return null if tiles so small have no inside
	 */
	static Tiling of(int count, int canvas, int halo, int blend, int step) {
		long lost = (count - 1L) * (2L * halo + blend);
		Tiling tiling = new Tiling(canvas, (int) Math.min(canvas, roundedUp((canvas + lost + count - 1) / count, step)), halo, blend, step);
		while (tiling.extent < canvas && (tiling.stride() < step || tiling.count() > count))
			tiling = new Tiling(canvas, tiling.extent + step, halo, blend, step);
		return tiling.extent == canvas && count > 1 ? null : tiling;
	}

	private static long roundedUp(long extent, int step) {
		return (extent + step - 1) / step * step;
	}

	/** Distance of the origins of neighbouring tiles. */
	int stride() {
		return (extent - 2 * halo - blend) / step * step;
	}

	int count() {
		return extent >= canvas ? 1 : 1 + (canvas - extent + stride() - 1) / stride();
	}

	int origin(int tile) {
		return (int) Math.min((long) tile * stride(), canvas - extent);
	}

	/**
	 * How much each tile has to say of each of its pixels: nothing in the halo, then a ramp, and together 1 at every pixel. The canvas's
	 * own border is no border.
	 *
	 * @return tile × pixel of the tile
	 */
	float[][] weights() {
		double[] sum = new double[canvas];
		float[][] weights = new float[count()][extent];
		for (int tile = 0; tile < weights.length; tile++)
			for (int i = 0; i < extent; i++)
				sum[origin(tile) + i] += weights[tile][i] = weight(tile, i);
		for (int tile = 0; tile < weights.length; tile++)
			for (int i = 0; i < extent; i++)
				weights[tile][i] = (float) (weights[tile][i] / sum[origin(tile) + i]);
		return weights;
	}

	private float weight(int tile, int i) {
		double before = origin(tile) == 0 ? Double.POSITIVE_INFINITY : i - halo + 1;
		double after = origin(tile) + extent == canvas ? Double.POSITIVE_INFINITY : extent - halo - i;
		return (float) Math.max(0, Math.min(1, Math.min(before, after) / (blend + 1)));
	}
}
