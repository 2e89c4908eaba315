package io.github.tweedie.image;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler.NormalizedGaussian;

import io.github.tweedie.image.NoiseEstimate.Correlation;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;

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

	/** Of noise that is white already. */
	public static final Whitening NONE = new Whitening(Autocorrelation.WHITE);

	/** Power of the noise, over its highest, below which there is none at any frequency when white noise was added. */
	private static final double LEAST = 1.0 / 64;
	/** Pixels of a period of the kernels; they fade long before its half. */
	private static final int PERIOD = 96;

	private final double deviation, added;
	private final boolean none;
	private final EvenFilter whiten, colour;

	private Whitening(Autocorrelation noise) {
		double[][] spectrum = noise.spectrum(PERIOD);
		double top = Arrays.stream(spectrum).flatMapToDouble(Arrays::stream).max().orElse(1);
		double least = Math.max(0, Arrays.stream(spectrum).flatMapToDouble(Arrays::stream).min().orElse(1));
		double missing = Math.max(0, LEAST * top - least), lowest = Math.max(0, spectrum[0][0]) + missing;
		none = noise.reach() == 1;
		added = Math.sqrt(missing);
		deviation = Math.sqrt(lowest);
		whiten = kernel(spectrum, s -> Math.sqrt(lowest / (Math.max(0, s) + missing)));
		colour = kernel(spectrum, s -> Math.sqrt((Math.max(0, s) + missing) / lowest));
	}

	/** @param correlation as it was measured; unless it was found, nothing is to be done */
	public static Whitening of(Correlation correlation) {
		return correlation.found() ? new Whitening(correlation.noise()) : NONE;
	}

	private static EvenFilter kernel(double[][] spectrum, DoubleUnaryOperator gain) {
		double[][] gains = Arrays.stream(spectrum).map(row -> Arrays.stream(row).map(gain).toArray()).toArray(double[][]::new);
		double[][] kernel = new Cosines(PERIOD).transformed(gains);
		return new EvenFilter(Arrays.stream(kernel).map(row -> Arrays.stream(row).map(v -> v / (PERIOD * PERIOD)).toArray())
			.toArray(double[][]::new));
	}

	/** Whether nothing is to be done. */
	public boolean none() {
		return none;
	}

	/** Standard deviation of the white noise over that of the noise as it was. */
	public double deviation() {
		return deviation;
	}

	/**
	 * The plane with white noise.
	 *
	 * @param plane Y×X, unchanged; its noise has unit variance
	 * @param width X
	 */
	public float[] whitened(float[] plane, int width) {
		return none ? plane.clone() : whiten.applied(lifted(plane, width), width);
	}

	/** The plane with the noise that is added; the generator of each row is its own, so that threads change nothing. */
	private float[] lifted(float[] plane, int width) {
		if (added == 0)
			return plane;
		float[] out = plane.clone();
		IntStream.range(0, plane.length / width).parallel().forEach(y -> {
			UniformRandomProvider random = new Noise(1).generator(Purpose.PROBE, 0, 0, y);
			NormalizedGaussian gaussian = NormalizedGaussian.of(random);
			for (int i = y * width; i < (y + 1) * width; i++)
				out[i] += (float) (added * gaussian.sample());
		});
		return out;
	}

	/** The way back for a plane without noise. */
	public float[] coloured(float[] plane, int width) {
		return none ? plane.clone() : colour.applied(plane, width);
	}
}
