package io.github.tweedie.image;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import org.apache.commons.math3.special.Gamma;

/**
 * The line variance = a·z + b through the energies of blocks, of which a part c of the structure that is seen at lower
 * frequencies leaks into those of the noise: E[noise] = a·mean + b + c·(structure − a·mean − b). Iteratively reweighted: a block
 * counts by the inverse of the variance of its energy, which grows with the leak, so that even blocks decide and busy ones hardly
 * matter; those far above the line not at all. The mean of a block is noisy, too, which would make the line too flat; the mean of
 * the pixels around it, whose noise is another, serves as instrument.
 */
final class NoiseFit {

	private static final int GROUPS = 24, ITERATIONS = 40, PARTS = 20;
	/** From the line through all parts the way to the line without one is short: more iterations hardly change the errors. */
	private static final int ITERATIONS_LEFT = 2;
	private static final double CONVERGED = 1e-5;
	private static final double OUTLIER = 4;
	/**
	 * Energies of structure up to this multiple of the noise are taken for noise where blocks are weighed, lest the weights prefer
	 * quiet noise.
	 */
	private static final double CALM = 2;
	/** A hot pixel leaks fully; what a microscope resolves leaks less. */
	private static final double MOST_LEAK = 0.5;
	/** The least variance: its square, by which blocks are weighed, and the products of two weights must be numbers. */
	private static final double LEAST = 1e-60;
	/** Two-sided 95 % of Student's t with PARTS - 1 degrees of freedom. */
	static final double STUDENT = 2.093;

	/** The data of a fit, one number per block; the blocks of a part are left out together to find the errors. */
	record Data(double[] mean, double[] around, double[] noise, double[] structure, int[] part, double spread) {

		int count() {
			return mean.length;
		}

		/** The level by which a block is weighed: with little noise of its own. */
		double level(int i) {
			double own = (double) BlockStatistics.PIXELS / (BlockStatistics.PIXELS + BlockStatistics.AROUND);
			return own * mean[i] + (1 - own) * around[i];
		}
	}

	private final Data data;
	private final boolean gaussian;
	private final int without;
	private final double least;
	private final double[] weight, energy;
	private double a, b, leak;

	/** @param gaussian whether a is to be 0 */
	NoiseFit(Data data, boolean gaussian) {
		this(data, gaussian, -1, null);
	}

	private NoiseFit(Data data, boolean gaussian, int without, NoiseFit from) {
		this.data = data;
		this.gaussian = gaussian;
		this.without = without;
		if (from == null) {
			weight = new double[data.count()];
			energy = new double[data.count()];
			least = Math.max(1e-6 * quantile(Arrays.stream(data.noise).filter(v -> v > 0).toArray(), 0.5), LEAST);
			start();
			weigh();
			for (int i = 0; i < ITERATIONS && !step(); i++)
				weigh();
			weigh();
			return;
		}
		weight = from.weight.clone();
		energy = from.energy.clone();
		least = from.least;
		a = from.a;
		b = from.b;
		leak = from.leak;
		for (int i = 0; i < weight.length; i++)
			if (data.part[i] == without)
				weight[i] = 0;
		step();
		for (int i = 1; i < ITERATIONS_LEFT; i++) {
			weigh();
			step();
		}
	}

	/** @return whether it changed the line no more */
	private boolean step() {
		double beforeA = a, beforeB = b;
		double[] solved = solve(sums());
		a = solved[0];
		b = solved[1];
		leak = solved[2];
		return Math.abs(a - beforeA) <= CONVERGED * Math.abs(a) && Math.abs(b - beforeB) <= CONVERGED * Math.abs(b);
	}

	double a() {
		return a;
	}

	double b() {
		return b;
	}

	double variance(double z) {
		return Math.max(least, a * z + b);
	}

	/** 0 for an outlier. */
	double weight(int block) {
		return weight[block];
	}

	/** What a block says of the noise alone. */
	double withoutLeak(int block) {
		return energy[block] - leak * (data.structure[block] - variance(data.mean[block]));
	}

	// -- Start --

	/** A line below most groups of blocks of like intensity, each represented by the evenest quarter. */
	private void start() {
		int n = data.count();
		int[] order = sorted(IntStream.range(0, n).toArray(), data.mean);
		int groups = Math.max(1, Math.min(GROUPS, n / 12));
		double[] z = new double[groups], v = new double[groups], certainty = new double[groups];
		for (int k = 0; k < groups; k++) {
			int from = rank(k, groups, n), to = Math.max(from + 1, rank(k + 1, groups, n));
			int[] group = sorted(Arrays.copyOfRange(order, from, Math.min(n, to)), data.structure),
				even = Arrays.copyOf(group, Math.max(1, group.length / 4));
			z[k] = quantile(Arrays.stream(even).mapToDouble(i -> data.mean[i]).toArray(), 0.5);
			v[k] = Math.max(least, quantile(Arrays.stream(even).mapToDouble(i -> data.noise[i]).toArray(), 0.5) * (1 + data.spread / 3));
			certainty[k] = Math.sqrt(even.length);
		}
		double best = Double.POSITIVE_INFINITY;
		for (int i = 0; i < groups; i++)
			for (int j = i; j < groups; j++) {
				double tryA = gaussian || !(z[j] > z[i]) ? 0 : (v[j] - v[i]) / (z[j] - z[i]), tryB = v[i] - tryA * z[i];
				double misfit = tryA < 0 || tryA * z[0] + tryB < 0 ? Double.POSITIVE_INFINITY : 0;
				for (int k = 0; k < groups; k++) {
					double above = Math.log(v[k] / Math.max(least, tryA * z[k] + tryB));
					misfit += certainty[k] * Math.min(1, above > 0 ? above : -4 * above);
				}
				if (misfit < best) {
					best = misfit;
					a = tryA;
					b = tryB;
				}
			}
		double[] ratios = IntStream.range(0, n).filter(i -> data.structure[i] > 10 * variance(data.mean[i]))
			.mapToDouble(i -> Math.max(0, data.noise[i] - variance(data.mean[i])) / data.structure[i]).toArray();
		leak = ratios.length == 0 ? 0.01 : quantile(ratios, 0.5);
	}

	/** By values, of which those that agree to nine digits stay in their order: numbers sort faster than objects. */
	private static int[] sorted(int[] blocks, double[] by) {
		int bits = 64 - Long.numberOfLeadingZeros(by.length);
		long index = (1L << bits) - 1;
		return Arrays.stream(blocks).mapToLong(i -> {
			long value = Double.doubleToLongBits(by[i]);
			return (value ^ value >> 63 & Long.MAX_VALUE) & ~index | i;
		}).sorted().mapToInt(key -> (int) (key & index)).toArray();
	}

	/** Half of the groups share the brightest tenth of the blocks, which tells most of the slope. */
	private static int rank(int k, int groups, int n) {
		double t = (double) k / groups;
		return (int) (n * (t < 0.5 ? 1.8 * t : 0.9 + 0.2 * (t - 0.5)));
	}

	// -- Weights --

	private void weigh() {
		for (int i = 0; i < data.count(); i++) {
			double v = variance(data.level(i)), busy = leak * Math.max(0, data.structure[i] - CALM * v), expected = v + busy;
			// NB: photons are few and their distribution is skewed; the excess kurtosis is at most a²/v.
			double counting = a * a / (BlockStatistics.PIXELS * v);
			double spread = expected * expected * (data.spread + counting) + busy * busy;
			double own = Math.max(1, variance(data.mean[i]) / v);
			boolean outlier = data.noise[i] > own * (expected + OUTLIER * Math.sqrt(spread));
			weight[i] = outlier || data.part[i] == without ? 0 : 1 / spread;
			energy[i] = data.noise[i] / kept(spread / (expected * expected));
		}
	}

	/**
	 * Mean of a gamma distribution of mean 1 and the given variance without what lies above the cut. A line between eight entries an
	 * octave, which the bits of the variance number: a logarithm for each block would take longer than all the rest.
	 */
	static double kept(double variance) {
		long bits = Double.doubleToRawLongBits(Math.max(LEAST_SPREAD, Math.min(MOST_SPREAD, variance)));
		int i = (int) ((bits >> EIGHTH) - FIRST);
		return KEPT[i] + (bits & (1L << EIGHTH) - 1) * 0x1p-49 * (KEPT[i + 1] - KEPT[i]);
	}

	private static final double LEAST_SPREAD = 0x1p-9, MOST_SPREAD = 0x1p13;
	/** Bits below those that number the eighths of octaves. */
	private static final int EIGHTH = 49;
	private static final long FIRST = Double.doubleToRawLongBits(LEAST_SPREAD) >> EIGHTH,
			LAST = Double.doubleToRawLongBits(MOST_SPREAD) >> EIGHTH;
	private static final double[] KEPT = LongStream.rangeClosed(FIRST, LAST + 1).mapToDouble(eighth -> {
		double variance = Double.longBitsToDouble(eighth << EIGHTH), shape = 1 / variance, cut = shape * (1 + OUTLIER * Math.sqrt(variance));
		return Gamma.regularizedGammaP(shape + 1, cut) / Gamma.regularizedGammaP(shape, cut);
	}).toArray();

	// -- Least squares with an instrument --

	/** Sums over the blocks: instrument q, mean m, excess structure x, noise y. */
	private record Sums(double w, double q, double m, double x, double y, double qm, double qx, double xm, double xx, double qy,
		double xy) {}

	private Sums sums() {
		double w = 0, q = 0, m = 0, x = 0, y = 0;
		for (int i = 0; i < data.count(); i++) {
			w += weight[i];
			q += weight[i] * data.around[i];
			m += weight[i] * data.mean[i];
			x += weight[i] * excess(i);
			y += weight[i] * energy[i];
		}
		if (w == 0)
			return null;
		double qm = 0, qx = 0, xm = 0, xx = 0, qy = 0, xy = 0;
		for (int i = 0; i < data.count(); i++) {
			double dq = data.around[i] - q / w, dm = data.mean[i] - m / w, dx = excess(i) - x / w, dy = energy[i] - y / w, wi = weight[i];
			qm += wi * dq * dm;
			qx += wi * dq * dx;
			xm += wi * dx * dm;
			xx += wi * dx * dx;
			qy += wi * dq * dy;
			xy += wi * dx * dy;
		}
		return new Sums(w, q / w, m / w, x / w, y / w, qm, qx, xm, xx, qy, xy);
	}

	private double excess(int i) {
		return data.structure[i] - variance(data.mean[i]);
	}

	/** (a, b, leak); a may come out negative by chance, as its errors need; leak is from 0 to its limit. */
	private double[] solve(Sums s) {
		if (s == null)
			return new double[] { a, b, leak };
		boolean flat = gaussian || !(s.qm > 0), even = !(s.xx > 0);
		double slope = 0, part = 0, determinant = s.qm * s.xx - s.qx * s.xm;
		if (!flat && !even && determinant > 1e-6 * s.qm * s.xx) {
			slope = (s.qy * s.xx - s.qx * s.xy) / determinant;
			part = (s.xy * s.qm - s.xm * s.qy) / determinant;
		}
		if (flat)
			part = even ? 0 : s.xy / s.xx;
		double allowed = Math.max(0, Math.min(MOST_LEAK, part));
		if (even || allowed != part) {
			part = even ? 0 : allowed;
			slope = flat ? 0 : (s.qy - part * s.qx) / s.qm;
		}
		return new double[] { slope, s.y - slope * s.m - part * s.x, part };
	}

	// -- Errors --

	/** What the fit says when each of the parts of the picture is left out: pairs (a, b). */
	double[][] leavingOut() {
		return IntStream.range(0, PARTS).parallel().mapToObj(part -> {
			NoiseFit fit = new NoiseFit(data, gaussian, part, this);
			return new double[] { fit.a, fit.b };
		}).toArray(double[][]::new);
	}

	/** Jackknife variance of a function of the pairs. */
	static double jackknife(double[] values) {
		double mean = Arrays.stream(values).average().orElse(0);
		return (values.length - 1.0) / values.length * Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
	}

	/** To which part a tile belongs: spread over the picture. */
	static int part(int tile) {
		return (int) ((tile * 0x9E3779B97F4A7C15L >>> 33) % PARTS);
	}

	static double quantile(double[] values, double q) {
		Arrays.sort(values);
		return values.length == 0 ? 0 : values[(int) Math.min(values.length - 1.0, q * values.length)];
	}
}
