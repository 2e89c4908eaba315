package io.github.tweedie.bench;

import java.util.Arrays;

import io.github.tweedie.sde.Shape;

/**
 * Non-local means (Buades, Coll and Morel 2005): each pixel becomes the mean of those around it, weighted by how much their
 * surroundings resemble its own, exp(−max(d − 2σ², 0)/h²), where d is the mean squared difference of two square patches, over all
 * channels, and 2σ² of it is due to the noise. A pixel's own weight is 1.
 * <p>
 * All pairs at one distance are compared at once, by sliding sums over their squared differences (Darbon et al. 2008), so that
 * the size of a patch costs nothing. Patches are mirrored at the border; the search ends there.
 */
final class NonLocalMeans {

	/** Smaller weights are none. */
	private static final double SMALLEST = 5e-5;

	private final Shape shape;
	private final float[] image;
	private final float[][] padded;
	private final double noise;
	private final int patch;
	private final double[][] sums, weights;
	private final double strength;

	private NonLocalMeans(Shape shape, float[] image, double sigma, int patch, double strength, int count) {
		this.shape = shape;
		this.image = image;
		this.patch = patch;
		this.strength = strength;
		noise = 2 * sigma * sigma;
		int pixels = shape.y() * shape.x();
		padded = new float[shape.c()][];
		for (int c = 0; c < shape.c(); c++)
			padded[c] = Mirror.pad(image, c * pixels, shape.y(), shape.x(), patch);
		sums = new double[count][image.length];
		weights = new double[count][pixels];
		for (int k = 0; k < count; k++) {
			for (int i = 0; i < image.length; i++)
				sums[k][i] = image[i];
			Arrays.fill(weights[k], 1);
		}
	}

	/**
	 * @param shape 1×C×Y×X
	 * @param image C·Y·X values, unchanged
	 * @param sigma standard deviation of the noise, in the units of the image
	 * @param patch radius of the patches: 2 for 5×5 pixels
	 * @param search radius of the search: 10 for 21×21 pixels
	 * @param strength h, in the units of the image
	 * @param count how many results: for h, h/√2, h/2 and so on, which share the comparisons; their weights are squares of each other
	 */
	static float[][] denoise(Shape shape, float[] image, double sigma, int patch, int search, double strength, int count) {
		NonLocalMeans means = new NonLocalMeans(shape, image, sigma, patch, strength, count);
		for (int dy = 0; dy <= Math.min(search, shape.y() - 1); dy++)
			for (int dx = dy == 0 ? 1 : -search; dx <= search; dx++)
				if (Math.abs(dx) < shape.x())
					means.compare(dy, dx);
		return means.result();
	}

	/** Every pixel with the one that is dy below and dx to the right, both ways. */
	private void compare(int dy, int dx) {
		int left = Math.max(0, -dx), width = shape.x() - Math.abs(dx), height = shape.y() - dy, size = 2 * patch + 1;
		float[] squares = squares(dy, dx, left, height + 2 * patch, width + 2 * patch);
		int wide = width + 2 * patch;
		double[] column = new double[wide];
		double[] distance = new double[width];
		double mean = 1.0 / (size * size * shape.c());
		for (int y = 0; y < height; y++) {
			for (int row = y == 0 ? 0 : y + 2 * patch; row <= y + 2 * patch; row++)
				for (int x = 0; x < wide; x++)
					column[x] += squares[row * wide + x];
			if (y > 0)
				for (int x = 0; x < wide; x++)
					column[x] -= squares[(y - 1) * wide + x];
			double sum = 0;
			for (int x = 0; x < wide; x++) {
				sum += column[x] - (x >= size ? column[x - size] : 0);
				if (x >= size - 1)
					distance[x - size + 1] = Math.max(0, sum * mean - noise);
			}
			exchange(distance, y * shape.x() + left, dy * shape.x() + dx);
		}
	}

	private float[] squares(int dy, int dx, int left, int high, int wide) {
		int row = shape.x() + 2 * patch;
		float[] squares = new float[high * wide];
		for (float[] plane : padded)
			for (int y = 0; y < high; y++) {
				int a = y * row + left, b = (y + dy) * row + left + dx, to = y * wide;
				for (int x = 0; x < wide; x++) {
					float d = plane[a + x] - plane[b + x];
					squares[to + x] += d * d;
				}
			}
		return squares;
	}

	private void exchange(double[] distance, int first, int shift) {
		int pixels = shape.y() * shape.x();
		double scale = -1 / (strength * strength), farthest = Math.log(SMALLEST) / scale;
		for (int x = 0; x < distance.length; x++) {
			if (distance[x] > farthest)
				continue;
			int p = first + x, q = p + shift;
			double w = distance[x] == 0 ? 1 : Math.exp(scale * distance[x]);
			for (int k = 0; k < weights.length && w > SMALLEST; k++, w *= w) {
				weights[k][p] += w;
				weights[k][q] += w;
				for (int c = 0; c < image.length; c += pixels) {
					sums[k][c + p] += w * image[c + q];
					sums[k][c + q] += w * image[c + p];
				}
			}
		}
	}

	private float[][] result() {
		float[][] out = new float[sums.length][image.length];
		for (int k = 0; k < out.length; k++)
			for (int i = 0; i < image.length; i++)
				out[k][i] = (float) (sums[k][i] / weights[k][i % weights[k].length]);
		return out;
	}
}
