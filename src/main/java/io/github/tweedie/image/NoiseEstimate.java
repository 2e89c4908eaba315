package io.github.tweedie.image;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What {@link NoiseEstimator} found.
 *
 * @param model variance = a·z + b, of the single pixel
 * @param a 95 % interval of a, grey levels per photon; it begins at 0 where the image does not tell the noise from Gaussian noise, and
 *        lies below 0 in an inverted image
 * @param b 95 % interval of b, grey levels squared
 * @param points what the blocks of the image say, from dark to bright, for a plot beside the line
 * @param correlation of the noise of neighbouring pixels
 * @param step from one grey level to the next, or 0 in an image that is not rounded
 * @param clippedLow part of the pixels that lie at the lowest grey level because they could not be darker; they were not used
 * @param clippedHigh part of the pixels that are saturated; they were not used
 */
public record NoiseEstimate(NoiseModel model, Interval a, Interval b, List<Point> points, Correlation correlation, double step,
	double clippedLow, double clippedHigh) {

	/** An interval that holds the truth with a probability of 95 %. */
	public record Interval(double low, double high) {

		public boolean contains(double value) {
			return low <= value && value <= high;
		}
	}

	/**
	 * The noise at one level of intensity.
	 *
	 * @param level mean grey level
	 * @param variance of the noise, grey levels squared
	 * @param error standard error of the variance
	 */
	public record Point(double level, double variance, double error) {

		private double certainty() {
			return variance / error * (variance / error);
		}
	}

	/**
	 * Correlation of the noise of pixels near one another, where the image is even; NaN where it is nowhere.
	 *
	 * @param noise by the distance of two pixels
	 * @param found whether the noise is correlated beyond doubt
	 */
	public record Correlation(Autocorrelation noise, boolean found) {

		/** Of noise that was not looked at. */
		public static final Correlation UNKNOWN = new Correlation(Double.NaN, Double.NaN, Double.NaN, Double.NaN, false);

		/** Of pixels one and two apart, along X and along Y, and no further. */
		public Correlation(double x1, double x2, double y1, double y2, boolean found) {
			this(Autocorrelation.separable(x1, x2, y1, y2), found);
		}

		/** Of neighbours along X. */
		public double x1() {
			return noise.at(1, 0);
		}

		public double x2() {
			return noise.at(2, 0);
		}

		/** Of neighbours along Y. */
		public double y1() {
			return noise.at(0, 1);
		}

		public double y2() {
			return noise.at(0, 2);
		}

		/** Pixels along X that share one independent value, 1 + 2·Σρ: 1 for white noise. */
		public double lengthX() {
			return 1 + 2 * IntStream.range(1, noise.reach()).mapToDouble(d -> Math.max(0, noise.at(d, 0))).sum();
		}

		public double lengthY() {
			return 1 + 2 * IntStream.range(1, noise.reach()).mapToDouble(d -> Math.max(0, noise.at(0, d))).sum();
		}
	}

	/** That of the same image with all grey levels times -1. */
	NoiseEstimate inverted() {
		List<Point> inverted = new ArrayList<>();
		for (Point p : points)
			inverted.add(0, new Point(-p.level, p.variance, p.error));
		return new NoiseEstimate(model.inverted(), new Interval(-a.high, -a.low), b, inverted, correlation, step, clippedHigh, clippedLow);
	}

	/**
	 * How noisy this image is beside what a model says of its grey levels: the median, over the points by their certainty, of measured
	 * standard deviation over predicted one. 1 without points, and near 1 where the model is a measure of the same noise.
	 */
	public double over(NoiseModel other) {
		// NB: rounding is noise, too, of which the highest frequencies may hold less than models tell.
		double least = Math.max(Double.MIN_NORMAL, step * step / 12), half = points.stream().mapToDouble(Point::certainty).sum() / 2;
		ToDoubleFunction<Point> ratio = p -> Math.max(least, p.variance) / Math.max(least, other.variance(p.level));
		for (Point p : points.stream().sorted(Comparator.comparingDouble(ratio)).toList())
			if ((half -= p.certainty()) <= 0)
				return Math.sqrt(ratio.applyAsDouble(p));
		return 1;
	}

	/** Sentences for the user; empty if there is nothing to heed. */
	public List<String> warnings() {
		return besideClipping(correlationWarning());
	}

	/** The same, where the user told the noise, which is then taken for white. */
	public List<String> warningsBesideTold() {
		String correlated = correlation.found ? correlationSeen() + "but noise that is told is taken for white; unless this is fine texture,"
			+ " let the noise be estimated, which makes it white." : "";
		return besideClipping(correlated);
	}

	private List<String> besideClipping(String correlated) {
		return List.of(correlated, clippingWarning()).stream().filter(s -> !s.isEmpty()).toList();
	}

	private String correlationSeen() {
		return String.format(Locale.ROOT, "The noise of neighbouring pixels is correlated (%.2f along X and %.2f along Y,"
			+ " white noise has 0; it extends over %.1f × %.1f pixels), ", correlation.x1(), correlation.y1(), correlation.lengthX(),
			correlation.lengthY());
	}

	private String correlationWarning() {
		if (!correlation.found)
			return "";
		String seen = correlationSeen();
		if (Math.max(correlation.x1(), correlation.y1()) < 0)
			return seen + "as if the image had been sharpened; give the image as the camera wrote it.";
		return seen + "so it is made white before denoising, and faint detail is lost; give the image as the camera wrote it, without"
			+ " interpolation, resizing or compression, or scale it down by " + Math.max(2, Math.round(Math.sqrt(correlation.lengthX()
				* correlation.lengthY()))) + " with averaging; if it is fine texture all over the image, and no noise, give the noise.";
	}

	private String clippingWarning() {
		if (clippedHigh <= 0.001 && clippedLow <= 0.01)
			return "";
		return String.format(Locale.ROOT, "%.1f %% of the pixels are saturated and %.1f %% lie at the lowest grey level; their noise"
			+ " was cut off, and where they are the result is biased; record with less exposure, or with a higher offset.",
			100 * clippedHigh, 100 * clippedLow);
	}
}
