package io.github.tweedie.restore;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;

import org.apache.commons.rng.UniformRandomProvider;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.Planes;
import io.github.tweedie.sampler.ProbabilityFlow;
import io.github.tweedie.sampler.ProbabilityFlow.Trace;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.VeSde;
import net.imglib2.RandomAccessibleInterval;
import net.imglib2.type.numeric.RealType;

/**
 * Asks a prior how likely an image is, in bits per dimension (Song et al. 2021, section 4.3), and which pixels make it unlikely.
 *
 * <pre>
 * BitsPerDimension bits = Likelihood.with(prior).scale(0, 255).build().of(image);
 * </pre>
 *
 * The scale is the same for every image: two grey levels that become the ends of the model's data range. A scale fitted to each
 * image would make the numbers of two images incomparable.
 * <p>
 * A grey level stands for all values that are rounded to it, so each pixel is moved by noise that is uniform over its grey step
 * (dequantisation, Theis et al. 2016). Then the density is taken at the model's smallest noise σ_min, with the normal distribution
 * of σ_max as that of the latents. Two offsets follow: no image can have fewer bits than log2(σ_min·√(2π)), with σ_min in grey
 * steps, which matters where a grey step is finer than σ_min; and the latents of true images are not exactly normal. Both are the
 * same for all images of one scale.
 * <p>
 * A plane whose extents the network does not take is continued by its mirror image at every call of the network; the density is
 * that of the real pixels alone, under the flow of the network so continued. Large planes are seen in tiles.
 * <p>
 * Immutable; may be used for many images.
 */
public final class Likelihood {

	/** Latents are taken for normal with σ_max; what is brighter than this part of it would be seen through the noise. */
	private static final double BRIGHTEST = 0.25;

	private final Prior prior;
	private final IntensityScale scale;
	private final double step, tolerance;
	private final int probes;
	private final long seed;
	private final Monitor monitor;

	private Likelihood(Builder b) {
		prior = b.prior;
		scale = b.scale;
		step = b.step;
		tolerance = b.tolerance;
		probes = b.probes;
		seed = b.seed;
		monitor = b.monitor;
	}

	public static Builder with(Prior prior) {
		return new Builder(Objects.requireNonNull(prior, "The likelihood needs a prior."));
	}

	/**
	 * Rates every plane of an image.
	 *
	 * @param image X×Y, or X×Y and any further dimensions; each X×Y plane is rated by itself; unchanged
	 * @throws IllegalArgumentException if a pixel is NaN, infinite, or far outside of the scale
	 * @throws CancellationException when the monitor says so, which is asked before each call of the network
	 * @throws ArithmeticException if the flow cannot be followed to the tolerance
	 */
	public <T extends RealType<T>> BitsPerDimension of(RandomAccessibleInterval<T> image) {
		long start = System.nanoTime();
		Planes planes = new Planes(image);
		int count = planes.count();
		for (int p = 0; p < count; p++)
			requireUsable(planes.read(p), planes.width(), p);
		float[][] map = new float[count][], error = new float[count][];
		List<BitsPerDimension.Plane> values = new ArrayList<>();
		for (int p = 0; p < count; p++)
			values.add(rate(planes.read(p), planes.width(), p, monitor.part(p, 1, count), map, error));
		double seconds = (System.nanoTime() - start) * 1e-9;
		return new BitsPerDimension(values, planes.like(map), probes > 1 ? planes.like(error) : null, seconds,
			provenance(values, seconds));
	}

	private BitsPerDimension.Plane rate(float[] grey, int width, int plane, Monitor watcher, float[][] map, float[][] error) {
		int height = grey.length / width;
		Noise noise = new Noise(seed, plane);
		float[] x = scale.toData(dequantised(grey, width, noise), prior.low(), prior.high());
		ProbabilityFlow flow = new ProbabilityFlow(new VeSde(prior.sigmaMin(), prior.sigmaMax()), tolerance);
		ProbabilityFlow.Likelihood found = flow.logDensity(WholePlanes.of(prior, height, width, watcher),
			Shape.planes(1, 1, height, width), x, Batch.unlabelled(1), new Trace.Probes(probes, noise), watcher);
		// NB: from nats per unit of the data to bits per grey step.
		double unit = Math.log(scale.toData(step, prior.low(), prior.high()));
		map[plane] = found.map();
		error[plane] = found.mapError();
		for (int i = 0; i < grey.length; i++) {
			map[plane][i] = (float) (-(map[plane][i] + unit) / Math.log(2));
			error[plane][i] /= (float) Math.log(2);
		}
		double nats = grey.length * Math.log(2);
		return new BitsPerDimension.Plane(-(found.logDensity()[0] + grey.length * unit) / nats, found.error()[0] / nats,
			found.evaluations()[0]);
	}

	private float[] dequantised(float[] grey, int width, Noise noise) {
		float[] moved = new float[grey.length];
		for (int row = 0; row < grey.length / width; row++) {
			UniformRandomProvider random = noise.generator(Purpose.START, 0, 0, row);
			for (int i = row * width; i < (row + 1) * width; i++)
				moved[i] = (float) (grey[i] + step * (random.nextDouble() - 0.5));
		}
		return moved;
	}

	private void requireUsable(float[] grey, int width, int plane) {
		double middle = (scale.low() + scale.high()) / 2, half = (scale.high() - scale.low()) / 2;
		double farthest = half * 2 / (prior.high() - prior.low()) * BRIGHTEST * prior.sigmaMax();
		for (int i = 0; i < grey.length; i++) {
			if (!Float.isFinite(grey[i]))
				throw new IllegalArgumentException(Planes.pixel(grey, width, i, plane)
					+ ", and the likelihood is one of all pixels; crop the image, or restore such pixels first.");
			if (Math.abs(grey[i] - middle) > farthest)
				throw new IllegalArgumentException(Planes.pixel(grey, width, i, plane) + ", far outside of the grey levels "
					+ scale.low() + " to " + scale.high()
					+ " of the model's range; give a low and a high that suit all images that are to be compared.");
		}
	}

	private Map<String, String> provenance(List<BitsPerDimension.Plane> planes, double seconds) {
		Map<String, String> p = new LinkedHashMap<>();
		p.put("model", prior.name());
		double mean = planes.stream().mapToDouble(BitsPerDimension.Plane::bits).average().orElseThrow();
		p.put("bits per dimension", String.format(Locale.ROOT, "%.4f", mean));
		p.put("grey levels of the model's range", scale.low() + " to " + scale.high());
		p.put("grey step", String.valueOf(step));
		p.put("probes", String.valueOf(probes));
		p.put("seed", String.valueOf(seed));
		p.put("tolerance", String.valueOf(tolerance));
		p.put("noise levels", prior.sigmaMin() + " to " + prior.sigmaMax());
		p.put("device", prior.device());
		p.put("evaluations", String.valueOf(planes.stream().mapToInt(BitsPerDimension.Plane::evaluations).max().orElseThrow()));
		p.put("seconds", String.format(Locale.ROOT, "%.2f", seconds));
		return p;
	}

	/** Options. */
	public static final class Builder {

		private final Prior prior;
		private IntensityScale scale;
		private double step = 1, tolerance = 1e-4;
		private int probes = 4;
		private long seed = 1;
		private Monitor monitor = Monitor.NONE;

		private Builder(Prior prior) {
			this.prior = prior;
		}

		/**
		 * The grey levels that become the ends of the model's data range; the same for all images that are to be compared.
		 *
		 * @throws IllegalArgumentException if low is not below high
		 */
		public Builder scale(double low, double high) {
			scale = new IntensityScale(low, high);
			return this;
		}

		/** Distance of neighbouring grey levels, the unit of the density; 1 for images of whole numbers. */
		public Builder step(double greyLevels) {
			step = greyLevels;
			return this;
		}

		/** Number of probes of the trace, ≥ 1; the standard error needs at least 2. */
		public Builder probes(int number) {
			probes = number;
			return this;
		}

		/** The same seed gives the same bits. */
		public Builder seed(long number) {
			seed = number;
			return this;
		}

		/**
		 * Tolerance of the flow. On crops of 64×64 and the bundled network 1e-4 was within 0.005 bits per dimension of 1e-5, 1e-3 within
		 * 0.03. Rounding in float32 was no limit down to 1e-6.
		 */
		public Builder tolerance(double number) {
			tolerance = number;
			return this;
		}

		public Builder monitor(Monitor watcher) {
			monitor = Objects.requireNonNull(watcher, "The likelihood needs a monitor; Monitor.NONE watches nothing.");
			return this;
		}

		/** @throws IllegalArgumentException if the scale is missing, a number is out of its range, or the prior does not fit */
		public Likelihood build() {
			require(scale != null, "The likelihood needs the two grey levels of the model's range; none were given.");
			require(step > 0 && step < Double.POSITIVE_INFINITY, "The grey step must be above 0; seen was " + step + ".");
			require(probes >= 1, "The number of probes must be at least 1; seen was " + probes + ".");
			require(tolerance > 0 && tolerance < 1, "The tolerance must lie between 0 and 1; seen was " + tolerance + ".");
			require(prior.channels() == 1, "The model '" + prior.name() + "' works on images of " + prior.channels()
				+ " channels; the likelihood is taken of grey planes one by one and needs a model of 1 channel.");
			require(prior.precision().supportsDifferences(), "The model '" + prior.name() + "' computes in " + prior.precision()
				+ ", which is too coarse for the derivatives that the likelihood takes; use a model in FLOAT32.");
			return new Likelihood(this);
		}

		private static void require(boolean condition, String sentence) {
			if (!condition)
				throw new IllegalArgumentException(sentence);
		}
	}
}
