package io.github.tweedie.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.IntStream;

import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.apache.commons.math3.stat.regression.SimpleRegression;

import io.github.tweedie.bench.Target.Figure;
import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sampler.Ddim;
import io.github.tweedie.sampler.DpmSolver;
import io.github.tweedie.sampler.EulerMaruyama;
import io.github.tweedie.sampler.Heun;
import io.github.tweedie.sampler.PcSampler;
import io.github.tweedie.sampler.Predictor;
import io.github.tweedie.sampler.ProbabilityFlow;
import io.github.tweedie.sampler.ReverseDiffusion;
import io.github.tweedie.sampler.Schedule;
import io.github.tweedie.sampler.State;
import io.github.tweedie.sampler.StochasticRungeKutta;
import io.github.tweedie.sampler.StrongOrder;
import io.github.tweedie.sampler.StrongOrder.Draw;
import io.github.tweedie.sampler.TimeGrid;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.SubVpSde;
import io.github.tweedie.sde.VeSde;
import io.github.tweedie.sde.VpSde;

/** Orders of convergence, as slopes of ln error over ln steps. */
final class Orders {

	private static final int[] ODE_STEPS = { 20, 30, 44, 66, 100, 150 }, SDE_STEPS = { 8, 16, 32, 64, 128 };
	private static final int SEEDS = 10, PATHS = 100;
	private static final double MEAN = 0.4, WIDTH = 0.7;
	private static final GaussianMixture GAUSSIAN = GaussianMixture.gaussian(new double[] { MEAN }, new double[][] { { WIDTH * WIDTH } });
	private static final List<Sde> SDES = List.of(new VeSde(0.05, 5), new VpSde(0.1, 6, 0.01), new SubVpSde(new VpSde(0.1, 6, 0.05)));
	private static final List<String> NAMES = List.of("VE", "VP", "sub-VP");

	private Orders() {}

	static void write(Report report) {
		report.say("");
		report.say("Probability flow of N(0.4, 0.7²), which has a closed form, between fixed levels σ_min > 0 and σ_max, without the final");
		report.say("denoising: largest error of 100 paths at 20 to 150 steps of equal length in log-SNR. The arithmetic is float; all these errors");
		report.say("are above 1e-5, a hundred times its rounding. The interval is that of the regression line, so it shows curvature.");
		report.say("");
		report.say("| solver | due | VE | VP | sub-VP | smallest error |");
		report.say("| --- | --: | --: | --: | --: | --: |");
		ode(report, "Euler (λ = 0)", 1, sde -> new EulerMaruyama(sde, 0));
		ode(report, "DDIM (η = 0)", 1, sde -> new Ddim(0));
		ode(report, "Heun", 2, sde -> new Heun());
		ode(report, "DPM-Solver++ (2M)", 2, sde -> new DpmSolver(0));
		report.say("");
		report.say("Strong orders: the reverse SDE of two components, every method on the same Brownian path as a reference of 2048 steps, its");
		report.say("increments and their integrals summed from the fine ones; 8 to 128 steps. Mean and 95 %% interval of %d sets of %d paths.", SEEDS, PATHS);
		report.say("");
		report.say("| method | due | slope | error at 8 | error at 128 |");
		report.say("| --- | --: | --: | --: | --: |");
		strong(report, "Euler-Maruyama (λ = 1)", "1", new EulerMaruyama(StrongOrder.BROWNIAN, 1), Draw.INCREMENT);
		strong(report, "reverse diffusion", "1", new ReverseDiffusion(), Draw.INCREMENT);
		strong(report, "stochastic Runge-Kutta", "1.5", new StochasticRungeKutta(), Draw.REST);
		strong(report, "DDIM (η = 1), ancestral with the posterior's variance", "reported", new Ddim(1), Draw.SHRUNK);
		strong(report, "DPM-Solver++ (2M), SDE form", "reported", new DpmSolver(1), Draw.SHRUNK);
		report.say("");
		report.say("Milstein's method is Euler-Maruyama here: g does not depend on the state, so its correction is zero.");
		tolerance(report);
	}

	private static void ode(Report report, String name, int due, Function<Sde, Predictor> predictor) {
		StringBuilder line = new StringBuilder("| " + name + " | " + due + " |");
		double least = Double.POSITIVE_INFINITY;
		for (int k = 0; k < SDES.size(); k++) {
			SimpleRegression fit = new SimpleRegression();
			for (int steps : ODE_STEPS) {
				double error = flowError(SDES.get(k), predictor.apply(SDES.get(k)), steps);
				least = Math.min(least, error);
				fit.addData(Math.log(steps), -Math.log(error));
			}
			double half = fit.getSlopeConfidenceInterval(0.05);
			line.append(String.format(Locale.ROOT, " %.2f ± %.2f |", fit.getSlope(), half));
			report.row("order; " + NAMES.get(k), name, "slope", fit.getSlope(), fit.getSlope() - half, fit.getSlope() + half);
		}
		report.say(line + String.format(Locale.ROOT, " %.1e |", least));
	}

	/** The flow of N(m, c²) is u(s) = m + (u(S) − m)·√((c² + s²)/(c² + S²)) with u = x/α, s = σ/α. */
	private static double exact(Level first, Level last, double x) {
		double shrink = Math.sqrt((WIDTH * WIDTH + last.ratio() * last.ratio()) / (WIDTH * WIDTH + first.ratio() * first.ratio()));
		return last.alpha() * (MEAN + (x / first.alpha() - MEAN) * shrink);
	}

	private static double flowError(Sde sde, Predictor predictor, int steps) {
		int n = 100;
		List<Level> levels = TimeGrid.logSnr().levels(sde, steps + 1);
		List<float[]> start = new ArrayList<>();
		Conditioner remember = new Conditioner() {

			@Override
			public void start(State state, Noise noise) {
				start.add(state.x.clone());
			}
		};
		float[] x = PcSampler.along(new Schedule(levels), predictor).sample(GAUSSIAN, Shape.vectors(n, 1), IntStream.range(0, n).toArray(),
			Batch.unlabelled(n), remember, new Noise(2), Monitor.NONE).x;
		return IntStream.range(0, n).mapToDouble(i -> Math.abs(x[i] - exact(levels.get(0), levels.get(steps), start.get(0)[i]))).max()
			.orElseThrow();
	}

	private static void strong(Report report, String name, String due, Predictor predictor, Draw draw) {
		SummaryStatistics slopes = new SummaryStatistics(), first = new SummaryStatistics(), last = new SummaryStatistics();
		for (int seed = 0; seed < SEEDS; seed++) {
			double[] errors = StrongOrder.errors(predictor, draw, SDE_STEPS, PATHS, 50 + seed);
			SimpleRegression fit = new SimpleRegression();
			for (int i = 0; i < errors.length; i++)
				fit.addData(Math.log(SDE_STEPS[i]), -Math.log(errors[i]));
			slopes.addValue(fit.getSlope());
			first.addValue(errors[0]);
			last.addValue(errors[errors.length - 1]);
		}
		Figure slope = interval(slopes);
		report.say("| %s | %s | %.2f (%.2f to %.2f) | %.1e | %.1e |", name, due, slope.value(), slope.low(), slope.high(), first.getMean(),
			last.getMean());
		report.row("strong order", name, "slope", slope.value(), slope.low(), slope.high());
	}

	/** Mean with its 95 % interval. */
	static Figure interval(SummaryStatistics s) {
		double half = new TDistribution(s.getN() - 1).inverseCumulativeProbability(0.975) * s.getStandardDeviation() / Math.sqrt(s.getN());
		return new Figure(s.getMean(), s.getMean() - half, s.getMean() + half);
	}

	private static void tolerance(Report report) {
		report.say("");
		report.say("Dormand-Prince 5(4), the same flow, decoded from the largest to the smallest level: largest error of 100 paths, and evaluations.");
		report.say("");
		report.say("| tolerance | VE | VP | sub-VP |");
		report.say("| --- | --: | --: | --: |");
		for (double tolerance : new double[] { 1e-2, 1e-3, 1e-4, 1e-5, 1e-6 }) {
			StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "| %.0e |", tolerance));
			for (int k = 0; k < SDES.size(); k++) {
				Sde sde = SDES.get(k);
				Level top = sde.level(sde.maxTime()), bottom = sde.level(sde.minTime());
				int n = 100;
				float[] z = new float[n];
				new Noise(2).fill(Noise.Purpose.START, 0, new int[1], Shape.vectors(1, n), z);
				for (int i = 0; i < n; i++)
					z[i] *= (float) top.sigma();
				ProbabilityFlow.Solution end = new ProbabilityFlow(sde, tolerance).decode(GAUSSIAN, Shape.vectors(n, 1), z, Batch.unlabelled(n),
					Monitor.NONE);
				double error = 0;
				for (int i = 0; i < n; i++)
					error = Math.max(error, Math.abs(end.x()[i] - exact(top, bottom, z[i])));
				int most = IntStream.of(end.evaluations()).max().orElseThrow();
				line.append(String.format(Locale.ROOT, " %.0e, %d |", error, most));
				report.row("Dormand-Prince; " + NAMES.get(k), "tolerance " + tolerance, "largest_error", error);
				report.row("Dormand-Prince; " + NAMES.get(k), "tolerance " + tolerance, "evaluations", most);
			}
			report.say(line.toString());
		}
	}
}
