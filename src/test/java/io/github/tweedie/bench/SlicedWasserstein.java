package io.github.tweedie.bench;

import java.util.Arrays;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.UnitSphereSampler;

/**
 * The sliced Wasserstein distance of two sets of n points in d dimensions: along each of some fixed directions the mean distance of
 * the sorted coordinates, which is the one-dimensional Wasserstein distance of order 1; then the mean over the directions.
 */
final class SlicedWasserstein {

	private final float[][] directions;

	SlicedWasserstein(int dimension, int count, UniformRandomProvider random) {
		UnitSphereSampler sphere = UnitSphereSampler.of(random, dimension);
		directions = new float[count][dimension];
		for (float[] direction : directions) {
			double[] unit = sphere.sample();
			for (int i = 0; i < dimension; i++)
				direction[i] = (float) unit[i];
		}
	}

	/** The sorted coordinates of n points along every direction. */
	float[][] shadows(float[] points, int from, int n) {
		int d = directions[0].length;
		float[][] shadows = new float[directions.length][n];
		for (int k = 0; k < directions.length; k++) {
			for (int s = 0; s < n; s++) {
				float sum = 0;
				for (int i = 0; i < d; i++)
					sum += directions[k][i] * points[(from + s) * d + i];
				shadows[k][s] = sum;
			}
			Arrays.sort(shadows[k]);
		}
		return shadows;
	}

	static double distance(float[][] a, float[][] b) {
		double total = 0;
		for (int k = 0; k < a.length; k++) {
			float sum = 0;
			for (int s = 0; s < a[k].length; s++)
				sum += Math.abs(a[k][s] - b[k][s]);
			total += sum / a[k].length;
		}
		return total / a.length;
	}
}
