package io.github.tweedie.sampler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

import org.apache.commons.math3.stat.regression.SimpleRegression;
import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.SubVpSde;
import io.github.tweedie.sde.VeSde;
import io.github.tweedie.sde.VpSde;

class SamplerTest {

	private static final double[][] COVARIANCE = { { 0.5, 0.3 }, { 0.3, 0.4 } };
	private static final double[] MEAN = { 0.3, -0.6 };
	private static final GaussianMixture GAUSSIAN = GaussianMixture.gaussian(MEAN, COVARIANCE);
	private static final Sde VE = new VeSde(0.01, 30), VP = new VpSde();

	private static float[] run(PcSampler sampler, Denoiser denoiser, int n, int dimension) {
		return sampler.sample(denoiser, Shape.vectors(n, dimension), IntStream.range(0, n).toArray(), Batch.unlabelled(n),
			Conditioner.NONE, new Noise(1), Monitor.NONE).x;
	}

	/**
	 * Sampling error: 4 standard errors of 20,000 draws. The discretisation's own error is not in the tolerance, so each sampler
	 * gets the number of steps at which it is below it.
	 */
	private static void requireMoments(PcSampler sampler, String name) {
		int n = 20_000;
		float[] x = run(sampler, GAUSSIAN, n, 2);
		double[] mean = new double[2];
		for (int s = 0; s < n; s++)
			for (int i = 0; i < 2; i++)
				mean[i] += x[2 * s + i] / (double) n;
		for (int i = 0; i < 2; i++) {
			assertEquals(MEAN[i], mean[i], 4 * Math.sqrt(COVARIANCE[i][i] / n), name + ": mean " + i);
			for (int j = 0; j < 2; j++) {
				double covariance = 0;
				for (int s = 0; s < n; s++)
					covariance += (x[2 * s + i] - mean[i]) * (x[2 * s + j] - mean[j]) / n;
				double error = Math.sqrt((COVARIANCE[i][i] * COVARIANCE[j][j] + COVARIANCE[i][j] * COVARIANCE[i][j]) / n);
				assertEquals(COVARIANCE[i][j], covariance, 4 * error, name + ": covariance " + i + j);
			}
		}
	}

	@Test
	void reverseDiffusionOfAGaussianHasItsMeanAndCovariance() {
		requireMoments(PcSampler.along(Schedule.down(VE, TimeGrid.uniform(), 1000), new ReverseDiffusion()), "VE");
		requireMoments(PcSampler.along(Schedule.down(VP, TimeGrid.uniform(), 1000), new ReverseDiffusion()), "VP");
	}

	@Test
	void heunOfAGaussianHasItsMeanAndCovariance() {
		requireMoments(PcSampler.along(Schedule.down(VE, TimeGrid.karras(7), 40), new Heun()), "VE");
		requireMoments(PcSampler.along(Schedule.down(VP, TimeGrid.karras(7), 40), new Heun()), "VP");
	}

	@Test
	void dpmSolverOfAGaussianHasItsMeanAndCovariance() {
		for (double eta : new double[] { 0, 0.5, 1 }) {
			requireMoments(PcSampler.along(Schedule.down(VE, TimeGrid.logSnr(), 100), new DpmSolver(eta)), "VE, eta " + eta);
			requireMoments(PcSampler.along(Schedule.down(VP, TimeGrid.logSnr(), 100), new DpmSolver(eta)), "VP, eta " + eta);
		}
	}

	private static final double VARIANCE = 0.25;

	/** D of N(0, VARIANCE·I) in any number of dimensions. */
	private static final Denoiser ISOTROPIC = (batch, out) -> {
		int d = batch.shape().sampleSize();
		for (int i = 0; i < out.length; i++)
			out[i] = (float) (batch.x()[i] * VARIANCE / (VARIANCE + Math.pow(batch.sigma()[i / d], 2)));
	};

	private static double meanSquare(float[] x) {
		double sum = 0;
		for (float v : x)
			sum += (double) v * v;
		return sum / x.length;
	}

	/**
	 * Steps normalised by the sample's own score have the stationary density p/ε ∝ p·‖x‖², which for a Gaussian in d dimensions
	 * is wider by 2/d, and the Euler step adds r².
	 */
	@Test
	void langevinCorrectionsKeepTheMarginal() {
		int n = 200, d = 256;
		double r = 0.1, allowed = VARIANCE * (2.0 / d + r * r + 4 * Math.sqrt(2.0 / (n * d)));
		for (Sde sde : List.of(VE, VP)) {
			PcSampler sampler = new PcSampler(Schedule.down(sde, TimeGrid.uniform(), 300), new ReverseDiffusion(), new Langevin(r), 2);
			assertEquals(VARIANCE, meanSquare(run(sampler, ISOTROPIC, n, d)), allowed, sde.toString());
		}
	}

	/** A corrector must repair what the predictor got wrong: from too wide an initial state to the marginal. */
	@Test
	void langevinAloneFindsTheMarginalOfItsLevel() {
		int n = 200, d = 256;
		State state = new State(Shape.vectors(n, d), IntStream.range(0, n).toArray(), Batch.unlabelled(n), VE.level(0.5));
		double variance = VARIANCE + Math.pow(state.level.sigma(), 2), r = 0.1;
		Noise noise = new Noise(4);
		noise.fill(Noise.Purpose.START, 0, state.id, state.shape, state.x);
		for (int i = 0; i < state.x.length; i++)
			state.x[i] *= 1.3 * Math.sqrt(variance);
		for (int k = 0; k < 400; k++)
			new Langevin(r).correct(state, isotropic(state), 1, noise, k);
		assertEquals(variance, meanSquare(state.x), variance * (2.0 / d + r * r + 4 * Math.sqrt(2.0 / (n * d))));
	}

	private static Move.Estimate isotropic(State state) {
		return (level, x) -> {
			float[] out = new float[x.length];
			ISOTROPIC.denoise(Batch.of(state.shape, x, level.ratio()), out);
			return out;
		};
	}

	/** Song et al. (2021), algorithms 4 and 5, digit for digit: ε = 2·α_i·(r·‖z‖/‖score‖)² with α_i = (α_t/α_s)². */
	@Test
	void langevinStepsAreThePapers() {
		int d = 8;
		double r = 0.3, scale = 0.8;
		for (boolean annealed : new boolean[] { false, true }) {
			State state = new State(Shape.vectors(1, d), new int[] { 5 }, Batch.unlabelled(1), VE.level(0.5));
			for (int i = 0; i < d; i++)
				state.x[i] = i - 3;
			float[] x = state.x.clone(), z = new float[d];
			new Noise(2).fill(Noise.Purpose.CORRECT, 7, state.id, state.shape, z);
			double sigma = state.level.sigma(), zz = 0, ss = 0;
			double[] score = new double[d];
			for (int i = 0; i < d; i++) {
				score[i] = -x[i] / (VARIANCE + sigma * sigma);
				zz += z[i] * z[i];
				ss += score[i] * score[i];
			}
			double epsilon = 2 * scale * scale * r * r * (annealed ? sigma * sigma : zz / ss);
			Corrector corrector = annealed ? new AnnealedLangevin(r) : new Langevin(r);
			corrector.correct(state, isotropic(state), scale, new Noise(2), 7);
			for (int i = 0; i < d; i++)
				assertEquals(x[i] + epsilon * score[i] + Math.sqrt(2 * epsilon) * z[i], state.x[i], 1e-5, corrector + ", " + i);
		}
	}

	/** Half a kick, a drift, half a kick, with h = 2·a·r·σ; before each leapfrog p ← c·p + √(1 − c²)·z. */
	@Test
	void hamiltonianStepsAreTheLeapfrog() {
		double r = 0.3, scale = 0.8, c = 0.6;
		State state = new State(Shape.vectors(1, 1), new int[] { 5 }, Batch.unlabelled(1), VE.level(0.5));
		state.x[0] = 1.5f;
		float[] z = new float[1];
		new Noise(2).fill(Noise.Purpose.MOMENTUM, 7, state.id, state.shape, z);
		double x = 1.5, p = z[0], sigma = state.level.sigma(), h = 2 * scale * r * sigma, total = VARIANCE + sigma * sigma;
		for (int k = 0; k < 2; k++) {
			new Noise(2).fill(Noise.Purpose.CORRECT, 2 * 7 + k, state.id, state.shape, z);
			p = c * p + Math.sqrt(1 - c * c) * z[0] - 0.5 * h * x / total;
			x += h * p;
			p -= 0.5 * h * x / total;
		}
		new Hamiltonian(r, 2, c).correct(state, isotropic(state), scale, new Noise(2), 7);
		assertEquals(x, state.x[0], 1e-6);
	}

	/** Song et al. (2021), algorithm 5: the corrector at level s takes √α_i of the step that led there. */
	@Test
	void correctorsAreToldTheScaleOfTheMove() {
		for (Sde sde : List.of(VE, VP, new SubVpSde())) {
			Schedule schedule = Schedule.down(sde, TimeGrid.uniform(), 4);
			List<Double> seen = new ArrayList<>();
			Corrector watched = (state, estimate, scale, noise, draw) -> seen.add(scale);
			run(new PcSampler(schedule, new ReverseDiffusion(), watched, 1), GAUSSIAN, 1, 2);
			for (int i = 0; i < 3; i++)
				assertEquals(schedule.path().get(i + 1).to(schedule.path().get(i)).scale(), seen.get(i), 1e-12);
		}
	}

	/** For a Gaussian of variance v the leapfrog's stationary variance is v/(1 − h²/(4·v)). */
	@Test
	void hamiltonianDynamicsFindTheMarginalOfTheirLevel() {
		int n = 200, d = 100;
		double r = 0.2;
		for (double persistence : new double[] { 0, 0.9 }) {
			State state = new State(Shape.vectors(n, d), IntStream.range(0, n).toArray(), Batch.unlabelled(n), VE.level(0.5));
			double sigma = state.level.sigma(), variance = VARIANCE + sigma * sigma, h = 2 * r * sigma;
			for (int i = 0; i < state.x.length; i++)
				state.x[i] = 2;
			for (int k = 0; k < 40; k++)
				new Hamiltonian(r, 10, persistence).correct(state, isotropic(state), 1, new Noise(8), k);
			assertEquals(variance / (1 - h * h / (4 * variance)), meanSquare(state.x), 4 * variance * Math.sqrt(2.0 / (n * d)));
		}
		assertThrows(IllegalArgumentException.class, () -> new Hamiltonian(0.1, 0, 0));
		assertThrows(IllegalArgumentException.class, () -> new Hamiltonian(0.1, 1, 1));
	}

	/** The probability flow of N(m, c²) is u(s) = m + (u(S) − m)·√((c² + s²)/(c² + S²)) with u = x/α, s = σ/α. */
	private static double flowError(Sde sde, Predictor predictor, TimeGrid grid, int steps) {
		double m = 0.4, c = 0.7;
		GaussianMixture gaussian = GaussianMixture.gaussian(new double[] { m }, new double[][] { { c * c } });
		List<Level> levels = grid.levels(sde, steps + 1);
		Level first = levels.get(0), last = levels.get(steps);
		List<float[]> start = new ArrayList<>();
		Conditioner remember = new Conditioner() {

			@Override
			public void start(State state, Noise noise) {
				start.add(state.x.clone());
			}
		};
		int n = 100;
		float[] x = PcSampler.along(new Schedule(levels), predictor).sample(gaussian, Shape.vectors(n, 1),
			IntStream.range(0, n).toArray(), Batch.unlabelled(n), remember, new Noise(2), Monitor.NONE).x;
		double worst = 0;
		for (int i = 0; i < n; i++) {
			double from = start.get(0)[i] / first.alpha();
			double shrink = Math.sqrt((c * c + last.ratio() * last.ratio()) / (c * c + first.ratio() * first.ratio()));
			worst = Math.max(worst, Math.abs(last.alpha() * (m + (from - m) * shrink) - x[i]));
		}
		return worst;
	}

	/** Steps in λ that are short and three times as long by turns, on which a multistep method must weigh what it remembers. */
	private static final TimeGrid UNEVEN = (sde, count) -> IntStream.range(0, count).mapToObj(i -> {
		double part = (i / 2 * 4 + i % 2) / (double) ((count - 1) / 2 * 4 + (count - 1) % 2);
		double first = Math.log(sde.level(sde.maxTime()).ratio()), last = Math.log(sde.level(sde.minTime()).ratio());
		return sde.levelOf(Math.exp(first + (last - first) * part));
	}).toList();

	/** Slope of ln error over ln steps, least squares over five numbers of steps. */
	private static double order(Sde sde, Predictor predictor, TimeGrid grid) {
		int[] steps = { 20, 30, 44, 66, 100 };
		SimpleRegression line = new SimpleRegression();
		for (int n : steps)
			line.addData(Math.log(n), Math.log(flowError(sde, predictor, grid, n)));
		return -line.getSlope();
	}

	@Test
	void solversOfTheProbabilityFlowHaveTheirOrder() {
		for (Sde sde : List.of(new VeSde(0.05, 5), new VpSde(0.1, 6, 0.01), new SubVpSde(new VpSde(0.1, 6, 0.05))))
			for (TimeGrid grid : List.of(TimeGrid.logSnr(), UNEVEN)) {
				String where = " on " + sde + (grid == UNEVEN ? ", uneven steps" : "");
				for (Predictor first : List.of(new EulerMaruyama(sde, 0), new Ddim(0)))
					assertEquals(1, order(sde, first, grid), 0.15, first + where);
				for (Predictor second : List.of(new Heun(), new DpmSolver(0)))
					assertEquals(2, order(sde, second, grid), 0.2, second + where);
			}
	}

	/** Where D is linear in λ, the second order method takes it at the middle of the step exactly, however long the one before was. */
	@Test
	void dpmSolverTakesTheEstimateAtTheMiddleOfAnUnevenStep() {
		Denoiser linear = (batch, out) -> Arrays.fill(out, (float) Math.log(batch.sigma()[0]));
		for (Sde sde : List.of(VE, VP)) {
			Predictor checked = move -> {
				Predictor.Kernel kernel = new DpmSolver(0).kernel(move);
				Level from = move.from(), to = move.to();
				double middle = move.previous() == null ? Math.log(from.ratio()) : 0.5 * Math.log(from.ratio() * to.ratio());
				double expected = to.sigma() / from.sigma() * move.x()[0] + to.alpha() * (1 - to.ratio() / from.ratio()) * middle;
				assertEquals(expected, kernel.mean()[0], 1e-5 * (1 + Math.abs(move.x()[0])));
				return kernel;
			};
			run(PcSampler.along(new Schedule(UNEVEN.levels(sde, 12)), checked), linear, 1, 1);
		}
	}

	@Test
	void aSampleDoesNotDependOnItsBatch() {
		PcSampler sampler = new PcSampler(Schedule.down(VE, TimeGrid.karras(7), 10), new ReverseDiffusion(), new Langevin(0.1), 1);
		float[] among = run(sampler, GAUSSIAN, 5, 2);
		float[] alone = sampler.sample(GAUSSIAN, Shape.vectors(1, 2), new int[] { 3 }, Batch.unlabelled(1), Conditioner.NONE,
			new Noise(1), Monitor.NONE).x;
		assertArrayEquals(Arrays.copyOfRange(among, 6, 8), alone);
	}

	@Test
	void gridsGoFromTheLargestNoiseToTheSmallest() {
		for (TimeGrid grid : List.of(TimeGrid.uniform(), TimeGrid.karras(7), TimeGrid.logSnr()))
			for (Sde sde : List.of(VE, VP)) {
				List<Level> levels = grid.levels(sde, 12);
				assertEquals(12, levels.size());
				assertEquals(sde.maxTime(), levels.get(0).t());
				assertEquals(sde.minTime(), levels.get(11).t());
				for (int i = 1; i < 12; i++)
					assertTrue(levels.get(i).ratio() < levels.get(i - 1).ratio());
			}
		// Karras et al. (2022), eq. 5, by hand for 3 levels: the middle one is ((30^(1/7) + 0.01^(1/7))/2)^7.
		double middle = Math.pow((Math.pow(30, 1 / 7.0) + Math.pow(0.01, 1 / 7.0)) / 2, 7);
		assertEquals(middle, TimeGrid.karras(7).levels(VE, 3).get(1).sigma(), 1e-9);
	}

	@Test
	void resamplingGoesBackUpBetweenEqualSteps() {
		Schedule down = Schedule.down(VE, TimeGrid.karras(7), 3), twice = down.resampled(2);
		List<Level> p = down.path();
		assertEquals(List.of(p.get(0), p.get(1), p.get(0), p.get(1), p.get(2), p.get(1), p.get(2), Level.CLEAN), twice.path());
		assertEquals(down, down.resampled(1));
	}

	/** Going up and down again leaves the distribution where it was. */
	@Test
	void resampledRunsKeepTheDistribution() {
		requireMoments(PcSampler.along(Schedule.down(VE, TimeGrid.logSnr(), 200).resampled(2), new ReverseDiffusion()), "resampled");
	}

	/** A multistep method must not look back across a move up or a correction, after which the state is another one. */
	@Test
	void movesUpAndCorrectionsBreakTheLine() {
		List<Boolean> lookedBack = new ArrayList<>();
		Predictor watched = move -> {
			lookedBack.add(move.previous() != null);
			return new DpmSolver(0).kernel(move);
		};
		Schedule down = Schedule.down(VE, TimeGrid.karras(7), 4);
		run(PcSampler.along(down, watched), GAUSSIAN, 1, 2);
		assertEquals(List.of(false, true, true), lookedBack);
		lookedBack.clear();
		run(PcSampler.along(down.resampled(2), watched), GAUSSIAN, 1, 2);
		assertEquals(List.of(false, false, true, false, true, false), lookedBack);
		lookedBack.clear();
		run(new PcSampler(down, watched, new AnnealedLangevin(0.1), 1), GAUSSIAN, 1, 2);
		assertEquals(List.of(false, false, false), lookedBack);
	}

	@Test
	void cancelStopsBetweenSteps() {
		int[] seen = { 0 };
		Monitor afterThree = new Monitor() {

			@Override
			public void progress(int done, int total) {
				seen[0] = done;
				assertEquals(10, total);
			}

			@Override
			public boolean cancelled() {
				return seen[0] >= 3;
			}
		};
		PcSampler sampler = PcSampler.along(Schedule.down(VE, TimeGrid.karras(7), 10), new Heun());
		assertThrows(CancellationException.class, () -> sampler.sample(GAUSSIAN, Shape.vectors(1, 2), new int[1],
			Batch.unlabelled(1), Conditioner.NONE, new Noise(1), afterThree));
		assertEquals(3, seen[0]);
	}

	/** A multistep method looks back one move; a run that kept all of them would need memory in proportion to its steps. */
	@Test
	void aMoveRemembersTheOneBeforeAndNoneBeforeThat() {
		List<Move> moves = new ArrayList<>();
		Predictor watched = move -> {
			if (!moves.isEmpty())
				assertSame(moves.get(moves.size() - 1), move.previous());
			moves.add(move);
			for (Move earlier : moves.subList(0, moves.size() - 1))
				assertNull(earlier.previous());
			return new DpmSolver(0).kernel(move);
		};
		run(PcSampler.along(Schedule.down(VE, TimeGrid.karras(7), 6), watched), GAUSSIAN, 1, 2);
		assertEquals(5, moves.size());
	}

	@Test
	void aStateThatIsNotFiniteIsReportedWithItsStep() {
		Denoiser broken = (batch, out) -> Arrays.fill(out, batch.sigma()[0] < 1 ? Float.NaN : 0);
		PcSampler sampler = PcSampler.along(Schedule.down(VE, TimeGrid.karras(7), 10), new DpmSolver(0));
		String message = assertThrows(ArithmeticException.class, () -> run(sampler, broken, 1, 2)).getMessage();
		assertTrue(message.contains("A value of NaN was seen at step") && message.contains("of 10"), message);
		assertTrue(message.contains("use more steps"), message);
	}

	/** A corrector whose step is too long doubles the state until floats end; the run must end in words, never in NaN. */
	@Test
	void aDivergingCorrectorIsReportedWithItsStepAndTheRemedy() {
		Schedule schedule = Schedule.down(VE, TimeGrid.uniform(), 20);
		for (Corrector corrector : List.of(new AnnealedLangevin(4), new Hamiltonian(4, 3, 0), new Hamiltonian(4, 3, 0.9))) {
			PcSampler sampler = new PcSampler(schedule, new ReverseDiffusion(), corrector, 60);
			String message = assertThrows(ArithmeticException.class, () -> run(sampler, GAUSSIAN, 2, 2)).getMessage();
			assertTrue(message.contains("of 20, at noise level") && message.contains("smaller signal-to-noise ratio"), message);
			assertTrue(message.contains(corrector.toString()) && (message.contains("NaN") || message.contains("Infinity")), message);
		}
		// Where the score is zero there is no step of a given signal-to-noise ratio.
		Denoiser still = (batch, out) -> System.arraycopy(batch.x(), 0, out, 0, out.length);
		PcSampler flat = new PcSampler(schedule, new ReverseDiffusion(), new Langevin(0.1), 1);
		assertTrue(assertThrows(ArithmeticException.class, () -> run(flat, still, 1, 2)).getMessage().contains("Langevin[snr=0.1]"));
	}

	@Test
	void evaluationsAreCounted() {
		for (Predictor predictor : List.of(new Ddim(0), new Heun(), new StochasticRungeKutta())) {
			int stages = predictor instanceof Ddim ? 1 : 2;
			PcSampler alone = PcSampler.along(Schedule.down(VE, TimeGrid.karras(7), 10), predictor);
			PcSampler corrected = new PcSampler(alone.schedule(), predictor, new Langevin(0.1), 2);
			PcSampler hamiltonian = new PcSampler(alone.schedule(), predictor, new Hamiltonian(0.1, 3, 0), 1);
			assertEquals(9 * stages + 1, evaluations(alone));
			assertEquals(9 * (stages + 2) + 1, evaluations(corrected));
			assertEquals(9 * (stages + 4) + 1, evaluations(hamiltonian));
		}
	}

	private static int evaluations(PcSampler sampler) {
		return sampler.sample(GAUSSIAN, Shape.vectors(3, 2), new int[] { 0, 1, 2 }, Batch.unlabelled(3), Conditioner.NONE, new Noise(1),
			Monitor.NONE).evaluations;
	}

	@Test
	void optionsOutOfRangeAreRefused() {
		assertThrows(IllegalArgumentException.class, () -> new Langevin(0));
		assertThrows(IllegalArgumentException.class, () -> new DpmSolver(-0.1));
		assertThrows(IllegalArgumentException.class, () -> TimeGrid.karras(0));
		assertThrows(IllegalArgumentException.class, () -> Schedule.down(VE, TimeGrid.uniform(), 1));
		assertThrows(IllegalArgumentException.class, () -> Schedule.down(VE, TimeGrid.uniform(), 4).resampled(0));
		assertThrows(IllegalArgumentException.class,
			() -> new PcSampler(Schedule.down(VE, TimeGrid.uniform(), 4), new Heun(), null, -1));
	}
}
