package io.github.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;

import org.apache.commons.math3.linear.MatrixUtils;
import org.junit.jupiter.api.Test;

class GaussianMixtureTest {

	private static final GaussianMixture MIXTURE = new GaussianMixture(new double[] { 1, 3 },
		new double[][] { { -1, 0.5 }, { 1, 0 } },
		new double[][][] { { { 0.5, 0.2 }, { 0.2, 0.3 } }, { { 0.2, -0.1 }, { -0.1, 0.4 } } });

	private static double[] denoised(GaussianMixture mixture, double[] x, double sigma) {
		float[] values = new float[x.length], out = new float[x.length];
		for (int i = 0; i < x.length; i++)
			values[i] = (float) x[i];
		mixture.denoise(Batch.of(Shape.vectors(1, x.length), values, sigma), out);
		double[] d = new double[x.length];
		for (int i = 0; i < x.length; i++)
			d[i] = out[i];
		return d;
	}

	/** Tweedie's formula, with the gradient of the density taken as a central difference. */
	@Test
	void denoiserIsTheStatePlusVarianceTimesScore() {
		double h = 1e-4;
		for (double sigma : new double[] { 0.2, 1, 5 })
			for (double[] x : new double[][] { { 0, 0 }, { 1.5, -0.5 }, { -2, 1 } }) {
				double[] d = denoised(MIXTURE, x, sigma);
				for (int i = 0; i < 2; i++) {
					double[] up = x.clone(), down = x.clone();
					up[i] += h;
					down[i] -= h;
					double score = (MIXTURE.logDensity(up, sigma) - MIXTURE.logDensity(down, sigma)) / (2 * h);
					assertEquals(x[i] + sigma * sigma * score, d[i], 1e-5 * (1 + sigma * sigma));
				}
			}
	}

	/** The density integrates to one, and its first moments are the mixture's, on a grid of 0.05. */
	@Test
	void densityIntegratesToOne() {
		double step = 0.05, total = 0, mean = 0, variance = 0;
		for (double a = -8; a < 8; a += step)
			for (double b = -8; b < 8; b += step) {
				double p = Math.exp(MIXTURE.logDensity(new double[] { a, b }, 0.5)) * step * step;
				total += p;
				mean += p * a;
				variance += p * a * a;
			}
		assertEquals(1, total, 1e-9);
		assertEquals(MIXTURE.mean()[0], mean, 1e-9);
		assertEquals(MIXTURE.covariance()[0][0] + 0.25, variance - mean * mean, 1e-9);
		assertEquals(0.5, MIXTURE.mean()[0], 1e-12);
	}

	/** Bayes' rule by brute force: prior times likelihood on a grid against the closed form. */
	@Test
	void posteriorIsPriorTimesLikelihood() {
		double[][] a = { { 0.7, -1.2 } };
		double[] y = { 0.3 };
		double sigmaY = 0.4, step = 0.02, total = 0;
		double[] mean = new double[2];
		for (double u = -6; u < 6; u += step)
			for (double v = -6; v < 6; v += step) {
				double r = y[0] - a[0][0] * u - a[0][1] * v;
				double p = Math.exp(MIXTURE.logDensity(new double[] { u, v }, 0) - r * r / (2 * sigmaY * sigmaY));
				total += p;
				mean[0] += p * u;
				mean[1] += p * v;
			}
		double[] closed = MIXTURE.posterior(a, y, sigmaY).mean();
		assertEquals(mean[0] / total, closed[0], 1e-6);
		assertEquals(mean[1] / total, closed[1], 1e-6);
	}

	/** In 150 dimensions the determinant is 0.001^150, no double; the weights must not notice. */
	@Test
	void posteriorsInHundredsOfDimensionsHaveTheirWeights() {
		int d = 150;
		double[] low = new double[d], high = new double[d], y = new double[d];
		Arrays.fill(high, 0.002);
		GaussianMixture mixture = GaussianMixture.isotropic(new double[][] { low, high }, 0.0005);
		GaussianMixture posterior = mixture.posterior(MatrixUtils.createRealIdentityMatrix(d).getData(), y, Math.sqrt(0.0005));
		// ln of the odds is 150·0.002²/(2·0.001) = 0.3.
		assertEquals(1 / (1 + Math.exp(-0.3)), posterior.weights()[0], 1e-9);
		assertEquals(0.001, posterior.mean()[0] / posterior.weights()[1], 1e-9);
	}

	@Test
	void classifierGradientIsThatOfItsLogProbability() {
		double h = 1e-3, sigma = 0.7;
		double[] log = new double[1];
		float[] gradient = new float[2], ignored = new float[2];
		float[] x = { 0.2f, -0.3f };
		Shape shape = Shape.vectors(1, 2);
		MIXTURE.logProbability(Batch.of(shape, x, sigma, new int[] { 1 }), log, gradient);
		for (int i = 0; i < 2; i++) {
			float[] up = x.clone(), down = x.clone();
			up[i] += h;
			down[i] -= h;
			double[] high = new double[1], low = new double[1];
			MIXTURE.logProbability(Batch.of(shape, up, sigma, new int[] { 1 }), high, ignored);
			MIXTURE.logProbability(Batch.of(shape, down, sigma, new int[] { 1 }), low, ignored);
			assertEquals((high[0] - low[0]) / (up[i] - down[i]), gradient[i], 1e-4);
		}
		assertThrows(IllegalArgumentException.class,
			() -> MIXTURE.logProbability(Batch.of(shape, x, sigma, new int[] { 2 }), log, gradient));
	}

	@Test
	void drawsHaveTheMixturesMoments() {
		int n = 40_000;
		float[] draws = MIXTURE.sample(n, new Noise(1).generator(Noise.Purpose.START, 0, 0, 0));
		double[] mean = new double[2];
		double cross = 0;
		for (int s = 0; s < n; s++)
			for (int i = 0; i < 2; i++)
				mean[i] += draws[2 * s + i] / n;
		for (int s = 0; s < n; s++)
			cross += (draws[2 * s] - mean[0]) * (draws[2 * s + 1] - mean[1]) / n;
		double error = 4 * Math.sqrt(MIXTURE.covariance()[0][0] / n);
		assertEquals(MIXTURE.mean()[0], mean[0], error);
		assertEquals(MIXTURE.mean()[1], mean[1], error);
		assertEquals(MIXTURE.covariance()[0][1], cross, 2 * error);
	}

	@Test
	void samplesOfAnotherDimensionAreRefused() {
		assertThrows(IllegalArgumentException.class,
			() -> MIXTURE.denoise(Batch.of(Shape.vectors(1, 3), new float[3], 1), new float[3]));
	}
}
