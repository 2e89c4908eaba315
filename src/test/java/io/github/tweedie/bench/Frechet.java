package io.github.tweedie.bench;

import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * The Fréchet distance of two sets of feature vectors, as if each were Gaussian: |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½) (Dowson
 * and Landau 1982; Heusel et al. 2017 for images). Every vector has a weight, so that sets of different composition can be compared.
 * Sets of finite size are never at distance 0: compare sets of the same size.
 */
final class Frechet {

	private Frechet() {}

	/**
	 * @param a vectors, each of the same dimension
	 * @param weightsOfA one each, ≥ 0
	 */
	static double distance(double[][] a, double[] weightsOfA, double[][] b, double[] weightsOfB) {
		double[] meanA = mean(a, weightsOfA), meanB = mean(b, weightsOfB);
		RealMatrix covarianceA = covariance(a, weightsOfA, meanA), covarianceB = covariance(b, weightsOfB, meanB);
		double distance = covarianceA.getTrace() + covarianceB.getTrace();
		for (int i = 0; i < meanA.length; i++)
			distance += Math.pow(meanA[i] - meanB[i], 2);
		// NB: tr (AB)^½ = tr (A^½ B A^½)^½, whose argument is symmetric.
		RealMatrix root = root(covarianceA), product = root.multiply(covarianceB).multiply(root);
		for (double value : new EigenDecomposition(symmetric(product)).getRealEigenvalues())
			distance -= 2 * Math.sqrt(Math.max(0, value));
		return distance;
	}

	private static double sum(double[] weights) {
		double sum = 0;
		for (double w : weights)
			sum += w;
		return sum;
	}

	private static double[] mean(double[][] x, double[] weights) {
		double[] mean = new double[x[0].length];
		double sum = sum(weights);
		for (int n = 0; n < x.length; n++)
			for (int i = 0; i < mean.length; i++)
				mean[i] += weights[n] / sum * x[n][i];
		return mean;
	}

	/** Without bias for weights that say how much a vector counts: divided by 1 − Σw² where Σw = 1. */
	private static RealMatrix covariance(double[][] x, double[] weights, double[] mean) {
		int d = mean.length;
		double sum = sum(weights), squares = 0;
		for (double w : weights)
			squares += w * w / (sum * sum);
		double[][] c = new double[d][d];
		for (int n = 0; n < x.length; n++)
			for (int i = 0; i < d; i++) {
				double u = weights[n] / sum / (1 - squares) * (x[n][i] - mean[i]);
				for (int j = 0; j < d; j++)
					c[i][j] += u * (x[n][j] - mean[j]);
			}
		return new Array2DRowRealMatrix(c, false);
	}

	private static RealMatrix symmetric(RealMatrix m) {
		return m.add(m.transpose()).scalarMultiply(0.5);
	}

	private static RealMatrix root(RealMatrix m) {
		EigenDecomposition e = new EigenDecomposition(symmetric(m));
		RealMatrix v = e.getV(), scaled = v.copy();
		for (int j = 0; j < v.getColumnDimension(); j++)
			scaled.setColumnVector(j, v.getColumnVector(j).mapMultiply(Math.sqrt(Math.max(0, e.getRealEigenvalue(j)))));
		return scaled.multiply(v.transpose());
	}
}
