package io.github.tweedie.image;

import java.util.Arrays;
import java.util.stream.IntStream;

import io.github.tweedie.sde.Runs;

/**
 * The generalised Anscombe transform: makes Poisson–Gaussian noise nearly standard normal, whatever the intensity. With a grey
 * level z = a·p + n, where p counts photons with mean λ and n is normal, and variance a·E[z] + b,
 *
 * <pre>f(z) = 2/a · √max(0, a·z + 3/8·a² + b)</pre>
 *
 * (Mäkitalo &amp; Foi 2013, eq. 2, with σ² − a·offset = b; an offset is thereby already taken care of). The mean of f is not f of
 * the mean, so what is averaged among stabilised values must go back through the exact unbiased inverse: the grey level whose
 * noisy values have this stabilised mean. The inverse depends on the read noise, and b alone does not tell it from the offset;
 * give it where it is known, or else the darkest grey level of the image is taken for the offset's.
 *
 * <p>For a = 0, and where the read noise is that of a million photons, the transform is the division by the standard deviation.
 * Immutable and safe in any number of threads.
 */
public final class VarianceStabilizer {

	/** Photons, spaced evenly in the square root. Above the last, the asymptotic inverse takes over. */
	private static final double LAST_ROOT = 16;
	private static final int ENTRIES = 641, BINS = 4096;
	/**
	 * Read noise in photons beyond which it is all of the noise. That of the photons adds a hundredth of its variance at a signal of ten
	 * thousand times the read noise, and a float could not hold the stabilised values, 2·σ and more.
	 */
	private static final double NO_SHOTS = 1e6;
	/** Pixels that tell a mean variance. */
	private static final int MOST_FOR_VARIANCE = 1 << 12;

	private final NoiseModel noise;
	private final double offset, sigma;
	/** f(z) = factor·√(a·z + constant); 0 for the division by σ. */
	private final double factor, constant;
	/** Stabilised means, increasing, of 0 to LAST_ROOT² photons, and the means of the squares of stabilised values. */
	private final double[] means, squares;
	/** Photons of stabilised means in equal steps, from the first to the last: between two a line is exact to 1e-5 photons. */
	private final double[] photons;
	/** Bins in a stabilised unit. */
	private final double bins;

	/**
	 * With known read noise.
	 *
	 * @param noise of the camera
	 * @param readNoise standard deviation without light, grey levels
	 * @throws IllegalArgumentException if the noise is none at all or that of an inverted image, or the read noise negative or not a number
	 */
	public VarianceStabilizer(NoiseModel noise, double readNoise) {
		if (noise.a() == 0 && !(noise.b() > 0))
			throw new IllegalArgumentException("A noise of standard deviation 0 cannot be stabilised;"
				+ " give a noise above 0, or leave the image as it is.");
		if (noise.a() < 0)
			throw new IllegalArgumentException("A noise that falls by " + -noise.a() + " with each grey level is that of an inverted image;"
				+ " invert it first.");
		if (!(readNoise >= 0) || !Double.isFinite(readNoise))
			throw new IllegalArgumentException("A read noise of " + readNoise + " grey levels was seen; it must be 0 or more.");
		this.noise = readNoise > NO_SHOTS * noise.a() ? NoiseModel.gaussian(noise.a() == 0 ? noise.deviation(0) : readNoise) : noise;
		double a = this.noise.a();
		factor = a == 0 ? 0 : 2 / a;
		constant = 0.375 * a * a + this.noise.b();
		offset = a == 0 ? 0 : (readNoise * readNoise - noise.b()) / a;
		sigma = a == 0 ? this.noise.deviation(0) : readNoise / a;
		double[][] tables = a == 0 ? new double[2][] : tables(sigma);
		means = tables[0];
		squares = tables[1];
		bins = a == 0 ? 0 : BINS / (means[ENTRIES - 1] - means[0]);
		photons = a == 0 ? null : photons(means);
	}

	/**
	 * With a read noise that is inferred from the darkest level: if the darkest expected grey level of the image is that of no
	 * light, all of its variance is read noise.
	 *
	 * @param noise of the camera
	 * @param darkest a low grey level of the image, free of noise; such as a low percentile of local means
	 */
	public static VarianceStabilizer fromDarkest(NoiseModel noise, double darkest) {
		return new VarianceStabilizer(noise, noise.deviation(darkest));
	}

	/** With the read noise that the noise model knows, or else {@linkplain #fromDarkest inferred} from the darkest level. */
	public static VarianceStabilizer of(NoiseModel noise, double darkest) {
		return Double.isNaN(noise.readNoise()) ? fromDarkest(noise, darkest) : new VarianceStabilizer(noise, noise.readNoise());
	}

	/** Stabilised value of a noisy grey level. Levels at which the model has no variance left give 0. */
	public double forward(double z) {
		if (factor == 0)
			return z / sigma;
		double under = noise.a() * z + constant;
		return under > 0 ? factor * Math.sqrt(under) : 0;
	}

	/**
	 * Grey level whose noisy values have this stabilised mean: the exact unbiased inverse. Below the stabilised mean of no light it
	 * goes on as the asymptotic inverse does, down to the grey level at which the model has no variance: what was taken for no light
	 * may not have been the darkest.
	 */
	public double inverse(double mean) {
		if (noise.a() == 0)
			return mean * sigma;
		if (mean <= means[0])
			return Math.max(-noise.b() / noise.a(), noise.a() * (asymptotic(Math.max(0, mean)) - asymptotic(means[0])) + offset);
		double last = means[ENTRIES - 1];
		double counted = mean >= last ? asymptotic(mean) + squared(LAST_ROOT) - asymptotic(last) : interpolated(mean);
		return noise.a() * counted + offset;
	}

	/**
	 * Standard deviation of stabilised values: 1, and less where photons are so few that there are hardly two sorts of value.
	 *
	 * @param of their means, at different grey levels; of many, some are asked
	 * @return the root of the mean variance
	 */
	public double deviation(float... of) {
		if (noise.a() == 0)
			return 1;
		int every = 1 + (of.length - 1) / MOST_FOR_VARIANCE | 1;
		double sum = 0;
		int count = 0;
		for (int i = 0; i < of.length; i += every, count++)
			sum += variance(of[i]);
		return Math.sqrt(sum / count);
	}

	private double variance(double mean) {
		int at = Arrays.binarySearch(means, mean), next = Math.max(1, at < 0 ? -at - 1 : at);
		if (next >= ENTRIES)
			return 1;
		double t = Math.max(0, (mean - means[next - 1]) / (means[next] - means[next - 1]));
		double before = squares[next - 1] - squared(means[next - 1]), after = squares[next] - squared(means[next]);
		return before + t * (after - before);
	}

	/** {@link #forward(double)} of each value. In place if both are the same array. */
	public void forward(float[] grey, float[] out) {
		Runs.of(grey.length, (from, to) -> {
			for (int i = from; i < to; i++)
				out[i] = (float) forward(grey[i]);
		});
	}

	/** {@link #inverse(double)} of each value. In place if both are the same array. */
	public void inverse(float[] stabilised, float[] out) {
		Runs.of(stabilised.length, (from, to) -> {
			for (int i = from; i < to; i++)
				out[i] = (float) inverse(stabilised[i]);
		});
	}

	/**
	 * The inverse for many photons and any read noise: f⁻¹(D) = D²/4 − 1/8 − σ², the algebraic one with the bias of order 0 taken
	 * out.
	 */
	private double asymptotic(double mean) {
		return mean * mean / 4 - 0.125 - sigma * sigma;
	}

	private double interpolated(double mean) {
		double at = (mean - means[0]) * bins;
		int before = Math.min(BINS - 1, (int) at);
		return photons[before] + (at - before) * (photons[before + 1] - photons[before]);
	}

	/** Between the entries of the means the inverse is nearly a parabola, so the root of the photons is interpolated. */
	private static double[] photons(double[] means) {
		double[] photons = new double[BINS + 1];
		for (int k = 0, before = 0; k < photons.length; k++) {
			double mean = means[0] + k * (means[ENTRIES - 1] - means[0]) / BINS;
			while (before + 2 < ENTRIES && means[before + 1] <= mean)
				before++;
			double p = squared(LAST_ROOT * before / (ENTRIES - 1)), q = squared(LAST_ROOT * (before + 1) / (ENTRIES - 1));
			double u = squared(means[before]), v = squared(means[before + 1]);
			photons[k] = p + (q - p) * (squared(mean) - u) / (v - u);
		}
		return photons;
	}

	// -- Stabilised means --

	/** For the mean over a normal number: the trapezoidal rule on ±8. */
	private static final int NODES = 801;
	private static final double REACH = 8;
	/**
	 * From so many photons on, the root under the mean ends more than 8 standard deviations below, whatever these are: it is smooth
	 * there, and few nodes are as exact.
	 */
	private static final int SMOOTH = 16, FEW = 20;
	/** What follows of a Poisson distribution is nothing. */
	private static final double NOTHING = 1e-18;
	/** Counts of photons beyond which none comes from LAST_ROOT² expected ones. */
	private static final int COUNTS = 520;
	/** One over the count that follows: divisions would take half of the time. */
	private static final double[] OVER = IntStream.range(0, COUNTS).mapToDouble(count -> 1 / (count + 1.0)).toArray();
	private static final double[] WEIGHT = IntStream.range(0, NODES).mapToDouble(i -> Math.exp(-node(i) * node(i) / 2)).toArray();

	/** Means of stabilised values of 0 to LAST_ROOT² photons, and of their squares. */
	private static double[][] tables(double sigma) {
		double[] values = new double[COUNTS], squares = new double[COUNTS];
		double[][] tables = new double[2][ENTRIES];
		IntStream.range(0, COUNTS).parallel().forEach(count -> {
			values[count] = ofCount(count, sigma, 1);
			squares[count] = ofCount(count, sigma, 2);
		});
		IntStream.range(0, ENTRIES).parallel().forEach(i -> fill(tables, i, values, squares));
		return tables;
	}

	/**
	 * E[2·√max(0, p + n + 3/8 + σ²)] for p Poisson with mean λ and n normal with deviation σ (Mäkitalo &amp; Foi 2013, eq. 5), and that of
	 * the square.
	 *
	 * @param values the mean over n for each p
	 * @param squares that of the square
	 */
	private static void fill(double[][] tables, int entry, double[] values, double[] squares) {
		double photons = squared(LAST_ROOT * entry / (ENTRIES - 1)), probability = Math.exp(-photons), value = 0, square = 0;
		for (int count = 0; count < COUNTS && (count <= photons || probability > NOTHING); count++) {
			value += probability * values[count];
			square += probability * squares[count];
			probability *= photons * OVER[count];
		}
		tables[0][entry] = value;
		tables[1][entry] = square;
	}

	private static double ofCount(int count, double sigma, int power) {
		if (sigma == 0)
			return stabilised(count + 0.375, power);
		double sum = 0, weights = 0;
		for (int i = 0; i < NODES; i += count < SMOOTH ? 1 : FEW) {
			weights += WEIGHT[i];
			sum += WEIGHT[i] * stabilised(Math.max(0, count + sigma * node(i) + 0.375 + sigma * sigma), power);
		}
		return sum / weights;
	}

	private static double stabilised(double under, int power) {
		return power == 2 ? 4 * under : 2 * Math.sqrt(under);
	}

	private static double node(int i) {
		return -REACH + i * (2 * REACH / (NODES - 1));
	}

	private static double squared(double t) {
		return t * t;
	}
}
