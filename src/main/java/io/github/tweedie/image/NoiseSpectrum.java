package io.github.tweedie.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

import org.apache.commons.math3.distribution.ChiSquaredDistribution;
import org.apache.commons.math3.special.Gamma;

import io.github.tweedie.image.BlockSpectra.Block;
import io.github.tweedie.image.NoiseEstimate.Correlation;
import io.github.tweedie.image.NoiseEstimate.Interval;
import io.github.tweedie.image.NoiseEstimate.Point;

/**
 * Strength and spectrum of noise that is correlated, from the power spectra of the blocks of an image: power =
 * (a·level + b)·s(frequency) + structure. Of correlated noise the highest frequencies hold little or nothing, so the line is fitted, as
 * for white noise ({@link NoiseFit}), to all frequencies that hold some, each taken by its share of the noise, the lower ones telling
 * the structure; and the spectrum is the mean over the quietest blocks, those whose low frequencies hold no more than chance makes of
 * noise. Both depend on one another, and a few rounds find them.
 */
final class NoiseSpectrum {

	/** Of large blocks, and of small ones, which find even places between structure but see no wide noise. */
	private static final int LARGE = 32, SMALL = 16, FEWEST = 40, ROUNDS = 8, BINS = 24;
	/** For a first spectrum: of each frequency, the power that this part of the blocks falls below. */
	private static final double FIRST = 0.3;
	/** Noise of a frequency, over the most of any, from which on it counts. */
	private static final double LEAST = 0.02;
	/** Of the frequencies that count, those that tell structure from noise, and those below the ones that tell the strength. */
	private static final double SLOW = 0.2, FAST = 0.6;
	/**
	 * The block at this place of all, ranked by their low frequencies, is taken for noise, and stands at a later place among the blocks
	 * that hold nothing else, if those are a fifth of all.
	 */
	private static final double QUIET = 0.02, EVEN = 0.2;
	/** Standard deviations above the expected power of noise to which blocks are quiet. */
	private static final double CHANCE = 0.5;
	/** Power at the lowest frequency in large blocks over that in small ones from which on it may be, and is, structure. */
	private static final double MORE = 3, MUCH_MORE = 10;
	/** Power at the lowest frequencies that small blocks resolve, in large ones over that in small ones, where it falls steeply. */
	private static final double STEEP = 0.85;
	/** Power at the highest frequencies, over the most of any, below which the noise of small blocks is correlated; white has ≥ 0.2. */
	private static final double FADED = 0.03;

	/** Part of the blocks that must be quiet, and power of large blocks over that of small ones, of noise that nothing else tells of. */
	private static final double ENOUGH = 0.15, ALIKE = 8;
	/** Power at the lowest frequency, over the mean, of noise of unit variance: that of a blur of 2 pixels is 50, and tapered 30. */
	private static final double WIDEST = 44;

	private final BlockSpectra spectra;
	private final Block[] blocks;
	private final double[] mean;
	private final int[] part, order;
	private NoiseFit line;
	private NoiseFit.Data data;
	/** s of each cell, times a factor that the line lacks. */
	private double[] power;
	/** Part of the blocks. */
	private double quiet;
	private final boolean told;

	private NoiseSpectrum(BlockSpectra spectra, Block[] blocks, NoiseModel start) {
		this.spectra = spectra;
		this.blocks = blocks;
		mean = Arrays.stream(blocks).mapToDouble(Block::level).toArray();
		part = Arrays.stream(blocks).mapToInt(Block::part).toArray();
		order = NoiseFit.sorted(IntStream.range(0, blocks.length).toArray(), mean);
		double least = 1e-3 * start.variance(NoiseFit.quantile(mean.clone(), 0.5));
		double[] variance = Arrays.stream(mean).map(z -> Math.max(least, start.variance(z))).toArray();
		power = lowQuantiles(variance);
		boolean some = true;
		for (int round = 0; round < ROUNDS && some; round++)
			some = round();
		told = some && Arrays.stream(power).allMatch(s -> s > 0);
		if (told)
			extrapolate();
	}

	/**
	 * What is known of the noise when its correlation is accounted for, if it has any.
	 *
	 * @param seen what was estimated from the highest frequencies
	 * @param count number of planes
	 * @param planes Y×X grey levels
	 * @param ranges grey levels that are not clipped, of each plane
	 * @param width X
	 */
	static NoiseEstimate refined(NoiseEstimate seen, int count, IntFunction<float[]> planes, IntFunction<BlockSpectra.Range> ranges,
		int width)
	{
		boolean found = seen.correlation().found();
		if (!found && !rounding(seen))
			return seen;
		NoiseSpectrum small = of(SMALL, seen.model(), count, planes, ranges, width);
		NoiseSpectrum large = small == null ? null : of(LARGE, seen.model(), count, planes, ranges, width);
		if (small == null || !found && (large == null || !alone(large, small)))
			return seen;
		return (large == null || structured(large, small) ? small : large).estimate(seen);
	}

	/** Whether the highest frequencies hold hardly more than the rounding to grey levels, as those of a blurred image do. */
	private static boolean rounding(NoiseEstimate seen) {
		double rounding = seen.step() * seen.step() / 12;
		return seen.points().stream().filter(p -> p.variance() < 2 * rounding).count() > seen.points().size() / 2;
	}

	/**
	 * Whether there is noise where the highest frequencies know of none: many blocks hold nothing else, at both sizes of blocks, which
	 * tell much the same of its strength, and it ends within the reach of a strong blur. An image without noise fails.
	 */
	private static boolean alone(NoiseSpectrum large, NoiseSpectrum small) {
		return small.faded() < FADED && Math.min(large.quiet, small.quiet) > ENOUGH && large.lowest() < ALIKE * small.lowest()
			&& large.noise().lowest() < WIDEST;
	}

	/**
	 * Whether large blocks take structure for noise: at the lowest frequency they hold far more than small ones. So does wide noise, which
	 * small blocks do not see; but then both sizes agree at the frequencies that both resolve, while there the power of steep
	 * structure leaks through the shorter window of the small ones.
	 */
	private static boolean structured(NoiseSpectrum large, NoiseSpectrum small) {
		double more = large.lowest() / small.lowest();
		return more > MUCH_MORE || more > MORE && large.shared() < STEEP * small.shared();
	}

	private static NoiseSpectrum of(int side, NoiseModel start, int count, IntFunction<float[]> planes,
		IntFunction<BlockSpectra.Range> ranges, int width)
	{
		BlockSpectra spectra = new BlockSpectra(side);
		Block[] blocks = spectra.of(count, planes, ranges, width);
		NoiseSpectrum found = blocks.length < FEWEST ? null : new NoiseSpectrum(spectra, blocks, start);
		return found != null && found.told ? found : null;
	}

	// -- Spectrum --

	/** To begin with: of each frequency by itself, the power that few blocks fall below, which structure raises little. */
	private double[] lowQuantiles(double[] variance) {
		return IntStream.range(0, spectra.cells()).parallel().mapToDouble(cell -> {
			double[] all = IntStream.range(0, blocks.length).mapToDouble(i -> blocks[i].power()[cell] / variance[i]).toArray();
			return NoiseFit.quantile(all, FIRST);
		}).toArray();
	}

	/** @return whether there is noise at some frequencies */
	private boolean round() {
		double top = IntStream.range(0, power.length).filter(c -> !spectra.flat(c)).mapToDouble(c -> power[c]).max().orElse(0);
		int[] counting = IntStream.range(0, power.length).filter(c -> !spectra.flat(c) && power[c] > LEAST * top).toArray();
		double[] frequencies = Arrays.stream(counting).mapToDouble(spectra::frequency).toArray();
		double slow = NoiseFit.quantile(frequencies, SLOW), fast = NoiseFit.quantile(frequencies, FAST);
		int[] low = Arrays.stream(counting).filter(c -> spectra.frequency(c) <= slow).toArray();
		int[] high = Arrays.stream(counting).filter(c -> spectra.frequency(c) > fast).toArray();
		if (low.length == 0 || high.length == 0)
			return false;
		double[] structure = share(low), noise = share(high);
		data = new NoiseFit.Data(mean, mean, noise, structure, part, order, spread(high));
		line = new NoiseFit(data, false);
		if (!(line.a() > 0))
			line = new NoiseFit(data, true);
		double[] ratio = IntStream.range(0, blocks.length).mapToDouble(i -> structure[i] / line.variance(mean[i])).toArray();
		Gammas chance = new Gammas(spread(low));
		double cut = 1 + CHANCE * Math.sqrt(spread(low)), most = cut * chance.mean(ratio.clone());
		power = mean(i -> ratio[i] <= most);
		for (int cell : low)
			power[cell] /= chance.kept(cut);
		return true;
	}

	private double spread(int[] cells) {
		return BlockSpectra.spread(Arrays.stream(cells).map(spectra::weight).sum());
	}

	/** Power of each block over the noise's share of it, on average over cells. */
	private double[] share(int[] cells) {
		double all = Arrays.stream(cells).map(spectra::weight).sum();
		return IntStream.range(0, blocks.length).parallel().mapToDouble(i -> Arrays.stream(cells)
			.mapToDouble(c -> spectra.weight(c) * blocks[i].power()[c] / power[c]).sum() / all).toArray();
	}

	private double[] mean(IntPredicate which) {
		int[] some = IntStream.range(0, blocks.length).filter(which).toArray();
		quiet = (double) some.length / blocks.length;
		return IntStream.range(0, power.length).mapToDouble(c -> Arrays.stream(some)
			.mapToDouble(i -> blocks[i].power()[c] / line.variance(mean[i])).sum() / some.length).toArray();
	}

	/** Of the frequencies that lost to the plane: log s falls with the square of the frequency, as that of a blur does. */
	private void extrapolate() {
		double n = 0, q = 0, l = 0, qq = 0, ql = 0;
		for (int c = 0; c < power.length; c++) {
			double square = spectra.frequency(c) * spectra.frequency(c), w = spectra.weight(c), log = Math.log(Math.max(1e-30, power[c]));
			if (spectra.flat(c) || square > 16)
				continue;
			n += w;
			q += w * square;
			l += w * log;
			qq += w * square * square;
			ql += w * square * log;
		}
		double slope = Math.min(0, (ql - q * l / n) / (qq - q * q / n)), first = (l - slope * q) / n;
		for (int c = 0; c < power.length; c++)
			if (spectra.flat(c))
				power[c] = Math.exp(first + slope * spectra.frequency(c) * spectra.frequency(c));
	}

	/** Gamma distribution of mean 1 and a given variance: of the power of noise in a block. */
	private record Gammas(double variance) {

		/** Mean of the quiet ones of values. */
		double mean(double[] values) {
			double rank = Math.max(4, (int) (QUIET * values.length)), freedom = 2 / variance;
			double share = new ChiSquaredDistribution(freedom).inverseCumulativeProbability((rank + 0.5) / (EVEN * values.length)) / freedom;
			return NoiseFit.quantile(values, rank / values.length + 1e-9) / share;
		}

		/** Mean of what lies below a cut. */
		double kept(double cut) {
			return Gamma.regularizedGammaP(1 / variance + 1, cut / variance) / Gamma.regularizedGammaP(1 / variance, cut / variance);
		}
	}

	// -- Result --

	private double[][] covariance() {
		return spectra.covariance(power, spectra.side() / 4 + 1);
	}

	private Autocorrelation noise() {
		double[][] c = covariance();
		return new Autocorrelation(Arrays.stream(c).map(row -> Arrays.stream(row).map(v -> v / c[0][0]).toArray())
			.toArray(double[][]::new));
	}

	/** Power at the lowest frequency in the middle of the grey levels. */
	private double lowest() {
		return line.variance(NoiseFit.quantile(mean.clone(), 0.5)) * covariance()[0][0] * noise().lowest();
	}

	/** Power in the middle of the grey levels, from the lowest frequency that small blocks resolve to half an octave above. */
	private double shared() {
		double unit = (double) spectra.side() / SMALL;
		return line.variance(NoiseFit.quantile(mean.clone(), 0.5)) * Math.exp(IntStream.range(0, power.length)
			.filter(c -> !spectra.flat(c) && spectra.frequency(c) >= 2 * unit && spectra.frequency(c) < 2.9 * unit)
			.mapToDouble(c -> Math.log(power[c])).average().orElse(0));
	}

	/** Power at the highest frequencies, over the most of any. */
	private double faded() {
		int from = spectra.side() / 2 - 2;
		double corner = IntStream.range(0, power.length).filter(c -> Math.min(spectra.alongX(c), spectra.alongY(c)) >= from)
			.mapToDouble(c -> power[c]).average().orElse(0);
		return corner / Arrays.stream(power).max().orElse(1);
	}

	private NoiseEstimate estimate(NoiseEstimate seen) {
		NoiseFit free = new NoiseFit(data, false);
		double factor = covariance()[0][0];
		NoiseFit.Told told = free.told(free.leavingOut()).times(factor);
		return new NoiseEstimate(told.model(), told.a(), told.b(), points(factor), new Correlation(noise(), true), seen.step(),
			seen.clippedLow(), seen.clippedHigh());
	}

	private List<Point> points(double factor) {
		int[] usual = Arrays.stream(order).filter(i -> line.weight(i) > 0).toArray();
		List<Point> points = new ArrayList<>();
		int bins = Math.min(BINS, usual.length);
		for (int bin = 0; bin < bins; bin++)
			points.add(line.point(Arrays.copyOfRange(usual, bin * usual.length / bins, (bin + 1) * usual.length / bins), factor));
		return points;
	}
}
