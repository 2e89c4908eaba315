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
		 * Skilling and Hutchinson's estimate: the mean of ε⊙∇D·ε over fixed probes of ±1.
		 *
		 * @param probes how many, ≥ 1
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
	 * @param map the summands of each value: its term of the Gaussian prior and its integrated part of the divergence; those of a
	 *        sample add up to its logDensity
	 * @param evaluations network evaluations of each sample
	 */
	public record Likelihood(float[] latent, double[] logDensity, float[] map, int[] evaluations) {}

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
		double[] log = new double[shape.n()];
		float[] map = new float[shape.size()];
		for (Path p : paths)
			for (int i = 0; i < d; i++) {
				double z = p.state[i] / ratio;
				double summand = -0.5 * (z * z + Math.log(2 * Math.PI)) - Math.log(ratio) + p.state[d + i] - scale;
				log[p.sample] += summand;
				map[p.sample * d + i] = (float) summand;
			}
		return new Likelihood(values(paths, shape, sde.alpha(sde.maxTime())), log, map,
			paths.stream().mapToInt(p -> p.evaluations).toArray());
	}

	private static float[] values(List<Path> paths, Shape shape, double alpha) {
		int d = shape.sampleSize();
		float[] x = new float[shape.size()];
		for (Path p : paths)
			for (int i = 0; i < d; i++)
				x[p.sample * d + i] = (float) (alpha * p.state[i]);
		return x;
	}

	/** One sample on its way: u, and behind it the integrated divergence if it is wanted. */
	private static final class Path {

		final int sample;
		final double[][] k = new double[7][];
		double[] state, trial;
		double tau, step;
		int evaluations;

		Path(int sample, double[] state, double tau, double step) {
			this.sample = sample;
			this.state = state;
			this.tau = tau;
			this.step = step;
		}
	}

	private List<Path> run(Denoiser denoiser, Shape shape, float[] x, int[] label, Trace trace, double start, double end,
		Monitor monitor)
	{
		int d = shape.sampleSize();
		double from = tau(start), to = tau(end), direction = Math.signum(to - from);
		List<Path> paths = new ArrayList<>();
		for (int s = 0; s < shape.n(); s++) {
			double[] state = new double[trace == null ? d : 2 * d];
			for (int i = 0; i < d; i++)
				state[i] = x[s * d + i] / sde.alpha(start);
			paths.add(new Path(s, state, from, direction * FIRST_STEP));
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
				p.step = direction * Math.min(Math.abs(p.step), Math.abs(to - p.tau));
			for (int stage = 1; stage < 7; stage++) {
				int row = stage - 1;
				for (Path p : active)
					p.trial = trial(p, A[row]);
				derivative.evaluate(active, stage, p -> p.trial, C[row]);
			}
			for (Path p : active)
				accept(p, d, to);
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

	/** Takes the step if its error is small enough, and chooses the next one. */
	private void accept(Path p, int d, double to) {
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
			throw new ArithmeticException("The probability flow met a value that is not finite, or a cliff, at noise level "
				+ Math.exp(p.tau) + "; the model may not be made for this noise.");
		if (error <= 1) {
			p.tau = Math.abs(to - p.tau - p.step) < 1e-12 ? to : p.tau + p.step;
			p.state = p.trial;
			p.k[0] = p.k[6];
		}
		p.step *= Math.min(5, Math.max(0.2, 0.9 * Math.pow(Math.max(error, 1e-10), -0.2)));
	}

	/** The right-hand side for many samples at once, each at its own noise level. */
	private static final class Derivative {

		private final Denoiser denoiser;
		private final Shape shape;
		private final int[] label;
		private final Trace trace;
		private final float[][] probes;

		Derivative(Denoiser denoiser, Shape shape, int[] label, Trace trace) {
			this.denoiser = denoiser;
			this.shape = shape;
			this.label = label;
			this.trace = trace;
			probes = trace instanceof Trace.Probes p ? signs(p) : new float[0][];
		}

		/** The same probes for every sample: ±1 for each value. */
		private float[][] signs(Trace.Probes p) {
			float[][] signs = new float[p.probes][shape.sampleSize()];
			int[] one = { 0 };
			for (int k = 0; k < signs.length; k++) {
				p.noise.fill(Purpose.PROBE, k, one, shape.withN(1), signs[k]);
				for (int i = 0; i < signs[k].length; i++)
					signs[k][i] = Math.signum(signs[k][i]);
			}
			return signs;
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
			Batch batch = new Batch(shape.withN(n), u, sigma, labels);
			denoiser.denoise(batch, clean);
			double[] divergence = trace == null ? null : divergence(batch);
			for (int s = 0; s < n; s++) {
				Path p = paths.get(s);
				double[] state = where.apply(p), k = new double[state.length];
				for (int i = 0; i < d; i++)
					k[i] = state[i] - clean[s * d + i];
				for (int i = d; i < k.length; i++)
					k[i] = divergence[s * d + i - d];
				p.k[stage] = k;
				p.evaluations += 1 + (trace == null ? 0 : trace instanceof Trace.Exact ? 2 * d : 2 * probes.length);
			}
		}

		/** 1 − (∇D)_ii of each value, exactly or as the mean of 1 − ε⊙∇D·ε. */
		private double[] divergence(Batch batch) {
			int d = shape.sampleSize();
			double[] out = new double[batch.x().length];
			Arrays.fill(out, 1);
			if (trace instanceof Trace.Exact)
				for (int j = 0; j < d; j++) {
					float[] unit = new float[d];
					unit[j] = 1;
					float[] product = product(batch, unit);
					for (int s = 0; s < batch.shape().n(); s++)
						out[s * d + j] -= product[s * d + j];
				}
			for (float[] probe : probes) {
				float[] product = product(batch, probe);
				for (int i = 0; i < out.length; i++)
					out[i] -= probe[i % d] * product[i] / probes.length;
			}
			return out;
		}

		/** ∇D·v for every sample. */
		private float[] product(Batch batch, float[] v) {
			float[] all = new float[batch.x().length], out = new float[all.length];
			for (int from = 0; from < all.length; from += v.length)
				System.arraycopy(v, 0, all, from, v.length);
			denoiser.derivative(batch, all, null, out);
			return out;
		}
	}
}
