package io.github.tweedie.restore;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.Planes;
import io.github.tweedie.sampler.ProbabilityFlow;
import io.github.tweedie.sampler.ProbabilityFlow.Solution;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.VeSde;
import net.imglib2.RandomAccessibleInterval;
import net.imglib2.type.numeric.RealType;
import net.imglib2.type.numeric.real.FloatType;

/**
 * Turns one image into another through images that the prior finds plausible: both are encoded into latents by the probability flow
 * (Song et al. 2021, section 4.3), points on the great circle between the latents (Shoemake 1985) are decoded.
 *
 * <pre>
 * Morphed morphed = Morphing.with(prior).frames(9).build().between(first, second);
 * </pre>
 *
 * The latents of images are nearly normal, so their lengths are nearly equal and a straight line between two would lead through
 * shorter ones, which decode to flat images. Here the direction moves along the great circle at constant speed, and the length changes
 * in proportion. Both images are scaled by one common intensity scale.
 * <p>
 * Immutable; may be used for many images.
 */
public final class Morphing {

	/** How far an end frame may lie from its input, as a fraction of the range. */
	static final double END_TOLERANCE = 1e-3;

	private static final int TIGHTENINGS = 2;

	private final Prior prior;
	private final int frames;
	private final double tolerance;
	private final Monitor monitor;

	private Morphing(Builder b) {
		prior = b.prior;
		frames = b.frames;
		tolerance = b.tolerance;
		monitor = b.monitor;
	}

	public static Builder with(Prior prior) {
		return new Builder(Objects.requireNonNull(prior, "Morphing needs a prior."));
	}

	/**
	 * Makes the frames from one image to another.
	 *
	 * @param first X×Y; unchanged
	 * @param second X×Y of the same extents; unchanged
	 * @throws IllegalArgumentException if the images differ in size, have several planes, are the same, or hold NaN or infinite pixels
	 * @throws CancellationException when the monitor says so, which is asked before each call of the network
	 * @throws ArithmeticException if the flow cannot be followed there and back
	 */
	public <S extends RealType<S>, T extends RealType<T>> Morphed between(RandomAccessibleInterval<S> first,
		RandomAccessibleInterval<T> second)
	{
		long start = System.nanoTime();
		Planes a = new Planes(first), b = new Planes(second);
		requireAlike(a, b);
		int width = a.width(), height = a.height(), size = width * height;
		float[] grey = Arrays.copyOf(a.read(0), 2 * size);
		System.arraycopy(b.read(0), 0, grey, size, size);
		requireDifferent(grey, width);
		IntensityScale scale = IntensityScale.robust(grey, width, new boolean[grey.length]);
		float[] x = scale.toData(grey, prior.low(), prior.high());
		Denoiser denoiser = WholePlanes.of(prior, height, width, monitor);
		// NB: the way there and back counts as much as four frames; where it must be gone again, the bar starts over.
		Ends ends = ends(denoiser, Shape.planes(2, 1, height, width), x, monitor.part(0, 4, frames + 2));
		float[][] out = new float[frames][];
		out[0] = Arrays.copyOf(ends.back.x(), size);
		out[frames - 1] = Arrays.copyOfRange(ends.back.x(), size, 2 * size);
		int evaluations = Math.max(most(ends.latents), most(ends.back));
		int batch = WholePlanes.batch(frames, size);
		for (int from = 1; from < frames - 1; from += batch) {
			int n = Math.min(batch, frames - 1 - from);
			Solution inner = ends.flow.decode(denoiser, Shape.planes(n, 1, height, width), points(ends.latents.x(), from, n),
				Batch.unlabelled(n), monitor.part(from + 3, n, frames + 2));
			evaluations = Math.max(evaluations, most(inner));
			for (int f = 0; f < n; f++)
				out[from + f] = Arrays.copyOfRange(inner.x(), f * size, (f + 1) * size);
		}
		for (int f = 0; f < frames; f++)
			out[f] = scale.toGrey(out[f], prior.low(), prior.high());
		double seconds = (System.nanoTime() - start) * 1e-9, angle = angle(ends.latents.x());
		RandomAccessibleInterval<FloatType> stack = Planes.like(out, width, height, frames);
		return new Morphed(stack, ends.deviation, angle, evaluations, seconds, provenance(scale, ends, angle, evaluations, seconds));
	}

	// -- There and back --

	private record Ends(ProbabilityFlow flow, Solution latents, Solution back, double deviation) {}

	/**
	 * Encodes both images and decodes them again. How much a flow magnifies its errors on the way back depends on the images, so the
	 * tolerance becomes smaller until the ends agree.
	 */
	private Ends ends(Denoiser denoiser, Shape shape, float[] x, Monitor watcher) {
		double smaller = tolerance, deviation = 0;
		for (int attempt = 0; attempt <= TIGHTENINGS; attempt++, smaller /= 10) {
			ProbabilityFlow flow = new ProbabilityFlow(new VeSde(prior.sigmaMin(), prior.sigmaMax()), smaller);
			Solution latents = flow.encode(denoiser, shape, x, Batch.unlabelled(2), watcher.part(0, 1, 2));
			Solution back = flow.decode(denoiser, shape, latents.x(), Batch.unlabelled(2), watcher.part(1, 1, 2));
			deviation = 0;
			for (int i = 0; i < x.length; i++)
				deviation = Math.max(deviation, Math.abs(back.x()[i] - x[i]) / (prior.high() - prior.low()));
			if (deviation <= END_TOLERANCE)
				return new Ends(flow, latents, back, deviation);
		}
		throw new ArithmeticException("The images come back from their latents to " + deviation + " of the range, where "
			+ END_TOLERANCE + " was expected; the model may not suit them. Try smaller images, or another model.");
	}

	private static int most(Solution solution) {
		return Arrays.stream(solution.evaluations()).max().orElseThrow();
	}

	// -- The great circle --

	/** Latents of {@code n} frames from number {@code from} on; the first frame of all is 0. */
	private float[] points(float[] latents, int from, int n) {
		int size = latents.length / 2;
		double angle = angle(latents), a = length(latents, 0), b = length(latents, size);
		float[] points = new float[n * size];
		for (int f = 0; f < n; f++) {
			double t = (from + f) / (frames - 1.0), r = (1 - t) * a + t * b;
			double toFirst = r * part(1 - t, angle) / a, toSecond = r * part(t, angle) / b;
			for (int i = 0; i < size; i++)
				points[f * size + i] = (float) (toFirst * latents[i] + toSecond * latents[size + i]);
		}
		return points;
	}

	/** sin(t·θ)/sin θ, and its limit for parallel latents. */
	private static double part(double t, double angle) {
		return angle < 1e-6 ? t : Math.sin(t * angle) / Math.sin(angle);
	}

	private static double angle(float[] latents) {
		int size = latents.length / 2;
		double dot = 0;
		for (int i = 0; i < size; i++)
			dot += (double) latents[i] * latents[size + i];
		double angle = Math.acos(Math.max(-1, Math.min(1, dot / (length(latents, 0) * length(latents, size)))));
		if (Math.PI - angle < 1e-6)
			throw new ArithmeticException("The latents of the two images are opposite, and no great circle is the shortest; "
				+ "choose another pair.");
		return angle;
	}

	private static double length(float[] latents, int from) {
		double squares = 0;
		for (int i = from; i < from + latents.length / 2; i++)
			squares += (double) latents[i] * latents[i];
		return Math.sqrt(squares);
	}

	// -- Refusals --

	private static void requireAlike(Planes a, Planes b) {
		if (a.width() != b.width() || a.height() != b.height() || a.count() != 1 || b.count() != 1)
			throw new IllegalArgumentException("The first image has " + extents(a) + ", the second " + extents(b)
				+ "; morphing needs two single planes of equal size.");
	}

	private static String extents(Planes planes) {
		return planes.width() + "×" + planes.height() + " pixels in " + planes.count() + " plane(s)";
	}

	private static void requireDifferent(float[] grey, int width) {
		int size = grey.length / 2;
		for (int i = 0; i < grey.length; i++)
			if (!Float.isFinite(grey[i]))
				throw new IllegalArgumentException("The pixel (" + i % size % width + ", " + i % size / width + ") of the "
					+ (i < size ? "first" : "second") + " image is " + grey[i]
					+ "; morphing needs every pixel: crop, or restore such pixels first.");
		if (Arrays.equals(grey, 0, size, grey, size, grey.length))
			throw new IllegalArgumentException("The two images are the same, pixel by pixel; choose two different ones.");
	}

	private Map<String, String> provenance(IntensityScale scale, Ends ends, double angle, int evaluations, double seconds) {
		Map<String, String> p = new LinkedHashMap<>();
		p.put("model", prior.name());
		p.put("frames", String.valueOf(frames));
		p.put("tolerance", String.format(Locale.ROOT, "%.0e", ends.flow.tolerance()));
		p.put("noise levels", prior.sigmaMin() + " to " + prior.sigmaMax());
		p.put("grey levels of the model's range", scale.low() + " to " + scale.high());
		p.put("end frames differ from the inputs by", String.format(Locale.ROOT, "%.2g of the range at most", ends.deviation));
		p.put("angle between the latents", String.format(Locale.ROOT, "%.1f degrees", Math.toDegrees(angle)));
		p.put("device", prior.device());
		p.put("evaluations", String.valueOf(evaluations));
		p.put("seconds", String.format(Locale.ROOT, "%.2f", seconds));
		return p;
	}

	/** Options. */
	public static final class Builder {

		private final Prior prior;
		private int frames = 9;
		private double tolerance = 1e-6;
		private Monitor monitor = Monitor.NONE;

		private Builder(Prior prior) {
			this.prior = prior;
		}

		/** Number of frames, both ends among them, ≥ 2. */
		public Builder frames(int number) {
			frames = number;
			return this;
		}

		/**
		 * Tolerance of the flow to begin with; it is divided by 10, at most twice, while the end frames do not come back as they
		 * were. In four trials with the bundled network one came back to 1e-3 of the range with 1e-5, and all with 1e-6.
		 */
		public Builder tolerance(double number) {
			tolerance = number;
			return this;
		}

		public Builder monitor(Monitor watcher) {
			monitor = Objects.requireNonNull(watcher, "Morphing needs a monitor; Monitor.NONE watches nothing.");
			return this;
		}

		/** @throws IllegalArgumentException if a number is out of its range, or the prior has several channels */
		public Morphing build() {
			require(frames >= 2, "The number of frames must be at least 2, both images among them; seen was " + frames + ".");
			require(tolerance > 0 && tolerance < 1, "The tolerance must lie between 0 and 1; seen was " + tolerance + ".");
			require(prior.channels() == 1, "The model '" + prior.name() + "' works on images of " + prior.channels()
				+ " channels; morphing takes grey planes and needs a model of 1 channel.");
			return new Morphing(this);
		}

		private static void require(boolean condition, String sentence) {
			if (!condition)
				throw new IllegalArgumentException(sentence);
		}
	}
}
