package io.github.tweedie.restore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.Planes;
import io.github.tweedie.inverse.Mask;
import io.github.tweedie.inverse.MomentMatching;
import io.github.tweedie.inverse.Posterior;
import io.github.tweedie.inverse.Replacement;
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
import net.imglib2.type.numeric.real.FloatType;

/**
 * Restores hidden pixels: draws images that agree with the known pixels and look like the images on which the prior was trained,
 * and gives their mean and standard deviation. All it knows it takes from the known pixels: whatever the hidden ones hold changes
 * no bit of the result.
 *
 * <pre>
 * Restored restored = Inpainting.with(prior).samples(19).seed(1).build().restore(image, mask);
 * </pre>
 *
 * Immutable; may be used for many images.
 */
public final class Inpainting {

	/** How the known pixels steer the samples. */
	public enum Method {
		/** Conjugate gradients on the prior's own covariance (MMPS, Rozet et al. 2024); the default. */
		MOMENT_MATCHING,
		/** The known pixels, with fresh noise, replace the sample's after every step (Song et al. 2021), each step made several times (Lugmayr et al. 2022). */
		REPLACEMENT
	}

	private final Prior prior;
	private final Method method;
	private final int steps, samples, resamplings, iterations;
	private final long seed;
	private final double noise, eta;
	private final MomentMatching.Difference difference;
	private final Monitor monitor;

	private Inpainting(Builder b) {
		prior = b.prior;
		method = b.method;
		steps = b.steps;
		samples = b.samples;
		resamplings = b.resamplings;
		iterations = b.iterations;
		seed = b.seed;
		noise = b.noise;
		eta = b.eta;
		difference = b.difference;
		monitor = b.monitor;
	}

	public static Builder with(Prior prior) {
		return new Builder(Objects.requireNonNull(prior, "Inpainting needs a prior."));
	}

	/**
	 * Restores every plane of an image.
	 *
	 * @param image X×Y, or X×Y and any further dimensions; each X×Y plane is restored by itself; unchanged
	 * @param mask X×Y, for every plane, or of the image's dimensions; non-zero (and NaN) = to be restored; unchanged
	 * @return mean, deviation and samples in grey levels; planes of which nothing is hidden come back as they are
	 * @throws IllegalArgumentException if the mask is empty, full, or of another size, or if a known pixel is NaN or infinite
	 * @throws CancellationException when the monitor says so, which is asked before each call of the network
	 */
	public <T extends RealType<T>, M extends RealType<M>> Restored restore(RandomAccessibleInterval<T> image,
		RandomAccessibleInterval<M> mask)
	{
		long start = System.nanoTime();
		Planes planes = new Planes(image), masks = new Planes(mask);
		requireFit(planes, masks);
		boolean[][] hidden = IntStream.range(0, masks.count()).mapToObj(p -> hidden(masks.read(p))).toArray(boolean[][]::new);
		int[] todo = IntStream.range(0, planes.count()).filter(p -> any(hidden[p % hidden.length])).toArray();
		if (todo.length == 0)
			throw new IllegalArgumentException("The mask is empty: no pixel is marked. Mark the pixels to be restored (white, or inside a selection).");
		float[][] mean = new float[planes.count()][], deviation = new float[planes.count()][];
		float[][] draws = new float[planes.count() * samples][];
		List<IntensityScale> scales = new ArrayList<>();
		for (int p : todo)
			scales.add(scale(planes.read(p), planes.width(), hidden[p % hidden.length], p));
		long most = 0;
		for (int p = 0, done = 0; p < planes.count(); p++) {
			float[] grey = planes.read(p);
			if (!any(hidden[p % hidden.length])) {
				mean[p] = grey;
				deviation[p] = new float[grey.length];
				for (int s = 0; s < samples; s++)
					draws[s * planes.count() + p] = grey.clone();
				continue;
			}
			Plane plane = new Plane(grey, planes.width(), hidden[p % hidden.length], scales.get(done), p,
				monitor.part(done++, 1, todo.length));
			most = Math.max(most, plane.restore());
			mean[p] = plane.posterior.mean();
			if (samples > 1)
				deviation[p] = plane.posterior.deviation();
			for (int s = 0; s < samples; s++)
				draws[s * planes.count() + p] = plane.draws[s];
		}
		double seconds = (System.nanoTime() - start) * 1e-9;
		long[] dimensions = image.dimensionsAsLongArray(), longer = Arrays.copyOf(dimensions, dimensions.length + 1);
		longer[dimensions.length] = samples;
		RandomAccessibleInterval<FloatType> spread = samples > 1 ? planes.like(deviation) : null;
		return new Restored(planes.like(mean), spread, Planes.like(draws, longer), most, seconds,
			provenance(most, seconds, scales.get(0)));
	}

	private static void requireFit(Planes planes, Planes masks) {
		if (masks.width() != planes.width() || masks.height() != planes.height()
			|| masks.count() != 1 && masks.count() != planes.count())
			throw new IllegalArgumentException("The mask has " + masks.width() + "×" + masks.height() + " pixels in " + masks.count()
				+ " plane(s), the image " + planes.width() + "×" + planes.height() + " in " + planes.count()
				+ "; the mask must have the image's width and height, and one plane or as many as the image.");
	}

	private static boolean[] hidden(float[] mask) {
		boolean[] hidden = new boolean[mask.length];
		for (int i = 0; i < mask.length; i++)
			hidden[i] = mask[i] != 0;
		return hidden;
	}

	private static boolean any(boolean[] hidden) {
		for (boolean h : hidden)
			if (h)
				return true;
		return false;
	}

	private static IntensityScale scale(float[] grey, int width, boolean[] hidden, int plane) {
		int known = 0;
		for (int i = 0; i < grey.length; i++) {
			if (hidden[i])
				continue;
			known++;
			if (!Float.isFinite(grey[i]))
				throw new IllegalArgumentException(Planes.pixel(grey, width, i, plane)
					+ " and is not hidden; mark such pixels in the mask, so that they are restored.");
		}
		if (known == 0)
			throw new IllegalArgumentException("The mask hides all " + grey.length + " pixels of plane " + (plane + 1)
				+ "; at least one must be known. Is the mask inverted? White marks what is to be restored.");
		return IntensityScale.robust(grey, width, hidden);
	}

	private Map<String, String> provenance(long evaluations, double seconds, IntensityScale scale) {
		Map<String, String> p = new LinkedHashMap<>();
		p.put("model", prior.name());
		p.put("method", method.name().toLowerCase(Locale.ROOT).replace('_', ' '));
		p.put("steps", String.valueOf(steps));
		if (method == Method.REPLACEMENT)
			p.put("resamplings", String.valueOf(resamplings));
		else
			p.put("conjugate gradient iterations", iterations + ", " + difference.name().toLowerCase(Locale.ROOT) + " differences");
		p.put("fraction of fresh noise", String.valueOf(eta));
		p.put("samples", String.valueOf(samples));
		p.put("seed", String.valueOf(seed));
		p.put("noise in grey levels", String.valueOf(noise));
		p.put("grey levels of the model's range", scale.low() + " to " + scale.high());
		p.put("device", prior.device());
		p.put("largest canvas seen in one piece", WholePlanes.largestTile(prior) + " pixels squared");
		p.put("halo of tiles beyond it", prior.receptiveRadius() == Prior.GLOBAL ? "an eighth" : String.valueOf(prior.receptiveRadius()));
		p.put("network evaluations per sample", String.valueOf(evaluations));
		p.put("seconds", String.format(Locale.ROOT, "%.2f", seconds));
		return p;
	}

	/** One plane on its way through the sampler: the part of it that matters, on a canvas of a size the network takes. */
	private final class Plane {

		private final float[] grey;
		private final int width, plane;
		private final boolean[] hidden;
		private final IntensityScale scale;
		private final Monitor monitor;
		private final int left, top, canvasWidth, canvasHeight;
		private final boolean[] canvasHidden;
		private final float[] measured;
		private final Mask mask;
		private final Posterior posterior;
		private final float[][] draws = new float[samples][];

		Plane(float[] grey, int width, boolean[] hidden, IntensityScale scale, int plane, Monitor monitor) {
			this.grey = grey;
			this.width = width;
			this.hidden = hidden;
			this.scale = scale;
			this.plane = plane;
			this.monitor = monitor;
			int height = grey.length / width, right = 0, bottom = 0, l = width, t = height;
			for (int i = 0; i < hidden.length; i++)
				if (hidden[i]) {
					l = Math.min(l, i % width);
					right = Math.max(right, i % width);
					t = Math.min(t, i / width);
					bottom = Math.max(bottom, i / width);
				}
			int step = prior.sizeStep();
			// NB: nothing beyond the receptive radius reaches a hidden pixel in one call; the origin keeps the network's grid. At least
			// one known pixel is needed, and with noise every pixel is restored.
			long reach = noise > 0 ? Prior.GLOBAL : Math.max(1, prior.receptiveRadius());
			left = (int) Math.max(0, l - reach) / step * step;
			top = (int) Math.max(0, t - reach) / step * step;
			canvasWidth = prior.extent((int) Math.min(width, right + 1 + reach) - left);
			canvasHeight = prior.extent((int) Math.min(height, bottom + 1 + reach) - top);
			float[] data = scale.toData(grey, prior.low(), prior.high());
			canvasHidden = new boolean[canvasWidth * canvasHeight];
			float[] canvas = new float[canvasHidden.length];
			for (int y = 0; y < canvasHeight; y++)
				for (int x = 0; x < canvasWidth; x++) {
					int i = y * canvasWidth + x, from = (top + y) * width + left + x;
					// What lies beyond the image is hidden, too, and restored with the rest.
					canvasHidden[i] = left + x >= width || top + y >= height || hidden[from];
					canvas[i] = canvasHidden[i] ? 0 : data[from];
				}
			mask = new Mask(canvasHidden);
			measured = new float[mask.outputSize()];
			mask.apply(canvas, 0, measured, 0);
			posterior = new Posterior(grey.length);
		}

		/** @return evaluations of the network per sample */
		long restore() {
			int batch = WholePlanes.batch(samples, canvasHidden.length);
			Schedule schedule = Schedule.down(new VeSde(prior.sigmaMin(), prior.sigmaMax()), TimeGrid.karras(7), steps);
			if (method == Method.REPLACEMENT)
				schedule = schedule.resampled(resamplings);
			PcSampler sampler = PcSampler.along(schedule, new DpmSolver(eta));
			Denoiser tiled = WholePlanes.tiled(prior, canvasHeight, canvasWidth, monitor);
			long evaluations = 0;
			for (int first = 0; first < samples; first += batch) {
				int from = first, n = Math.min(batch, samples - first);
				int[] ids = IntStream.range(from, from + n).toArray();
				State state = sampler.sample(tiled, Shape.planes(n, 1, canvasHeight, canvasWidth), ids, Batch.unlabelled(n),
					conditioner(), new Noise(seed, plane), monitor.part(from, n, samples));
				evaluations += (long) n * state.evaluations;
				for (int s = 0; s < n; s++)
					posterior.add(draws[from + s] = restored(state.x, s), 0);
			}
			return Math.round((double) evaluations / samples);
		}

		private Conditioner conditioner() {
			return switch (method) {
				case REPLACEMENT -> new Replacement(mask, measured);
				case MOMENT_MATCHING -> new MomentMatching(mask, measured, scale.toData(noise, prior.low(), prior.high()), iterations,
					difference);
			};
		}

		/** Grey levels of the whole plane: the sample where it was hidden or noisy, else the input's own. */
		private float[] restored(float[] x, int sample) {
			float[] canvas = new float[canvasHidden.length];
			System.arraycopy(x, sample * canvas.length, canvas, 0, canvas.length);
			float[] back = scale.toGrey(canvas, prior.low(), prior.high());
			float[] out = grey.clone();
			for (int y = 0; y < canvasHeight && top + y < grey.length / width; y++)
				for (int i = 0; i < canvasWidth && left + i < width; i++) {
					int at = (top + y) * width + left + i;
					if (hidden[at] || noise > 0)
						out[at] = back[y * canvasWidth + i];
				}
			return out;
		}
	}

	/** Options; what is not said stays at the value that the comparison in docs/inpainting.md recommends. */
	public static final class Builder {

		private final Prior prior;
		private Method method = Method.MOMENT_MATCHING;
		private int steps = 20, samples = 1, resamplings = 5, iterations = 2;
		private long seed = 1;
		private double noise, eta = 1;
		private MomentMatching.Difference difference = MomentMatching.Difference.FORWARD;
		private Monitor monitor = Monitor.NONE;

		private Builder(Prior prior) {
			this.prior = prior;
		}

		public Builder method(Method choice) {
			method = Objects.requireNonNull(choice, "Inpainting needs a method.");
			return this;
		}

		/** Number of noise levels on the way down, ≥ 2. */
		public Builder steps(int number) {
			steps = number;
			return this;
		}

		/** Number of samples of which mean and deviation are taken, ≥ 1. */
		public Builder samples(int number) {
			samples = number;
			return this;
		}

		/** The same seed gives the same picture. */
		public Builder seed(long number) {
			seed = number;
			return this;
		}

		/** Standard deviation of the known pixels' noise in grey levels; with 0 they come back bit-identical. */
		public Builder noise(double greyLevels) {
			noise = greyLevels;
			return this;
		}

		/** How often each step is made with {@link Method#REPLACEMENT}, ≥ 1. */
		public Builder resamplings(int number) {
			resamplings = number;
			return this;
		}

		/** Conjugate gradient steps per estimate with {@link Method#MOMENT_MATCHING}, ≥ 1. */
		public Builder iterations(int number) {
			iterations = number;
			return this;
		}

		/** How {@link Method#MOMENT_MATCHING} takes derivatives. */
		public Builder difference(MomentMatching.Difference choice) {
			difference = choice;
			return this;
		}

		/** Fraction of fresh noise in each step, in [0, 1]: 0 the probability flow, 1 the reverse SDE. */
		public Builder eta(double fraction) {
			eta = fraction;
			return this;
		}

		public Builder monitor(Monitor watcher) {
			monitor = Objects.requireNonNull(watcher, "Inpainting needs a monitor; Monitor.NONE watches nothing.");
			return this;
		}

		/** @throws IllegalArgumentException if a number is out of its range, or the prior does not fit the method */
		public Inpainting build() {
			require(steps >= 2, "The number of steps must be at least 2; seen was " + steps + ".");
			require(samples >= 1, "The number of samples must be at least 1; seen was " + samples + ".");
			require(resamplings >= 1, "The number of resamplings must be at least 1; seen was " + resamplings + ".");
			require(iterations >= 1, "The number of iterations must be at least 1; seen was " + iterations + ".");
			require(noise >= 0 && noise < Double.POSITIVE_INFINITY, "The noise must be 0 or more grey levels; seen was " + noise + ".");
			require(noise == 0 || method == Method.MOMENT_MATCHING,
				"The method 'replacement' takes the known pixels for noiseless; use 'moment matching' for a noise of " + noise + ".");
			require(prior.channels() == 1, "The model '" + prior.name() + "' works on images of " + prior.channels()
				+ " channels; inpainting restores grey planes one by one and needs a model of 1 channel.");
			if (method == Method.MOMENT_MATCHING)
				MomentMatching.requireDifferences(prior);
			return new Inpainting(this);
		}

		private static void require(boolean condition, String sentence) {
			if (!condition)
				throw new IllegalArgumentException(sentence);
		}
	}
}
