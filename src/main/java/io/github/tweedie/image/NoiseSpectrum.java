package io.github.tweedie.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
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
 * noise. Both depend on one another, and a few rounds find them. What choosing quiet blocks takes from the noise is made good by its
 * distribution, so that noise of a known spectrum on an even image has that spectrum.
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
	/** Part of the frequencies that must lie beyond the noise, and of the blocks that are kept, whatever they hold there. */
	private static final double BEYOND = 0.05, KEPT = 0.1;
	/** Power beyond the noise that is no structure: over that of the calmest blocks, and over that of the noise. */
	private static final double SEVERAL = 3, TRACE = 0.02;
	/** What is left of the power of any frequency where blocks are quiet by chance, too. */
	private static final double LEAST_KEPT = 0.2;
	/** Part of the blocks that are dark. */
	private static final double DARK = 0.05;
	/** Standard deviations above the expected power of noise to which blocks are quiet. */
	private static final double CHANCE = 0.5;
	/** Power at the lowest frequency in large blocks over that in small ones from which on it is structure. */
	private static final double MORE = 4;
	/** Power at the lowest frequency over the mean from which on noise is wide: after a blur of 1.5 pixels it is 28. */
	private static final double NARROW = 30;
	/** Share of the large blocks in what is said of noise that is narrow, or wide. */
	private static final double SELDOM = 0.25, OFTEN = 0.5;
	/** Power at the highest frequencies, over the most of any, below which the noise of small blocks is correlated; white has ≥ 0.2. */
	private static final double FADED = 0.03;

	/** Part of the blocks that must be quiet, and power of large blocks over that of small ones, of noise that nothing else tells of. */
	private static final double ENOUGH = 0.1, ALIKE = 8;
	/**
	 * Dense texture under white noise: the power at the highest frequencies is that of the white noise, several times that of rounding but
	 * far below the most, and the power at high ones is hardly more, of which interpolation leaves more; or it is not much more, and few
	 * blocks are quiet.
	 */
	private static final double ABOVE_ROUNDING = 4, FAINTEST = 0.015, FLAT = 1.3, FAINT = 0.05, NEARLY = 2.2, BUSY = 0.55;
	/** Power at the lowest frequency over the mean: a blur of 2 pixels makes it 50, one of 3 pixels 113, as smooth specimens do. */
	private static final double WIDEST = 80;

	private final BlockSpectra spectra;
	private final Block[] all;
	private final double rounding;
	/** Those without structure beyond the noise, and of each its mean. */
	private Block[] blocks;
	private double[] mean;
	private int[] order;
	/** With a slope, and the one that is used. */
	private NoiseFit sloping, line;
	private NoiseFit.Data data;
	/** Of the noise at a level, times some factor. */
	private DoubleUnaryOperator variance;
	/** s of each cell, times a factor that the line lacks. */
	private double[] power;
	/** Part of the blocks. */
	private double quiet;
	private final boolean told;

	private NoiseSpectrum(BlockSpectra spectra, Block[] all, NoiseModel start, double rounding) {
		this.spectra = spectra;
		this.all = all;
		this.rounding = rounding;
		take(all);
		double least = 1e-3 * start.variance(NoiseFit.quantile(mean.clone(), 0.5));
		variance = z -> Math.max(least, start.variance(z));
		power = lowQuantiles(Arrays.stream(mean).map(variance).toArray());
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
	 * @param white the same, if the noise is taken for white
	 * @param count number of planes
	 * @param planes Y×X grey levels
	 * @param ranges grey levels that are not clipped, of each plane
	 * @param width X
	 */
	static NoiseEstimate refined(NoiseEstimate seen, Supplier<NoiseEstimate> white, int count, IntFunction<float[]> planes,
		IntFunction<BlockSpectra.Range> ranges, int width)
	{
		boolean found = seen.correlation().found();
		if (!found && !rounding(seen))
			return seen;
		NoiseSpectrum small = of(SMALL, seen, count, planes, ranges, width);
		// NB: to take texture for noise destroys an image, to take noise for texture leaves some of it.
		if (small != null && small.texture())
			return white.get();
		NoiseSpectrum large = small == null ? null : of(LARGE, seen, count, planes, ranges, width);
		if (small == null || !found && (large == null || !alone(large, small)))
			return seen;
		NoiseEstimate fine = small.estimate(seen);
		return large == null || large.lowest() > MORE * small.lowest() ? fine
			: mixed(fine, large.estimate(seen), small.middle(), small.noise().lowest() < NARROW ? SELDOM : OFTEN);
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
	 * Small blocks find even places between structure, and do not see how far noise reaches that is wide; large ones see that,
	 * and take what structure holds at their lowest frequencies for noise. Neither can be told from the other, so both have a say.
	 *
	 * @param middle of the grey levels
	 * @param share of the large blocks
	 */
	private static NoiseEstimate mixed(NoiseEstimate small, NoiseEstimate large, double middle, double share) {
		double s = (1 - share) * small.model().variance(middle), l = share * large.model().variance(middle);
		if (!(s > 0 && l > 0))
			return small;
		int reach = large.correlation().noise().reach();
		double[][] noise = new double[reach][reach];
		for (int dy = 0; dy < reach; dy++)
			for (int dx = 0; dx < reach; dx++)
				noise[dy][dx] = (s * small.correlation().noise().at(dx, dy) + l * large.correlation().noise().at(dx, dy)) / (s + l);
		DoubleBinaryOperator mix = (one, other) -> (1 - share) * one + share * other;
		NoiseModel model = new NoiseModel(mix.applyAsDouble(small.model().a(), large.model().a()),
			mix.applyAsDouble(small.model().b(), large.model().b()));
		double factor = model.variance(middle) / small.model().variance(middle);
		return new NoiseEstimate(model, mixed(small.a(), large.a(), mix), mixed(small.b(), large.b(), mix),
			small.points().stream().map(p -> new Point(p.level(), factor * p.variance(), factor * p.error())).toList(),
			new Correlation(new Autocorrelation(noise), true), small.step(), small.clippedLow(), small.clippedHigh());
	}

	private static Interval mixed(Interval one, Interval other, DoubleBinaryOperator mix) {
		return new Interval(mix.applyAsDouble(one.low(), other.low()), mix.applyAsDouble(one.high(), other.high()));
	}

	private void take(Block[] some) {
		blocks = some;
		mean = Arrays.stream(blocks).mapToDouble(Block::level).toArray();
		order = NoiseFit.sorted(mean);
	}

	private static NoiseSpectrum of(int side, NoiseEstimate seen, int count, IntFunction<float[]> planes,
		IntFunction<BlockSpectra.Range> ranges, int width)
	{
		BlockSpectra spectra = new BlockSpectra(side);
		Block[] blocks = spectra.of(count, planes, ranges, width);
		NoiseSpectrum found = blocks.length < FEWEST ? null
			: new NoiseSpectrum(spectra, blocks, seen.model(), seen.step() * seen.step() / 12);
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
		keepCalm(top);
		int[] part = Arrays.stream(blocks).mapToInt(Block::part).toArray();
		double[] structure = share(low), noise = share(high);
		data = new NoiseFit.Data(mean, mean, noise, structure, part, order, spectra.spread(high));
		sloping = new NoiseFit(data, false);
		// NB: structure of bright places may make it so steep that dark ones would have less than no noise.
		line = sloping.a() > 0 && usable() ? sloping : new NoiseFit(data, true);
		variance = line::variance;
		double[] ratio = IntStream.range(0, blocks.length).mapToDouble(i -> structure[i] / line.variance(mean[i])).toArray();
		double spread = spectra.spread(low);
		Gammas chance = new Gammas(spread);
		double most = (1 + CHANCE * Math.sqrt(spread)) * chance.mean(ratio.clone());
		power = mean(i -> ratio[i] <= most);
		double cut = chance.cut(most, Arrays.stream(ratio).filter(r -> r <= most).average().orElse(most));
		double missing = 1 - chance.kept(cut);
		for (int cell = 0; cell < power.length; cell++)
			power[cell] /= Math.max(LEAST_KEPT, 1 - missing * spectra.covariance(cell, low) / spread);
		quiet /= chance.share(cut);
		return true;
	}

	/**
	 * Where noise ends at a lower frequency than structure, what lies beyond is structure: blocks with some of it are left out,
	 * lest what they hold at the frequencies of the noise is taken for noise of bright places.
	 */
	private void keepCalm(double top) {
		int[] beyond = IntStream.range(0, power.length).filter(c -> !spectra.flat(c) && power[c] <= LEAST * top).toArray();
		double weight = Arrays.stream(beyond).map(spectra::weight).sum();
		take(all);
		if (weight < BEYOND * spectra.side() * spectra.side())
			return;
		double typical = Arrays.stream(power).filter(s -> s > LEAST * top).average().orElse(top);
		double middle = variance.applyAsDouble(middle());
		double[] ratio = IntStream.range(0, all.length).parallel().mapToDouble(i -> {
			double own = Arrays.stream(beyond).mapToDouble(c -> spectra.weight(c) * all[i].power()[c]).sum() / weight;
			return Math.max(0, own - rounding) / middle;
		}).toArray();
		double kept = NoiseFit.quantile(ratio.clone(), Math.max(KEPT, (double) FEWEST / all.length));
		double limit = Math.max(kept, Math.max(SEVERAL * NoiseFit.quantile(ratio.clone(), KEPT), TRACE * typical));
		take(IntStream.range(0, all.length).filter(i -> ratio[i] <= limit).mapToObj(i -> all[i]).toArray(Block[]::new));
	}

	/** Power of each block over the noise's share of it, on average over cells. */
	private double[] share(int[] cells) {
		double all = Arrays.stream(cells).map(spectra::weight).sum();
		return IntStream.range(0, blocks.length).parallel().mapToDouble(i -> Arrays.stream(cells)
			.mapToDouble(c -> spectra.weight(c) * blocks[i].power()[c] / power[c]).sum() / all).toArray();
	}

	/** Whether the line with a slope leaves some noise to dark places. */
	private boolean usable() {
		return sloping.a() * NoiseFit.quantile(mean.clone(), DARK) + sloping.b() > 0;
	}

	private double[] mean(IntPredicate which) {
		int[] some = IntStream.range(0, blocks.length).filter(which).toArray();
		quiet = (double) some.length / all.length;
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

		/**
		 * A cut in units of the mean, which is unknown.
		 *
		 * @param cut in the unit of the values
		 * @param below mean of the values below it
		 */
		double cut(double cut, double below) {
			double low = 0.3, high = 1 + 4 * Math.sqrt(variance);
			for (int i = 0; i < 40; i++) {
				double middle = (low + high) / 2;
				if (below / cut > kept(middle) / middle)
					high = middle;
				else
					low = middle;
			}
			return low;
		}

		/** Mean of what lies below a cut, if the mean of all is 1. */
		double kept(double cut) {
			return Gamma.regularizedGammaP(1 / variance + 1, cut / variance) / share(cut);
		}

		/** Part that lies below a cut, if the mean of all is 1. */
		double share(double cut) {
			return Gamma.regularizedGammaP(1 / variance, cut / variance);
		}
	}

	// -- Result --

	private double[][] covariance() {
		return spectra.covariance(power, spectra.side() / 2);
	}

	private Autocorrelation noise() {
		double[][] c = covariance();
		return new Autocorrelation(Arrays.stream(c).map(row -> Arrays.stream(row).map(v -> v / c[0][0]).toArray())
			.toArray(double[][]::new));
	}

	/** Of the grey levels. */
	private double middle() {
		return NoiseFit.quantile(Arrays.stream(all).mapToDouble(Block::level).toArray(), 0.5);
	}

	/** Power at the lowest frequency in the middle of the grey levels. */
	private double lowest() {
		return line.variance(middle()) * covariance()[0][0] * noise().lowest();
	}

	/** Power at the highest frequencies, over the most of any. */
	private double faded() {
		return diagonal(2, 0) / most();
	}

	private double most() {
		return Arrays.stream(power).max().orElse(1);
	}

	/** Mean power of the cells that are so far from the highest frequency along either axis. */
	private double diagonal(int most, int least) {
		int highest = spectra.side() / 2;
		return IntStream.range(0, power.length).filter(c -> highest - Math.min(spectra.alongX(c), spectra.alongY(c)) <= most
			&& highest - Math.max(spectra.alongX(c), spectra.alongY(c)) >= least).mapToDouble(c -> power[c]).average().orElse(0);
	}

	/** Whether this is rather dense texture under white noise than correlated noise. */
	private boolean texture() {
		double floor = diagonal(1, 0), rise = diagonal(3, 2) / floor, faint = floor / most();
		return line.variance(middle()) * floor > ABOVE_ROUNDING * rounding
			&& (faint < FAINTEST && rise < FLAT || faint < FAINT && rise < NEARLY && quiet < BUSY);
	}

	private NoiseEstimate estimate(NoiseEstimate seen) {
		double factor = covariance()[0][0];
		NoiseFit.Told told = told().times(factor);
		return new NoiseEstimate(told.model(), told.a(), told.b(), points(factor), new Correlation(noise(), true), seen.step(),
			seen.clippedLow(), seen.clippedHigh());
	}

	private NoiseFit.Told told() {
		NoiseFit.Told free = sloping.told();
		if (usable())
			return free;
		NoiseFit.Told told = line.told();
		return new NoiseFit.Told(told.model(), new Interval(0, free.a().high()), new Interval(
			Math.min(told.b().low(), free.b().low()), Math.max(told.b().high(), free.b().high())));
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
