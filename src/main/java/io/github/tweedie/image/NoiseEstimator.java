package io.github.tweedie.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

import io.github.tweedie.image.BlockStatistics.Band;
import io.github.tweedie.image.NoiseEstimate.Correlation;
import io.github.tweedie.image.NoiseEstimate.Interval;
import io.github.tweedie.image.NoiseEstimate.Point;
import net.imglib2.RandomAccessibleInterval;
import net.imglib2.type.numeric.IntegerType;
import net.imglib2.type.numeric.RealType;

/**
 * Finds the noise of a camera, variance = a·z + b, in one image or stack, as Foi et al. (2008) do: the energy of the highest
 * frequencies, where a microscope resolves nothing, against the local mean. Structure, hot pixels and saturation are kept out
 * ({@link NoiseFit}). Noise that falls with brightness is that of an inverted image, and measured in its negative. The offset and
 * the read noise of the camera cannot be told apart from one image: both are in b.
 *
 * <p>Two pairs of filters are fitted. The one with less structure decides, unless the one with more noise in its answer agrees
 * with it; then that one, whose errors are smaller.
 */
public final class NoiseEstimator {

	/** Blocks beyond this number would make the estimate slower but hardly better. */
	private static final int MOST_BLOCKS = 1 << 16, MOST_PLANES = 16;
	private static final int FEWEST_BLOCKS = 8, MOST_DIFFERENCES = 1 << 18;
	/**
	 * Share of a slope above which its interval begins, where the noise is believed to fall with brightness: few images are inverted, and
	 * in one of ten with Gaussian noise alone chance and structure make a slope below 0 by more than its error.
	 */
	private static final double SURE = 0.75;
	/** Photons of a bright pixel, and by which factor the noise may differ, where a slope is taken from the grey levels alone. */
	private static final double RARE = 0.5, LIKE_PHOTONS = 1.25;
	private static final double[] LEVELS = { 0.05, 0.5, 0.95 };

	private NoiseEstimator() {}

	/**
	 * Estimates the noise of an image of any dimension from its planes, at most 16 of them, one at a time.
	 *
	 * @throws IllegalArgumentException if no pixel is a finite number
	 */
	public static NoiseEstimate estimate(RandomAccessibleInterval<? extends RealType<?>> image) {
		return estimate(image, null);
	}

	/**
	 * The same where a frame without light is known, or what the camera's data sheet says of one. The noise model of the estimate then
	 * knows its read noise, unless the noise is correlated between pixels or the same in all of them, or the image is too small to tell.
	 *
	 * @param dark null for none
	 */
	public static NoiseEstimate estimate(RandomAccessibleInterval<? extends RealType<?>> image, DarkFrame dark) {
		Planes planes = new Planes(image);
		int used = Math.min(MOST_PLANES, planes.count());
		return estimate(used, planes.width(), image.getType() instanceof IntegerType, dark,
			index -> planes.read((int) ((long) index * planes.count() / used)));
	}

	/**
	 * Estimates the noise from planes of one size that are read when they are needed, one at a time and some of them several times.
	 *
	 * @param count number of planes
	 * @param width X
	 * @param planes Y×X grey levels of the plane of an index from 0
	 * @throws IllegalArgumentException if no pixel is a finite number
	 */
	public static NoiseEstimate estimate(int count, int width, IntFunction<float[]> planes) {
		return estimate(count, width, null, planes);
	}

	/** @param dark null for none */
	public static NoiseEstimate estimate(int count, int width, DarkFrame dark, IntFunction<float[]> planes) {
		return estimate(count, width, false, dark, planes::apply);
	}

	private static NoiseEstimate estimate(int count, int width, boolean whole, DarkFrame dark, Source planes) {
		NoiseEstimate upright = rising(count, width, whole, dark, planes);
		// NB: what is measured of one pixel is not what is measured of several that are alike.
		if (dark != null)
			return upright.correlation().found() ? estimate(count, width, whole, null, planes) : upright;
		// NB: the slope that was not believed is below 0 by more than its error.
		if (upright.a().high() > 0)
			return upright;
		NoiseEstimate inverted = rising(count, width, whole, null, index -> Planes.negative(planes.plane(index)));
		// NB: where no photon is the usual number, its negative would look saturated.
		boolean sure = inverted.a().low() > SURE * inverted.model().a() && inverted.clippedHigh() <= upright.clippedLow();
		return sure ? inverted.inverted() : upright;
	}

	/** Of noise that rises with brightness, or does not depend on it. */
	private static NoiseEstimate rising(int count, int width, boolean whole, DarkFrame dark, Source planes) {
		List<Sample> samples = new ArrayList<>();
		for (int i = 0; i < count; i++)
			samples.add(Sample.of(planes.plane(i), width, count, whole));
		return new Estimation(samples, dark).result(planes, width);
	}

	/**
	 * Estimates the noise of one plane.
	 *
	 * @param plane Y×X grey levels
	 * @param width X
	 * @throws IllegalArgumentException if no pixel is a finite number
	 */
	public static NoiseEstimate estimate(float[] plane, int width) {
		return estimate(1, width, null, index -> plane);
	}

	/** Reads a plane again. */
	private interface Source {
		float[] plane(int index);
	}

	// -- Samples --

	/** What is kept of a plane. */
	private record Sample(BlockStatistics blocks, GreyLevels levels, double difference) {

		static Sample of(float[] plane, int width, int planes, boolean whole) {
			GreyLevels levels = GreyLevels.of(plane, whole);
			int every = (int) Math.max(1, (long) plane.length * planes / BlockStatistics.PIXELS / MOST_BLOCKS);
			BlockStatistics blocks = BlockStatistics.of(plane, width, levels.range(), every);
			// NB: where photons are counted and few, 0 is no clipping but a number of photons.
			if (levels.clippedLow > 0 && usable(blocks) < blocks.count() / 10) {
				levels = new GreyLevels(levels.lowest, levels.highest, levels.darkest, 0, levels.clippedHigh, levels.step);
				blocks = BlockStatistics.of(plane, width, levels.range(), every);
			}
			return new Sample(blocks, levels, varied(blocks).count() < FEWEST_BLOCKS ? ofDifferences(plane, width) : 0);
		}

		private static long usable(BlockStatistics blocks) {
			return Arrays.stream(blocks.mean).filter(Double::isFinite).count();
		}

		/**
		 * Blocks whose filters meet numbers only, and not one grey level only: a background that was set to a constant has no noise,
		 * and no line of positive variance goes through it. The 2nd derivative of a constant is 0 without rounding error.
		 */
		static IntStream varied(BlockStatistics blocks) {
			double[] energy = blocks.noise[Band.BROAD.ordinal()];
			return IntStream.range(0, blocks.count()).filter(i -> Double.isFinite(blocks.mean[i]) && energy[i] > 0);
		}

		/** For small images, and nearly constant ones: the median of second differences along the rows and columns tells the variance. */
		private static double ofDifferences(float[] plane, int width) {
			int every = 1 + plane.length / MOST_DIFFERENCES | 1, count = 0;
			double[] all = new double[2 * (plane.length / every + 1)];
			for (int i = 0; i < plane.length; i += every) {
				if (i % width > 0 && i % width < width - 1)
					all[count++] = Math.abs(plane[i - 1] - 2.0 * plane[i] + plane[i + 1]);
				if (i >= width && i + width < plane.length)
					all[count++] = Math.abs(plane[i - width] - 2.0 * plane[i] + plane[i + width]);
			}
			double[] finite = Arrays.stream(all, 0, count).filter(Double::isFinite).toArray();
			double deviation = NoiseFit.quantile(finite, 0.5) / 0.6745;
			return deviation * deviation / 6;
		}
	}

	/**
	 * The ends of the range of a plane, and the step from one grey level to the next.
	 *
	 * @param darkest share of the pixels at the lowest grey level, where they pile up: they were cut off, or hold no photon
	 * @param clippedLow the same where it is taken for cut off, else 0
	 */
	private record GreyLevels(float lowest, float highest, double darkest, double clippedLow, double clippedHigh, double step) {

		static GreyLevels of(float[] plane, boolean whole) {
			float low = Float.POSITIVE_INFINITY, high = Float.NEGATIVE_INFINITY, nextLow = low, nextHigh = high;
			int lows = 0, highs = 0, nextLows = 0, nextHighs = 0, finite = plane.length;
			for (float value : plane) {
				// NB: nearly all pixels leave here.
				if (value > nextLow && value < nextHigh)
					continue;
				if (!Float.isFinite(value)) {
					finite--;
					continue;
				}
				if (value < low) {
					nextLow = low;
					nextLows = lows;
					low = value;
					lows = 0;
				}
				else if (value > low && value < nextLow) {
					nextLow = value;
					nextLows = 0;
				}
				if (value > high) {
					nextHigh = high;
					nextHighs = highs;
					high = value;
					highs = 0;
				}
				else if (value < high && value > nextHigh) {
					nextHigh = value;
					nextHighs = 0;
				}
				lows += value == low ? 1 : 0;
				nextLows += value == nextLow ? 1 : 0;
				highs += value == high ? 1 : 0;
				nextHighs += value == nextHigh ? 1 : 0;
			}
			if (finite == 0)
				throw new IllegalArgumentException("All pixels are NaN or infinite, so there is no noise to be measured;"
					+ " at least one must be a number.");
			boolean constant = low == high;
			double darkest = !constant && piled(lows, nextLows) ? (double) lows / finite : 0;
			return new GreyLevels(low, high, darkest, darkest,
				!constant && piled(highs, nextHighs) ? (double) highs / finite : 0, step(plane, low, high, whole));
		}

		/** What is not clipped. */
		BlockSpectra.Range range() {
			return new BlockSpectra.Range(clippedLow > 0 ? lowest : Float.NEGATIVE_INFINITY,
				clippedHigh > 0 ? highest : Float.POSITIVE_INFINITY);
		}

		/** Whether more pixels have the last grey level than the tail of a distribution would bring there. */
		private static boolean piled(int last, int next) {
			return last > 3 && last > 2 * next + 4 * Math.sqrt(next);
		}

		private static double step(float[] plane, float low, float high, boolean whole) {
			int every = Math.max(1, plane.length / 50_000);
			float[] some = distinct(plane, every);
			if (some.length < 2)
				return whole ? 1 : 0;
			double least = Double.POSITIVE_INFINITY;
			for (int i = 1; i < some.length; i++)
				least = Math.min(least, (double) some[i] - some[i - 1]);
			double tolerance = 1e-3 + 2e-7 * Math.max(Math.abs(low), Math.abs(high)) / least;
			boolean multiples = true, stretched = true;
			for (float value : some) {
				double steps = ((double) value - low) / least;
				multiples &= Math.abs(steps - Math.rint(steps)) < tolerance;
				// NB: a stretched 8-bit image has steps of two sizes.
				stretched &= value == Math.rint(value);
			}
			return multiples || stretched ? least : whole ? 1 : 0;
		}

		/**
		 * The different numbers among every k-th pixel, in increasing order; none if half of the pixels differ. The numbers stand in a
		 * table at a place that depends on their bits, or behind it: where grey levels repeat that costs far less than sorting all.
		 */
		private static float[] distinct(float[] plane, int every) {
			int bits = 33 - Integer.numberOfLeadingZeros(plane.length / every), count = 0;
			float[] table = new float[1 << bits];
			Arrays.fill(table, Float.NaN);
			for (int i = 0, last = plane.length / every * every, most = (last / every + 1) / 2; i < last; i += every) {
				// NB: 0 and -0 are the same number.
				float value = plane[i] + 0f;
				if (!Float.isFinite(value))
					continue;
				int at = Float.floatToRawIntBits(value) * 0x9E3779B9 >>> 32 - bits;
				while (table[at] != value && !Float.isNaN(table[at]))
					at = at + 1 & table.length - 1;
				count += table[at] == value ? 0 : 1;
				table[at] = value;
				if (count >= most)
					return new float[0];
			}
			float[] distinct = new float[count];
			for (float value : table)
				if (!Float.isNaN(value))
					distinct[--count] = value;
			Arrays.sort(distinct);
			return distinct;
		}
	}

	// -- Estimation --

	/** All blocks that can be used, and the lines through them. */
	private static final class Estimation {

		private final List<Sample> samples;
		private final DarkFrame dark;
		private final int count;
		/** Sample and block of each usable block, the part of the image in which it lies, and all blocks from dark to bright. */
		private final int[] sample, block, part, order;
		/** Of each block, and of the pixels around it. */
		private final double[] mean, around;
		/** Of the blocks' means. */
		private final double[] levels;

		/** @param dark null for none */
		Estimation(List<Sample> samples, DarkFrame dark) {
			this.samples = samples;
			this.dark = dark;
			int[][] usable = new int[samples.size()][];
			for (int s = 0; s < usable.length; s++)
				usable[s] = Sample.varied(samples.get(s).blocks).toArray();
			count = Arrays.stream(usable).mapToInt(u -> u.length).sum();
			sample = new int[count];
			block = new int[count];
			mean = new double[count];
			around = new double[count];
			part = new int[count];
			int each = count / Math.max(1, samples.size()), side = BlockStatistics.SIDE * (each >= 1600 ? 4 : each >= 400 ? 2 : 1);
			int[] ends = new int[NoiseFit.PARTS + 1];
			for (int s = 0; s < usable.length; s++)
				for (int k : usable[s])
					ends[part(s, k, side) + 1]++;
			Arrays.parallelPrefix(ends, Integer::sum);
			// NB: the fit goes through the blocks part by part, which is faster where they lie side by side.
			for (int s = 0; s < usable.length; s++)
				for (int k : usable[s]) {
					BlockStatistics blocks = samples.get(s).blocks;
					int at = part(s, k, side), i = ends[at]++;
					sample[i] = s;
					block[i] = k;
					mean[i] = blocks.mean[k];
					around[i] = blocks.around[k];
					part[i] = at;
				}
			order = NoiseFit.sorted(mean);
			levels = count == 0 ? LEVELS : Arrays.stream(LEVELS).map(q -> mean[order[(int) (q * count)]]).toArray();
		}

		/** NB: the same place in another plane of a stack often holds the same structure, and belongs to the same part. */
		private int part(int sample, int block, int side) {
			BlockStatistics blocks = samples.get(sample).blocks;
			return NoiseFit.part(blocks.top[block] / side * 4096 + blocks.left[block] / side);
		}

		NoiseEstimate result(Source source, int width) {
			double step = samples.stream().mapToDouble(s -> s.levels.step).max().orElse(0), rounding = step * step / 12;
			double clippedLow = samples.stream().mapToDouble(s -> s.levels.clippedLow).average().orElse(0);
			double clippedHigh = samples.stream().mapToDouble(s -> s.levels.clippedHigh).average().orElse(0);
			if (count < FEWEST_BLOCKS)
				return small(Math.max(rounding, difference()), step, clippedLow, clippedHigh);
			Fit[] fits = Arrays.stream(Band.values()).parallel().map(Fit::new).toArray(Fit[]::new);
			Fit fine = fits[Band.FINE.ordinal()], broad = fits[Band.BROAD.ordinal()], fit = broad.agreesWith(fine) ? broad : fine;
			// NB: a float is rounded, too.
			double digit = Math.ulp((float) Math.max(Math.abs(levels[0]), Math.abs(levels[2])));
			double least = Math.max(rounding, digit * digit / 12);
			double dark = fit.cutsOff(step) && !fit.countsPhotons(step) ? samples.stream().mapToDouble(s -> s.levels.darkest).average().orElse(0) : clippedLow;
			NoiseEstimate near = fit.estimate(fit.flatness(source, width), least, step, dark, clippedHigh);
			return NoiseSpectrum.refined(near, () -> fit.estimate(Flatness.NONE, least, step, dark, clippedHigh), samples.size(),
				source::plane, s -> samples.get(s).levels.range(), width);
		}

		private double difference() {
			// NB: a plane without any noise, as an empty one of a stack, tells nothing of the others.
			return samples.stream().mapToDouble(s -> s.difference).filter(d -> d > 0).average().orElse(0);
		}

		/** Too small to tell more than one number. */
		private static NoiseEstimate small(double variance, double step, double clippedLow, double clippedHigh) {
			return new NoiseEstimate(new NoiseModel(0, variance), new Interval(0, Double.POSITIVE_INFINITY),
				new Interval(0, Math.max(4 * variance, step * step)),
				List.of(), Correlation.UNKNOWN, step, clippedLow, clippedHigh);
		}

		/** The line of one band. */
		private final class Fit {

			private final NoiseFit.Data data;
			private final NoiseFit line;
			private final NoiseFit.Line[] parts;

			Fit(Band band) {
				double[] noise = new double[count], structure = new double[count];
				for (int i = 0; i < count; i++) {
					BlockStatistics blocks = samples.get(sample[i]).blocks;
					noise[i] = blocks.noise[band.ordinal()][block[i]];
					structure[i] = blocks.structure[band.ordinal()][block[i]];
				}
				data = new NoiseFit.Data(mean, around, noise, structure, part, order, band.spread);
				NoiseFit sloping = dark == null ? new NoiseFit(data, false) : new NoiseFit(data, dark);
				line = sloping.plausible() ? sloping : new NoiseFit(data, true);
				parts = line.leavingOut();
			}

			/** Whether both say the same of dark, middle and bright pixels, within what chance makes of their difference. */
			boolean agreesWith(Fit other) {
				return Arrays.stream(levels).allMatch(z -> {
					double difference = Math.log(line.variance(z) / other.line.variance(z));
					double[] left = IntStream.range(0, parts.length)
						.mapToDouble(p -> Math.log(at(parts[p], z) / at(other.parts[p], z))).toArray();
					return Math.abs(difference) <= 2 * Math.sqrt(NoiseFit.jackknife(left)) + 0.005;
				});
			}

			private double at(NoiseFit.Line part, double z) {
				return Math.max(1e-9 * line.variance(z), part.a() * z + part.b());
			}

			NoiseEstimate estimate(Flatness flatness, double rounding, double step, double clippedLow, double clippedHigh) {
				NoiseFit.Told told = line.told().times(flatness.factor());
				if (dark != null && told.model().a() > 0)
					told = told.through(dark);
				if (countsPhotons(step))
					told = told.or(step, -step * lowest());
				double lift = lift(told.model(), rounding, step);
				return new NoiseEstimate(told.model().plus(lift), told.a(),
					new Interval(told.b().low(), told.b().high() + lift), points(flatness.factor()), flatness.correlation(), step, clippedLow,
					clippedHigh);
			}

			/**
			 * By how much b is too small: grey levels are rounded, unless they are counts of photons, which are whole by themselves, and
			 * of which none come without noise.
			 */
			private double lift(NoiseModel model, double rounding, double step) {
				if (step == 0 || model.a() <= step / 2)
					return Math.max(0, rounding - model.a() * levels[0] - model.b());
				boolean counts = !cutsOff(step) && samples.stream().allMatch(s -> s.levels.darkest > 0);
				return Math.max(0, -model.a() * (counts ? lowest() : levels[0]) - model.b());
			}

			private double lowest() {
				return samples.stream().mapToDouble(s -> s.levels.lowest).min().orElse(levels[0]);
			}

			/**
			 * Whether grey levels look like numbers of photons, nearly all of them none: too few for a slope, but all blocks together are as
			 * noisy as the photons in them.
			 */
			private boolean countsPhotons(double step) {
				boolean rare = step > 0 && levels[2] - lowest() < RARE * step;
				if (!rare || dark != null || samples.stream().anyMatch(s -> s.levels.darkest == 0 || s.levels.clippedLow > 0))
					return false;
				double seen = Arrays.stream(data.noise()).sum(), counted = step * Arrays.stream(mean).map(z -> z - lowest()).sum();
				return Math.abs(Math.log(seen / counted)) < Math.log(LIKE_PHOTONS);
			}

			/** Whether what piles up at the lowest grey level was cut off: counted photons are a step each, and pile up of themselves. */
			boolean cutsOff(double step) {
				return line.a() > 1.5 * step;
			}

			private List<Point> points(double factor) {
				int[] usual = Arrays.stream(order).filter(i -> line.weight(i) > 0).toArray();
				if (usual.length == 0)
					return List.of();
				List<Point> points = new ArrayList<>();
				double first = mean[usual[0]], range = Math.max(Double.MIN_NORMAL, mean[usual[usual.length - 1]] - first);
				for (int from = 0, to; from < usual.length; from = to) {
					double bin = Math.floor(24 * (mean[usual[from]] - first) / range);
					for (to = from; to < usual.length && Math.floor(24 * (mean[usual[to]] - first) / range) == bin;)
						to++;
					points.add(line.point(Arrays.copyOfRange(usual, from, to), factor));
				}
				return points;
			}

			/** Looks at the evenest blocks again, pixel by pixel. */
			Flatness flatness(Source source, int width) {
				return Flatness.of(count, i -> {
					BlockStatistics blocks = samples.get(sample[i]).blocks;
					int k = block[i];
					return new Flatness.Candidate(sample[i], blocks.left[k], blocks.top[k],
						blocks.structure[Band.BROAD.ordinal()][k] / line.variance(data.level(i)), line.variance(data.level(i)), line.weight(i) > 0);
				}, source::plane, width);
			}
		}
	}
}
