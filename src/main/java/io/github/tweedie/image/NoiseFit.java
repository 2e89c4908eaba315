package io.github.tweedie.image;

import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import org.apache.commons.math3.special.Gamma;

import io.github.tweedie.image.NoiseEstimate.Interval;
import io.github.tweedie.image.NoiseEstimate.Point;

/**
 * The line variance = a·z + b through the energies of blocks, of which a part c of the structure that is seen at lower
 * frequencies leaks into those of the noise: E[noise] = a·mean + b + c·(structure − a·mean − b). Iteratively reweighted: a block
 * counts by the inverse of the variance of its energy, which grows with the leak, so that even blocks decide and busy ones hardly
 * matter; those far above the line not at all. The mean of a block is noisy, too, which would make the line too flat; the mean of
 * the pixels around it, whose noise is another, serves as instrument.
 */
final class NoiseFit {

	/** Of a picture, of which each is left out once to find the errors. */
	static final int PARTS = 20;
	private static final int GROUPS = 24, ITERATIONS = 40;
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
	/** What is left, of a sum of squares, of one about the mean that is 0. */
	private static final double ROUNDING = 1e-12;
	/** Over what is seen. */
	private static final double MOST_NOISE = 1.5;
	/** Blocks that are enough for an order of magnitude. */
	private static final int FEW = 500;
	/** Two-sided 95 % of Student's t with PARTS - 1 degrees of freedom. */
	private static final double STUDENT = 2.093;
	/** The errors come from 20 parts of an image, and from a choice of filter they know nothing of. */
	private static final double CAUTION = 1.15;

	/**
	 * The data of a fit, one number per block; the blocks of a part are left out together to find the errors.
	 *
	 * @param order of the blocks, from dark to bright
	 */
	record Data(double[] mean, double[] around, double[] noise, double[] structure, int[] part, int[] order, double spread) {

		int count() {
			return mean.length;
		}

		/** The level by which a block is weighed: with little noise of its own. */
		double level(int i) {
			double own = (double) BlockStatistics.PIXELS / (BlockStatistics.PIXELS + BlockStatistics.AROUND);
			return own * mean[i] + (1 - own) * around[i];
		}
	}

	/** variance = a·z + b, and the part of the structure that leaks; a may come out negative by chance, as its errors need. */
	record Line(double a, double b, double leak) {

		/** Whether a step that led from another line to this one changed it hardly. */
		private boolean isCloseTo(Line other) {
			return Math.abs(a - other.a) <= CONVERGED * Math.abs(a) && Math.abs(b - other.b) <= CONVERGED * Math.abs(b);
		}
	}

	private final Data data;
	private final boolean gaussian;
	/** Whose point is on the line, or null. */
	private final DarkFrame dark;
	/** Those of each part. */
	private final int[][] blocks = new int[PARTS][];
	private final double least;
	private final Line line;
	private final Weighed weighed;

	/** @param gaussian whether a is to be 0 */
	NoiseFit(Data data, boolean gaussian) {
		this(data, gaussian, null);
	}

	/** A line through the point of a dark frame. */
	NoiseFit(Data data, DarkFrame dark) {
		this(data, false, dark);
	}

	private NoiseFit(Data data, boolean gaussian, DarkFrame dark) {
		this.data = data;
		this.gaussian = gaussian;
		this.dark = dark;
		int every = 1 + data.count() / FEW;
		least = Math.max(1e-6 * quantile(IntStream.range(0, data.count()).filter(i -> i % every == 0).mapToDouble(i -> data.noise[i])
			.filter(v -> v > 0).toArray(), 0.5), LEAST);
		int[] sizes = new int[PARTS];
		for (int part : data.part)
			sizes[part]++;
		for (int part = 0; part < PARTS; part++)
			blocks[part] = new int[sizes[part]];
		for (int i = data.count() - 1; i >= 0; i--)
			blocks[data.part[i]][--sizes[data.part[i]]] = i;
		Line before, now = start();
		Weighed all = new Weighed(now);
		int i = 0;
		do {
			before = now;
			now = all.line(-1);
			all = new Weighed(now);
		}
		while (++i < ITERATIONS && !now.isCloseTo(before));
		line = now;
		weighed = all;
	}

	double a() {
		return line.a;
	}

	double b() {
		return line.b;
	}

	/** Whether it tells of no more noise than all blocks hold: a line through few, that takes the others for outliers, may. */
	boolean plausible() {
		double predicted = 0, seen = 0;
		for (int i = 0; i < data.count(); i++) {
			predicted += variance(data.mean[i]);
			seen += data.noise[i];
		}
		return predicted < MOST_NOISE * seen;
	}

	double variance(double z) {
		return variance(line, z);
	}

	private double variance(Line by, double z) {
		double variance = by.a * z + by.b;
		return variance > least ? variance : least;
	}

	/** 0 for an outlier. */
	double weight(int block) {
		return weighed.weight[block];
	}

	/** What a block says of the noise alone. */
	double withoutLeak(int block) {
		return weighed.energy[block] - line.leak * (data.structure[block] - variance(data.mean[block]));
	}

	/**
	 * What blocks of similar level say together.
	 *
	 * @param factor variance of a pixel over the one that the blocks' energy tells
	 */
	Point point(int[] blocks, double factor) {
		double w = 0, z = 0, v = 0;
		for (int i : blocks) {
			double weight = weight(i);
			w += weight;
			z += weight * data.mean[i];
			v += weight * withoutLeak(i);
		}
		return new Point(z / w, factor * v / w, factor / Math.sqrt(w));
	}

	// -- Start --

	/** A line below most groups of blocks of like intensity, each represented by the evenest quarter. */
	private Line start() {
		int n = data.count();
		int groups = Math.max(1, Math.min(GROUPS, n / 12));
		double[] z = new double[groups], v = new double[groups], certainty = new double[groups];
		for (int k = 0; k < groups; k++) {
			int from = rank(k, groups, n), to = Math.max(from + 1, rank(k + 1, groups, n));
			int[] group = sorted(Arrays.copyOfRange(data.order, from, Math.min(n, to)), data.structure),
				even = Arrays.copyOf(group, Math.max(1, group.length / 4));
			z[k] = quantile(Arrays.stream(even).mapToDouble(i -> data.mean[i]).toArray(), 0.5);
			v[k] = Math.max(least, quantile(Arrays.stream(even).mapToDouble(i -> data.noise[i]).toArray(), 0.5) * (1 + data.spread / 3));
			certainty[k] = Math.sqrt(even.length);
		}
		double best = Double.POSITIVE_INFINITY, a = 0, b = 0;
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
		Line even = new Line(a, b, 0);
		double[] ratios = IntStream.range(0, n).filter(i -> data.structure[i] > 10 * variance(even, data.mean[i]))
			.mapToDouble(i -> Math.max(0, data.noise[i] - variance(even, data.mean[i])) / data.structure[i]).toArray();
		return new Line(a, b, ratios.length == 0 ? 0.01 : quantile(ratios, 0.5));
	}

	/** The indices of values, in the order of these. */
	static int[] sorted(double[] values) {
		return sorted(IntStream.range(0, values.length).toArray(), values);
	}

	/** By values, of which those that agree to nine digits stay in their order: numbers sort faster than objects. */
	static int[] sorted(int[] blocks, double[] by) {
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

	/** All blocks, weighed by a line, and the sums over each part that the next line needs. */
	private final class Weighed {

		private final Line by;
		private final double[] weight = new double[data.count()], energy = new double[data.count()];
		/** From here levels are counted, so that no digits are lost where they are large and differ little. */
		private final double middle = data.mean[data.order[data.count() / 2]];
		private final Sums[] parts = new Sums[PARTS];

		Weighed(Line by) {
			this.by = by;
			for (int part = 0; part < PARTS; part++)
				parts[part] = sums(blocks[part]);
		}

		private Sums sums(int[] blocks) {
			double w = 0, q = 0, m = 0, x = 0, y = 0, qm = 0, qx = 0, xm = 0, xx = 0, qy = 0, xy = 0;
			for (int i : blocks) {
				double own = variance(by, data.mean[i]);
				weigh(i, own);
				double around = data.around[i] - middle, mean = data.mean[i] - middle;
				double excess = data.structure[i] - own, wi = weight[i], wq = wi * around, wx = wi * excess;
				w += wi;
				q += wq;
				m += wi * mean;
				x += wx;
				y += wi * energy[i];
				qm += wq * mean;
				qx += wq * excess;
				xm += wx * mean;
				xx += wx * excess;
				qy += wq * energy[i];
				xy += wx * energy[i];
			}
			return new Sums(w, q, m, x, y, qm, qx, xm, xx, qy, xy);
		}

		/** @param own variance by the level of the block alone */
		private void weigh(int i, double own) {
			double v = variance(by, data.level(i)), structure = data.structure[i] - CALM * v, busy = structure > 0 ? by.leak * structure : 0;
			double expected = v + busy;
			// NB: photons are few and their distribution is skewed; the excess kurtosis is at most a²/v. Of the relative variance
			// data.spread + a²/(64·v) + (busy/expected)² both parts of a fraction are made, since a division costs as much as all the rest.
			double over = expected * expected * v, under = expected * expected * (data.spread * v + by.a * by.a / BlockStatistics.PIXELS)
				+ busy * busy * v, spread = under / over;
			// NB: where the block itself is brighter than what is around, it may hold more noise.
			double most = (own > v ? own : v) * expected, above = data.noise[i] * v - most;
			boolean outlier = above > 0 && above * above > OUTLIER * OUTLIER * spread * most * most;
			weight[i] = outlier ? 0 : v / under;
			energy[i] = data.noise[i] * overKept(spread);
		}

		/** The line through all blocks but those of a part, by these weights; through all, if there is no such part. */
		Line line(int without) {
			Sums sums = Sums.NONE;
			for (int part = 0; part < PARTS; part++)
				if (part != without)
					sums = sums.plus(parts[part]);
			return sums.w == 0 ? by : solve(sums, middle);
		}
	}

	/**
	 * One over the mean of a gamma distribution of mean 1 and the given variance without what lies above the cut. A line between eight
	 * entries an octave, which the bits of the variance number: a logarithm for each block would take longer than all the rest.
	 */
	static double overKept(double variance) {
		long bits = Double.doubleToRawLongBits(variance < LEAST_SPREAD ? LEAST_SPREAD : variance > MOST_SPREAD ? MOST_SPREAD : variance);
		int i = (int) ((bits >> EIGHTH) - FIRST);
		return OVER_KEPT[i] + (bits & (1L << EIGHTH) - 1) * 0x1p-49 * (OVER_KEPT[i + 1] - OVER_KEPT[i]);
	}

	private static final double LEAST_SPREAD = 0x1p-9, MOST_SPREAD = 0x1p13;
	/** Bits below those that number the eighths of octaves. */
	private static final int EIGHTH = 49;
	private static final long FIRST = Double.doubleToRawLongBits(LEAST_SPREAD) >> EIGHTH,
			LAST = Double.doubleToRawLongBits(MOST_SPREAD) >> EIGHTH;
	private static final double[] OVER_KEPT = LongStream.rangeClosed(FIRST, LAST + 1).mapToDouble(eighth -> {
		double variance = Double.longBitsToDouble(eighth << EIGHTH), shape = 1 / variance, cut = shape * (1 + OUTLIER * Math.sqrt(variance));
		return Gamma.regularizedGammaP(shape, cut) / Gamma.regularizedGammaP(shape + 1, cut);
	}).toArray();

	// -- Least squares with an instrument --

	/** Weighted sums over blocks: instrument q, mean m, excess structure x, noise y, and their products. */
	private record Sums(double w, double q, double m, double x, double y, double qm, double qx, double xm, double xx, double qy,
		double xy)
	{

		static final Sums NONE = new Sums(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

		Sums plus(Sums s) {
			return new Sums(w + s.w, q + s.q, m + s.m, x + s.x, y + s.y, qm + s.qm, qx + s.qx, xm + s.xm, xx + s.xx, qy + s.qy, xy + s.xy);
		}
	}

	/** @param middle grey level from which the sums count the means; the leak is from 0 to its limit */
	private Line solve(Sums s, double middle) {
		// NB: all is counted from a point on the line: the weighted mean, or the dark frame, which holds no structure.
		double q0 = dark == null ? s.q / s.w : dark.offset() - middle, m0 = dark == null ? s.m / s.w : q0;
		double x0 = dark == null ? s.x / s.w : 0, y0 = dark == null ? s.y / s.w : dark.variance();
		double qm = s.qm - q0 * s.m - m0 * s.q + s.w * q0 * m0, qx = s.qx - q0 * s.x - x0 * s.q + s.w * q0 * x0;
		double xm = s.xm - x0 * s.m - m0 * s.x + s.w * x0 * m0, xx = s.xx - 2 * x0 * s.x + s.w * x0 * x0;
		double qy = s.qy - q0 * s.y - y0 * s.q + s.w * q0 * y0, xy = s.xy - x0 * s.y - y0 * s.x + s.w * x0 * y0;
		boolean flat = gaussian || !(qm > ROUNDING * s.qm);
		double slope = 0, leak = 0, determinant = qm * xx - qx * xm;
		boolean even = !(xx > ROUNDING * s.xx) || !flat && !(determinant > 1e-6 * qm * xx);
		if (!flat && !even) {
			slope = (qy * xx - qx * xy) / determinant;
			leak = (xy * qm - xm * qy) / determinant;
		}
		if (flat)
			leak = even ? 0 : xy / xx;
		double allowed = Math.max(0, Math.min(MOST_LEAK, leak));
		if (even || allowed != leak) {
			leak = even ? 0 : allowed;
			slope = flat ? 0 : (qy - leak * qx) / qm;
		}
		return new Line(slope, y0 - slope * m0 - leak * x0 - slope * middle, leak);
	}

	// -- Errors --

	/** The lines when each of the parts of the picture is left out, roughly: all keep their weights. */
	Line[] leavingOut() {
		return IntStream.range(0, PARTS).mapToObj(weighed::line).toArray(Line[]::new);
	}

	/** The same with new weights, without which chance makes slopes of even pictures look certain. */
	private Line[] leavingOutAnew() {
		return IntStream.range(0, PARTS).parallel().mapToObj(part -> new Weighed(weighed.line(part)).line(part)).toArray(Line[]::new);
	}

	/** The line, or the one without a slope where chance may have made it, with 95 % intervals of a and b. */
	record Told(NoiseModel model, Interval a, Interval b) {

		Told times(double factor) {
			return new Told(new NoiseModel(factor * model.a(), factor * model.b()), new Interval(factor * a.low(), factor * a.high()),
				new Interval(factor * b.low(), factor * b.high()));
		}

		/** Another line, which the intervals then hold, too. */
		Told or(double slope, double intercept) {
			return new Told(new NoiseModel(slope, intercept), new Interval(Math.min(a.low(), slope), Math.max(a.high(), slope)),
				new Interval(Math.min(b.low(), intercept), Math.max(b.high(), intercept)));
		}

		/** The line of the same slope through the point of a dark frame. */
		Told through(DarkFrame dark) {
			double one = dark.b(a.low()), other = dark.b(a.high());
			return new Told(new NoiseModel(model.a(), dark.b(model.a()), dark.readNoise()), a,
				new Interval(Math.min(one, other), Math.max(one, other)));
		}
	}

	Told told() {
		Line[] leavingOut = leavingOutAnew();
		double errorA = error(leavingOut, Line::a), errorB = error(leavingOut, Line::b);
		if (a() > errorA)
			return new Told(new NoiseModel(a(), b()), new Interval(a() - errorA, a() + errorA), new Interval(b() - errorB, b() + errorB));
		NoiseFit even = gaussian ? this : new NoiseFit(data, true);
		double b = Math.max(0, even.b()), error = error(even.leavingOutAnew(), Line::b);
		// NB: a line that was made without a slope knows nothing of it.
		return new Told(new NoiseModel(0, b), new Interval(0, gaussian ? Double.POSITIVE_INFINITY : Math.max(0, a() + errorA)),
			new Interval(Math.min(b() - errorB, b - error), Math.max(b() + errorB, b + error)));
	}

	/** Half the width of the 95 % interval of a or b: from few parts of an image, and from choices that they know nothing of. */
	private static double error(Line[] leavingOut, ToDoubleFunction<Line> of) {
		return CAUTION * STUDENT * Math.sqrt(jackknife(Arrays.stream(leavingOut).mapToDouble(of).toArray()));
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
