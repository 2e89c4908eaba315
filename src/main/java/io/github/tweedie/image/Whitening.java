package io.github.tweedie.image;

import java.util.Arrays;
import java.util.concurrent.Executors;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler.NormalizedGaussian;
import org.jtransforms.dct.FloatDCT_1D;

import io.github.tweedie.image.NoiseEstimate.Correlation;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import pl.edu.icm.jlargearrays.ConcurrencyUtils;

/**
 * Makes correlated noise white, so that a network that was trained on white noise knows it for noise. The noise of pixels near one
 * another is correlated where a camera or a program interpolated, resized or blurred after the noise was there. With S the power
 * spectrum of noise of unit variance, the plane is divided by
 *
 * <pre>h(ω) = √((S(ω) + d) / (S(0) + d))</pre>
 *
 * and what a network makes of it goes back by h. h(0) = 1: a constant plane stays as it is, and the white noise has the strength
 * of the lowest frequencies, √(S(0) + d).
 *
 * <p>Where S is nearly 0, as at the high frequencies of an image that was enlarged, the division would blow up what little is there.
 * So white noise of variance d is added to the plane first, as little as makes S + d at least 1/64 of the top of S: no frequency is
 * amplified by more than about 8, and the noise is white nevertheless. Without noise at the highest frequencies a network takes that of the
 * others for structure, whatever strength it is told. What is added raises the noise that decides, that of the lowest
 * frequencies, by 1 %. It is the same for the same extent of the plane.
 *
 * <p>Immutable and safe in any number of threads.
 */
public final class Whitening {

	/** The library, which is not loaded before it is needed. */
	private static final class Cosine {

		static {
			// NB: the threads of the library's own pool keep Java from ending for a minute after the last transform.
			ConcurrencyUtils.setThreadPool(Executors.newCachedThreadPool(task -> {
				Thread thread = new Thread(task, "cosine transform");
				thread.setDaemon(true);
				return thread;
			}));
		}

		static FloatDCT_1D transform(int length) {
			return new FloatDCT_1D(length);
		}
	}

	/** Of noise that is white already. */
	public static final Whitening NONE = new Whitening(Autocorrelation.WHITE, 0, 1);

	/** Power of the noise, over its highest, below which there is none at any frequency when white noise was added. */
	private static final double LEAST = 1.0 / 64;
	/** Frequencies at which the ends of the spectrum are looked for. */
	private static final int PERIOD = 96;

	private final Autocorrelation noise;
	/** d, and S(0) + d. */
	private final double missing, lowest;

	private Whitening(Autocorrelation noise, double missing, double lowest) {
		this.noise = noise;
		this.missing = missing;
		this.lowest = lowest;
	}

	/** @param correlation as it was measured; unless it was found, nothing is to be done */
	public static Whitening of(Correlation correlation) {
		if (!correlation.found())
			return NONE;
		double[][] spectrum = correlation.noise().spectrum(PERIOD);
		double top = Arrays.stream(spectrum).flatMapToDouble(Arrays::stream).max().orElse(1);
		double least = Math.max(0, Arrays.stream(spectrum).flatMapToDouble(Arrays::stream).min().orElse(1));
		double missing = Math.max(0, LEAST * top - least);
		return new Whitening(correlation.noise(), missing, Math.max(0, spectrum[0][0]) + missing);
	}

	/** Whether nothing is to be done. */
	public boolean none() {
		return noise.reach() == 1;
	}

	/** Standard deviation of the white noise over that of the noise as it was. */
	public double deviation() {
		return Math.sqrt(lowest);
	}

	/**
	 * The plane with white noise; the very plane if nothing is to be done.
	 *
	 * @param plane Y×X, unchanged; its noise has unit variance
	 * @param width X
	 */
	public float[] whitened(float[] plane, int width) {
		if (none())
			return plane;
		float[] out = plane.clone();
		if (missing > 0)
			lift(out, width);
		multiply(out, width, s -> Math.sqrt(lowest / (Math.max(0, s) + missing)));
		return out;
	}

	/** The way back for a plane without noise; the very plane if nothing is to be done. */
	public float[] coloured(float[] plane, int width) {
		if (none())
			return plane;
		float[] out = plane.clone();
		multiply(out, width, s -> Math.sqrt((Math.max(0, s) + missing) / lowest));
		return out;
	}

	/** Adds noise; the generator of each row is its own, so that threads change nothing. */
	private void lift(float[] plane, int width) {
		double added = Math.sqrt(missing);
		IntStream.range(0, plane.length / width).parallel().forEach(y -> {
			UniformRandomProvider random = new Noise(1).generator(Purpose.WHITENING, 0, 0, y);
			NormalizedGaussian gaussian = NormalizedGaussian.of(random);
			for (int i = y * width; i < (y + 1) * width; i++)
				plane[i] += (float) (added * gaussian.sample());
		});
	}

	/** Multiplies every frequency of a plane whose border is mirrored by what S is there: its cosine transform has these alone. */
	private void multiply(float[] plane, int width, DoubleUnaryOperator gain) {
		int height = plane.length / width;
		ThreadLocal<FloatDCT_1D> row = ThreadLocal.withInitial(() -> Cosine.transform(width));
		ThreadLocal<FloatDCT_1D> column = ThreadLocal.withInitial(() -> Cosine.transform(height));
		double[] cosines = IntStream.range(0, height).mapToDouble(y -> Math.cos(Math.PI * y / height)).toArray();
		IntStream.range(0, height).parallel().forEach(y -> row.get().forward(plane, y * width, true));
		IntStream.range(0, width).parallel().forEach(x -> {
			double[] terms = noise.alongY(Math.PI * x / width);
			float[] line = new float[height];
			for (int y = 0; y < height; y++)
				line[y] = plane[y * width + x];
			column.get().forward(line, true);
			for (int y = 0; y < height; y++)
				line[y] *= (float) gain.applyAsDouble(Autocorrelation.sum(terms, cosines[y]));
			column.get().inverse(line, true);
			for (int y = 0; y < height; y++)
				plane[y * width + x] = line[y];
		});
		IntStream.range(0, height).parallel().forEach(y -> row.get().inverse(plane, y * width, true));
	}
}
