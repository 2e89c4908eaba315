package io.github.tweedie.image;

import java.util.Arrays;
import java.util.stream.IntStream;

import io.github.tweedie.sde.Runs;

/**
 * The line between grey levels and the data range of a prior: grey level {@code low} becomes −1 and {@code high} becomes 1, for
 * a prior of the range [−1, 1]. Brighter pixels go beyond, nothing is clipped.
 *
 * @param low grey level of the prior's lower end
 * @param high grey level of the prior's upper end, above low
 */
public record IntensityScale(double low, double high) {

	private static final double LOW_PERCENT = 1, HIGH_PERCENT = 99.8, SMALLEST_CONTRAST_TO_NOISE = 16;
	/** Quantiles of a standard normal number at these percentages: -1 times the first, and the second. */
	private static final double LOW_QUANTILE = 2.326, HIGH_QUANTILE = 2.878;
	private static final double SMALLEST_CONTRAST_TO_STRONG_NOISE = 2, MOST_SPANS = 2;
	/** What noise hardly ever adds to the brightest of many pixels. */
	private static final double BRIGHTEST_QUANTILE = 4;
	private static final int ENOUGH_FOR_PERCENTILES = 1 << 17, FEWEST_LINES = 16;
	/** Of the 5×5 pixels around one. */
	private static final int REACH = 2;

	public IntensityScale {
		if (!(high > low) || Double.isInfinite(high - low))
			throw new IllegalArgumentException("The grey levels " + low + " and " + high + " make no range; the second must be higher.");
	}

	/**
	 * The scale on which the bundled priors were trained: from the 1st to the 99.8th percentile of the known pixels, but at least
	 * 16 times their noise, so that an empty frame stays dark instead of being blown up.
	 *
	 * @param plane Y×X grey levels
	 * @param width X
	 * @param hidden true where the grey level must not be looked at
	 * @throws IllegalArgumentException if no pixel is known
	 */
	public static IntensityScale robust(float[] plane, int width, boolean[] hidden) {
		OrderStatistics levels = known(plane, hidden);
		double low = levels.percentile(LOW_PERCENT), high = levels.percentile(HIGH_PERCENT);
		double span = Math.max(high - low, SMALLEST_CONTRAST_TO_NOISE * noise(plane, width, hidden));
		// NB: a constant frame needs a range, too; relative, since grey levels may be molar concentrations or photons.
		double least = 1e-6 * Math.max(Math.abs(low), Math.abs(high));
		return new IntensityScale(low, low + Math.max(span, least > 0 ? least : 1));
	}

	/**
	 * The same range for a plane under strong noise of a known standard deviation: the percentiles are those of its 5×5 means, which
	 * hold a fifth of the noise, or of the plane itself with what Gaussian noise adds to them taken off, whichever is wider. What is
	 * brighter by far, and smaller than a percentile sees, such as beads on cells, is at 3 in a range of [−1, 1] at most.
	 *
	 * @param plane Y×X
	 * @param width X
	 * @param noise standard deviation of the noise in the units of the plane, above 0
	 */
	public static IntensityScale ofNoisy(float[] plane, int width, double noise) {
		Some some = Some.of(plane, width);
		OrderStatistics pixels = some.pixels(), means = some.means();
		double low = Math.min(means.percentile(LOW_PERCENT), pixels.percentile(LOW_PERCENT) + LOW_QUANTILE * noise);
		double high = Math.max(means.percentile(HIGH_PERCENT), pixels.percentile(HIGH_PERCENT) - HIGH_QUANTILE * noise);
		double span = Math.max(high - low, SMALLEST_CONTRAST_TO_STRONG_NOISE * noise), brightest = brightest(plane) - BRIGHTEST_QUANTILE * noise;
		return new IntensityScale(low, low + Math.max(span, (brightest - low) / MOST_SPANS));
	}

	private static float brightest(float[] plane) {
		float brightest = plane[0];
		for (float value : plane)
			brightest = Math.max(brightest, value);
		return brightest;
	}

	/**
	 * The darkest expected grey level of a noisy plane, as far as it can be told: the 1st percentile of its 5×5 means.
	 *
	 * @param plane Y×X
	 * @param width X
	 */
	public static double darkest(float[] plane, int width) {
		return Some.of(plane, width).means().percentile(LOW_PERCENT);
	}

	/** Pixels of which {@link #brightestPlace} is a mean. */
	public static final int PLACE = 24;

	/**
	 * The largest mean of 5×5 pixels without the brightest one of them, which may be a hot pixel.
	 *
	 * @param plane Y×X
	 * @param width X
	 * @return -∞ if the plane has no 5×5 pixels
	 */
	public static double brightestPlace(float[] plane, int width) {
		int height = plane.length / width;
		return IntStream.range(REACH, height - REACH).parallel().mapToDouble(y -> {
			double most = Double.NEGATIVE_INFINITY;
			for (int x = REACH; x < width - REACH; x++) {
				double sum = 0;
				float brightest = Float.NEGATIVE_INFINITY;
				for (int row = y - REACH; row <= y + REACH; row++)
					for (int i = row * width + x - REACH; i <= row * width + x + REACH; i++) {
						sum += plane[i];
						brightest = Math.max(brightest, plane[i]);
					}
				most = Math.max(most, (sum - brightest) / PLACE);
			}
			return most;
		}).max().orElse(Double.NEGATIVE_INFINITY);
	}

	/**
	 * The 1st percentile of the known pixels.
	 *
	 * @param plane Y×X
	 * @param hidden true where the grey level must not be looked at; not everywhere
	 */
	public static double darkest(float[] plane, boolean[] hidden) {
		return known(plane, hidden).percentile(LOW_PERCENT);
	}

	private static OrderStatistics known(float[] plane, boolean[] hidden) {
		float[] known = new float[plane.length];
		int count = 0;
		for (int i = 0; i < plane.length; i++)
			if (!hidden[i])
				known[count++] = plane[i];
		if (count == 0)
			throw new IllegalArgumentException("All pixels are hidden, so there is no grey level to scale by; at least one must be known.");
		return new OrderStatistics(Arrays.copyOf(known, count));
	}

	/**
	 * The pixels of a plane that are enough for its percentiles: of large ones those at the crossings of every k-th row and column, of
	 * which some are left in narrow planes, too.
	 *
	 * @param down from one row to the next; odd, since many patterns have an even period
	 * @param across from one column to the next; odd, too
	 */
	private record Some(float[] plane, int width, int height, int down, int across) {

		static Some of(float[] plane, int width) {
			double one = (double) plane.length / ENOUGH_FOR_PERCENTILES;
			int height = plane.length / width, first = odd(Math.min(Math.sqrt(one), (double) height / FEWEST_LINES));
			int across = odd(Math.min(one / first, (double) width / FEWEST_LINES));
			return new Some(plane, width, height, odd(Math.min(one / across, (double) height / FEWEST_LINES)), across);
		}

		/** The first odd number that is not below another. */
		private static int odd(double number) {
			return 1 + 2 * (int) Math.ceil((Math.max(1, number) - 1) / 2);
		}

		private int rows() {
			return (height - 1) / down + 1;
		}

		private int columns() {
			return (width - 1) / across + 1;
		}

		OrderStatistics pixels() {
			if (down == 1 && across == 1)
				return new OrderStatistics(plane);
			float[] some = new float[rows() * columns()];
			for (int y = 0, i = 0; y < height; y += down)
				for (int x = 0; x < width; x += across)
					some[i++] = plane[y * width + x];
			return new OrderStatistics(some);
		}

		/** The means of the 5×5 pixels around each of the same pixels, of fewer at the border. */
		OrderStatistics means() {
			float[] some = new float[rows() * columns()];
			IntStream.range(0, rows()).parallel().forEach(row -> {
				int y = row * down, top = Math.max(0, y - REACH), bottom = Math.min(height - 1, y + REACH);
				float[] sums = sums(plane, width, top, bottom);
				for (int i = row * columns(), x = 0; x < width; i++, x += across) {
					int columns = Math.min(width - 1, x + REACH) - Math.max(0, x - REACH) + 1;
					some[i] = (sums[x] + sums[x + 1] + sums[x + 2] + sums[x + 3] + sums[x + 4]) / ((bottom - top + 1) * columns);
				}
			});
			return new OrderStatistics(some);
		}
	}

	/** Of each column, between two rows, with nothing on both sides. */
	private static float[] sums(float[] plane, int width, int top, int bottom) {
		float[] sums = new float[width + 2 * REACH];
		int first = top * width, last = bottom * width;
		// NB: four times as fast as one row after the other, with the same roundings.
		if (bottom - top == 2 * REACH)
			for (int x = 0, b = first + width, c = b + width, d = c + width; x < width; x++)
				sums[REACH + x] = plane[first + x] + plane[b + x] + plane[c + x] + plane[d + x] + plane[last + x];
		else
			for (int from = first; from <= last; from += width)
				for (int x = 0; x < width; x++)
					sums[REACH + x] += plane[from + x];
		return sums;
	}

	/**
	 * Standard deviation of the noise: of the differences of known neighbours and of the rounding to grey levels. Differences below their
	 * 90th percentile have a mean of 0.6573 standard deviations, if Gaussian. In a dim image most of them are 0, but the smallest other
	 * one tells the grey step q, and rounding has a variance of q²/12. 0 where no two known pixels touch.
	 */
	private static double noise(float[] plane, int width, boolean[] hidden) {
		float[] differences = new float[2 * plane.length];
		int count = 0;
		float step = Float.POSITIVE_INFINITY;
		for (int i = 0; i < plane.length; i++) {
			if (hidden[i])
				continue;
			if ((i + 1) % width != 0 && !hidden[i + 1])
				differences[count++] = Math.abs(plane[i + 1] - plane[i]);
			if (i < plane.length - width && !hidden[i + width])
				differences[count++] = Math.abs(plane[i + width] - plane[i]);
		}
		if (count == 0)
			return 0;
		differences = Arrays.copyOf(differences, count);
		int used = Math.max(1, (int) (0.9 * count)), less = 0;
		float largest = new OrderStatistics(differences).at(used - 1);
		double sum = 0;
		for (float difference : differences) {
			if (difference < largest) {
				sum += difference;
				less++;
			}
			if (difference > 0)
				step = Math.min(step, difference);
		}
		double pixel = (sum + (double) (used - less) * largest) / used / (0.6573 * Math.sqrt(2));
		if (step == Float.POSITIVE_INFINITY)
			return 0;
		return Math.sqrt(pixel * pixel + (double) step * step / 12);
	}

	/** Grey levels to the range [toLow, toHigh] of a prior. */
	public float[] toData(float[] grey, double toLow, double toHigh) {
		double factor = (toHigh - toLow) / (high - low);
		float[] out = new float[grey.length];
		Runs.of(out.length, (from, to) -> {
			for (int i = from; i < to; i++)
				out[i] = (float) (toLow + (grey[i] - low) * factor);
		});
		return out;
	}

	/** A difference of grey levels in the units of a prior of the given range, such as a noise level. */
	public double toData(double greyDifference, double toLow, double toHigh) {
		return greyDifference * (toHigh - toLow) / (high - low);
	}

	/** The inverse of {@link #toData(float[], double, double)}. */
	public float[] toGrey(float[] data, double fromLow, double fromHigh) {
		double factor = (high - low) / (fromHigh - fromLow);
		float[] out = new float[data.length];
		Runs.of(out.length, (from, to) -> {
			for (int i = from; i < to; i++)
				out[i] = (float) (low + (data[i] - fromLow) * factor);
		});
		return out;
	}
}
