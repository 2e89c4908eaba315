package io.github.tweedie.image;

import java.util.Arrays;
import java.util.function.IntFunction;

import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * What a camera tells without light. It parts the b of a noise of variance a·z + b into offset and read noise, and through its point
 * the line of the noise must go, which tells a far better than an image alone: b = readNoise² − a·offset.
 *
 * @param offset mean grey level
 * @param readNoise standard deviation of a pixel, grey levels
 */
public record DarkFrame(double offset, double readNoise) {

	/** Of standard deviations, from the mean: what is further away is a hot pixel. */
	private static final double USUAL = 6;
	private static final int ROUNDS = 4;
	/** Pixels that tell both to a thousandth of the read noise. */
	private static final int ENOUGH = 1 << 21;

	/** @throws IllegalArgumentException if the offset is no number, or the read noise negative or none */
	public DarkFrame {
		if (!Double.isFinite(offset) || !(readNoise >= 0) || !Double.isFinite(readNoise))
			throw new IllegalArgumentException("A dark frame of offset " + offset + " and read noise " + readNoise
				+ " was seen; both must be numbers, and the read noise 0 or more.");
	}

	/**
	 * Measures frames that were taken without light. What differs from pixel to pixel in all of them is noise in an image, too, and
	 * counts; hot pixels do not.
	 *
	 * @param count number of planes
	 * @param planes Y×X grey levels of the plane of an index from 0; asked for one after the other
	 * @throws IllegalArgumentException if no pixel is a finite number
	 */
	public static DarkFrame of(int count, IntFunction<float[]> planes) {
		float[][] some = new float[count][];
		for (int i = 0; i < count; i++)
			some[i] = some(planes.apply(i), ENOUGH / count);
		return of(some);
	}

	/** @return every k-th of the pixels that are numbers */
	private static float[] some(float[] plane, int most) {
		int every = 1 + plane.length / most | 1, count = 0;
		float[] some = new float[plane.length / every + 1];
		for (int i = 0; i < plane.length; i += every)
			if (Float.isFinite(plane[i]))
				some[count++] = plane[i];
		return Arrays.copyOf(some, count);
	}

	private static DarkFrame of(float[][] planes) {
		float[] all = new float[Arrays.stream(planes).mapToInt(p -> p.length).sum()];
		int count = 0;
		for (float[] plane : planes)
			for (float grey : plane)
				all[count++] = grey;
		if (count == 0)
			throw new IllegalArgumentException("The dark frame holds no pixel that is a number; give one that was taken without light.");
		// NB: from the quartiles on, since the hottest of pixels would make all others usual; half a grey level, since they are rounded.
		OrderStatistics levels = new OrderStatistics(all);
		double quarter = levels.percentile(25), threeQuarters = levels.percentile(75);
		DarkFrame found = new DarkFrame((quarter + threeQuarters) / 2, (threeQuarters - quarter) / 1.349 + 0.5);
		for (int round = 0; round < ROUNDS; round++) {
			SummaryStatistics usual = new SummaryStatistics();
			for (int i = 0; i < count; i++)
				if (Math.abs(all[i] - found.offset) <= USUAL * found.readNoise)
					usual.addValue(all[i]);
			if (usual.getN() < 2)
				return new DarkFrame(found.offset, 0);
			found = new DarkFrame(usual.getMean(), usual.getStandardDeviation());
		}
		return found;
	}

	/** That of the means of so many pixels each. */
	public DarkFrame averaged(int pixels) {
		return new DarkFrame(offset, readNoise / Math.sqrt(pixels));
	}

	/** Variance without light, grey levels squared. */
	double variance() {
		return readNoise * readNoise;
	}

	/** The b of a slope. */
	double b(double a) {
		return variance() - a * offset;
	}
}
