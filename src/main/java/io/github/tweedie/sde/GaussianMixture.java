package io.github.tweedie.sde;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler;

/**
 * A mixture of Gaussians in d dimensions, for which everything that Tweedie computes has a closed form: the reference
 * against which samplers and conditioners are tested. Under x = x0 + σ·z it is again a mixture, with covariances
 * C_k + σ²·I; given a linear measurement it is again a mixture, too.
 * <p>
 * As a {@link Denoiser} it takes samples of d values in any shape and knows no classes; as a {@link Classifier} its
 * classes are its components.
 */
public final class GaussianMixture implements Denoiser, Classifier {

	private final double[] logWeights;
	private final double[][] means;
	private final RealMatrix[] covariances;
	/** Rows of Q and of Qᵀ, and the eigenvalues: C_k = Q·diag(λ)·Qᵀ. No rows where all directions are alike. */
	private final double[][][] basis, transposed;
	private final double[][] variances;

	/**
	 * @param weights K positive weights; they are normalised
	 * @param means K×d
	 * @param covariances K×d×d, symmetric and positive semidefinite
	 * @throws IllegalArgumentException if the extents do not agree
	 */
	public GaussianMixture(double[] weights, double[][] means, double[][][] covariances) {
		this(logNormalised(Arrays.stream(weights).map(Math::log).toArray()), means, matrices(covariances));
	}

	private GaussianMixture(double[] logWeights, double[][] means, RealMatrix[] covariances) {
		int k = logWeights.length;
		if (k == 0 || means.length != k || covariances.length != k)
			throw new IllegalArgumentException("A mixture needs as many weights as means and covariances, at least one; seen were "
				+ k + ", " + means.length + " and " + covariances.length + ".");
		this.logWeights = logWeights;
		this.means = means;
		this.covariances = covariances;
		basis = new double[k][][];
		transposed = new double[k][][];
		variances = new double[k][];
		for (int i = 0; i < k; i++) {
			EigenDecomposition eigen = new EigenDecomposition(covariances[i]);
			variances[i] = Arrays.stream(eigen.getRealEigenvalues()).map(v -> Math.max(0, v)).toArray();
			if (Arrays.stream(variances[i]).distinct().count() > 1) {
				basis[i] = eigen.getV().getData();
				transposed[i] = eigen.getVT().getData();
			}
		}
	}

	/** One Gaussian. */
	public static GaussianMixture gaussian(double[] mean, double[][] covariance) {
		return new GaussianMixture(new double[] { 1 }, new double[][] { mean }, new double[][][] { covariance });
	}

	/** Equal weights and the same variance in every direction. */
	public static GaussianMixture isotropic(double[][] means, double variance) {
		double[] weights = new double[means.length];
		Arrays.fill(weights, 1);
		double[][][] covariances = new double[means.length][][];
		for (int i = 0; i < means.length; i++)
			covariances[i] = MatrixUtils.createRealIdentityMatrix(means[i].length).scalarMultiply(variance).getData();
		return new GaussianMixture(weights, means, covariances);
	}

	public int dimension() {
		return means[0].length;
	}

	/** Probability of each component. */
	public double[] weights() {
		return Arrays.stream(logWeights).map(Math::exp).toArray();
	}

	/** Mean of the whole mixture, d values. */
	public double[] mean() {
		double[] mean = new double[dimension()];
		for (int k = 0; k < means.length; k++)
			for (int i = 0; i < mean.length; i++)
				mean[i] += Math.exp(logWeights[k]) * means[k][i];
		return mean;
	}

	/** Covariance of the whole mixture, d×d. */
	public double[][] covariance() {
		double[] mean = mean();
		double[][] c = new double[dimension()][dimension()];
		for (int k = 0; k < means.length; k++)
			for (int i = 0; i < c.length; i++)
				for (int j = 0; j < c.length; j++)
					c[i][j] += Math.exp(logWeights[k])
						* (covariances[k].getEntry(i, j) + (means[k][i] - mean[i]) * (means[k][j] - mean[j]));
		return c;
	}

	/** ln p(x) under noise of standard deviation σ. */
	public double logDensity(double[] x, double sigma) {
		return logSum(at(sigma, null).logJoint(rotated(x)));
	}

	/** The distribution of x0 given y = A·x0 + σ_y·z, for A of m×d: again a mixture (Bishop 2006, eqs. 2.113–2.117). */
	public GaussianMixture posterior(double[][] a, double[] y, double sigmaY) {
		RealMatrix operator = new Array2DRowRealMatrix(a, false);
		int count = means.length;
		double[] log = new double[count];
		double[][] mean = new double[count][];
		RealMatrix[] covariance = new RealMatrix[count];
		for (int k = 0; k < count; k++) {
			RealMatrix cross = covariances[k].multiply(operator.transpose());
			RealMatrix s = operator.multiply(cross)
				.add(MatrixUtils.createRealIdentityMatrix(y.length).scalarMultiply(sigmaY * sigmaY));
			double[] residual = operator.operate(means[k]);
			for (int i = 0; i < y.length; i++)
				residual[i] = y[i] - residual[i];
			LUDecomposition lu = new LUDecomposition(s, 0);
			double[] solved = lu.getSolver().solve(MatrixUtils.createRealVector(residual)).toArray();
			double quadratic = 0;
			for (int i = 0; i < y.length; i++)
				quadratic += residual[i] * solved[i];
			log[k] = logWeights[k] - 0.5 * (quadratic + logDeterminant(lu) + y.length * Math.log(2 * Math.PI));
			mean[k] = cross.operate(solved);
			for (int i = 0; i < mean[k].length; i++)
				mean[k][i] += means[k][i];
			RealMatrix c = covariances[k].subtract(cross.multiply(lu.getSolver().solve(cross.transpose())));
			covariance[k] = c.add(c.transpose()).scalarMultiply(0.5);
		}
		return new GaussianMixture(logNormalised(log), mean, covariance);
	}

	/** A product of some hundred pivots leaves the range of a double; their logarithms add up. */
	private static double logDeterminant(LUDecomposition lu) {
		RealMatrix u = lu.getU();
		return IntStream.range(0, u.getRowDimension()).mapToDouble(i -> Math.log(Math.abs(u.getEntry(i, i)))).sum();
	}

	/** n exact draws, n×d values. */
	public float[] sample(int n, UniformRandomProvider random) {
		int d = dimension();
		ZigguratSampler.NormalizedGaussian gaussian = ZigguratSampler.NormalizedGaussian.of(random);
		float[] out = new float[n * d];
		for (int s = 0; s < n; s++) {
			double u = random.nextDouble();
			int k = 0;
			while (k < means.length - 1 && (u -= Math.exp(logWeights[k])) > 0)
				k++;
			double[] z = new double[d];
			for (int j = 0; j < d; j++)
				z[j] = Math.sqrt(variances[k][j]) * gaussian.sample();
			double[] turned = turned(transposed[k], z);
			for (int i = 0; i < d; i++)
				out[s * d + i] = (float) (means[k][i] + turned[i]);
		}
		return out;
	}

	@Override
	public void denoise(Batch batch, float[] out) {
		int d = size(batch);
		Blurred blurred = null;
		for (int s = 0; s < batch.shape().n(); s++) {
			blurred = at(batch.sigma()[s], blurred);
			double[][] rotated = rotated(sample(batch, s));
			double[] probability = probabilities(blurred.logJoint(rotated)), estimate = new double[d];
			for (int k = 0; k < means.length; k++)
				addEstimate(probability[k], k, rotated[k], blurred.total[k], estimate);
			for (int i = 0; i < d; i++)
				out[s * d + i] = (float) estimate[i];
		}
	}

	@Override
	public int classes() {
		return means.length;
	}

	/** Exact: log p(k | x, σ) by Bayes' rule, its gradient the component's score less the mixture's. */
	@Override
	public void logProbability(Batch batch, double[] logProbability, float[] gradient) {
		int d = size(batch);
		Blurred blurred = null;
		for (int s = 0; s < batch.shape().n(); s++) {
			blurred = at(batch.sigma()[s], blurred);
			int label = batch.label()[s];
			if (label < 0 || label >= means.length)
				throw new IllegalArgumentException("The class " + label + " is not one of the " + means.length + " classes.");
			double[][] rotated = rotated(sample(batch, s));
			double[] log = blurred.logJoint(rotated), probability = probabilities(log), difference = new double[d];
			for (int k = 0; k < means.length; k++)
				addScore((k == label ? 1 : 0) - probability[k], k, rotated[k], blurred.total[k], difference);
			logProbability[s] = log[label] - logSum(log);
			for (int i = 0; i < d; i++)
				gradient[s * d + i] = (float) difference[i];
		}
	}

	/**
	 * The components under noise, as far as they do not depend on the state.
	 *
	 * @param total variances λ + σ² along the eigenvectors, K×d
	 * @param logScale logarithm of weight times density at the mean, K
	 */
	private record Blurred(double sigma, double[][] total, double[] logScale) {

		/** ln p(x, k) from Q_kᵀ(x − m_k). */
		double[] logJoint(double[][] rotated) {
			double[] log = new double[total.length];
			for (int k = 0; k < log.length; k++) {
				double sum = 0;
				for (int j = 0; j < rotated[k].length; j++)
					sum += rotated[k][j] * rotated[k][j] / total[k][j];
				log[k] = logScale[k] - 0.5 * sum;
			}
			return log;
		}
	}

	private Blurred at(double sigma, Blurred known) {
		if (known != null && known.sigma == sigma)
			return known;
		double[][] total = new double[means.length][];
		double[] logScale = new double[means.length];
		for (int k = 0; k < means.length; k++) {
			total[k] = Arrays.stream(variances[k]).map(v -> v + sigma * sigma).toArray();
			logScale[k] = logWeights[k] - 0.5 * Arrays.stream(total[k]).map(v -> Math.log(2 * Math.PI * v)).sum();
		}
		return new Blurred(sigma, total, logScale);
	}

	/** Adds weight times E[x0 | x, k] = m + Q·diag(λ/(λ + σ²))·Qᵀ(x − m). */
	private void addEstimate(double weight, int k, double[] rotated, double[] total, double[] out) {
		if (weight == 0)
			return;
		double[] shrunk = new double[out.length];
		for (int j = 0; j < out.length; j++)
			shrunk[j] = total[j] == 0 ? 0 : variances[k][j] / total[j] * rotated[j];
		shrunk = turned(transposed[k], shrunk);
		for (int i = 0; i < out.length; i++)
			out[i] += weight * (means[k][i] + shrunk[i]);
	}

	/** Adds weight times the score of component k, −Q·diag(1/(λ + σ²))·Qᵀ(x − m). */
	private void addScore(double weight, int k, double[] rotated, double[] total, double[] out) {
		double[] score = new double[out.length];
		for (int j = 0; j < out.length; j++)
			score[j] = -rotated[j] / total[j];
		score = turned(transposed[k], score);
		for (int i = 0; i < out.length; i++)
			out[i] += weight * score[i];
	}

	/** Q_kᵀ(x − m_k) of every component. */
	private double[][] rotated(double[] x) {
		double[][] rotated = new double[means.length][];
		for (int k = 0; k < rotated.length; k++) {
			double[] centred = new double[x.length];
			for (int i = 0; i < x.length; i++)
				centred[i] = x[i] - means[k][i];
			rotated[k] = turned(basis[k], centred);
		}
		return rotated;
	}

	/** Σ v_i·row_i; v itself where there are no rows. */
	private static double[] turned(double[][] rows, double[] v) {
		if (rows == null)
			return v;
		double[] sum = new double[v.length];
		for (int i = 0; i < v.length; i++) {
			double[] row = rows[i];
			for (int j = 0; j < v.length; j++)
				sum[j] += v[i] * row[j];
		}
		return sum;
	}

	/** exp of the logarithms, over their sum; 0 for what would not change a bit of a double. */
	private static double[] probabilities(double[] log) {
		double max = Double.NEGATIVE_INFINITY, sum = 0;
		for (double v : log)
			max = Math.max(max, v);
		double[] p = new double[log.length];
		for (int k = 0; k < p.length; k++)
			sum += p[k] = log[k] > max - 45 ? Math.exp(log[k] - max) : 0;
		for (int k = 0; k < p.length; k++)
			p[k] /= sum;
		return p;
	}

	private int size(Batch batch) {
		if (batch.shape().sampleSize() != dimension())
			throw new IllegalArgumentException("The mixture lives in " + dimension() + " dimensions; a sample of "
				+ batch.shape().sampleSize() + " values was seen.");
		return dimension();
	}

	private static double[] sample(Batch batch, int s) {
		int d = batch.shape().sampleSize();
		double[] x = new double[d];
		for (int i = 0; i < d; i++)
			x[i] = batch.x()[s * d + i];
		return x;
	}

	private static RealMatrix[] matrices(double[][][] data) {
		return Arrays.stream(data).map(m -> new Array2DRowRealMatrix(m, true)).toArray(RealMatrix[]::new);
	}

	private static double logSum(double[] log) {
		double max = Arrays.stream(log).max().orElseThrow();
		return max + Math.log(Arrays.stream(log).map(v -> Math.exp(v - max)).sum());
	}

	private static double[] logNormalised(double[] log) {
		double sum = logSum(log);
		return Arrays.stream(log).map(v -> v - sum).toArray();
	}
}
