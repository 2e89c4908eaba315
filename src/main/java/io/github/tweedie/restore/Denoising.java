package io.github.tweedie.restore;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

import io.github.tweedie.image.BoundedDenoiser;
import io.github.tweedie.image.Halving;
import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.NoiseEstimate;
import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Whitening;
import io.github.tweedie.image.WideRangeDenoiser;
import io.github.tweedie.inverse.MomentMatching;
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
import io.github.tweedie.sde.Runs;
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

	/** How noise whose strength depends on the brightness is made one level of the prior's. */
	public enum Method {
		/**
		 * The generalised Anscombe transform makes the noise the same everywhere, and its exact unbiased inverse leads back. One call of
		 * the network is the inverse of the stabilised mean. The network sees the root of the image.
		 */
		STABILISED,
		/**
		 * In linear units, each pixel with a variance of its own, which a first stabilised estimate tells; conjugate gradients with the
		 * covariance of the prior's estimate account for it (see {@link io.github.tweedie.inverse.MomentMatching}). Two calls and one for
		 * each iteration. Exact for Gaussian priors; for noise that is the same in dark and bright pixels the one call. With a network it
		 * is behind the stabilised estimate wherever the noise of pixels differs much, since the plane is first taken for as noisy as its
		 * brightest pixel.
		 */
		MOMENT_MATCHING
	}

	/** Share of a plane from which on the user is to know that the network failed there. */
	private static final double MOST_BOUNDED = 0.01;
	/** Standard errors. */
	private static final double SURE = 4;
	/** Where a plane is brightest. With fewer the stabilised noise is no longer normal, and its mean hardly tells of the light. */
	private static final double FEWEST_PHOTONS = 1;
	/** Pixels along the shorter side that remain when pixels are averaged. */
	private static final int FEWEST_PIXELS = 16, ENOUGH_FOR_MEAN = 1 << 9;

	private final Prior prior;
	private final Method method;
	private final int samples, steps, iterations;
	private final long seed;
	private final double inflation;
	private final double[] quantiles;
	private final Whitening whitening;
	private final Monitor monitor;

	private Denoising(Builder b) {
		prior = b.prior;
		method = b.method;
		iterations = b.iterations;
		whitening = b.whitening;
		samples = b.samples;
		steps = b.steps;
		seed = b.seed;
		inflation = b.inflation;
		quantiles = b.quantiles;
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
	 * @param quantiles of the samples, Y×X grey levels for each order that was asked for
	 * @param evaluations network evaluations, per sample if there are samples
	 * @param residual what was taken away
	 * @param replaced number of pixels that were taken for hot or dead ones, and estimated from their surroundings alone
	 * @param even number of pixels that came back as they were: in areas of one grey level, or too dark for a camera
	 * @param averaged side of the squares of pixels that were averaged because photons are few, and interpolated afterwards; 1 for none
	 * @param low grey level that the network saw as the lower end of its range, or as the upper one of an inverted image; NaN if it was not asked
	 * @param high grey level that it saw as the other end
	 */
	public record Plane(float[] mean, float[] deviation, float[][] quantiles, long evaluations, Residual residual, int replaced,
		int even, int averaged, double low, double high)
	{

		private Plane(float[] mean, float[] deviation, long evaluations, Residual residual, NoisyPlane noisy, boolean[] inside) {
			this(mean, deviation, new float[0][], evaluations, residual, count(noisy.replaced(), inside), count(noisy.even(), inside), 1,
				noisy.low(), noisy.high());
		}

		/** Which grey levels the network saw as its range, to be read. */
		public String range() {
			return Double.isNaN(low) ? "none, since there is no noise" : (float) low + " to " + (float) high + " in the first plane";
		}

		private static int count(int[] pixels, boolean[] inside) {
			return (int) IntStream.of(pixels).filter(i -> inside == null || inside[i]).count();
		}

		private Plane and(float[][] quantiles) {
			return new Plane(mean, deviation, quantiles, evaluations, residual, replaced, even, averaged, low, high);
		}

		private Plane after(long evaluations) {
			return new Plane(mean, deviation, quantiles, evaluations + this.evaluations, residual, replaced, even, averaged, low, high);
		}

		private Plane inverted() {
			return new Plane(Planes.negative(mean), deviation, quantiles, evaluations, residual, replaced, even, averaged, -high, -low);
		}

		/** @param spread of enlarged samples: what is interpolated between independent pixels differs less than these. */
		private Plane enlarged(Halving halving, float[] spread) {
			return new Plane(halving.enlarged(mean), spread, quantiles, evaluations, residual, replaced, 4 * even, 2 * averaged, low, high);
		}
	}

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
		long start = System.nanoTime(), most = 0, replaced = 0, even = 0, averaged = 1;
		Planes planes = new Planes(image);
		int count = planes.count();
		for (int p = 0; p < count; p++)
			requireFinite(planes.read(p), planes.width(), p);
		String range = "";
		float[][] mean = new float[count][], deviation = new float[count][], draws = new float[count * samples][];
		for (int p = 0; p < count; p++) {
			int at = p;
			Plane plane = plane(planes.read(p), planes.width(), noise, p, null, monitor.part(p, 1, count),
				(s, draw) -> draws[s * count + at] = draw);
			mean[p] = plane.mean;
			deviation[p] = plane.deviation;
			most = Math.max(most, plane.evaluations);
			replaced += plane.replaced;
			even += plane.even;
			averaged = Math.max(averaged, plane.averaged);
			range = p == 0 ? plane.range() : range;
		}
		double seconds = (System.nanoTime() - start) * 1e-9;
		long[] dimensions = image.dimensionsAsLongArray(), longer = Arrays.copyOf(dimensions, dimensions.length + 1);
		longer[dimensions.length] = samples;
		Map<String, String> provenance = provenance(noise, most, seconds);
		provenance.put("grey levels of the model's range", range);
		if (replaced > 0)
			provenance.put("hot or dead pixels replaced", String.valueOf(replaced));
		if (even > 0)
			provenance.put("pixels without noise, kept", String.valueOf(even));
		if (averaged > 1)
			provenance.put("pixels averaged, for want of photons", averaged + "×" + averaged);
		return new Restored(planes.like(mean), samples > 1 ? planes.like(deviation) : null,
			samples > 0 ? Planes.like(draws, longer) : null, most, seconds, provenance);
	}

	/**
	 * Denoises one plane: for images that are read, and results that are kept, plane by plane. Samples are averaged and not kept,
	 * but for {@link Builder#quantiles}.
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
		return plane(grey, width, noise, index, null, watcher);
	}

	/** @param inside Y×X, the pixels of which the residual is told, and how many were replaced or even; null for all */
	public Plane plane(float[] grey, int width, NoiseModel noise, int index, boolean[] inside, Monitor watcher) {
		requireFinite(grey, width, index);
		if (quantiles.length == 0)
			return plane(grey, width, noise, index, inside, watcher, (s, draw) -> {});
		float[][] draws = new float[samples][];
		Plane plane = plane(grey, width, noise, index, inside, watcher, (s, draw) -> draws[s] = draw);
		return plane.and(Posterior.quantiles(draws, quantiles));
	}

	/** Samples that a quantile of an order needs, see {@link Builder#quantiles}; infinitely many, or NaN, if it is not in (0, 1). */
	public static double fewest(double order) {
		return Posterior.fewest(order);
	}

	/** Takes a sample, Y×X grey levels. */
	private interface Draws {
		void take(int sample, float[] grey);
	}

	private Plane plane(float[] grey, int width, NoiseModel noise, int index, boolean[] inside, Monitor watcher, Draws draws) {
		if (noise.a() == 0 && noise.b() == 0) {
			for (int s = 0; s < samples; s++)
				draws.take(s, grey.clone());
			return new Plane(grey.clone(), samples > 1 ? new float[grey.length] : null, new float[0][], 0, Residual.NONE, 0, 0, 1,
				Double.NaN, Double.NaN);
		}
		if (noise.a() < 0)
			return plane(Planes.negative(grey), width, noise.inverted(), index, inside, watcher,
				(s, draw) -> draws.take(s, Planes.negative(draw))).inverted();
		if (hasFewPhotons(grey, width, noise))
			return halved(grey, width, noise, index, inside, watcher, draws);
		NoisyPlane stabilised = NoisyPlane.stabilised(prior, grey, width, noise, whitening, inflation);
		if (method == Method.STABILISED)
			return samples == 0 ? estimated(stabilised, width, inside, watcher)
				: sampled(stabilised, width, index, inside, watcher, draws);
		Plane first = estimated(stabilised, width, inside, watcher.part(0, 1, 2));
		float[] kept = grey.clone();
		for (int i : stabilised.replaced())
			kept[i] = first.mean[i];
		NoisyPlane linear = NoisyPlane.linear(prior, kept, width, noise, first.mean, stabilised.replaced(), inflation, iterations);
		Monitor rest = watcher.part(1, 1, 2);
		Plane plane = samples == 0 ? estimated(linear, width, inside, rest) : sampled(linear, width, index, inside, rest, draws);
		return plane.after(first.evaluations);
	}

	private Plane halved(float[] grey, int width, NoiseModel noise, int index, boolean[] inside, Monitor watcher, Draws draws) {
		Halving halving = new Halving(width, grey.length / width);
		Posterior spread = new Posterior(samples > 1 ? grey.length : 0);
		Plane plane = plane(halving.means(grey), halving.halfWidth(), noise.averaged(4), index, halving.any(inside), watcher, (s, draw) -> {
			float[] enlarged = halving.enlarged(draw);
			spread.add(enlarged, 0);
			draws.take(s, enlarged);
		});
		return plane.enlarged(halving, samples > 1 ? spread.deviation() : null);
	}

	/**
	 * Whether 2×2 pixels are to be averaged first: even where a plane is brightest its variance is below that of one photon, a², or not
	 * surely above. Read noise of more than a photon is variance enough; the averaging makes four photons of one. What keeps its grey
	 * level would mix with what lies beside it.
	 */
	private boolean hasFewPhotons(float[] grey, int width, NoiseModel noise) {
		double most = FEWEST_PHOTONS * noise.a() * noise.a();
		if (noise.a() == 0 || !whitening.none() || Math.min(width, grey.length / width) < 2 * FEWEST_PIXELS)
			return false;
		// NB: nearly all images leave here, after a look at some pixels but the hot ones.
		int every = 1 + grey.length / ENOUGH_FOR_MEAN | 1;
		double[] some = IntStream.range(0, (grey.length - 1) / every + 1).mapToDouble(i -> grey[i * every]).sorted().toArray();
		double mean = Arrays.stream(some, 0, 1 + some.length * 99 / 100).average().orElse(0);
		if (noise.variance(mean) >= most || !NoisyPlane.even(grey, width, noise).isEmpty())
			return false;
		double photons = noise.variance(IntensityScale.brightestPlace(grey, width)) / (noise.a() * noise.a());
		return photons - SURE * Math.sqrt(photons / IntensityScale.PLACE) < FEWEST_PHOTONS;
	}

	/** What the calls of the network had in common. */
	private static final class Calls {
		/** Planes that it was shown. */
		private long planes;
		/** The largest share of a plane that was bounded. */
		private double bounded;
	}

	/** @param inside as above */
	private Denoiser network(double sigma, int pixels, int width, boolean[] inside, Monitor watcher, Calls calls) {
		boolean once = samples == 0 && method == Method.STABILISED;
		Denoiser planes = once ? WholePlanes.ofOneCall(prior, pixels / width, width, sigma, watcher)
			: WholePlanes.of(prior, pixels / width, width, watcher);
		Denoiser counted = (batch, out) -> {
			calls.planes += batch.shape().n();
			planes.denoise(batch, out);
		};
		// NB: planes under more noise are stretched ones, or taken for noisier than they are.
		return WideRangeDenoiser.over(new BoundedDenoiser(counted, inside, (level, share) -> {
			if (level <= sigma)
				calls.bounded = Math.max(calls.bounded, share);
		}), prior, sigma);
	}

	private Plane estimated(NoisyPlane noisy, int width, boolean[] inside, Monitor watcher) {
		float[] data = noisy.data(), clean = new float[data.length];
		double sigma = Math.min(prior.sigmaMax(), noisy.sigma());
		Calls calls = new Calls();
		Denoiser network = network(sigma, data.length, width, inside, watcher, calls);
		Batch batch = Batch.of(Shape.planes(1, 1, data.length / width, width), data, sigma, Batch.unlabelled(1));
		network.denoise(batch, clean);
		noisy.condition().denoised(network, batch, clean);
		watcher.progress(1, 1);
		float[] stable = noisy.stable().apply(clean);
		Residual residual = judged(noisy, clean, stable, inside, calls);
		return new Plane(noisy.back().apply(stable), null, calls.planes, residual, noisy, inside);
	}

	private static Residual judged(NoisyPlane noisy, float[] clean, float[] stable, boolean[] inside, Calls calls) {
		Residual residual = noisy.judge().apply(clean, stable, inside);
		return new Residual(residual.deviation(), residual.correlation(), calls.bounded > MOST_BOUNDED);
	}

	private Plane sampled(NoisyPlane noisy, int width, int index, boolean[] inside, Monitor watcher, Draws draws) {
		float[] data = noisy.data();
		double sigma = Math.min(prior.sigmaMax(), noisy.sigma()), lowest = Math.min(prior.sigmaMin(), sigma / 2);
		PcSampler sampler = PcSampler.along(Schedule.down(new VeSde(lowest, sigma), TimeGrid.karras(7), steps), new DpmSolver(1));
		Conditioner condition = noisy.condition(), begun = new Conditioner() {

			@Override
			public void start(State state, Noise noise) {
				for (int s = 0; s < state.shape.n(); s++)
					System.arraycopy(data, 0, state.x, s * data.length, data.length);
			}

			@Override
			public void denoised(Denoiser prior, Batch batch, float[] estimate) {
				condition.denoised(prior, batch, estimate);
			}
		};
		Calls calls = new Calls();
		Denoiser network = network(sigma, data.length, width, inside, watcher, calls);
		Posterior posterior = new Posterior(data.length);
		float[] seen = new float[data.length];
		int batch = WholePlanes.batch(samples, data.length);
		for (int first = 0; first < samples; first += batch) {
			int from = first, n = Math.min(batch, samples - first);
			State state = sampler.sample(network, Shape.planes(n, 1, data.length / width, width),
				IntStream.range(from, from + n).toArray(), Batch.unlabelled(n), begun, new Noise(seed, index),
				watcher.part(from, n, samples));
			for (int s = 0; s < n; s++) {
				float[] clean = Arrays.copyOfRange(state.x, s * data.length, (s + 1) * data.length);
				float[] grey = noisy.back().apply(noisy.stable().apply(clean));
				Runs.of(seen.length, (begin, end) -> {
					for (int i = begin; i < end; i++)
						seen[i] += clean[i] / samples;
				});
				posterior.add(grey, 0);
				draws.take(from + s, grey);
			}
		}
		return new Plane(posterior.mean(), samples > 1 ? posterior.deviation() : null, calls.planes / samples,
			judged(noisy, seen, noisy.stable().apply(seen), inside, calls), noisy, inside);
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
		if (Runs.finite(grey, grey.length))
			return;
		for (int i = 0; i < grey.length; i++)
			if (!Float.isFinite(grey[i]))
				throw new IllegalArgumentException(Planes.pixel(grey, width, i, plane)
					+ "; fill such pixels first, for example with Tweedie Inpaint and mask=[NaN pixels].");
	}

	/** How a result was made, in the order in which it is to be read. */
	public Map<String, String> provenance(NoiseModel noise, long evaluations, double seconds) {
		Map<String, String> p = new LinkedHashMap<>();
		p.put("model", prior.name());
		p.put("estimate", samples > 0 ? "mean of " + samples + " samples of the posterior"
			: method == Method.STABILISED ? "inverse of the stabilised mean, one call of the network"
				: "moment matching in linear units, " + iterations + " iterations");
		if (samples > 0) {
			p.put("method", method.name().toLowerCase(Locale.ROOT).replace('_', ' '));
			p.put("samples", String.valueOf(samples));
			p.put("steps", String.valueOf(steps));
			p.put("seed", String.valueOf(seed));
		}
		p.put("noise variance", (float) noise.a() + "·z + " + (float) noise.b() + " at the grey level z");
		if (inflation != 1)
			p.put("noise taken for stronger by", String.valueOf((float) inflation));
		if (!whitening.none())
			p.put("noise made white, which raised it by", String.valueOf((float) whitening.deviation()));
		p.put("device", prior.device());
		p.put("network evaluations per sample", String.valueOf(evaluations));
		p.put("seconds", String.format(Locale.ROOT, "%.2f", seconds));
		return p;
	}

	/** Options; without any, the estimate of least squared error in one call. */
	public static final class Builder {

		private final Prior prior;
		private Method method = Method.STABILISED;
		private int samples, steps = 12, iterations = 4;
		private long seed = 1;
		private double inflation = 1;
		private double[] quantiles = {};
		private Whitening whitening = Whitening.NONE;
		private Monitor monitor = Monitor.NONE;

		private Builder(Prior prior) {
			this.prior = prior;
		}

		/**
		 * Number n of samples of the posterior that are averaged, the choice between sharpness and fidelity: the mean of n has a mean
		 * square error of (1 + 1/n) times the least that is possible. 1 is as sharp as a real image, one of many possible ones, and has
		 * twice the least error; 4 are 1.0 dB from the least and 16 are 0.26 dB. 0, the default, asks for the expectation itself.
		 */
		public Builder samples(int number) {
			samples = number;
			return this;
		}

		/**
		 * Quantiles of the samples that {@link Denoising#plane} is to tell; all samples of a plane are kept for them until it is done.
		 * Between those of 0.05 and 0.95 the clean grey level lies with a probability of 90 %, as far as the prior knows such images.
		 *
		 * @param orders in (0, 1); those nearest to 0 and 1 need at least 1/order − 1 samples, 19 for 5 and 95 %
		 */
		public Builder quantiles(double... orders) {
			quantiles = orders.clone();
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

		/** How noise that depends on the brightness is dealt with; stabilised, unless something else is asked for. */
		public Builder method(Method choice) {
			method = Objects.requireNonNull(choice, "Denoising needs a method.");
			return this;
		}

		/** Conjugate gradient iterations of moment matching, ≥ 1. */
		public Builder iterations(int number) {
			iterations = number;
			return this;
		}

		/**
		 * The correlation of the noise of pixels near one another, as {@link io.github.tweedie.image.NoiseEstimator} measures it; unless
		 * it was found beyond doubt, nothing changes. The stabilised plane is filtered until its noise is white, denoised, and
		 * filtered back; see {@link Whitening}. Such noise needs no {@link #inflation} on top.
		 */
		public Builder correlation(NoiseEstimate.Correlation measured) {
			whitening = Whitening.of(measured);
			return this;
		}

		/** Factor by which the noise is taken for stronger than its model says, ≥ 1. */
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
			requireSampling(samples, steps);
			require(inflation >= 1 && inflation < Double.POSITIVE_INFINITY,
				"The factor on the noise must be at least 1; seen was " + inflation + ".");
			for (double order : quantiles)
				require(samples >= fewest(order), "The quantile of order " + order + " needs at least "
					+ (fewest(order) < Double.POSITIVE_INFINITY ? String.valueOf((long) fewest(order)) : "infinitely many")
					+ " samples; seen were " + samples + ".");
			require(iterations >= 1, "The number of iterations must be at least 1; seen was " + iterations + ".");
			require(method == Method.STABILISED || whitening.none(), "Moment matching takes the noise of neighbouring pixels for independent,"
				+ " and a correlation was given; use the stabilised method.");
			if (method == Method.MOMENT_MATCHING)
				MomentMatching.requireDifferences(prior);
			require(prior.channels() == 1, "The model '" + prior.name() + "' works on images of " + prior.channels()
				+ " channels; denoising restores grey planes one by one and needs a model of 1 channel.");
			return new Denoising(this);
		}
	}

	private static void requireSampling(int samples, int steps) {
		require(samples >= 0, "The number of samples must be 0 (one call) or more; seen was " + samples + ".");
		require(steps >= 2, "The number of steps must be at least 2; seen was " + steps + ".");
	}

	private static void require(boolean condition, String sentence) {
		if (!condition)
			throw new IllegalArgumentException(sentence);
	}
}
