package io.github.tweedie.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Function;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;

/**
 * The probability flow ODE, solved to a tolerance by the adaptive method of Dormand and Prince (1980): from noise to an image, from
 * an image to the noise that it comes from, and the exact likelihood of an image (Song et al. 2021, section 4.3 and appendix D).
 * <p>
 * In the coordinates u = x/α and τ = ln(σ/α) every flow reads du/dτ = u − D(u, e^τ), and the logarithm of the density of u falls at
 * the rate d − tr ∇D. Each sample has its own steps, so it does not depend on its neighbours in the batch; a batch then holds
 * samples of different noise. The state is kept in double.
 *
 * @param sde gives the ends of the path
 * @param tolerance largest local error of a step, absolute and relative, as a root mean square over the sample
 */
public record ProbabilityFlow(Sde sde, double tolerance) {

	/** How the trace of ∇D is taken. */
	public sealed interface Trace {

		/** One directional derivative a dimension: exact, for small dimensions. */
		record Exact() implements Trace {}

		/**
		 * Skilling and Hutchinson's estimate: the mean of ε⊙∇D·ε over probes of ±1, which are drawn anew for every step. With one probe
		 * for the whole path, as in the paper, its error would have the same sign at every noise level; so it averages out on the way,
		 * at the same price.
		 *
		 * @param probes how many, ≥ 1; from 2 on their scatter tells the standard error
		 * @param noise source of the probes
		 */
		record Probes(int probes, Noise noise) implements Trace {

			public Probes {
				if (probes < 1)
					throw new IllegalArgumentException("The trace needs at least 1 probe; seen were " + probes + ".");
			}
		}
	}

	/**
	 * The end of a path.
	 *
	 * @param x where it leads, N·C·Z·Y·X values
	 * @param evaluations network evaluations of each sample
	 */
	public record Solution(float[] x, int[] evaluations) {}

	/**
	 * The likelihood of samples at the smallest noise level.
	 *
	 * @param latent x at the largest noise level, N·C·Z·Y·X values
	 * @param logDensity ln p of each sample
	 * @param error standard error of each logDensity, from the scatter of the probes: 0 with the exact trace, NaN with a single probe
	 * @param map the summands of each value: its term of the Gaussian prior and its integrated part of the divergence; those of a
	 *        sample add up to its logDensity
	 * @param mapError standard error of each summand
	 * @param evaluations network evaluations of each sample
	 */
	public record Likelihood(float[] latent, double[] logDensity, double[] error, float[] map, float[] mapError,
		int[] evaluations) {}

	private static final double[][] A = {
		{ 1 / 5.0 },
		{ 3 / 40.0, 9 / 40.0 },
		{ 44 / 45.0, -56 / 15.0, 32 / 9.0 },
		{ 19372 / 6561.0, -25360 / 2187.0, 64448 / 6561.0, -212 / 729.0 },
		{ 9017 / 3168.0, -355 / 33.0, 46732 / 5247.0, 49 / 176.0, -5103 / 18656.0 },
		{ 35 / 384.0, 0, 500 / 1113.0, 125 / 192.0, -2187 / 6784.0, 11 / 84.0 } };
	private static final double[] C = { 1 / 5.0, 3 / 10.0, 4 / 5.0, 8 / 9.0, 1, 1 };
	/** Fifth order less fourth. */
	private static final double[] E = { 71 / 57600.0, 0, -71 / 16695.0, 71 / 1920.0, -17253 / 339200.0, 22 / 525.0, -1 / 40.0 };

	private static final int MOST_STEPS = 10_000;
	private static final double FIRST_STEP = 0.05;
	/**
	 * Longest step in τ where the divergence is wanted. The state may stand still while the density changes, as a grey plane in the middle
	 * of its prior does, and then its error says nothing of the integral. With steps of 0.6 that of a Gaussian is exact to 1e-6.
	 */
	private static final double LONGEST_STEP = 0.6;

	public ProbabilityFlow {
		if (!(tolerance > 0 && tolerance < 1))
			throw new IllegalArgumentException("The probability flow needs a tolerance between 0 and 1; seen was " + tolerance + ".");
	}

	/** From the largest noise level to the smallest: latent codes to samples, without a final denoising. */
	public Solution decode(Denoiser denoiser, Shape shape, float[] x, int[] label, Monitor monitor) {
		return solve(denoiser, shape, x, label, sde.maxTime(), sde.minTime(), monitor);
	}

	/** From the smallest noise level to the largest: samples to latent codes. */
	public Solution encode(Denoiser denoiser, Shape shape, float[] x, int[] label, Monitor monitor) {
		return solve(denoiser, shape, x, label, sde.minTime(), sde.maxTime(), monitor);
	}

	private Solution solve(Denoiser denoiser, Shape shape, float[] x, int[] label, double start, double end, Monitor monitor) {
		List<Path> paths = run(denoiser, shape, x, label, null, start, end, monitor);
		return new Solution(values(paths, shape, sde.alpha(end)), paths.stream().mapToInt(p -> p.evaluations).toArray());
	}

	/**
	 * ln p of samples at the smallest noise level, with N(0, σ_T²·I) for the marginal of x at the largest.
	 *
	 * @param denoiser the prior
	 * @param shape N×C×(Z×)Y×X
	 * @param x samples at the smallest noise level
	 * @param label class of each sample
	 * @param trace how the divergence is taken
	 * @throws CancellationException when the monitor says so
	 * @throws ArithmeticException if the steps shrink to nothing
	 */
	public Likelihood logDensity(Denoiser denoiser, Shape shape, float[] x, int[] label, Trace trace, Monitor monitor) {
		List<Path> paths = run(denoiser, shape, x, label, trace, sde.minTime(), sde.maxTime(), monitor);
		double ratio = sde.sigma(sde.maxTime()) / sde.alpha(sde.maxTime()), scale = Math.log(sde.alpha(sde.minTime()));
		int d = shape.sampleSize();
		double[] log = new double[shape.n()], error = new double[shape.n()];
		float[] map = new float[shape.size()], mapError = new float[shape.size()];
		for (Path p : paths) {
			double[] each = new double[p.divergence.length], total = new double[each.length];
			for (int i = 0; i < d; i++) {
				double z = p.state[i] / ratio;
				for (int k = 0; k < each.length; k++)
					total[k] += each[k] = p.divergence[k][i];
				double summand = -0.5 * (z * z + Math.log(2 * Math.PI)) - Math.log(ratio) + mean(each) - scale;
				log[p.sample] += summand;
				map[p.sample * d + i] = (float) summand;
				mapError[p.sample * d + i] = (float) standardError(each, trace);
			}
			error[p.sample] = standardError(total, trace);
			if (!Double.isFinite(log[p.sample]))
				throw new ArithmeticException("The log-density of sample " + p.sample + " is " + log[p.sample]
					+ ", as the divergence stopped being finite; use a larger smallest noise level, where the model is smooth.");
		}
		return new Likelihood(values(paths, shape, sde.alpha(sde.maxTime())), log, error, map, mapError,
			paths.stream().mapToInt(p -> p.evaluations).toArray());
	}

	private static double mean(double[] values) {
		return Arrays.stream(values).sum() / values.length;
	}

	private static double standardError(double[] values, Trace trace) {
		if (trace instanceof Trace.Exact)
			return 0;
		double mean = mean(values), squares = 0;
		for (double v : values)
			squares += (v - mean) * (v - mean);
		return Math.sqrt(squares / (values.length - 1) / values.length);
	}

	private static float[] values(List<Path> paths, Shape shape, double alpha) {
		int d = shape.sampleSize();
		float[] x = new float[shape.size()];
		for (Path p : paths)
			for (int i = 0; i < d; i++)
				x[p.sample * d + i] = (float) (alpha * p.state[i]);
		return x;
	}

	/** One sample on its way. */
	private static final class Path {

		final int sample;
		/** Integrated so far: a row for each probe, one row for the exact trace, none if nobody asks. */
		final double[][] divergence;
		final double[][] k = new double[7][];
		/** Where the derivative was taken in the present step, and D there; kept for the divergence. */
		final float[][] u = new float[7][], clean = new float[7][];
		double[] state, trial;
		double tau, step, error;
		int evaluations, steps;

		Path(int sample, double[] state, double tau, double step, int rows) {
			this.sample = sample;
			this.state = state;
			this.tau = tau;
			this.step = step;
			divergence = new double[rows][state.length];
		}
	}

	private List<Path> run(Denoiser denoiser, Shape shape, float[] x, int[] label, Trace trace, double start, double end,
		Monitor monitor)
	{
		int d = shape.sampleSize();
		double from = tau(start), to = tau(end), direction = Math.signum(to - from);
		List<Path> paths = new ArrayList<>();
		double longest = trace == null ? Double.POSITIVE_INFINITY : LONGEST_STEP;
		int rows = trace == null ? 0 : trace instanceof Trace.Probes p ? p.probes : 1;
		for (int s = 0; s < shape.n(); s++) {
			double[] state = new double[d];
			for (int i = 0; i < d; i++)
				state[i] = x[s * d + i] / sde.alpha(start);
			paths.add(new Path(s, state, from, direction * FIRST_STEP, rows));
		}
		Derivative derivative = new Derivative(denoiser, shape, label, trace);
		derivative.evaluate(paths, 0, p -> p.state, 0);
		List<Path> active = paths;
		for (int round = 0; !active.isEmpty(); round++) {
			if (monitor.cancelled())
				throw new CancellationException("Cancelled after " + round + " steps of the probability flow.");
			if (round > MOST_STEPS)
				throw new ArithmeticException("The probability flow made " + MOST_STEPS + " steps and is at noise level "
					+ Math.exp(active.get(0).tau) + "; allow a larger tolerance than " + tolerance + ".");
			for (Path p : active)
				p.step = direction * Math.min(Math.min(Math.abs(p.step), longest), Math.abs(to - p.tau));
			for (int stage = 1; stage < 7; stage++) {
				int row = stage - 1;
				for (Path p : active)
					p.trial = trial(p, A[row]);
				derivative.evaluate(active, stage, p -> p.trial, C[row]);
			}
			for (Path p : active)
				p.error = error(p, d);
			derivative.integrate(active.stream().filter(p -> p.error <= 1).toList());
			for (Path p : active)
				accept(p, to);
			active = active.stream().filter(p -> direction * (to - p.tau) > 1e-12).toList();
			double slowest = active.stream().mapToDouble(p -> (p.tau - from) / (to - from)).min().orElse(1);
			monitor.progress((int) Math.round(100 * slowest), 100);
		}
		return paths;
	}

	private double tau(double t) {
		return Math.log(sde.sigma(t) / sde.alpha(t));
	}

	private static double[] trial(Path p, double[] weights) {
		double[] trial = p.state.clone();
		for (int j = 0; j < weights.length; j++)
			for (int i = 0; i < trial.length; i++)
				trial[i] += p.step * weights[j] * p.k[j][i];
		return trial;
	}

	/** Error of the present step, as a fraction of what is allowed. */
	private double error(Path p, int d) {
		double sum = 0;
		for (int i = 0; i < d; i++) {
			double error = 0;
			for (int j = 0; j < 7; j++)
				error += p.step * E[j] * p.k[j][i];
			double allowed = tolerance * (1 + Math.max(Math.abs(p.state[i]), Math.abs(p.trial[i])));
			sum += error / allowed * (error / allowed);
		}
		double error = Math.sqrt(sum / d);
		if (!(error < Double.POSITIVE_INFINITY) || Math.abs(p.step) < 1e-10 && error > 1)
			throw new ArithmeticException("The probability flow met an error of " + error + " in a step of " + p.step + " at noise level "
				+ Math.exp(p.tau) + "; the input must be finite, and the model made for this noise.");
		return error;
	}

	/** Takes the step if its error is small enough, and chooses the next one. */
	private static void accept(Path p, double to) {
		if (p.error <= 1) {
			p.tau = Math.abs(to - p.tau - p.step) < 1e-12 ? to : p.tau + p.step;
			p.state = p.trial;
			p.k[0] = p.k[6];
			p.u[0] = p.u[6];
			p.clean[0] = p.clean[6];
			p.steps++;
		}
		p.step *= Math.min(5, Math.max(0.2, 0.9 * Math.pow(Math.max(p.error, 1e-10), -0.2)));
	}

	/** The right-hand side for many samples at once, each at its own noise level. */
	private static final class Derivative {

		private final Denoiser denoiser;
		private final Shape shape;
		private final int[] label;
		private final Trace trace;

		Derivative(Denoiser denoiser, Shape shape, int[] label, Trace trace) {
			this.denoiser = denoiser;
			this.shape = shape;
			this.label = label;
			this.trace = trace;
		}

		void evaluate(List<Path> paths, int stage, Function<Path, double[]> where, double fraction) {
			int n = paths.size(), d = shape.sampleSize();
			float[] u = new float[n * d], clean = new float[n * d];
			double[] sigma = new double[n];
			int[] labels = new int[n];
			for (int s = 0; s < n; s++) {
				Path p = paths.get(s);
				double[] state = where.apply(p);
				for (int i = 0; i < d; i++)
					u[s * d + i] = (float) state[i];
				sigma[s] = Math.exp(p.tau + fraction * p.step);
				labels[s] = label[p.sample];
			}
			denoiser.denoise(new Batch(shape.withN(n), u, sigma, labels), clean);
			for (int s = 0; s < n; s++) {
				Path p = paths.get(s);
				double[] state = where.apply(p), k = new double[d];
				for (int i = 0; i < d; i++)
					k[i] = state[i] - clean[s * d + i];
				p.k[stage] = k;
				if (trace != null) {
					p.u[stage] = Arrays.copyOfRange(u, s * d, (s + 1) * d);
					p.clean[stage] = Arrays.copyOfRange(clean, s * d, (s + 1) * d);
				}
				p.evaluations++;
			}
		}

		/**
		 * Adds the divergence of a step that is going to be taken, by the weights of the fifth order. It has no influence on the path, so
		 * no evaluation is spent on stages of weight 0 or on steps that are rejected.
		 */
		void integrate(List<Path> taken) {
			if (trace == null || taken.isEmpty())
				return;
			int d = shape.sampleSize(), directions = trace instanceof Trace.Probes p ? p.probes : d;
			double[] weights = A[A.length - 1];
			for (int k = 0; k < directions; k++) {
				float[] v = directions(taken, k);
				for (int stage = 0; stage < weights.length; stage++)
					if (weights[stage] != 0)
						add(taken, stage, weights[stage], k, v);
			}
		}

		/** Unit vectors, or signs that depend on the number of the step. */
		private float[] directions(List<Path> paths, int k) {
			int d = shape.sampleSize();
			float[] all = new float[paths.size() * d];
			for (int s = 0; s < paths.size(); s++)
				if (trace instanceof Trace.Probes probes) {
					float[] one = new float[d];
					probes.noise.fill(Purpose.PROBE, paths.get(s).steps * probes.probes + k, new int[1], shape.withN(1), one);
					for (int i = 0; i < d; i++)
						all[s * d + i] = one[i] < 0 ? -1 : 1;
				}
				else
					all[s * d + k] = 1;
			return all;
		}

		/** Adds 1 − (∇D)_ii of one value, exactly, or 1 − ε⊙∇D·ε of all. */
		private void add(List<Path> paths, int stage, double weight, int k, float[] v) {
			int n = paths.size(), d = shape.sampleSize();
			boolean exact = trace instanceof Trace.Exact;
			float[] u = new float[n * d], clean = new float[n * d], product = new float[n * d];
			double[] sigma = new double[n];
			int[] labels = new int[n];
			for (int s = 0; s < n; s++) {
				Path p = paths.get(s);
				System.arraycopy(p.u[stage], 0, u, s * d, d);
				System.arraycopy(p.clean[stage], 0, clean, s * d, d);
				sigma[s] = Math.exp(p.tau + (stage == 0 ? 0 : C[stage - 1]) * p.step);
				labels[s] = label[p.sample];
			}
			// NB: The leading error of a one-sided difference is odd in ε, so probes average it out; unit vectors do not.
			denoiser.derivative(new Batch(shape.withN(n), u, sigma, labels), v, exact ? null : clean, product);
			for (int s = 0; s < n; s++) {
				Path p = paths.get(s);
				for (int i = 0; i < d; i++)
					if (v[s * d + i] != 0)
						p.divergence[exact ? 0 : k][i] += p.step * weight * (1 - v[s * d + i] * product[s * d + i]);
				p.evaluations += exact ? 2 : 1;
			}
		}
	}
}
