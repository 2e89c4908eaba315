package io.github.tweedie.bench;

import java.util.Arrays;

import io.github.tweedie.sde.Shape;

/**
 * Non-local means (Buades, Coll and Morel 2005): each pixel becomes the mean of those around it, weighted by how much their
 * surroundings resemble its own, exp(−max(d − 2σ², 0)/h²), where d is the mean squared difference of two square patches, over all
 * channels, and 2σ² of it is due to the noise. A pixel's own weight is 1.
 * <p>
 * Patches are mirrored at the border; the search ends there.
 */
final class NonLocalMeans {

	/** Smaller weights are none. */
	private static final double SMALLEST = 5e-5;

	private final Shape shape;
	private final float[] image;
	private final double noise;
	private final double[][] sums, weights;
	private final double strength;

	private NonLocalMeans(Shape shape, float[] image, double sigma, double strength, int count) {
		this.shape = shape;
		this.image = image;
		this.strength = strength;
		noise = 2 * sigma * sigma;
		int pixels = shape.y() * shape.x();
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
		NonLocalMeans means = new NonLocalMeans(shape, image, sigma, strength, count);
		PatchDistances distances = new PatchDistances(shape, image, patch);
		distances.shifts(search, (dy, dx) -> distances.compare(dy, dx, means::exchange));
		return means.result();
	}

	private void exchange(double[] distance, int first, int shift) {
		int pixels = shape.y() * shape.x();
		double scale = -1 / (strength * strength), farthest = Math.log(SMALLEST) / scale;
		for (int x = 0; x < distance.length; x++) {
			double d = Math.max(0, distance[x] - noise);
			if (d > farthest)
				continue;
			int p = first + x, q = p + shift;
			double w = d == 0 ? 1 : Math.exp(scale * d);
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
