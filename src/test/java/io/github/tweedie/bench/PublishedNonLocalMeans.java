package io.github.tweedie.bench;

import java.util.Arrays;

import io.github.tweedie.sde.Shape;

/**
 * Non-local means as its authors publish it (Buades, Coll and Morel, 'Non-Local Means Denoising', Image Processing On Line 2011):
 * nothing is tuned but by the noise, and whole patches are averaged, so that a pixel is the mean of what all patches around it
 * became. A patch weighs as much for itself as the one that is most like it.
 * <p>
 * The parameters are those of the authors' table for 8-bit images, whose range is here that of the data, [−1, 1]; beyond a σ of 100
 * grey levels its last row serves. There is one table for grey images and one for colours. Other than theirs, patches are
 * mirrored at the border.
 */
final class PublishedNonLocalMeans {

	/** 255 grey levels are a range of 2. */
	private static final double GREY_LEVELS = 127.5;

	/**
	 * A row of the authors' tables.
	 *
	 * @param most σ in grey levels up to which it holds
	 * @param patch radius of the patches
	 * @param search radius of the search
	 * @param strength h in units of σ
	 */
	record Row(double most, int patch, int search, double strength) {}

	private static final Row[] GREY = { new Row(15, 1, 10, 0.4), new Row(30, 2, 10, 0.4), new Row(45, 3, 17, 0.35),
		new Row(75, 4, 17, 0.35), new Row(100, 5, 17, 0.3) };
	private static final Row[] COLOUR = { new Row(25, 1, 10, 0.55), new Row(55, 2, 17, 0.4), new Row(100, 3, 17, 0.35) };

	private final Shape shape;
	private final float[] image;
	private final Row row;
	private final double noise, scale;
	private final PatchDistances distances;
	private final double[] total, own, count;
	private final double[] sums;

	private PublishedNonLocalMeans(Shape shape, float[] image, double sigma, Row row) {
		this.shape = shape;
		this.image = image;
		this.row = row;
		noise = 2 * sigma * sigma;
		scale = -1 / Math.pow(row.strength * sigma, 2);
		distances = new PatchDistances(shape, image, row.patch);
		int pixels = shape.y() * shape.x();
		total = new double[pixels];
		own = new double[pixels];
		count = new double[pixels];
		sums = new double[image.length];
	}

	/**
	 * @param shape 1×C×Y×X; one channel is grey, more are colours
	 * @param image C·Y·X values in [−1, 1], unchanged
	 * @param sigma standard deviation of the noise, in the units of the image, above 0
	 */
	static float[] denoise(Shape shape, float[] image, double sigma) {
		return denoise(shape, image, sigma, row(shape.c(), sigma));
	}

	static float[] denoise(Shape shape, float[] image, double sigma, Row row) {
		return new PublishedNonLocalMeans(shape, image, sigma, row).result();
	}

	static Row row(int channels, double sigma) {
		Row[] rows = channels == 1 ? GREY : COLOUR;
		return Arrays.stream(rows).filter(r -> sigma * GREY_LEVELS <= r.most).findFirst().orElse(rows[rows.length - 1]);
	}

	private float[] result() {
		distances.shifts(row.search, (dy, dx) -> distances.compare(dy, dx, this::weigh));
		for (int p = 0; p < own.length; p++) {
			own[p] = own[p] == 0 ? 1 : own[p];
			total[p] += own[p];
		}
		double[] mine = new double[own.length];
		Arrays.setAll(mine, p -> own[p] / total[p]);
		add(mine, 0, 0);
		distances.shifts(row.search, this::exchange);
		float[] out = new float[image.length];
		for (int i = 0; i < out.length; i++)
			out[i] = (float) (sums[i] / count[i % count.length]);
		return out;
	}

	private double weight(double distance) {
		return Math.exp(scale * Math.max(0, distance - noise));
	}

	private void weigh(double[] distance, int first, int shift) {
		for (int k = 0; k < distance.length; k++) {
			int p = first + k, q = p + shift;
			double w = weight(distance[k]);
			total[p] += w;
			total[q] += w;
			own[p] = Math.max(own[p], w);
			own[q] = Math.max(own[q], w);
		}
	}

	/** Each patch takes from the one that is dy below and dx to the right its share, and gives to it. */
	private void exchange(int dy, int dx) {
		double[] taken = new double[own.length], given = new double[own.length];
		distances.compare(dy, dx, (distance, first, shift) -> {
			for (int k = 0; k < distance.length; k++) {
				int p = first + k, q = p + shift;
				double w = weight(distance[k]);
				taken[p] = w / total[p];
				given[q] = w / total[q];
			}
		});
		add(taken, dy, dx);
		add(given, -dy, -dx);
	}

	/** @param shares of each patch: what it takes of the one that is dy below and dx to the right */
	private void add(double[] shares, int dy, int dx) {
		int width = shape.x(), height = shape.y(), shift = dy * width + dx;
		double[] near = column(row(shares));
		for (int y = Math.max(0, -dy); y < Math.min(height, height - dy); y++)
			for (int x = Math.max(0, -dx); x < Math.min(width, width - dx); x++) {
				int i = y * width + x;
				count[i] += near[i];
				for (int c = 0; c < image.length; c += count.length)
					sums[c + i] += near[i] * image[c + i + shift];
			}
	}

	/** Sums over the width of a patch, along a row; beyond the border there is nothing. */
	private double[] row(double[] plane) {
		double[] out = new double[plane.length];
		for (int y = 0; y < shape.y(); y++)
			slide(plane, out, y * shape.x(), 1, shape.x());
		return out;
	}

	private double[] column(double[] plane) {
		double[] out = new double[plane.length];
		for (int x = 0; x < shape.x(); x++)
			slide(plane, out, x, shape.x(), shape.y());
		return out;
	}

	private void slide(double[] plane, double[] out, int first, int step, int n) {
		for (int i = 0; i < n; i++)
			for (int k = Math.max(0, i - row.patch); k <= Math.min(n - 1, i + row.patch); k++)
				out[first + i * step] += plane[first + k * step];
	}
}
