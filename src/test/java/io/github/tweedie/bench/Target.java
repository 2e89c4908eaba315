package io.github.tweedie.bench;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.QRDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Shape;

/** A distribution in closed form with mean zero and unit variance, exact samples of it, and how far other samples are from them. */
final class Target {

	/** Sets of a final figure. */
	static final int SETS = 20;
	private static final int DIRECTIONS = 64, RESAMPLINGS = 1000;

	final String name;
	final GaussianMixture density;
	/** Centres of the components; null for a single one. */
	private final double[][] centres;
	/** The density's denoiser in fewer operations, since a bench asks it a hundred million times. */
	final Denoiser denoiser;
	private final SlicedWasserstein metric;
	private final Map<Integer, Bank> banks = new ConcurrentHashMap<>();

	/** Exact sets of so many points that samplers are compared with, and the distance of other exact sets to them: the floor. */
	private final class Bank {

		final int points;
		final float[][][] sets = new float[SETS][][];
		final double[] floors = new double[2 * SETS];
		final double floor;

		Bank(int points) {
			this.points = points;
			for (int k = 0; k < SETS; k++)
				sets[k] = exact(12, k);
			for (int k = 0; k < floors.length; k++)
				floors[k] = distance(exact(13, k));
			floor = Arrays.stream(floors).average().orElseThrow();
		}

		private float[][] exact(int seed, int k) {
			return metric.shadows(density.sample(points, new Noise(seed).generator(Purpose.PROBE, k, 0, 0)), 0, points);
		}

		private double distance(float[][] shadows) {
			return Arrays.stream(sets).mapToDouble(s -> SlicedWasserstein.distance(shadows, s)).average().orElseThrow();
		}

		double[] distances(float[] x) {
			return IntStream.range(0, x.length / dimension() / points).mapToDouble(k -> distance(metric.shadows(x, k * points, points)))
				.toArray();
		}
	}

	private Target(String name, GaussianMixture density, double[][] centres, double variance) {
		this.name = name;
		this.density = density;
		this.centres = centres;
		denoiser = centres == null ? new TurnedDenoiser(density.covariance())
			: new SphereDenoiser(centres, density.weights(), variance);
		metric = new SlicedWasserstein(density.dimension(), DIRECTIONS, new Noise(11).generator(Purpose.PROBE, 0, 0, 0));
		requireSame();
	}

	/** The quick form must be the closed form. */
	private void requireSame() {
		Shape shape = Shape.vectors(64, dimension());
		float[] x = density.sample(64, new Noise(16).generator(Purpose.PROBE, 0, 0, 0)), a = new float[x.length], b = new float[x.length];
		for (double sigma : new double[] { 0.01, 0.1, 0.5, 2, 50 }) {
			Batch batch = Batch.of(shape, x, sigma);
			density.denoise(batch, a);
			denoiser.denoise(batch, b);
			for (int i = 0; i < a.length; i++)
				if (!(Math.abs(a[i] - b[i]) < 1e-5))
					throw new IllegalStateException("The quick denoiser of " + name + " gives " + b[i] + " where the closed form is " + a[i] + ".");
		}
	}

	/** D of one Gaussian of mean zero, Q·diag(λ/(λ + σ²))·Qᵀ·x, in float. */
	private static final class TurnedDenoiser implements Denoiser {

		private final float[][] basis, transposed;
		private final double[] variances;

		TurnedDenoiser(double[][] covariance) {
			EigenDecomposition eigen = new EigenDecomposition(MatrixUtils.createRealMatrix(covariance));
			basis = floats(eigen.getV());
			transposed = floats(eigen.getVT());
			variances = eigen.getRealEigenvalues();
		}

		@Override
		public void denoise(Batch batch, float[] out) {
			int d = variances.length;
			float[] shrink = new float[d], turned = new float[d], back = new float[d];
			for (int j = 0; j < d; j++)
				shrink[j] = (float) (variances[j] / (variances[j] + batch.sigma()[0] * batch.sigma()[0]));
			for (int s = 0; s < batch.shape().n(); s++) {
				combine(basis, batch.x(), s * d, turned);
				for (int j = 0; j < d; j++)
					turned[j] *= shrink[j];
				combine(transposed, turned, 0, back);
				System.arraycopy(back, 0, out, s * d, d);
			}
		}

		/** Σ v_i·row_i. */
		private static void combine(float[][] rows, float[] v, int from, float[] sum) {
			Arrays.fill(sum, 0);
			for (int i = 0; i < rows.length; i++) {
				float value = v[from + i];
				float[] row = rows[i];
				for (int j = 0; j < sum.length; j++)
					sum[j] += value * row[j];
			}
		}

		private static float[][] floats(RealMatrix m) {
			float[][] rows = new float[m.getRowDimension()][m.getColumnDimension()];
			for (int i = 0; i < rows.length; i++)
				for (int j = 0; j < rows[i].length; j++)
					rows[i][j] = (float) m.getEntry(i, j);
			return rows;
		}
	}

	/** D of components that are spheres of one width: x moves towards the mean of their centres. */
	private record SphereDenoiser(double[][] centres, double[] weights, double variance) implements Denoiser {

		@Override
		public void denoise(Batch batch, float[] out) {
			int d = batch.shape().sampleSize(), k = centres.length;
			double[] log = new double[k], mean = new double[d], logWeights = Arrays.stream(weights).map(Math::log).toArray();
			double[] squares = Arrays.stream(centres).mapToDouble(c -> 0.5 * Arrays.stream(c).map(v -> v * v).sum()).toArray();
			for (int s = 0; s < batch.shape().n(); s++) {
				double total = variance + batch.sigma()[s] * batch.sigma()[s], keep = variance / total, sum = 0;
				double max = Double.NEGATIVE_INFINITY;
				for (int c = 0; c < k; c++) {
					double dot = -squares[c];
					for (int i = 0; i < d; i++)
						dot += centres[c][i] * batch.x()[s * d + i];
					log[c] = logWeights[c] + dot / total;
					max = Math.max(max, log[c]);
				}
				Arrays.fill(mean, 0);
				for (int c = 0; c < k; c++) {
					if (log[c] < max - 20)
						continue;
					double p = Math.exp(log[c] - max);
					sum += p;
					for (int i = 0; i < d; i++)
						mean[i] += p * centres[c][i];
				}
				for (int i = 0; i < d; i++)
					out[s * d + i] = (float) (keep * batch.x()[s * d + i] + (1 - keep) * mean[i] / sum);
			}
		}
	}

	/** One Gaussian with variances from 0.05 to 4.6 along axes that are turned at random, scaled to unit variance. */
	static Target gaussian(int d) {
		RealMatrix turned = new QRDecomposition(random(d, d, 1)).getQ();
		double[] variances = IntStream.range(0, d).mapToDouble(i -> Math.pow(10, -1 + 2.0 * i / (d - 1)) * 0.4).toArray();
		double mean = Arrays.stream(variances).average().orElseThrow();
		RealMatrix diagonal = MatrixUtils.createRealDiagonalMatrix(Arrays.stream(variances).map(v -> v / mean).toArray());
		return new Target("Gaussian in " + d + "-D", GaussianMixture.gaussian(new double[d],
			turned.multiply(diagonal).multiply(turned.transpose()).getData()), null, 0);
	}

	/** 25 narrow components, the heaviest three times as likely as the lightest: a lattice of 5×5 in 2-D, elsewhere at random. */
	static Target mixture(int d) {
		int k = 25;
		double[][] centres = random(k, d, 2).getData();
		if (d == 2)
			for (int i = 0; i < k; i++)
				centres[i] = new double[] { i % 5 - 2, i / 5 - 2 };
		double[] weights = IntStream.range(0, k).mapToDouble(i -> 1 + 2 * (i * 7 % k) / (k - 1.0)).toArray();
		double total = Arrays.stream(weights).sum(), spread = 0;
		for (int j = 0; j < d; j++) {
			double mean = 0, square = 0;
			for (int i = 0; i < k; i++)
				mean += weights[i] / total * centres[i][j];
			for (int i = 0; i < k; i++) {
				centres[i][j] -= mean;
				square += weights[i] / total * centres[i][j] * centres[i][j];
			}
			spread += square / d;
		}
		// A component is a seventh as wide as the lattice is fine.
		double width = d == 2 ? 1 / 7.0 : 0.25 * Math.sqrt(spread), unit = Math.sqrt(spread + width * width);
		for (double[] centre : centres)
			for (int j = 0; j < d; j++)
				centre[j] /= unit;
		double[][][] covariances = new double[k][][];
		Arrays.fill(covariances, MatrixUtils.createRealIdentityMatrix(d).scalarMultiply(width * width / unit / unit).getData());
		return new Target("25 components in " + d + "-D", new GaussianMixture(weights, centres, covariances), centres, width * width / unit / unit);
	}

	private static RealMatrix random(int rows, int columns, int seed) {
		ZigguratSampler.NormalizedGaussian normal = ZigguratSampler.NormalizedGaussian.of(new Noise(seed).generator(Purpose.PROBE, 0, 0, 0));
		RealMatrix m = MatrixUtils.createRealMatrix(rows, columns);
		for (int i = 0; i < rows * columns; i++)
			m.setEntry(i / columns, i % columns, normal.sample());
		return m;
	}

	int dimension() {
		return density.dimension();
	}

	private Bank bank(int points) {
		return banks.computeIfAbsent(points, Bank::new);
	}

	/** Mean distance of the sets of so many points to exact ones over that of exact ones to each other. */
	double ratio(float[] x, int points) {
		return Arrays.stream(bank(points).distances(x)).average().orElseThrow() / bank(points).floor;
	}

	/** The floor itself, in units of the standard deviation. */
	double floor(int points) {
		return bank(points).floor;
	}

	/** The ratio with its 95 % interval, for which the sets and those of the floor are drawn anew with replacement. */
	Figure ratioWithInterval(float[] x, int points) {
		Bank bank = bank(points);
		double[] distances = bank.distances(x), ratios = new double[RESAMPLINGS];
		UniformRandomProvider random = new Noise(14).generator(Purpose.PROBE, 0, 0, 0);
		for (int r = 0; r < RESAMPLINGS; r++)
			ratios[r] = resampled(distances, random) / resampled(bank.floors, random);
		Arrays.sort(ratios);
		return new Figure(Arrays.stream(distances).average().orElseThrow() / bank.floor, ratios[(int) (0.025 * RESAMPLINGS)],
			ratios[(int) (0.975 * RESAMPLINGS)]);
	}

	private static double resampled(double[] values, UniformRandomProvider random) {
		double sum = 0;
		for (int i = 0; i < values.length; i++)
			sum += values[random.nextInt(values.length)];
		return sum / values.length;
	}

	/** ‖mean‖ over the root of the total variance. */
	double meanError(float[] x) {
		double[] m = mean(x);
		return Math.sqrt(Arrays.stream(m).map(v -> v * v).sum() / m.length);
	}

	private double[] mean(float[] x) {
		int d = dimension();
		double[] m = new double[d];
		for (int i = 0; i < x.length; i++)
			m[i % d] += x[i] / (double) (x.length / d);
		return m;
	}

	/** ‖Ĉ − C‖/‖C‖, Frobenius norms. */
	double covarianceError(float[] x) {
		int d = dimension(), n = x.length / d;
		double[] m = mean(x);
		double[][] c = new double[d][d], exact = density.covariance();
		for (int s = 0; s < n; s++)
			for (int i = 0; i < d; i++) {
				double u = x[s * d + i] - m[i];
				for (int j = 0; j <= i; j++)
					c[i][j] += u * (x[s * d + j] - m[j]) / n;
			}
		double error = 0, norm = 0;
		for (int i = 0; i < d; i++)
			for (int j = 0; j <= i; j++) {
				int times = i == j ? 1 : 2;
				error += times * (c[i][j] - exact[i][j]) * (c[i][j] - exact[i][j]);
				norm += times * exact[i][j] * exact[i][j];
			}
		return Math.sqrt(error / norm);
	}

	boolean hasComponents() {
		return centres != null;
	}

	/** Total variation between the shares of the components, each point counted to the nearest centre, and the true ones. */
	double proportionError(float[] x) {
		int d = dimension(), n = x.length / d;
		double[] share = new double[centres.length], weights = density.weights();
		for (int s = 0; s < n; s++) {
			int nearest = 0;
			double least = Double.POSITIVE_INFINITY;
			for (int k = 0; k < centres.length; k++) {
				double square = 0;
				for (int i = 0; i < d; i++)
					square += (x[s * d + i] - centres[k][i]) * (x[s * d + i] - centres[k][i]);
				if (square < least) {
					least = square;
					nearest = k;
				}
			}
			share[nearest] += 1.0 / n;
		}
		return IntStream.range(0, share.length).mapToDouble(k -> 0.5 * Math.abs(share[k] - weights[k])).sum();
	}

	/** What so many exact draws have for the errors above, mean of 20. */
	double[] exactErrors(int draws) {
		double[] errors = new double[3];
		for (int k = 0; k < 20; k++) {
			float[] x = density.sample(draws, new Noise(15).generator(Purpose.PROBE, k, 0, 0));
			errors[0] += meanError(x) / 20;
			errors[1] += covarianceError(x) / 20;
			errors[2] += hasComponents() ? proportionError(x) / 20 : Double.NaN;
		}
		return errors;
	}

	/** A value with its interval. */
	record Figure(double value, double low, double high) {}
}
