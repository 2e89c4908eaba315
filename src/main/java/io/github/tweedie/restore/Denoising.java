package io.github.tweedie.restore;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.VarianceStabilizer;
import io.github.tweedie.inverse.Posterior;
import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sampler.DpmSolver;
import io.github.tweedie.sampler.PcSampler;
import io.github.tweedie.sampler.Schedule;
import io.github.tweedie.sampler.State;
import io.github.tweedie.sampler.TimeGrid;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.VeSde;

import net.imglib2.RandomAccessibleInterval;
import net.imglib2.type.numeric.RealType;

/**
 * Takes the camera's noise out of an image. Stabilised to unit variance and scaled to the prior's data range, the noisy plane is
 * y = x0 + σ·z: a sample of the forward diffusion at the level σ. So one call of the network, D(y, σ) = E[x0 | y], is the
 * estimate of least squared error, and the reverse SDE that begins at y draws from the posterior.
 *
 * <pre>
 * Restored clean = Denoising.with(prior).build().restore(image, new NoiseModel(2.1, 35));
 * </pre>
 *
 * Immutable; may be used for many images.
 */
public final class Denoising {

	private final Prior prior;
	private final int samples, steps;
	private final long seed;
	private final double inflation;
	private final Monitor monitor;

	private Denoising(Builder b) {
		prior = b.prior;
		samples = b.samples;
		steps = b.steps;
		seed = b.seed;
		inflation = b.inflation;
		monitor = b.monitor;
	}

	public static Builder with(Prior prior) {
		return new Builder(Objects.requireNonNull(prior, "Denoising needs a prior."));
	}

	/**
	 * What became of one plane.
	 *
	 * @param mean Y×X grey levels
	 * @param deviation standard deviation of the samples, Y×X grey levels; null with fewer than two
	 * @param evaluations network evaluations, per sample if there are samples
	 * @param residual what was taken away
	 */
	public record Plane(float[] mean, float[] deviation, long evaluations, Residual residual) {}

	/**
	 * Denoises every plane of an image whose noise is the same everywhere.
	 *
	 * @param image X×Y, or X×Y and any further dimensions; each X×Y plane is restored by itself; unchanged
	 * @param noise of every plane
	 * @return mean, deviation and samples in grey levels; the samples are null for the single call
	 * @throws IllegalArgumentException if a pixel of any plane is NaN or infinite, before the first plane is denoised
	 * @throws CancellationException when the monitor says so, which is asked before each call of the network
	 */
	public <T extends RealType<T>> Restored restore(RandomAccessibleInterval<T> image, NoiseModel noise) {
		long start = System.nanoTime(), most = 0;
		Planes planes = new Planes(image);
		int count = planes.count();
		for (int p = 0; p < count; p++)
			requireFinite(planes.read(p), planes.width(), p);
		float[][] mean = new float[count][], deviation = new float[count][], draws = new float[count * samples][];
		for (int p = 0; p < count; p++) {
			int at = p;
			Plane plane = plane(planes.read(p), planes.width(), noise, p, monitor.part(p, 1, count),
				(s, draw) -> draws[s * count + at] = draw);
			mean[p] = plane.mean;
			deviation[p] = plane.deviation;
			most = Math.max(most, plane.evaluations);
		}
		double seconds = (System.nanoTime() - start) * 1e-9;
		long[] dimensions = image.dimensionsAsLongArray(), longer = Arrays.copyOf(dimensions, dimensions.length + 1);
		longer[dimensions.length] = samples;
		return new Restored(planes.like(mean), samples > 1 ? planes.like(deviation) : null,
			samples > 0 ? Planes.like(draws, longer) : null, most, seconds, provenance(noise, most, seconds));
	}

	/**
	 * Denoises one plane: for images that are read, and results that are kept, plane by plane. Samples are averaged and not kept.
	 *
	 * @param grey Y×X grey levels; unchanged
	 * @param width X
	 * @param noise of this plane
	 * @param index of the plane in its image: the address of its random numbers
	 * @param watcher in place of the builder's monitor
	 * @throws IllegalArgumentException if a pixel is NaN or infinite
	 * @throws CancellationException when the watcher says so
	 */
	public Plane plane(float[] grey, int width, NoiseModel noise, int index, Monitor watcher) {
		requireFinite(grey, width, index);
		return plane(grey, width, noise, index, watcher, (s, draw) -> {});
	}

	/** Takes a sample, Y×X grey levels. */
	private interface Draws {
		void take(int sample, float[] grey);
	}

	private Plane plane(float[] grey, int width, NoiseModel noise, int index, Monitor watcher, Draws draws) {
		if (noise.a() == 0 && noise.b() == 0) {
			for (int s = 0; s < samples; s++)
				draws.take(s, grey.clone());
			return new Plane(grey.clone(), samples > 1 ? new float[grey.length] : null, 0, Residual.NONE);
		}
		VarianceStabilizer stabilizer = VarianceStabilizer.of(noise, IntensityScale.darkest(grey, width));
		float[] stable = new float[grey.length];
		stabilizer.forward(grey, stable);
		IntensityScale scale = IntensityScale.ofNoisy(stable, width, 1);
		double sigma = Math.min(prior.sigmaMax(), Math.max(prior.sigmaMin(), inflation * scale.toData(1, prior.low(), prior.high())));
		float[] data = scale.toData(stable, prior.low(), prior.high());
		if (samples == 0) {
			float[] clean = new float[data.length];
			WholePlanes.ofOneCall(prior, grey.length / width, width, sigma, watcher)
				.denoise(Batch.of(Shape.planes(1, 1, grey.length / width, width), data, sigma, Batch.unlabelled(1)), clean);
			clean = scale.toGrey(clean, prior.low(), prior.high());
			Residual residual = Residual.of(stable, clean, width);
			watcher.progress(1, 1);
			stabilizer.inverse(clean, clean);
			return new Plane(clean, null, 1, residual);
		}
		Denoiser network = WholePlanes.of(prior, grey.length / width, width, watcher);
		return sampled(stable, data, width, sigma, scale, stabilizer, network, index, watcher, draws);
	}

	private Plane sampled(float[] stable, float[] data, int width, double sigma, IntensityScale scale, VarianceStabilizer stabilizer,
		Denoiser network, int index, Monitor watcher, Draws draws)
	{
		// NB: at the smallest noise that the network knows nothing is left to draw.
		Schedule schedule = Schedule.down(new VeSde(prior.sigmaMin(), Math.max(sigma, 1.01 * prior.sigmaMin())), TimeGrid.karras(7),
			steps);
		PcSampler sampler = PcSampler.along(schedule, new DpmSolver(1));
		Conditioner noisy = new Conditioner() {

			@Override
			public void start(State state, Noise noise) {
				for (int s = 0; s < state.shape.n(); s++)
					System.arraycopy(data, 0, state.x, s * data.length, data.length);
			}
		};
		long evaluations = 0;
		Posterior posterior = new Posterior(data.length), stabilised = new Posterior(data.length);
		int batch = WholePlanes.batch(samples, data.length);
		for (int first = 0; first < samples; first += batch) {
			int from = first, n = Math.min(batch, samples - first);
			State state = sampler.sample(network, Shape.planes(n, 1, data.length / width, width),
				IntStream.range(from, from + n).toArray(), Batch.unlabelled(n), noisy, new Noise(seed, index),
				watcher.part(from, n, samples));
			evaluations += (long) n * state.evaluations;
			for (int s = 0; s < n; s++) {
				float[] clean = scale.toGrey(Arrays.copyOfRange(state.x, s * data.length, (s + 1) * data.length), prior.low(),
					prior.high());
				stabilised.add(clean, 0);
				stabilizer.inverse(clean, clean);
				posterior.add(clean, 0);
				draws.take(from + s, clean);
			}
		}
		return new Plane(posterior.mean(), samples > 1 ? posterior.deviation() : null, evaluations / samples,
			Residual.of(stable, stabilised.mean(), width));
	}

	/**
	 * For whoever has many planes to denoise, to be asked of all before the first.
	 *
	 * @param grey Y×X grey levels
	 * @param width X
	 * @param plane index in its image, from 0
	 * @throws IllegalArgumentException if a pixel is NaN or infinite
	 */
	public static void requireFinite(float[] grey, int width, int plane) {
		for (int i = 0; i < grey.length; i++)
			if (!Float.isFinite(grey[i]))
				throw new IllegalArgumentException(Planes.pixel(grey, width, i, plane)
					+ "; fill such pixels first, for example with Tweedie Inpaint and mask=[NaN pixels].");
	}

	/** How a result was made, in the order in which it is to be read. */
	public Map<String, String> provenance(NoiseModel noise, long evaluations, double seconds) {
		Map<String, String> p = new LinkedHashMap<>();
		p.put("model", prior.name());
		p.put("estimate", samples == 0 ? "inverse of the stabilised mean, one call of the network"
			: "mean of " + samples + " samples of the posterior");
		if (samples > 0) {
			p.put("samples", String.valueOf(samples));
			p.put("steps", String.valueOf(steps));
			p.put("seed", String.valueOf(seed));
		}
		p.put("noise variance", (float) noise.a() + "·z + " + (float) noise.b() + " at the grey level z");
		if (inflation != 1)
			p.put("noise taken for stronger by", String.valueOf((float) inflation));
		p.put("device", prior.device());
		p.put("network evaluations per sample", String.valueOf(evaluations));
		p.put("seconds", String.format(Locale.ROOT, "%.2f", seconds));
		return p;
	}

	/** Options; without any, the estimate of least squared error in one call. */
	public static final class Builder {

		private final Prior prior;
		private int samples, steps = 12;
		private long seed = 1;
		private double inflation = 1;
		private Monitor monitor = Monitor.NONE;

		private Builder(Prior prior) {
			this.prior = prior;
		}

		/**
		 * Number of samples of the posterior that are averaged: 1 is sharpest, and one of many possible images; the more, the smoother
		 * and the nearer to the truth on average. 0, the default, asks for the expectation itself.
		 */
		public Builder samples(int number) {
			samples = number;
			return this;
		}

		/** Steps from the noisy image to a sample, ≥ 2. */
		public Builder steps(int number) {
			steps = number;
			return this;
		}

		/** The same seed gives the same samples. */
		public Builder seed(long number) {
			seed = number;
			return this;
		}

		/** Factor by which the noise is taken for stronger than its model says, ≥ 1: for noise that is correlated between pixels. */
		public Builder inflation(double factor) {
			inflation = factor;
			return this;
		}

		public Builder monitor(Monitor watcher) {
			monitor = Objects.requireNonNull(watcher, "Denoising needs a monitor; Monitor.NONE watches nothing.");
			return this;
		}

		/** @throws IllegalArgumentException if a number is out of its range, or the prior is not one of grey planes */
		public Denoising build() {
			require(samples >= 0, "The number of samples must be 0 (one call) or more; seen was " + samples + ".");
			require(steps >= 2, "The number of steps must be at least 2; seen was " + steps + ".");
			require(inflation >= 1 && inflation < Double.POSITIVE_INFINITY,
				"The factor on the noise must be at least 1; seen was " + inflation + ".");
			require(prior.channels() == 1, "The model '" + prior.name() + "' works on images of " + prior.channels()
				+ " channels; denoising restores grey planes one by one and needs a model of 1 channel.");
			return new Denoising(this);
		}

		private static void require(boolean condition, String sentence) {
			if (!condition)
				throw new IllegalArgumentException(sentence);
		}
	}
}
