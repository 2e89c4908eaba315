package io.github.tweedie.sampler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sampler.Ancestral.Variance;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.DiscreteVpSde;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.SubVpSde;
import io.github.tweedie.sde.VeSde;
import io.github.tweedie.sde.VpSde;

/** Each predictor's kernel against its paper's formula, the identities between them, and their moments on Gaussian data. */
class PredictorTest {

	private static final Sde VE = new VeSde(0.01, 30), VP = new VpSde(), SUB_VP = new SubVpSde();
	private static final Sde DDPM = DiscreteVpSde.linear(1000, 1e-4, 0.02);
	private static final List<Sde> ALL = List.of(VE, VP, SUB_VP, DDPM);

	private static final double MEAN = 0.3, VARIANCE = 0.4;

	/** D of N(MEAN, VARIANCE) for each value. */
	private static final Denoiser GAUSSIAN = (batch, out) -> {
		int d = batch.shape().sampleSize();
		for (int i = 0; i < out.length; i++) {
			double noise = Math.pow(batch.sigma()[i / d], 2);
			out[i] = (float) ((batch.x()[i] * VARIANCE + MEAN * noise) / (VARIANCE + noise));
		}
	};

	private static Move move(Level from, Level to, float... x) {
		Shape shape = Shape.vectors(1, x.length);
		return new Move(from, to, shape, x, (level, state) -> {
			float[] scaled = new float[state.length], out = new float[state.length];
			for (int i = 0; i < scaled.length; i++)
				scaled[i] = (float) (state[i] / level.alpha());
			GAUSSIAN.denoise(Batch.of(shape, scaled, level.ratio()), out);
			return out;
		}, null, () -> new float[x.length]);
	}

	private static void requireSame(Predictor.Kernel a, Predictor.Kernel b, String what) {
		for (int i = 0; i < a.mean().length; i++)
			assertEquals(a.mean()[i], b.mean()[i], 2e-6 * (1 + Math.abs(a.mean()[i])), what);
		assertEquals(a.deviation()[0], b.deviation()[0], 1e-9, what);
	}

	// -- Formulas, digit for digit --

	/** Ho et al. (2020), algorithm 2: x_{i−1} = (x_i − β_i/√(1 − ᾱ_i)·ε)/√α_i + √β_i·z, with ε = −√(1 − ᾱ_i)·score. */
	@Test
	void ancestralSamplingOfADdpmIsItsAlgorithm() {
		DiscreteVpSde ddpm = DiscreteVpSde.linear(1000, 1e-4, 0.02);
		for (int i : new int[] { 2, 10, 500, 1000 }) {
			double beta = 1e-4 + (0.02 - 1e-4) * (i - 1) / 999, alphaBar = 1;
			for (int k = 1; k <= i; k++)
				alphaBar *= 1 - (1e-4 + (0.02 - 1e-4) * (k - 1) / 999);
			Move move = move(ddpm.level(i / 1000.0), ddpm.level((i - 1) / 1000.0), 0.7f, -1.4f);
			Predictor.Kernel kernel = new Ancestral(Variance.BETA).kernel(move);
			for (int k = 0; k < 2; k++) {
				double x = move.x()[k], marginal = alphaBar * VARIANCE + 1 - alphaBar;
				double score = -(x - Math.sqrt(alphaBar) * MEAN) / marginal;
				double epsilon = -Math.sqrt(1 - alphaBar) * score;
				assertEquals((x - beta / Math.sqrt(1 - alphaBar) * epsilon) / Math.sqrt(1 - beta), kernel.mean()[k], 1e-5);
			}
			assertEquals(Math.sqrt(beta), kernel.deviation()[0], 1e-10);
			double tilde = (1 - alphaBar / (1 - beta)) / (1 - alphaBar) * beta;
			assertEquals(Math.sqrt(tilde), new Ancestral(Variance.POSTERIOR).kernel(move).deviation()[0], 1e-10);
		}
	}

	/** Song et al. (2021), eq. 47: mean x + (σ_i² − σ_{i−1}²)·score, variance σ_{i−1}²(σ_i² − σ_{i−1}²)/σ_i². */
	@Test
	void ancestralSamplingOfVeIsThePapers() {
		Level from = VE.level(0.6), to = VE.level(0.55);
		Move move = move(from, to, 2);
		double v = from.sigma() * from.sigma() - to.sigma() * to.sigma();
		Predictor.Kernel kernel = new Ancestral(Variance.POSTERIOR).kernel(move);
		double score = -(2 - MEAN) / (VARIANCE + from.sigma() * from.sigma());
		assertEquals(2 + v * score, kernel.mean()[0], 1e-6);
		assertEquals(Math.sqrt(to.sigma() * to.sigma() * v) / from.sigma(), kernel.deviation()[0], 1e-12);
	}

	/** Song et al. (2021), algorithm 3: x_{i−1} = (2 − √(1 − β_i))·x_i + β_i·score + √β_i·z. */
	@Test
	void reverseDiffusionOfVpIsThePapers() {
		Move move = move(DDPM.level(0.5), DDPM.level(0.499), 0.8f);
		double beta = 1e-4 + (0.02 - 1e-4) * 499 / 999, alphaBar = Math.pow(DDPM.alpha(0.5), 2);
		double score = -(move.x()[0] - Math.sqrt(alphaBar) * MEAN) / (alphaBar * VARIANCE + 1 - alphaBar);
		Predictor.Kernel kernel = new ReverseDiffusion().kernel(move);
		assertEquals((2 - Math.sqrt(1 - beta)) * move.x()[0] + beta * score, kernel.mean()[0], 1e-6);
		assertEquals(Math.sqrt(beta), kernel.deviation()[0], 1e-10);
	}

	/** Song and Ermon (2019), algorithm 1: x + α_i/2·score + √α_i·z with α_i = ε·σ_i²/σ_L²; the state never moves between rungs. */
	@Test
	void smldIsNcsnsAlgorithm() {
		double r = 0.3;
		PcSampler smld = PcSampler.smld(new VeSde(0.1, 10), 3, 2, r);
		float[] seen = smld.sample(GAUSSIAN, Shape.vectors(1, 1), new int[1], Batch.unlabelled(1), Conditioner.NONE, new Noise(5),
			Monitor.NONE).x;
		float[] z = new float[1];
		Shape shape = Shape.vectors(1, 1);
		new Noise(5).fill(Noise.Purpose.START, 0, new int[1], shape, z);
		double x = 10 * z[0], last = 0.1, epsilon = 4 * r * r * last * last;
		double[] ladder = { 1, 0.1 };
		for (int i = 0; i < 2; i++)
			for (int k = 1; k <= 2; k++) {
				new Noise(5).fill(Noise.Purpose.CORRECT, 3 * i + k, new int[1], shape, z);
				double variance = ladder[i] * ladder[i], step = epsilon * variance / (last * last);
				x += 0.5 * step * (MEAN - x) / (VARIANCE + variance) + Math.sqrt(step) * z[0];
			}
		assertEquals((x * VARIANCE + MEAN * last * last) / (VARIANCE + last * last), seen[0], 1e-5);
	}

	/** Down to its last line: x_0 = (x_1 − β_1/√(1 − ᾱ_1)·ε)/√α_1, without noise. */
	@Test
	void ddpmIsItsAlgorithmToTheLastStep() {
		double[] beta = { 0.1, 0.3, 0.5 };
		PcSampler ddpm = PcSampler.ddpm(new DiscreteVpSde(beta), Variance.BETA);
		float[] seen = ddpm.sample(GAUSSIAN, Shape.vectors(1, 1), new int[1], Batch.unlabelled(1), Conditioner.NONE, new Noise(5),
			Monitor.NONE).x;
		float[] z = new float[1];
		double alphaBar = 0.9 * 0.7 * 0.5;
		new Noise(5).fill(Noise.Purpose.START, 0, new int[1], Shape.vectors(1, 1), z);
		double x = Math.sqrt(1 - alphaBar) * z[0];
		for (int i = 2; i >= 0; i--) {
			double epsilon = Math.sqrt(1 - alphaBar) * (x - Math.sqrt(alphaBar) * MEAN) / (alphaBar * VARIANCE + 1 - alphaBar);
			x = (x - beta[i] / Math.sqrt(1 - alphaBar) * epsilon) / Math.sqrt(1 - beta[i]);
			if (i > 0) {
				new Noise(5).fill(Noise.Purpose.MOVE, 2 - i, new int[1], Shape.vectors(1, 1), z);
				x += Math.sqrt(beta[i]) * z[0];
			}
			alphaBar /= 1 - beta[i];
		}
		assertEquals(x, seen[0], 2e-6);
	}

	// -- Identities --

	/** The probability flow with its estimate D held still, dx/dt = f·x − ½·g²·(α·D − x)/σ², by a thousand steps of Runge–Kutta in double. */
	@Test
	void ddimWithoutNoiseIsTheExponentialEulerStepOfTheProbabilityFlow() {
		for (Sde sde : List.of(VE, VP, SUB_VP)) {
			double from = 0.7, to = 0.6, x = 1.2, h = (to - from) / 1000;
			Move move = move(sde.level(from), sde.level(to), (float) x);
			double d = move.denoised()[0];
			DoubleBinaryOperator rate = (t, v) -> sde.drift(t) * v
				- 0.5 * Math.pow(sde.diffusion(t), 2) * (sde.alpha(t) * d - v) / Math.pow(sde.sigma(t), 2);
			for (int i = 0; i < 1000; i++) {
				double t = from + i * h, k1 = rate.applyAsDouble(t, x), k2 = rate.applyAsDouble(t + h / 2, x + h / 2 * k1);
				double k3 = rate.applyAsDouble(t + h / 2, x + h / 2 * k2), k4 = rate.applyAsDouble(t + h, x + h * k3);
				x += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
			}
			// Rounding of a few float operations.
			assertEquals(x, new Ddim(0).kernel(move).mean()[0], 5e-7, sde.toString());
		}
	}

	@Test
	void ddimWithFullNoiseIsAncestralSamplingWithThePosteriorsVariance() {
		for (Sde sde : ALL) {
			Move move = move(sde.level(0.7), sde.level(0.6), 1.2f, -0.3f);
			requireSame(new Ancestral(Variance.POSTERIOR).kernel(move), new Ddim(1).kernel(move), sde.toString());
		}
	}

	@Test
	void ddimWithoutNoiseIsTheFirstStepOfDpmSolver() {
		for (Sde sde : ALL) {
			Move move = move(sde.level(0.7), sde.level(0.6), 1.2f, -0.3f);
			requireSame(new DpmSolver(0).kernel(move), new Ddim(0).kernel(move), sde.toString());
		}
	}

	/** x/α at matched σ/α is the same thing under every SDE. */
	@Test
	void deterministicSolversDoNotKnowWhichSdeTheyRun() {
		double[] ratios = { 8, 3, 1, 0.3, 0.1 };
		for (Predictor predictor : List.of(new Ddim(0), new DpmSolver(0), new Heun())) {
			float[] expected = null;
			for (Sde sde : List.of(new VeSde(0.01, 30), VP, SUB_VP, DDPM)) {
				List<Level> path = Arrays.stream(ratios).mapToObj(r -> sde.level(sde.timeOf(r))).toList();
				float[] u = { 5, -2, 0.5f };
				Move previous = null;
				for (int i = 0; i < path.size() - 1; i++) {
					Level from = path.get(i);
					float[] x = new float[u.length];
					for (int k = 0; k < u.length; k++)
						x[k] = (float) (u[k] * from.alpha());
					Move plain = move(from, path.get(i + 1), x);
					Move move = new Move(from, path.get(i + 1), plain.shape(), x, plain::denoised, previous, null);
					float[] mean = predictor.kernel(move).mean();
					for (int k = 0; k < u.length; k++)
						u[k] = (float) (mean[k] / path.get(i + 1).alpha());
					previous = move;
				}
				if (expected == null)
					expected = u;
				assertArrayEquals(expected, u, 2e-5f, predictor + " on " + sde);
			}
		}
	}

	/** Both discretise one SDE: their means part at second order of the step, so halving it quarters the difference. */
	@Test
	void ancestralSamplingAndReverseDiffusionPartAtSecondOrder() {
		BiFunction<Double, Sde, Double> difference = (h, sde) -> {
			Move move = move(sde.level(0.5), sde.level(0.5 - h), 1.5f);
			return Math.abs((double) new Ancestral(Variance.BETA).kernel(move).mean()[0] - new ReverseDiffusion().kernel(move).mean()[0]);
		};
		for (Sde sde : List.of(VP, SUB_VP))
			assertEquals(4, difference.apply(0.04, sde) / difference.apply(0.02, sde), 0.6, sde.toString());
	}

	// -- Strong order --

	/** Slope of ln error over ln steps, least squares. */
	private static double slope(int[] steps, double[] errors) {
		double mx = 0, my = 0, xy = 0, xx = 0;
		for (int i = 0; i < steps.length; i++) {
			mx += Math.log(steps[i]) / steps.length;
			my += Math.log(errors[i]) / steps.length;
		}
		for (int i = 0; i < steps.length; i++) {
			xy += (Math.log(steps[i]) - mx) * (Math.log(errors[i]) - my);
			xx += Math.pow(Math.log(steps[i]) - mx, 2);
		}
		return -xy / xx;
	}

	@Test
	void strongOrderOfEulerMaruyamaIsOneAndOfRungeKuttaOneAndAHalf() {
		int[] steps = { 8, 16, 32, 64, 128 };
		// With a = 1 and equal steps of ν, reverse diffusion is Euler-Maruyama.
		for (Predictor predictor : List.of(new ReverseDiffusion(), new EulerMaruyama(StrongOrder.BROWNIAN, 1)))
			assertEquals(1, slope(steps, StrongOrder.errors(predictor, StrongOrder.Draw.INCREMENT, steps, 400, 3)), 0.15);
		// The exponential integrator of the same SDE, its noise shrunk on the way.
		assertEquals(1, slope(steps, StrongOrder.errors(new Ddim(1), StrongOrder.Draw.SHRUNK, steps, 400, 3)), 0.15);
		// At these steps part of the error is still the deterministic one, of order 2; a wrong weight anywhere gives order 1.
		double order = slope(steps, StrongOrder.errors(new StochasticRungeKutta(), StrongOrder.Draw.REST, steps, 400, 3));
		assertTrue(order > 1.4 && order < 2.1, "order " + order);
	}

	// -- Moments --

	private static void requireMoments(Sde sde, Predictor predictor, TimeGrid grid, int steps) {
		int n = 200, d = 100;
		float[] x = PcSampler.along(Schedule.down(sde, grid, steps), predictor).sample(GAUSSIAN, Shape.vectors(n, d),
			IntStream.range(0, n).toArray(), Batch.unlabelled(n), Conditioner.NONE, new Noise(6), Monitor.NONE).x;
		double mean = 0, variance = 0;
		for (float v : x)
			mean += v / (double) x.length;
		for (float v : x)
			variance += (v - mean) * (v - mean) / x.length;
		// 4 standard errors of 20,000 values; 1 % for the steps.
		assertEquals(MEAN, mean, 4 * Math.sqrt(VARIANCE / x.length) + 0.01 * Math.sqrt(VARIANCE), predictor + " on " + sde);
		assertEquals(VARIANCE, variance, VARIANCE * (4 * Math.sqrt(2.0 / x.length) + 0.01), predictor + " on " + sde);
	}

	@Test
	void everyPredictorDrawsFromTheGaussianUnderEverySde() {
		for (Sde sde : ALL) {
			for (double lambda : new double[] { 0, 0.5, 1 })
				requireMoments(sde, new EulerMaruyama(sde, lambda), TimeGrid.uniform(), 1000);
			for (Variance variance : Variance.values())
				requireMoments(sde, new Ancestral(variance), TimeGrid.uniform(), 1000);
			for (double eta : new double[] { 0, 1 })
				requireMoments(sde, new Ddim(eta), TimeGrid.logSnr(), 400);
			requireMoments(sde, new ReverseDiffusion(), TimeGrid.uniform(), 1000);
			requireMoments(sde, new StochasticRungeKutta(), TimeGrid.logSnr(), 400);
		}
	}

	/** SMLD: corrections alone, down the ladder. */
	@Test
	void annealedLangevinDownALadderIsSmld() {
		int n = 100, d = 100;
		PcSampler smld = PcSampler.smld(new VeSde(0.05, 30), 60, 30, 0.2);
		float[] x = smld.sample(GAUSSIAN, Shape.vectors(n, d), IntStream.range(0, n).toArray(), Batch.unlabelled(n), Conditioner.NONE,
			new Noise(6), Monitor.NONE).x;
		double mean = 0, variance = 0;
		for (float v : x)
			mean += v / (double) x.length;
		for (float v : x)
			variance += (v - mean) * (v - mean) / x.length;
		// The finite step widens by about r²·σ²/(σ² + variance), at most 4 %; steps of r·σ mix no further once σ is small.
		assertEquals(MEAN, mean, 4 * Math.sqrt(VARIANCE / x.length) + 0.02);
		assertEquals(VARIANCE, variance, VARIANCE * 0.06);
	}

	// -- SDEs --

	/** Twice as many steps as the network was trained with: every other level is the table's, those between lie halfway in ln ᾱ. */
	@Test
	void moreStepsThanTheTableHasInterpolateItsTime() {
		List<Level> trained = TimeGrid.uniform().levels(DDPM, 1000), finer = TimeGrid.uniform().levels(DDPM, 1999);
		for (int i = 0; i < 1000; i++) {
			assertEquals(trained.get(i).alpha(), finer.get(2 * i).alpha(), 1e-12);
			if (i < 999) {
				double between = Math.sqrt(trained.get(i).alpha() * trained.get(i + 1).alpha());
				assertEquals(between, finer.get(2 * i + 1).alpha(), 1e-12);
			}
		}
		requireMoments(DDPM, new Ancestral(Variance.BETA), TimeGrid.uniform(), 2000);
	}

	@Test
	void tablesAreHitAtTheirSteps() {
		double[] beta = { 0.1, 0.2, 0.05, 0.3 };
		DiscreteVpSde sde = new DiscreteVpSde(beta);
		double alphaBar = 1;
		for (int i = 0; i < beta.length; i++) {
			alphaBar *= 1 - beta[i];
			assertEquals(Math.sqrt(alphaBar), sde.alpha((i + 1) / 4.0), 1e-15);
			assertEquals(Math.sqrt(1 - alphaBar), sde.sigma((i + 1) / 4.0), 1e-15);
		}
		// Nichol and Dhariwal's ᾱ at half time, cos²(0.508/1.008·π/2)/cos²(0.008/1.008·π/2).
		double half = Math.pow(Math.cos(0.508 / 1.008 * Math.PI / 2) / Math.cos(0.008 / 1.008 * Math.PI / 2), 2);
		assertEquals(Math.sqrt(half), DiscreteVpSde.cosine(1000).alpha(0.5), 1e-9);
		assertEquals(0.02, Math.pow(DiscreteVpSde.scaledLinear(50, 1e-4, 0.02).diffusion(1), 2) / 50, 3e-4);
		assertThrows(IllegalArgumentException.class, () -> new DiscreteVpSde(0.1, 1));
		assertThrows(IllegalArgumentException.class, () -> new DiscreteVpSde(0.1));
	}

	/** Song et al. (2021): sub-VP's variance is the square of VP's, so never above it. */
	@Test
	void subVpHasTheSquareOfTheVariance() {
		for (double t : new double[] { 0.01, 0.3, 0.9 })
			assertEquals(Math.pow(VP.sigma(t), 2), SUB_VP.sigma(t), 1e-15);
	}

	@Test
	void fractionsOutOfRangeAreRefused() {
		assertThrows(IllegalArgumentException.class, () -> new EulerMaruyama(VE, 1.1));
		assertThrows(IllegalArgumentException.class, () -> new Ddim(-1));
		assertThrows(IllegalArgumentException.class, () -> new AnnealedLangevin(Double.NaN));
	}
}
