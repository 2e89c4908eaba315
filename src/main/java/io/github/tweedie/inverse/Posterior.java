package io.github.tweedie.inverse;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What samples of a posterior say, pixel by pixel: running mean and standard deviation (Welford 1962), in the order in which
 * the samples are added, so that the same samples give the same bits. Computed in double and kept in float, since planes are large.
 */
public final class Posterior {

	private final float[] mean, squares;
	private int count;

	/** @param size number of values of a sample */
	public Posterior(int size) {
		mean = new float[size];
		squares = new float[size];
	}

	/** Adds the sample that begins at {@code from}. */
	public void add(float[] samples, int from) {
		count++;
		IntStream.range(0, mean.length).parallel().forEach(i -> {
			double difference = samples[from + i] - (double) mean[i], moved = mean[i] + difference / count;
			squares[i] += (float) (difference * (samples[from + i] - moved));
			mean[i] = (float) moved;
		});
	}

	public int count() {
		return count;
	}

	/** Mean of the samples. */
	public float[] mean() {
		return mean.clone();
	}

	/** Standard deviation with the divisor n − 1; needs at least 2 samples. */
	public float[] deviation() {
		if (count < 2)
			throw new IllegalStateException("A standard deviation needs at least 2 samples; seen was " + count + ".");
		float[] out = new float[mean.length];
		for (int i = 0; i < out.length; i++)
			out[i] = (float) Math.sqrt(squares[i] / (count - 1));
		return out;
	}

	/**
	 * The interval [x(k), x(n+1−k)] of n exchangeable draws covers a further draw with probability (n + 1 − 2k)/(n + 1), whatever
	 * the distribution: with 19 draws k = 1 gives 90 %.
	 *
	 * @param draws n draws of one value; sorted in place
	 * @param k rank, 1 for the lowest and highest draw
	 * @return lower and upper bound
	 */
	public static float[] interval(float[] draws, int k) {
		if (k < 1 || 2 * k > draws.length)
			throw new IllegalArgumentException("An interval of " + draws.length + " draws needs a rank from 1 to " + draws.length / 2
				+ "; seen was " + k + ".");
		Arrays.sort(draws);
		return new float[] { draws[k - 1], draws[draws.length - k] };
	}
}
