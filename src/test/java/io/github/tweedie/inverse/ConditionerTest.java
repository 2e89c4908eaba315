package io.github.tweedie.inverse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import io.github.tweedie.inverse.MomentMatching.Difference;
import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sampler.DpmSolver;
import io.github.tweedie.sampler.Heun;
import io.github.tweedie.sampler.Move;
import io.github.tweedie.sampler.PcSampler;
import io.github.tweedie.sampler.Predictor;
import io.github.tweedie.sampler.ReverseDiffusion;
import io.github.tweedie.sampler.Schedule;
import io.github.tweedie.sampler.State;
import io.github.tweedie.sampler.TimeGrid;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.VeSde;
import io.github.tweedie.sde.VpSde;

class ConditionerTest {

	private static final int D = 8;
	private static final Sde VE = new VeSde(0.01, 30), VP = new VpSde();
	/** A smooth random signal: covariance 0.4·exp(−|i − j|/3), mean 0.2. */
	private static final GaussianMixture SIGNAL = GaussianMixture.gaussian(filled(0.2), exponential());
	private static final boolean[] HIDDEN = { false, true, true, false, true, true, true, false };
	private static final Mask MASK = new Mask(HIDDEN);
	private static final float[] Y = { 0.9f, -0.4f, 0.3f };

	private static double[] filled(double value) {
		double[] v = new double[D];
		Arrays.fill(v, value);
		return v;
	}

	private static double[][] exponential() {
		double[][] c = new double[D][D];
		for (int i = 0; i < D; i++)
			for (int j = 0; j < D; j++)
				c[i][j] = 0.4 * Math.exp(-Math.abs(i - j) / 3.0);
		return c;
	}

	private static double[][] rows(boolean[] hidden) {
		return IntStream.range(0, D).filter(i -> !hidden[i]).mapToObj(i -> {
			double[] row = new double[D];
			row[i] = 1;
			return row;
		}).toArray(double[][]::new);
	}

	private static double[] doubles(float[] v) {
		return IntStream.range(0, v.length).mapToDouble(i -> v[i]).toArray();
	}

	private static State run(PcSampler sampler, Denoiser denoiser, int n, int d, Conditioner conditioner) {
		return sampler.sample(denoiser, Shape.vectors(n, d), IntStream.range(0, n).toArray(), Batch.unlabelled(n), conditioner,
			new Noise(3), Monitor.NONE);
	}

	/** Mean and covariance of the draws against a closed form, within 4 standard errors and a relative discretisation error. */
	private static void requireMoments(float[] x, int n, double[] mean, double[][] covariance, double discretisation, String name) {
		int d = mean.length;
		double[] m = new double[d];
		for (int i = 0; i < x.length; i++)
			m[i % d] += x[i] / (double) n;
		for (int i = 0; i < d; i++) {
			double sd = Math.sqrt(covariance[i][i]);
			assertEquals(mean[i], m[i], 4 * sd / Math.sqrt(n) + discretisation * sd + 1e-3, name + ": mean " + i);
			for (int j = 0; j < d; j++) {
				double c = 0;
				for (int s = 0; s < n; s++)
					c += (x[s * d + i] - m[i]) * (x[s * d + j] - m[j]) / n;
				double scale = sd * Math.sqrt(covariance[j][j]);
				assertEquals(covariance[i][j], c, (4 * Math.sqrt(2.0 / n) + discretisation) * scale + 2e-3, name + ": covariance " + i + j);
			}
		}
	}

	private static final List<LinearOperator> OPERATORS = List.of(MASK, new BlockMean(1, 4, 6, 2), new BlockMean(3, 3, 3, 3),
		new ChannelMean(3, 5));

	private static float[] random(int size, int draw) {
		float[] v = new float[size];
		new Noise(1).fill(Noise.Purpose.PROBE, draw, new int[1], Shape.vectors(1, size), v);
		return v;
	}

	/** ⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩ and A·Aᵀ·y = gain·y, also within a longer array. */
	@Test
	void everyOperatorHasItsAdjointAndItsGain() {
		for (LinearOperator a : OPERATORS) {
			int d = a.inputSize(), m = a.outputSize();
			float[] x = random(d + 2, 0), y = random(m + 3, 1), ax = new float[m + 1], aty = new float[d + 4], again = new float[m];
			a.apply(x, 2, ax, 1);
			a.adjoint(y, 3, aty, 4);
			double left = 0, right = 0;
			for (int i = 0; i < m; i++)
				left += ax[1 + i] * y[3 + i];
			for (int i = 0; i < d; i++)
				right += x[2 + i] * aty[4 + i];
			assertEquals(left, right, 1e-5, a.getClass().getSimpleName());
			assertTrue(Math.abs(left) > 1e-3);
			a.apply(aty, 4, again, 0);
			for (int i = 0; i < m; i++)
				assertEquals(a.gain() * y[3 + i], again[i], 1e-6, a.getClass().getSimpleName());
		}
	}

	@Test
	void operatorsMeasureWhatTheySay() {
		float[] known = new float[3], blocks = new float[2], grey = new float[2];
		MASK.apply(new float[] { 1, 2, 3, 4, 5, 6, 7, 8 }, 0, known, 0);
		assertArrayEquals(new float[] { 1, 4, 8 }, known);
		new BlockMean(1, 2, 4, 2).apply(new float[] { 1, 2, 3, 4, 5, 6, 7, 8 }, 0, blocks, 0);
		assertArrayEquals(new float[] { 3.5f, 5.5f }, blocks);
		new ChannelMean(3, 2).apply(new float[] { 1, 2, 3, 4, 5, 9 }, 0, grey, 0);
		assertArrayEquals(new float[] { 3, 5 }, grey, 1e-6f);
		assertThrows(IllegalArgumentException.class, () -> new Mask(new boolean[] { true, true }));
		assertThrows(IllegalArgumentException.class, () -> new BlockMean(1, 5, 4, 2));
		assertThrows(IllegalArgumentException.class, () -> new ChannelMean(0, 4));
	}

	/** For a Gaussian prior E[x0 | x_t, y] is a linear regression on both measurements; as many iterations as knowns solve it. */
	@Test
	void momentMatchingOfAGaussianIsItsConditionalMean() {
		double[][] both = new double[D + 3][D];
		for (int i = 0; i < D; i++)
			both[i][i] = 1;
		System.arraycopy(rows(HIDDEN), 0, both, D, 3);
		float[] x = { 1, 0, -1, 0.5f, 0.2f, 2, -0.3f, 0 };
		for (double sigma : new double[] { 0.1, 1, 10 })
			for (double sigmaY : new double[] { 0, 0.3 })
				for (Difference difference : Difference.values()) {
					// The state is a measurement of all values with noise sigma; scale its rows so that both have one noise level.
					double unit = Math.max(sigmaY, 1e-4);
					double[][] a = new double[D + 3][];
					double[] measured = new double[D + 3];
					for (int i = 0; i < D + 3; i++) {
						double factor = i < D ? unit / sigma : 1;
						a[i] = Arrays.stream(both[i]).map(v -> v * factor).toArray();
						measured[i] = factor * (i < D ? x[i] : Y[i - D]);
					}
					double[] expected = SIGNAL.posterior(a, measured, unit).mean();
					Shape shape = Shape.vectors(1, D);
					float[] estimate = new float[D];
					Batch batch = Batch.of(shape, x, sigma);
					SIGNAL.denoise(batch, estimate);
					new MomentMatching(MASK, Y, sigmaY, 3, difference).denoised(SIGNAL, batch, estimate);
					for (int i = 0; i < D; i++)
						assertEquals(expected[i], estimate[i], 2e-3, "sigma " + sigma + ", noise " + sigmaY + ", " + difference + ", " + i);
				}
	}

	/** Values of unequal noise: rows over their standard deviations have a noise of 1. An infinite variance is a value that is not there. */
	@Test
	void momentMatchingTakesAVarianceForEachValue() {
		float[] variances = { 0.01f, Float.POSITIVE_INFINITY, 0.25f }, x = { 1, 0, -1, 0.5f, 0.2f, 2, -0.3f, 0 };
		double[][] known = rows(HIDDEN), a = new double[D + 2][D];
		double[] measured = new double[D + 2];
		double sigma = 0.7;
		for (int i = 0; i < D; i++) {
			a[i][i] = 1 / sigma;
			measured[i] = x[i] / sigma;
		}
		for (int k = 0; k < 2; k++) {
			double deviation = Math.sqrt(variances[2 * k]);
			a[D + k] = Arrays.stream(known[2 * k]).map(v -> v / deviation).toArray();
			measured[D + k] = Y[2 * k] / deviation;
		}
		double[] expected = SIGNAL.posterior(a, measured, 1).mean();
		float[] estimate = new float[D];
		Batch batch = Batch.of(Shape.vectors(1, D), x, sigma);
		SIGNAL.denoise(batch, estimate);
		new MomentMatching(MASK, Y, variances, 3, Difference.CENTRAL).denoised(SIGNAL, batch, estimate);
		for (int i = 0; i < D; i++)
			assertEquals(expected[i], estimate[i], 1e-3, "value " + i);
	}

	@Test
	void equalVariancesAreTheOneOfAll() {
		float[] x = { 1, 0, -1, 0.5f, 0.2f, 2, -0.3f, 0 }, one = new float[D], each = new float[D];
		Batch batch = Batch.of(Shape.vectors(1, D), x, 0.7);
		SIGNAL.denoise(batch, one);
		SIGNAL.denoise(batch, each);
		new MomentMatching(MASK, Y, 0.3, 2, Difference.CENTRAL).denoised(SIGNAL, batch, one);
		new MomentMatching(MASK, Y, new float[] { 0.09f, 0.09f, 0.09f }, 2, Difference.CENTRAL).denoised(SIGNAL, batch, each);
		assertArrayEquals(one, each, 1e-4f);
	}

	@Test
	void momentMatchingOnTheProbabilityFlowDrawsFromThePosterior() {
		int n = 4000;
		for (double sigmaY : new double[] { 0, 0.3 }) {
			GaussianMixture posterior = SIGNAL.posterior(rows(HIDDEN), doubles(Y), sigmaY);
			for (Sde sde : List.of(VE, VP)) {
				PcSampler sampler = PcSampler.along(Schedule.down(sde, TimeGrid.logSnr(), 60), new Heun());
				float[] x = run(sampler, SIGNAL, n, D, new MomentMatching(MASK, Y, sigmaY, 4, Difference.FORWARD)).x;
				requireMoments(x, n, posterior.mean(), posterior.covariance(), 0.01, sde + ", noise " + sigmaY);
			}
		}
	}

	@Test
	void momentMatchingOnTheReverseSdeDrawsFromThePosterior() {
		int n = 4000;
		GaussianMixture posterior = SIGNAL.posterior(rows(HIDDEN), doubles(Y), 0);
		PcSampler sampler = PcSampler.along(Schedule.down(VE, TimeGrid.logSnr(), 100), new DpmSolver(1));
		float[] x = run(sampler, SIGNAL, n, D, new MomentMatching(MASK, Y, 0, 3, Difference.FORWARD)).x;
		requireMoments(x, n, posterior.mean(), posterior.covariance(), 0.03, "SDE");
	}

	@Test
	void momentMatchingStopsWhereAJacobianIsNotPositive() {
		Denoiser repelling = (batch, out) -> {
			for (int i = 0; i < out.length; i++)
				out[i] = -batch.x()[i];
		};
		float[] estimate = new float[D];
		Batch batch = Batch.of(Shape.vectors(1, D), new float[D], 1);
		repelling.denoise(batch, estimate);
		float[] before = estimate.clone();
		new MomentMatching(MASK, Y, 0, 3, Difference.FORWARD).denoised(repelling, batch, estimate);
		assertArrayEquals(before, estimate);
	}

	@Test
	void aForwardDifferenceCostsOneEvaluationAndACentralOneTwo() {
		int[] calls = { 0 };
		Denoiser counted = (batch, out) -> {
			calls[0]++;
			SIGNAL.denoise(batch, out);
		};
		Batch batch = Batch.of(Shape.vectors(1, D), new float[D], 100);
		new MomentMatching(MASK, Y, 0, 3, Difference.FORWARD).denoised(counted, batch, new float[D]);
		assertEquals(3, calls[0]);
		new MomentMatching(MASK, Y, 0, 3, Difference.CENTRAL).denoised(counted, batch, new float[D]);
		assertEquals(3 + 6, calls[0]);
	}

	@Test
	void momentMatchingRefusesRoundedPriorsAndWrongMeasurements() {
		Prior half = new Prior(SIGNAL, "half", "cpu", 1, -1, 1, 0.01, 20, 1, 0, List.of(), Prior.Precision.FLOAT16);
		String message = assertThrows(IllegalArgumentException.class, () -> MomentMatching.requireDifferences(half)).getMessage();
		assertTrue(message.contains("FLOAT16") && message.contains("FLOAT32"), message);
		assertThrows(IllegalArgumentException.class, () -> new MomentMatching(MASK, new float[2], 0, 3, Difference.FORWARD));
		assertThrows(IllegalArgumentException.class, () -> new MomentMatching(MASK, Y, -1, 3, Difference.FORWARD));
		assertThrows(IllegalArgumentException.class, () -> new MomentMatching(MASK, Y, 0, 0, Difference.FORWARD));
		assertThrows(IllegalArgumentException.class, () -> new MomentMatching(MASK, Y, new float[] { 1, 1, 0 }, 3, Difference.FORWARD));
		assertThrows(IllegalArgumentException.class, () -> new MomentMatching(MASK, Y, new float[] { 1, 1 }, 3, Difference.FORWARD));
		assertThrows(IllegalArgumentException.class, () -> new Replacement(MASK, new float[4]));
	}

	/** With independent values the known ones say nothing of the others: replacement is then exact. */
	@Test
	void replacementOfIndependentValuesDrawsFromThePosterior() {
		int n = 4000;
		double[][] diagonal = new double[D][D];
		for (int i = 0; i < D; i++)
			diagonal[i][i] = 0.3;
		GaussianMixture independent = GaussianMixture.gaussian(filled(0.2), diagonal);
		GaussianMixture posterior = independent.posterior(rows(HIDDEN), doubles(Y), 0);
		PcSampler sampler = PcSampler.along(Schedule.down(VE, TimeGrid.uniform(), 300), new ReverseDiffusion());
		float[] x = run(sampler, independent, n, D, new Replacement(MASK, Y)).x;
		requireMoments(x, n, posterior.mean(), posterior.covariance(), 0.02, "replacement");
		for (int s = 0; s < n; s++)
			assertEquals(Y[1], x[s * D + 3], 1e-6f);
	}

	/** Of independent values block means and channel means tell nothing but themselves: replacement is exact for them, too. */
	@Test
	void replacementServesEveryOperatorWithOrthogonalRows() {
		int n = 4000;
		double[][] diagonal = new double[D][D];
		for (int i = 0; i < D; i++)
			diagonal[i][i] = 0.3;
		GaussianMixture independent = GaussianMixture.gaussian(filled(0.2), diagonal);
		for (LinearOperator operator : List.of(new BlockMean(1, 2, 4, 2), new ChannelMean(2, 4))) {
			double[][] a = new double[operator.outputSize()][D];
			for (int j = 0; j < D; j++) {
				float[] unit = new float[D], column = new float[a.length];
				unit[j] = 1;
				operator.apply(unit, 0, column, 0);
				for (int i = 0; i < a.length; i++)
					a[i][j] = column[i];
			}
			float[] y = Arrays.copyOf(new float[] { 0.5f, -0.2f, 0.1f, 0.6f }, a.length);
			GaussianMixture posterior = independent.posterior(a, doubles(y), 0);
			PcSampler sampler = PcSampler.along(Schedule.down(VE, TimeGrid.uniform(), 300), new ReverseDiffusion());
			float[] x = run(sampler, independent, n, D, new Replacement(operator, y)).x;
			requireMoments(x, n, posterior.mean(), posterior.covariance(), 0.02, operator.getClass().getSimpleName());
			float[] measured = new float[y.length];
			for (int s = 0; s < n; s++) {
				operator.apply(x, s * D, measured, 0);
				assertArrayEquals(y, measured, 1e-5f);
			}
		}
	}

	/** The bias of imputation in closed form: in a long run the slope is (1 − √(1 − ρ²))/ρ, not ρ. */
	@Test
	void replacementOfACorrelatedPairHasTheBiasOfTheClosedForm() {
		int n = 4000;
		double rho = 0.9, y = 1.5;
		GaussianMixture pair = GaussianMixture.gaussian(new double[2], new double[][] { { 1, rho }, { rho, 1 } });
		Mask first = new Mask(new boolean[] { false, true });
		PcSampler sampler = PcSampler.along(Schedule.down(VE, TimeGrid.uniform(), 1000), new ReverseDiffusion());
		float[] x = run(sampler, pair, n, 2, new Replacement(first, new float[] { (float) y })).x;
		double mean = 0, square = 0;
		for (int s = 0; s < n; s++) {
			mean += x[2 * s + 1] / n;
			square += x[2 * s + 1] * x[2 * s + 1] / (double) n;
		}
		// 4 standard errors, and 1 % for the steps.
		double error = 4 * Math.sqrt((square - mean * mean) / n) + 0.01 * y;
		assertEquals(y * (1 - Math.sqrt(1 - rho * rho)) / rho, mean, error);
		assertTrue(rho * y - mean > 5 * error, "the bias is no accident");
	}

	/**
	 * Colour from grey, in the paper's orthogonal basis of the channels: their mean direction, and two across it. The first of these
	 * has the correlation ρ with the mean, the other none. So the bias is the pair's: the slope (1 − √(1 − ρ²))/ρ in place of ρ.
	 */
	@Test
	void colouringOfCorrelatedChannelsHasTheBiasOfTheClosedForm() {
		int n = 4000;
		double rho = 0.9, width = 0.5, grey = 0.8;
		double[][] basis = { { 1 / Math.sqrt(3), 1 / Math.sqrt(3), 1 / Math.sqrt(3) }, { Math.sqrt(0.5), -Math.sqrt(0.5), 0 },
			{ 1 / Math.sqrt(6), 1 / Math.sqrt(6), -2 / Math.sqrt(6) } };
		double[][] inner = { { 1, rho, 0 }, { rho, 1, 0 }, { 0, 0, width } }, outer = new double[3][3];
		for (int i = 0; i < 9; i++)
			for (int k = 0; k < 9; k++)
				outer[i / 3][i % 3] += basis[k / 3][i / 3] * inner[k / 3][k % 3] * basis[k % 3][i % 3];
		GaussianMixture colours = GaussianMixture.gaussian(new double[3], outer);
		for (Sde sde : List.of(VE, VP)) {
			PcSampler sampler = PcSampler.along(Schedule.down(sde, TimeGrid.logSnr(), 1000), new ReverseDiffusion());
			float[] x = run(sampler, colours, n, 3, new Replacement(new ChannelMean(3, 1), new float[] { (float) grey })).x;
			double[] mean = new double[3], square = new double[3];
			for (int s = 0; s < n; s++)
				for (int k = 0; k < 3; k++) {
					double v = 0;
					for (int i = 0; i < 3; i++)
						v += basis[k][i] * x[3 * s + i];
					mean[k] += v / n;
					square[k] += v * v / n;
				}
			double known = grey * Math.sqrt(3), error = 4 / Math.sqrt(n) + 0.01 * known;
			assertEquals(known, mean[0], 1e-5);
			assertEquals(known * (1 - Math.sqrt(1 - rho * rho)) / rho, mean[1], error, sde.toString());
			assertEquals(0, mean[2], error);
			assertEquals(width, square[2], width * (4 * Math.sqrt(2.0 / n) + 0.02));
			assertTrue(rho * known - mean[1] > 3 * error, "the bias is no accident");
		}
	}

	/** The trap of imputation: known and unknown part one noise level apart. */
	@Test
	void replacementPutsTheKnownPartAtTheNoiseLevelOfTheRest() {
		int n = 4000;
		for (Sde sde : List.of(VE, VP)) {
			Schedule schedule = Schedule.down(sde, TimeGrid.uniform(), 20);
			Replacement replacement = new Replacement(MASK, Y);
			Conditioner checked = new Conditioner() {

				@Override
				public void moved(State state, Move move, Predictor.Kernel kernel, Noise noise, int draw) {
					replacement.moved(state, move, kernel, noise, draw);
					double mean = 0, square = 0;
					for (int s = 0; s < n; s++) {
						double z = state.x[s * D] - state.level.alpha() * Y[0];
						mean += z / n;
						square += z * z / n;
					}
					double sigma = state.level.sigma();
					assertEquals(0, mean, 5 * sigma / Math.sqrt(n) + 1e-6);
					assertEquals(sigma * sigma, square, 5 * sigma * sigma * Math.sqrt(2.0 / n) + 1e-9);
				}
			};
			run(PcSampler.along(schedule, new ReverseDiffusion()), SIGNAL, n, D, checked);
		}
	}

	/** Fresh noise at every draw: what the known part of two successive states has in common is the measurement alone. */
	@Test
	void replacementDrawsNewNoiseForEveryLevel() {
		int n = 4000;
		Replacement replacement = new Replacement(MASK, Y);
		double[] last = new double[n];
		Conditioner checked = new Conditioner() {

			@Override
			public void moved(State state, Move move, Predictor.Kernel kernel, Noise noise, int draw) {
				replacement.moved(state, move, kernel, noise, draw);
				if (state.level.sigma() == 0)
					return;
				double product = 0;
				for (int s = 0; s < n; s++) {
					double z = (state.x[s * D] - Y[0]) / state.level.sigma();
					product += z * last[s] / n;
					last[s] = z;
				}
				assertEquals(0, product, 5 / Math.sqrt(n), "correlation at draw " + draw);
			}
		};
		run(PcSampler.along(Schedule.down(VE, TimeGrid.uniform(), 10), new ReverseDiffusion()), SIGNAL, n, D, checked);
	}

	/** Resampling brings replacement nearer to the posterior; it must never take it farther. */
	@Test
	void resamplingReducesTheBiasOfReplacement() {
		int n = 4000;
		double[] mean = SIGNAL.posterior(rows(HIDDEN), doubles(Y), 0).mean();
		double[] error = new double[2];
		for (int k = 0; k < 2; k++) {
			Schedule schedule = Schedule.down(VE, TimeGrid.karras(7), 25).resampled(k == 0 ? 1 : 5);
			float[] x = run(PcSampler.along(schedule, new DpmSolver(1)), SIGNAL, n, D, new Replacement(MASK, Y)).x;
			for (int i = 0; i < D; i++) {
				double m = 0;
				for (int s = 0; s < n; s++)
					m += x[s * D + i] / (double) n;
				error[k] += Math.abs(m - mean[i]);
			}
		}
		assertTrue(error[0] > 0.05, "The bias of plain replacement, " + error[0] + ", should be visible here.");
		assertTrue(error[1] < 0.5 * error[0], "Resampling left " + error[1] + " of " + error[0] + ".");
	}

	private static final double[][] CENTRES = { { -1, 0.4 }, { 0.8, 1 }, { 0, -0.9 } };
	private static final GaussianMixture CLASSES = GaussianMixture.isotropic(CENTRES, 0.2);

	/** The mixture as a network that was trained with and without labels. */
	private static final Denoiser LABELLED = (batch, out) -> {
		if (batch.label()[0] == Batch.NO_CLASS)
			CLASSES.denoise(batch, out);
		else
			GaussianMixture.isotropic(new double[][] { CENTRES[batch.label()[0]] }, 0.2).denoise(batch, out);
	};

	/** Bayes' rule: prior score plus the classifier's gradient is the class's own score, whichever way it is put. */
	@Test
	void guidanceOfScaleOneIsTheClassItself() {
		for (double sigma : new double[] { 0.1, 1, 5 })
			for (int label = 0; label < 3; label++) {
				Batch batch = Batch.of(Shape.vectors(1, 2), new float[] { 0.3f, 0.2f }, sigma, new int[] { label });
				float[] expected = new float[2], guided = new float[2], free = new float[2];
				LABELLED.denoise(batch, expected);
				CLASSES.denoise(batch, guided);
				new ClassifierGuidance(CLASSES, 1).denoised(CLASSES, batch, guided);
				assertArrayEquals(expected, guided, 2e-5f);
				LABELLED.denoise(batch, free);
				new ClassifierFreeGuidance(1).denoised(LABELLED, batch, free);
				assertArrayEquals(expected, free);
			}
	}

	/** p(x)·p(y | x)^s, with p(y | x) the exact classifier: both kinds of guidance have this score at every noise level. */
	@Test
	void bothKindsOfGuidanceAgreeAtEveryScale() {
		for (double scale : new double[] { 0, 0.5, 2 }) {
			Batch batch = Batch.of(Shape.vectors(1, 2), new float[] { 0.3f, 0.2f }, 0.7, new int[] { 1 });
			float[] guided = new float[2], free = new float[2];
			CLASSES.denoise(batch, guided);
			new ClassifierGuidance(CLASSES, scale).denoised(CLASSES, batch, guided);
			LABELLED.denoise(batch, free);
			new ClassifierFreeGuidance(scale).denoised(LABELLED, batch, free);
			assertArrayEquals(guided, free, 1e-5f);
		}
		assertThrows(IllegalArgumentException.class, () -> new ClassifierGuidance(CLASSES, -1));
		assertThrows(IllegalArgumentException.class, () -> new ClassifierFreeGuidance(Double.NaN));
	}

	/** Each sample of a batch has a noise level of its own. */
	@Test
	void guidanceLeavesSamplesOutsideItsIntervalAlone() {
		int[] asked = { 0 }, label = { 1, 1, 1 };
		Denoiser counted = (batch, out) -> {
			asked[0]++;
			LABELLED.denoise(batch, out);
		};
		Batch batch = new Batch(Shape.vectors(3, 2), new float[] { 0.3f, 0.2f, 0.3f, 0.2f, 0.3f, 0.2f },
			new double[] { 0.1, 0.7, 5 }, label);
		float[] own = new float[6], all = new float[6], some = new float[6];
		for (float[] estimate : new float[][] { own, all, some })
			LABELLED.denoise(batch, estimate);
		new ClassifierFreeGuidance(2).denoised(counted, batch, all);
		new ClassifierFreeGuidance(2, 0.1, 0.7).denoised(counted, batch, some);
		assertArrayEquals(new float[] { own[0], own[1], all[2], all[3], own[4], own[5] }, some);
		assertEquals(2, asked[0]);
		new ClassifierFreeGuidance(2, 5, 9).denoised(counted, batch, some);
		assertEquals(2, asked[0]);
		assertThrows(IllegalArgumentException.class, () -> new ClassifierFreeGuidance(2, 1, 0.5));
	}

	@Test
	void guidedSamplesComeFromTheClass() {
		int n = 4000;
		int[] labels = new int[n];
		Arrays.fill(labels, 2);
		PcSampler sampler = PcSampler.along(Schedule.down(VE, TimeGrid.logSnr(), 60), new Heun());
		float[] x = sampler.sample(CLASSES, Shape.vectors(n, 2), IntStream.range(0, n).toArray(), labels,
			new ClassifierGuidance(CLASSES, 1), new Noise(3), Monitor.NONE).x;
		requireMoments(x, n, CENTRES[2], new double[][] { { 0.2, 0 }, { 0, 0.2 } }, 0.01, "class 2");
	}

	/**
	 * The third hook carries a particle filter: weights by the measurement's likelihood under the estimate, resampled by each
	 * move, corrected to the exact likelihood at the end. A two-component mixture in one dimension, whose posterior is closed.
	 */
	@Test
	void aParticleFilterIsAConditioner() {
		int n = 20_000;
		double y = 0.4, sigmaY = 0.8;
		GaussianMixture mixture = GaussianMixture.isotropic(new double[][] { { -1 }, { 1.2 } }, 0.09);
		GaussianMixture posterior = mixture.posterior(new double[][] { { 1 } }, new double[] { y }, sigmaY);
		class Bootstrap implements Conditioner {

			final double[] twist = new double[n];

			private double logTwist(double denoised, double sigma) {
				double variance = sigmaY * sigmaY + Math.min(sigma * sigma, 1.3);
				return -0.5 * ((y - denoised) * (y - denoised) / variance + Math.log(variance));
			}

			@Override
			public void moved(State state, Move move, Predictor.Kernel kernel, Noise noise, int draw) {
				float[] estimate = state.level.sigma() == 0 ? state.x : move.denoised(state.level, state.x);
				for (int s = 0; s < n; s++) {
					double now = logTwist(estimate[s], state.level.sigma());
					state.logWeight[s] += now - twist[s];
					twist[s] = now;
				}
				if (state.level.sigma() > 0)
					resample(state, noise, draw);
			}

			/** Systematic resampling. */
			private void resample(State state, Noise noise, int draw) {
				double max = Arrays.stream(state.logWeight).max().orElseThrow();
				double[] w = Arrays.stream(state.logWeight).map(v -> Math.exp(v - max)).toArray();
				double total = Arrays.stream(w).sum(), u = noise.generator(Noise.Purpose.WEIGHT, draw, 0, 0).nextDouble() / n, sum = w[0] / total;
				float[] x = state.x.clone();
				double[] old = twist.clone();
				for (int s = 0, from = 0; s < n; s++, u += 1.0 / n) {
					while (u > sum && from < n - 1)
						sum += w[++from] / total;
					state.x[s] = x[from];
					twist[s] = old[from];
				}
				Arrays.fill(state.logWeight, 0);
			}
		}
		PcSampler sampler = PcSampler.along(Schedule.down(VE, TimeGrid.logSnr(), 100), new DpmSolver(1));
		State state = run(sampler, mixture, n, 1, new Bootstrap());
		double total = 0, mean = 0;
		for (int s = 0; s < n; s++) {
			double w = Math.exp(state.logWeight[s]);
			total += w;
			mean += w * state.x[s];
		}
		// Standard deviation of the posterior 1.1 at most; resampled draws are worth some tenth of independent ones.
		assertEquals(posterior.mean()[0], mean / total, 4 * 1.1 / Math.sqrt(n / 10.0));
		assertTrue(Math.abs(posterior.mean()[0] - mixture.mean()[0]) > 0.1, "The measurement should move the mean.");
	}
}
