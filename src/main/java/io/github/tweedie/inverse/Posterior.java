package io.github.tweedie.inverse;

import java.util.Arrays;

import io.github.tweedie.sde.Runs;

/**
 * What samples of a posterior say, pixel by pixel: running mean and standard deviation (Welford 1962), in the order in which
 * the samples are added, so that the same samples give the same bits. Computed in double and kept in float, since planes are large.
 */
public final class Posterior {

	/** Of orders that are no binary fractions. */
	private static final double ROUNDING = 1e-9;

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
		Runs.of(mean.length, (first, end) -> {
			for (int i = first; i < end; i++) {
				double difference = samples[from + i] - (double) mean[i], moved = mean[i] + difference / count;
				squares[i] += (float) (difference * (samples[from + i] - moved));
				mean[i] = (float) moved;
			}
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
		Runs.of(out.length, (from, to) -> {
			for (int i = from; i < to; i++)
				out[i] = (float) Math.sqrt(squares[i] / (count - 1));
		});
		return out;
	}

	/** Draws of which the lowest, or the highest, is the quantile of an order; infinitely many, or NaN, for one that is not in (0, 1). */
	public static double fewest(double order) {
		double tail = Math.min(order, 1 - order);
		return tail <= 0 ? Double.POSITIVE_INFINITY : Math.ceil((1 - ROUNDING) / tail - 1);
	}

	/**
	 * Quantiles of n draws, value by value. The k-th lowest of n exchangeable draws is not exceeded by a further one with probability
	 * k/(n + 1), whatever the distribution, so it is their quantile of that order (Hyndman and Fan 1996, definition 6); between two
	 * of them the quantile is interpolated.
	 *
	 * @param draws n draws of equal size; not changed
	 * @param orders in [1/(n + 1), n/(n + 1)]: beyond the lowest and the highest draw nothing is known
	 * @return as many quantiles of each value as there are orders
	 * @throws IllegalArgumentException if an order needs more draws
	 */
	public static float[][] quantiles(float[][] draws, double... orders) {
		int n = draws.length;
		for (double order : orders)
			if (!(n >= fewest(order)))
				throw new IllegalArgumentException("A quantile of " + n + " draws has an order from " + 1.0 / (n + 1) + " to "
					+ n / (n + 1.0) + "; seen was " + order + ".");
		float[][] out = new float[orders.length][draws[0].length];
		Runs.of(draws[0].length, (from, to) -> {
			float[] sorted = new float[n];
			for (int i = from; i < to; i++) {
				for (int s = 0; s < n; s++)
					sorted[s] = draws[s][i];
				Arrays.sort(sorted);
				for (int q = 0; q < orders.length; q++) {
					double rank = Math.max(1, Math.min(n, orders[q] * (n + 1)));
					int below = (int) rank;
					float low = sorted[below - 1], high = sorted[Math.min(below, n - 1)];
					out[q][i] = (float) (low + (rank - below) * ((double) high - low));
				}
			}
		});
		return out;
	}
}
