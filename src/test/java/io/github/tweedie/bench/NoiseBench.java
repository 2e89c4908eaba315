package io.github.tweedie.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

import org.apache.commons.math3.special.Erf;

import io.github.tweedie.image.DarkFrame;
import io.github.tweedie.image.NoiseEstimate;
import io.github.tweedie.image.NoiseEstimator;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.image.Specimen.Family;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures the noise estimate on simulated specimens of all families, those kept from training among them, seen by cameras of
 * known noise. Writes docs/noise.md for people and target/bench/noise.csv for machines.
 *
 * <pre>./mvnw -q test-compile exec:java@noise</pre>
 */
@Command(name = "noise", mixinStandardHelpOptions = true, description = "Measures the noise estimate on simulated specimens.")
public final class NoiseBench implements Runnable {

	static final double[] GAINS = { 0.5, 2, 6, 20 }, BACKGROUNDS = { 0, 100, 500 }, READ_NOISES = { 1, 5, 20 };
	static final double OFFSET = 100;
	private static final double[] PERCENTILES = { 0.05, 0.5, 0.95 };
	private static final long FIRST_SEED = WriteSpecimens.FIRST_TEST_SEED;
	private static final int STACK = 16;
	/** Between the seeds of the planes of a series, so that no two pictures get the same noise. */
	private static final long SERIES = 1_000_003;

	@Option(names = "--seeds", defaultValue = "50", description = "pictures of each family; default ${DEFAULT-VALUE}")
	private int seeds;

	@Option(names = "--cameras", defaultValue = "1",
		description = "cameras that see each picture, of the 36 of the grid in turn; default ${DEFAULT-VALUE}")
	private int cameras;

	@Option(names = "--size", defaultValue = "512", description = "width and height, pixels; default ${DEFAULT-VALUE}")
	private int size;

	@Option(names = "--frame", defaultValue = "2048",
		description = "width and height of every tenth picture as a whole frame of a camera, 0 for none; default ${DEFAULT-VALUE}")
	private int frame;

	@Option(names = "--out", defaultValue = "docs/noise.md", description = "the document to write; default ${DEFAULT-VALUE}")
	private Path document;

	/**
	 * One picture and what was estimated. Errors are relative.
	 *
	 * @param deviation errors of the standard deviation at the 5th, 50th and 95th percentile of the noiseless picture
	 * @param slope error of a
	 * @param slopeFromDark the same where a frame without light is known
	 * @param shotShare part of the variance at the median that is shot noise
	 * @param slopeWidth half the width of the interval of a, over the true a
	 * @param slopeBound least standard error of a, over the true a, that an unbiased estimate from these pixels can have
	 * @param covered whether the interval of b holds the truth
	 * @param alarm whether correlated noise was reported, though there is none
	 */
	record Outcome(Family family, long seed, Camera camera, double background, double[] deviation, double slope, double slopeFromDark,
		double shotShare, double slopeWidth, double slopeBound, boolean covered, boolean alarm) {

		boolean gaussian() {
			return camera.gain() == 0;
		}

		double worst() {
			return Arrays.stream(deviation).map(Math::abs).max().orElse(0);
		}
	}

	/** Lets a camera see a picture. The background is light, the offset is not. */
	static Outcome measure(Family family, long seed, int size, Camera camera, double background) {
		return measure(family, seed, size, 1, camera, background);
	}

	/** @param planes exposures of the same picture, as of a time series */
	static Outcome measure(Family family, long seed, int size, int planes, Camera camera, double background) {
		float[] light = new Planes(Specimen.draw(family, size, size, seed)).read(0);
		float[] sorted = light.clone();
		Arrays.sort(sorted);
		for (int i = 0; i < light.length; i++)
			light[i] += (float) background - sorted[0];
		float[][] series = new float[planes][];
		for (int plane = 0; plane < planes; plane++)
			series[plane] = camera.expose(light, seed + plane * SERIES);
		NoiseEstimate estimate = NoiseEstimator.estimate(planes, size, plane -> series[plane]);
		double[] errors = new double[PERCENTILES.length];
		for (int i = 0; i < errors.length; i++) {
			double level = sorted[(int) (PERCENTILES[i] * sorted.length)] - sorted[0] + background + camera.offset();
			errors[i] = estimate.model().deviation(level) / camera.noise().deviation(level) - 1;
		}
		DarkFrame dark = DarkFrame.of(1, index -> camera.expose(new float[size * size], seed + planes * SERIES));
		double withDark = NoiseEstimator.estimate(planes, size, dark, plane -> series[plane]).model().a();
		double middle = sorted[sorted.length / 2] - sorted[0] + background, shot = camera.gain() * middle;
		return new Outcome(family, seed, camera, background, errors, estimate.model().a() / camera.gain() - 1, withDark / camera.gain() - 1,
			shot / (shot + camera.readNoise() * camera.readNoise()), (estimate.a().high() - estimate.a().low()) / 2 / camera.gain(),
			leastError(light, camera) / Math.sqrt(planes) / camera.gain(), estimate.b().contains(camera.noise().b()),
			estimate.correlation().found());
	}

	/**
	 * The Cramér–Rao bound of the slope, for whoever is told the clean picture: the square of what noise adds to a pixel of level z
	 * has the mean v = a·z + b and, if normal, the variance 2·v². Such squares, independent, have the Fisher information
	 * Σ (z, 1)ᵀ(z, 1)/(2·v²) of (a, b); the inverse of this matrix has Σ 1/(2·v²) / determinant for a, which is one over the
	 * weighted sum of squares of the levels about their weighted mean. No estimate without bias has a smaller standard error than its
	 * root. Where v is the same for all of n pixels that is √(2/n)·v/SD(z).
	 */
	static double leastError(float[] light, Camera camera) {
		double w = 0, wz = 0, squares = 0;
		for (float z : light) {
			double weight = weight(z, camera);
			w += weight;
			wz += weight * z;
		}
		for (float z : light)
			squares += weight(z, camera) * (z - wz / w) * (z - wz / w);
		return 1 / Math.sqrt(squares);
	}

	private static double weight(double light, Camera camera) {
		double v = camera.noise().variance(light + camera.offset());
		return 1 / (2 * v * v);
	}

	public static void main(String[] args) {
		System.setProperty("java.awt.headless", "true");
		if (new CommandLine(new NoiseBench()).execute(args) != 0)
			throw new IllegalStateException("noise failed");
	}

	@Override
	public void run() {
		List<Outcome> outcomes = new ArrayList<>(), stacks = new ArrayList<>(), frames = new ArrayList<>();
		int cell = 0, cells = GAINS.length * BACKGROUNDS.length * READ_NOISES.length;
		for (int seed = 0; seed < seeds; seed++)
			for (Family family : Family.values()) {
				for (int i = 0; i < cameras; i++, cell = (cell + 7) % cells) {
					Camera camera = new Camera(GAINS[cell % 4], OFFSET, READ_NOISES[cell / 12]);
					outcomes.add(measure(family, FIRST_SEED + seed, size, camera, BACKGROUNDS[cell / 4 % 3]));
					if (seed % 10 == 0)
						stacks.add(measure(family, FIRST_SEED + seed, size, STACK, camera, BACKGROUNDS[cell / 4 % 3]));
					if (seed % 10 == 0 && frame > 0)
						frames.add(measure(family, FIRST_SEED + seed, frame, camera, BACKGROUNDS[cell / 4 % 3]));
				}
				if (seed % 3 == 0)
					outcomes.add(measure(family, FIRST_SEED + seed, size, new Camera(0, OFFSET, READ_NOISES[seed / 3 % 3]), 0));
			}
		try {
			write(outcomes, stacks, frames);
		}
		catch (IOException e) {
			throw new UncheckedIOException(e);
		}
	}

	// -- Document --

	private void write(List<Outcome> all, List<Outcome> stacks, List<Outcome> frames) throws IOException {
		StringBuilder text = new StringBuilder(String.format(Locale.ROOT, INTRODUCTION, seeds, size, size, STACK)),
			csv = new StringBuilder("case,method,metric,value,low,high\n");
		List<Outcome> mixed = all.stream().filter(o -> !o.gaussian()).toList();
		List<Outcome> gaussian = all.stream().filter(Outcome::gaussian).toList();
		text.append("\n## Poisson–Gaussian noise\n\n").append(HEAD);
		for (Family family : Family.values())
			row(text, csv, family.name().toLowerCase(Locale.ROOT).replace('_', ' ') + (family.heldOut() ? " (kept from training)" : ""),
				mixed, o -> o.family == family);
		for (double gain : GAINS)
			row(text, csv, "gain " + number(gain), mixed, o -> o.camera.gain() == gain);
		for (double background : BACKGROUNDS)
			row(text, csv, "background " + number(background), mixed, o -> o.background == background);
		for (double readNoise : READ_NOISES)
			row(text, csv, "read noise " + number(readNoise), mixed, o -> o.camera.readNoise() == readNoise);
		row(text, csv, "all", mixed, o -> true);
		row(text, csv, "some of them, in stacks of " + STACK, stacks, o -> true);
		if (!frames.isEmpty())
			row(text, csv, "some of them, of " + frame + "×" + frame + " pixels", frames, o -> true);
		text.append(String.format(Locale.ROOT, EFFICIENCY, overBound(mixed), overBound(stacks),
			100 * median(mixed.stream().filter(o -> o.shotShare >= 1 / 3.0).toList(), o -> Math.abs(o.slopeFromDark))));
		text.append(GAUSSIAN_HEAD);
		text.append(String.format(Locale.ROOT, "| %d | %.2f %% | %.1f %% | %.1f %% |%n", gaussian.size(),
			100 * median(gaussian, o -> Math.abs(o.deviation[1])),
			percent(gaussian, o -> Math.abs(o.deviation[1]) <= 0.05), percent(gaussian, Outcome::covered)));
		csv(csv, "gaussian", "sigma_within_5_percent", percent(gaussian, o -> Math.abs(o.deviation[1]) <= 0.05));
		csv(csv, "gaussian", "b_covered_percent", percent(gaussian, Outcome::covered));
		text.append("\nOf ").append(all.size()).append(" pictures with white noise, ")
			.append(all.stream().filter(Outcome::alarm).count())
			.append(WORST_HEAD);
		all.stream().sorted((a, b) -> Double.compare(b.worst(), a.worst())).limit(10)
			.forEach(o -> text.append(String.format(Locale.ROOT,
			"| %s | %d | %s | %s | %s | %.1f, %.1f, %.1f %% |%n", o.family.name().toLowerCase(Locale.ROOT).replace('_', ' '), o.seed,
				number(o.camera.gain()),
			number(o.background), number(o.camera.readNoise()), 100 * o.deviation[0], 100 * o.deviation[1], 100 * o.deviation[2])));
		aims(text, mixed, gaussian);
		if (document.getParent() != null)
			Files.createDirectories(document.getParent());
		Files.writeString(document, text);
		Files.createDirectories(Path.of("target/bench"));
		Files.writeString(Path.of("target/bench/noise.csv"), csv);
		System.out.print(text);
	}

	private static final String INTRODUCTION = """
		# The noise estimate, measured

		`NoiseEstimator` on %d simulated specimens of each family, %d×%d pixels, each seen by one of 36 cameras: gain 0.5, 2, 6 or
		20 grey levels per photon, background light of 0, 100 or 500 grey levels, read noise of 1, 5 or 20 grey levels, offset 100.
		Every third picture is also seen with Gaussian noise alone. Written by

		    ./mvnw -q test-compile exec:java@noise

		*σ at 5, 50, 95 %%*: in how many pictures the predicted standard deviation is within 10 %% at these percentiles of the
		noiseless picture. *a*: in how many it is within 10 %%, of those where shot noise is at least a third of the variance at the
		median, of which the *median error of a* is told, too; *a, told*: the same, of those among them whose 95 %% interval of a
		reaches at most 10 %% to each side. A picture that is nearly even does not tell a from b, and the interval says so; *a, at
		best*: in how many an estimate would be within 10 %% that is without bias, normal, and at the Cramér–Rao bound of one that
		knows the noiseless picture, which none can surpass (see `NoiseBench.leastError`); *a, dark frame*: where a frame of the same
		size without light is known, as `dark=` of the command takes it. *b*: in how many the 95 %% interval of b holds the truth. The stacks are time series of %d exposures of one picture, every tenth of the same pictures, under the same
		cameras; and as many are seen as whole frames of a camera.
		""";

	private static final String EFFICIENCY = """

		The median error of a is %.1f times the one at the bound for a single picture, and %.1f times for a stack; with a dark frame it
		is %.2f %% of a.
		""";

	private static final String GAUSSIAN_HEAD = """

		## Gaussian noise

		| pictures | median error of σ | within 5 % | interval of b holds the truth |
		| --: | --: | --: | --: |
		""";

	private static final String WORST_HEAD = """
		 were said to have correlated noise.

		## The ten worst

		| family | seed | gain | background | read noise | errors of σ |
		| --- | --: | --: | --: | --: | --: |
		""";

	private static final String HEAD = """
		| | pictures | median error of σ | σ at 5 % | at 50 % | at 95 % | median error of a | a | a, at best | a, told | a, dark frame | b |
		| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
		""";

	private static void row(StringBuilder text, StringBuilder csv, String name, List<Outcome> all, Predicate<Outcome> which) {
		List<Outcome> some = all.stream().filter(which).toList(), shot = some.stream().filter(o -> o.shotShare >= 1 / 3.0).toList();
		List<Outcome> told = shot.stream().filter(o -> o.slopeWidth <= 0.1).toList();
		text.append(String.format(Locale.ROOT, "| %s | %d | %.2f %% |", name, some.size(),
			100 * median(some, o -> Math.abs(o.deviation[1]))));
		for (int i = 0; i < PERCENTILES.length; i++) {
			int k = i;
			double within = percent(some, o -> Math.abs(o.deviation[k]) <= 0.1);
			text.append(String.format(Locale.ROOT, " %.1f %% |", within));
			csv(csv, name, "sd_within_10_percent_at_" + PERCENTILES[k], within);
		}
		text.append(String.format(Locale.ROOT, " %.1f %% | %.1f %% of %d | %.1f %% | %.1f %% of %d | %.1f %% | %.1f %% |%n",
			100 * median(shot, o -> Math.abs(o.slope)), percent(shot, o -> Math.abs(o.slope) <= 0.1), shot.size(), 100 * atBest(shot),
			percent(told, o -> Math.abs(o.slope) <= 0.1), told.size(), percent(shot, o -> Math.abs(o.slopeFromDark) <= 0.1),
			percent(some, Outcome::covered)));
		csv(csv, name, "a_within_10_percent_with_dark_frame", percent(shot, o -> Math.abs(o.slopeFromDark) <= 0.1));
		csv(csv, name, "a_within_10_percent", percent(shot, o -> Math.abs(o.slope) <= 0.1));
		csv(csv, name, "a_within_10_percent_at_best", 100 * atBest(shot));
		csv(csv, name, "b_covered_percent", percent(some, Outcome::covered));
	}

	private static void aims(StringBuilder text, List<Outcome> mixed, List<Outcome> gaussian) {
		List<Outcome> shot = mixed.stream().filter(o -> o.shotShare >= 1 / 3.0).toList();
		double dark = percent(shot, o -> Math.abs(o.slopeFromDark) <= 0.1), alone = percent(shot, o -> Math.abs(o.slope) <= 0.1);
		text.append(AIMS_HEAD);
		aim(text, "σ within 10 % at 5, 50 and 95 % in every picture", percent(mixed, o -> o.worst() <= 0.1), 100);
		aim(text, "a within 10 % wherever shot noise is at least a third of the variance, with a dark frame", dark, 100);
		text.append(String.format(Locale.ROOT, "| the same from the picture alone, which no estimate without bias can reach | %.1f %%; at best %.1f %% | %s |%n",
			alone, 100 * atBest(shot), alone == 100 ? "reached" : "**not reached**"));
		aim(text, "the interval of b holds the truth in 90 % of the pictures", percent(mixed, Outcome::covered), 90);
		aim(text, "Gaussian σ within 5 % in every picture", percent(gaussian, o -> Math.abs(o.deviation[1]) <= 0.05), 100);
	}

	private static void aim(StringBuilder text, String wanted, double percent, double least) {
		text.append(String.format(Locale.ROOT, "| %s | %.1f %% | %s |%n", wanted, percent, percent >= least ? "reached" : "**not reached**"));
	}

	private static final String AIMS_HEAD = """

		## What was aimed at

		| aim | measured | |
		| --- | --: | --- |
		""";

	/** Mean probability that a normal number with the standard error of the bound is within 10 % of the true slope. */
	static double atBest(List<Outcome> some) {
		return some.stream().mapToDouble(o -> Erf.erf(0.1 / o.slopeBound / Math.sqrt(2))).average().orElse(Double.NaN);
	}

	/** Median of the error over the standard error of the bound, over that of a normal number. */
	private static double overBound(List<Outcome> some) {
		return median(some, o -> Math.abs(o.slope) / o.slopeBound) / 0.6745;
	}

	private static void csv(StringBuilder csv, String name, String metric, double value) {
		csv.append(String.format(Locale.ROOT, "%s,NoiseEstimator,%s,%.4f,,%n", name, metric, value));
	}

	private static String number(double value) {
		return value == Math.rint(value) ? Integer.toString((int) value) : Double.toString(value);
	}

	private static double percent(List<Outcome> all, Predicate<Outcome> what) {
		return all.isEmpty() ? Double.NaN : 100.0 * all.stream().filter(what).count() / all.size();
	}

	private static double median(List<Outcome> all, ToDoubleFunction<Outcome> what) {
		double[] sorted = all.stream().mapToDouble(what).sorted().toArray();
		return sorted.length == 0 ? Double.NaN : DoubleStream.of(sorted).skip(sorted.length / 2).findFirst().orElse(0);
	}
}
