package io.github.tweedie.restore;

import java.util.Arrays;
import java.util.List;

import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;

import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Prior;

/**
 * 8×8 images as one Gaussian with mean m and covariance C = Q·diag(λ)·Qᵀ, for which the probability flow is linear: what is x − m at noise s
 * is Q·diag(√((λ + t²)/(λ + s²)))·Qᵀ(x − m) at noise t.
 */
final class GaussianField {

	static final int SIZE = 8, PIXELS = 64;
	static final double LOWEST = 0.01, HIGHEST = 20, MEAN = -0.3;

	static final double[][] COVARIANCE = covariance();
	private static final EigenDecomposition EIGEN = new EigenDecomposition(MatrixUtils.createRealMatrix(COVARIANCE));
	static final GaussianMixture FIELD = GaussianMixture.gaussian(mean(), COVARIANCE);

	static final Prior PRIOR = new Prior(FIELD, "field 1.0", "closed form", 1, -1, 1, LOWEST, HIGHEST, 8, Prior.GLOBAL, List.of(),
		Prior.Precision.FLOAT32);

	private GaussianField() {}

	private static double[] mean() {
		double[] mean = new double[PIXELS];
		Arrays.fill(mean, MEAN);
		return mean;
	}

	private static double[][] covariance() {
		double[][] c = new double[PIXELS][PIXELS];
		for (int i = 0; i < PIXELS; i++)
			for (int j = 0; j < PIXELS; j++)
				c[i][j] = 0.25 * Math.exp(-Math.hypot(i % SIZE - j % SIZE, i / SIZE - j / SIZE) / 3);
		return c;
	}

	/** A draw as whole grey levels, 1000 + 400·x. */
	static short[] grey(int seed) {
		float[] x = FIELD.sample(1, new Noise(seed).generator(Noise.Purpose.PROBE, 0, 0, 0));
		short[] grey = new short[PIXELS];
		for (int i = 0; i < PIXELS; i++)
			grey[i] = (short) Math.round(1000 + 400 * x[i]);
		return grey;
	}

	/** Where the flow leads from noise {@code from} to noise {@code to}. */
	static double[] flow(double[] x, double from, double to) {
		double[] out = mean();
		for (int j = 0; j < PIXELS; j++) {
			double[] q = EIGEN.getEigenvector(j).toArray();
			double lambda = EIGEN.getRealEigenvalue(j), along = 0;
			for (int i = 0; i < PIXELS; i++)
				along += q[i] * (x[i] - MEAN);
			along *= Math.sqrt((lambda + to * to) / (lambda + from * from));
			for (int i = 0; i < PIXELS; i++)
				out[i] += along * q[i];
		}
		return out;
	}

	/** ln p at the lowest noise with N(0, highest²) for the latents: the prior's term and the logarithm of the flow's determinant. */
	static double logDensity(double[] x) {
		double sum = 0;
		for (double u : flow(x, LOWEST, HIGHEST))
			sum -= 0.5 * (u * u / (HIGHEST * HIGHEST) + Math.log(2 * Math.PI)) + Math.log(HIGHEST);
		for (double lambda : EIGEN.getRealEigenvalues())
			sum += 0.5 * Math.log((lambda + HIGHEST * HIGHEST) / (lambda + LOWEST * LOWEST));
		return sum;
	}

	/** E[x | x + s·z = y]: the shares λ/(λ + s²) of y − m along the eigenvectors. */
	static double[] posteriorMean(float[] y, double s) {
		double[] out = mean();
		for (int j = 0; j < PIXELS; j++) {
			double[] q = EIGEN.getEigenvector(j).toArray();
			double lambda = EIGEN.getRealEigenvalue(j), along = 0;
			for (int i = 0; i < PIXELS; i++)
				along += q[i] * (y[i] - MEAN);
			for (int i = 0; i < PIXELS; i++)
				out[i] += lambda / (lambda + s * s) * along * q[i];
		}
		return out;
	}

	/** Standard deviations of x given x + s·z: λ·s²/(λ + s²) along the eigenvectors. */
	static double[] posteriorDeviation(double s) {
		double[] out = new double[PIXELS];
		for (int j = 0; j < PIXELS; j++) {
			double[] q = EIGEN.getEigenvector(j).toArray();
			double lambda = EIGEN.getRealEigenvalue(j);
			for (int i = 0; i < PIXELS; i++)
				out[i] += q[i] * q[i] * lambda * s * s / (lambda + s * s);
		}
		return Arrays.stream(out).map(Math::sqrt).toArray();
	}
}
