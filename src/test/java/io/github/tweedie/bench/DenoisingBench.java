package io.github.tweedie.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.github.tweedie.bench.Contender.Kind;
import io.github.tweedie.bench.Exposure.Setting;
import io.github.tweedie.image.NoiseEstimate;
import io.github.tweedie.image.NoiseEstimator;
import io.github.tweedie.image.Specimen.Family;
import io.github.tweedie.model.ModelPackage;
import io.github.tweedie.restore.Denoising;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Measures the removal of noise that nobody tells: pictures seen by cameras, the noise estimated in each, denoised as the command
 * does it and by classical methods. Writes docs/denoising.md for people and target/bench/denoising.csv for machines.
 *
 * <pre>
 * ./mvnw -q test-compile exec:java@denoising -Dexec.args=DATA_FOLDER
 * </pre>
 */
@Command(name = "denoising", mixinStandardHelpOptions = true, description = "Measures denoising with estimated noise.")
public final class DenoisingBench implements Runnable {

	private static final int CROPS = 8, SLOW = 2, SAMPLES = 8, STEPS = 12, SIZE = 256, SEEDS = 50, INTERVALS = 4;
	/** Of 19 samples the lowest and the highest are the quantiles of 5 and 95 %. */
	private static final int DRAWS = 19, INTERVAL_SIZE = 128;
	/** Uncertainty that is shown white, of the contrast. */
	private static final double WHITE = 0.1;
	private static final String NUCLEI = "nuclei", TRAINED = "trained", HELD_OUT = "held-out";
	private static final String DOCUMENT = "docs/denoising.md";

	@Parameters(paramLabel = "DATA_FOLDER", description = "folder that holds nuclei/test")
	private Path data;

	@Option(names = "--model", defaultValue = "models/fluorescence", description = "folder of the model; default ${DEFAULT-VALUE}")
	private Path model;

	@Option(names = "--only",
		description = "a set of pictures, " + NUCLEI + ", " + TRAINED + " or " + HELD_OUT + ", may be repeated; default: all")
	private List<String> only = new ArrayList<>();

	@Option(names = "--crops", defaultValue = "" + CROPS,
		description = "pictures of each set, more for as many of each family; default ${DEFAULT-VALUE}")
	private int most;

	@Option(names = "--slow", defaultValue = "" + SLOW,
		description = "pictures of each set for methods of many calls; default ${DEFAULT-VALUE}")
	private int slow;

	@Option(names = "--samples", defaultValue = "" + SAMPLES,
		description = "samples that are averaged, 0 for none; default ${DEFAULT-VALUE}")
	private int samples;

	@Option(names = "--steps", defaultValue = "" + STEPS, description = "steps to a sample; default ${DEFAULT-VALUE}")
	private int steps;

	@Option(names = "--size", defaultValue = "" + SIZE, description = "largest width and height, pixels; default ${DEFAULT-VALUE}")
	private int size;

	@Option(names = "--empty", defaultValue = "" + SEEDS,
		description = "frames of pure noise, of each kind; default ${DEFAULT-VALUE}")
	private int seeds;

	@Option(names = "--intervals", defaultValue = "" + INTERVALS,
		description = "pictures of each set on which intervals are held against the truth; default ${DEFAULT-VALUE}")
	private int bounded;

	@Option(names = "--given", description = "also measure one call that is told the true noise: what the estimate costs")
	private boolean given;

	@Option(names = "--without", description = "leave out a method, by its title; may be repeated")
	private List<String> without = new ArrayList<>();

	@Option(names = "--out", description = "the document to write, with a table for machines beside it; default " + DOCUMENT
		+ ", but nothing for --only, --without or --given")
	private Path document;

	private static final String NOISY = "noisy";

	private final Report report = new Report();
	private final List<String> aims = new ArrayList<>();
	private final List<Setting> settings = Setting.all();
	private final Map<String, DenoisingFigures> measured = new LinkedHashMap<>();
	private final Map<String, List<Picture>> seen = new LinkedHashMap<>();
	private final long start = System.nanoTime();
	private List<Contender> contenders;

	public static void main(String[] args) {
		System.setProperty("java.awt.headless", "true");
		int code = new CommandLine(new DenoisingBench()).execute(args);
		if (code != 0)
			throw new IllegalStateException("denoising failed");
	}

	@Override
	public void run() {
		try (Prior prior = ModelPackage.read(model).open("cpu")) {
			contenders = Contender.all(prior, samples, steps, given).stream().filter(c -> !without.contains(c.title()))
				.filter(c -> slow > 0 || c.kind() != Kind.SLOW_NETWORK).toList();
			report.say("# Denoising, measured");
			report.say("");
			report.say("Written by");
			report.say("");
			report.say("    ./mvnw -q test-compile exec:java@denoising -Dexec.args=" + arguments());
			report.say("");
			report.say(EXPLANATION.strip());
			if (wanted(NUCLEI))
				set(NUCLEI, "`nuclei/test`", Picture.ofFolder(data.resolve("nuclei/test"), 1, size, 1, most));
			if (wanted(TRAINED))
				set(TRAINED, "Simulated specimens of the families that the network was trained on", specimens(Family.forTraining()));
			if (wanted(HELD_OUT))
				set(HELD_OUT, "Simulated specimens of families held out of every training",
					specimens(List.of(Family.DENDRITES, Family.SPECKLED_MEMBRANES)));
			families();
			intervals(prior);
			few(prior);
			empty(prior);
			cost();
			sheet(prior);
			aims();
			write();
		}
		catch (IOException e) {
			throw new UncheckedIOException(e);
		}
	}

	/** What makes this document again, but for the folder. */
	private String arguments() {
		boolean usual = most == CROPS && slow == SLOW && samples == SAMPLES && steps == STEPS && size == SIZE && seeds == SEEDS
			&& bounded == INTERVALS;
		return usual ? "DATA_FOLDER" : String.format(Locale.ROOT, "\"DATA_FOLDER --crops %d --slow %d --samples %d --steps %d "
			+ "--size %d --empty %d --intervals %d\"", most, slow, samples, steps, size, seeds, bounded);
	}

	private boolean wanted(String set) {
		return only.isEmpty() || only.contains(set);
	}

	/** The document; null if none is to be written. */
	private Path target() {
		return document != null ? document : only.isEmpty() && without.isEmpty() && !given ? Path.of(DOCUMENT) : null;
	}

	private void write() throws IOException {
		Path to = target();
		if (to != null)
			report.writeAboveRemarks(to, document == null ? Path.of("target/bench/denoising.csv") : Path.of(to + ".csv"));
	}

	private void progress(String what) {
		System.out.printf(Locale.ROOT, "%5.0f s  %s%n", (System.nanoTime() - start) * 1e-9, what);
	}

	// -- pictures --

	/** Of all families in turn, so that the first ones are of different families. */
	private List<Picture> specimens(List<Family> families) {
		int count = families.size(), each = (most + count - 1) / count;
		List<Picture> pictures = Picture.specimens(families, size, each);
		return IntStream.range(0, pictures.size()).mapToObj(i -> pictures.get(i % count * each + i / count)).toList();
	}

	/** What a picture is one of: a family, or else its set. */
	private static String family(String set, String picture) {
		return set.equals(NUCLEI) ? "`nuclei/test`" : picture.replaceAll(" \\d+$", "").toLowerCase(Locale.ROOT).replace('_', ' ');
	}

	private void set(String name, String title, List<Picture> pictures) {
		DenoisingFigures figures = measure(name, pictures);
		measured.put(name, figures);
		seen.put(name, pictures);
		report.say("");
		report.say("## " + title);
		for (String kind : List.of(Setting.GAUSSIAN, Setting.POISSON))
			table(name, figures, kind);
	}

	private DenoisingFigures measure(String name, List<Picture> pictures) {
		DenoisingFigures figures = new DenoisingFigures(pictures.stream().map(Picture::name).toList(), settings.size());
		for (int s = 0; s < settings.size(); s++) {
			Setting setting = settings.get(s);
			int number = s;
			List<Exposure> exposures = IntStream.range(0, pictures.size()).parallel()
				.mapToObj(i -> Exposure.of(pictures.get(i), setting, 1000L * number + i)).toList();
			exposures.forEach(e -> figures.add(NOISY, number, e, new Contender.Result(e.grey(), 1), 0));
			for (Contender contender : contenders)
				measure(contender, exposures, figures, number);
			List<String> shown = new ArrayList<>(Contender.titles(contenders, Kind.NETWORK));
			shown.add(figures.best(classical(), s));
			progress(name + ", " + setting + shown.stream().map(m -> figure(", " + m + " %.2f dB", figures.psnr(m, number)))
				.collect(Collectors.joining()));
		}
		return figures;
	}

	private void measure(Contender contender, List<Exposure> exposures, DenoisingFigures figures, int setting) {
		int count = contender.kind() == Kind.SLOW_NETWORK ? Math.min(slow, exposures.size()) : exposures.size();
		IntStream numbers = IntStream.range(0, count);
		List<Timed> all = (contender.kind() == Kind.TUNED ? numbers.parallel() : numbers)
			.mapToObj(i -> Timed.of(contender, exposures.get(i))).toList();
		for (int i = 0; i < count; i++)
			figures.add(contender.title(), setting, exposures.get(i), all.get(i).result, all.get(i).seconds);
	}

	private record Timed(Contender.Result result, double seconds) {

		static Timed of(Contender contender, Exposure exposure) {
			long start = System.nanoTime();
			Contender.Result result = contender.denoise(exposure);
			return new Timed(result, (System.nanoTime() - start) * 1e-9);
		}
	}

	// -- tables --

	private void table(String set, DenoisingFigures figures, String kind) {
		String first = contenders.get(0).title();
		List<String> whole = new ArrayList<>(Contender.titles(contenders, Kind.NETWORK)), classical = classical();
		List<String> some = Contender.titles(contenders, Kind.SLOW_NETWORK);
		whole.add(NOISY);
		whole.addAll(classical);
		report.say("");
		report.say("### %s noise", kind);
		report.say("");
		report.say("%d pictures of at most %d×%d pixels" + (some.isEmpty() ? "." : "; %d of them for %s, compared with one call."),
			figures.pictures().size(), size, size, Math.min(slow, figures.pictures().size()), String.join(", ", some));
		report.say("");
		report.say("| | " + String.join(" | ", whole) + " | " + some.stream().map(m -> m + " | ").collect(Collectors.joining())
			+ "ahead of the best classical |");
		report.say("| --- |" + " --: |".repeat(whole.size() + some.size() + 1));
		for (int s = 0; s < settings.size(); s++) {
			if (!settings.get(s).kind().equals(kind))
				continue;
			String best = figures.best(classical, s), row = "| " + settings.get(s).strength() + " |", below = "| |";
			for (String method : whole) {
				row += figure(" %.2f ± %.2f |", figures.psnr(method, s));
				below += figure(" %.3f ± %.3f |", figures.ssim(method, s));
				record(set + ", " + settings.get(s), method, "psnr", figures.psnr(method, s));
				record(set + ", " + settings.get(s), method, "ssim", figures.ssim(method, s));
			}
			for (String method : some) {
				row += figure(" %+.2f ± %.2f |", figures.psnr(method, s).minus(figures.psnr(first, s)));
				below += figure(" %+.3f ± %.3f |", figures.ssim(method, s).minus(figures.ssim(first, s)));
				record(set + ", " + settings.get(s), method, "psnr_minus_one_call",
					figures.psnr(method, s).minus(figures.psnr(first, s)));
			}
			Score ahead = figures.psnr(first, s).minus(figures.psnr(best, s));
			report.say(row + figure(" %+.2f ± %.2f", ahead) + " (" + best + ") |");
			report.say(below + figure(" %+.3f ± %.3f |", figures.ssim(first, s).minus(figures.ssim(best, s))));
			record(set + ", " + settings.get(s), first, "psnr_minus_best", ahead);
		}
	}

	private List<String> classical() {
		return Contender.titles(contenders, Kind.CLASSICAL, Kind.TUNED);
	}

	/** Without an error where there is only one picture. */
	private static String figure(String format, Score score) {
		return String.format(Locale.ROOT, format, score.mean(), score.error()).replace(" ± NaN", "");
	}

	private void record(String where, String method, String metric, Score score) {
		report.row(where, method, metric, score.mean(), score.mean() - score.error(), score.mean() + score.error());
	}

	/** Where one call stands on each family, on average and at worst. */
	private void families() {
		if (measured.isEmpty())
			return;
		String first = contenders.get(0).title();
		report.say("");
		report.say("## By family");
		report.say("");
		report.say("One call beside the classical method that is best on the family at that noise.");
		report.say("");
		report.say("| | pictures | ahead on average | at worst | where |");
		report.say("| --- | --: | --: | --: | --- |");
		measured.forEach((set, all) -> all.pictures().stream().map(p -> family(set, p)).distinct().forEach(family -> {
			DenoisingFigures figures = all.of(IntStream.range(0, all.pictures().size())
				.filter(i -> family(set, all.pictures().get(i)).equals(family)).toArray());
			List<Score> ahead = figures.aheadOfBest(first, classical());
			int worst = worst(ahead);
			report.say("| %s | %d | %+.2f dB | %+.2f dB | %s, %s |", family, figures.pictures().size(), Score.average(ahead).mean(),
				ahead.get(worst).mean(), settings.get(worst), figures.best(classical(), worst));
			report.row(family, first, "psnr_minus_best_on_average", Score.average(ahead).mean());
			report.row(family, first, "psnr_minus_best_at_worst", ahead.get(worst).mean());
		}));
	}

	private static int worst(List<Score> scores) {
		return IntStream.range(0, scores.size()).boxed().min(Comparator.comparing(s -> scores.get(s).mean())).orElseThrow();
	}

	/** How often the clean grey level lies in the interval of 90 %, and whether the samples differ as much as their mean is off. */
	private void intervals(Prior prior) {
		if (bounded == 0 || seen.isEmpty())
			return;
		report.say("");
		report.say("## Intervals");
		report.say("");
		report.say("%d samples in %d steps of %d pictures of each set, at most %d×%d pixels: how often the clean grey level lies between "
			+ "the quantiles of 5 and 95 %%, which is 90 %% if the prior is right; and the standard deviation of the samples over the "
			+ "error of their mean (both root mean square), which then is %.2f.", DRAWS, steps, bounded, INTERVAL_SIZE, INTERVAL_SIZE,
			Math.sqrt(DRAWS / (DRAWS + 1.0)));
		report.say("");
		report.say("| | noise | in the interval | deviation over error |");
		report.say("| --- | --- | --: | --: |");
		seen.forEach((set, pictures) -> {
			for (Setting setting : List.of(Setting.gaussian(10), Setting.poisson(100))) {
				Score inside = new Score(), ratio = new Score();
				for (int i = 0; i < Math.min(bounded, pictures.size()); i++)
					interval(prior, Exposure.of(pictures.get(i).crop(INTERVAL_SIZE, i), setting, 9000 + i), inside, ratio);
				report.say("| " + set + " | " + setting + " |" + figure(" %.1f ± %.1f %% |", inside) + figure(" %.2f ± %.2f |", ratio));
				record(set + ", " + setting, "interval of 90 %", "truth_inside_percent", inside);
				record(set + ", " + setting, "interval of 90 %", "deviation_over_error", ratio);
			}
			progress("intervals, " + set);
		});
	}

	/** Of one picture: percent of its pixels whose truth lies in the interval, and deviation over error. */
	private void interval(Prior prior, Exposure exposure, Score inside, Score ratio) {
		Denoising.Plane plane = exposure.denoised(prior, b -> b.samples(DRAWS).steps(steps).quantiles(0.05, 0.95));
		float[] truth = exposure.truth(), low = plane.quantiles()[0], high = plane.quantiles()[1];
		double hits = 0, spread = 0, error = 0;
		for (int i = 0; i < truth.length; i++) {
			hits += truth[i] >= low[i] && truth[i] <= high[i] ? 1 : 0;
			spread += (double) plane.deviation()[i] * plane.deviation()[i];
			error += Math.pow(plane.mean()[i] - truth[i], 2);
		}
		inside.add(100 * hits / truth.length);
		ratio.add(Math.sqrt(spread / error));
	}

	/** Wall times of whole pictures, in all settings. */
	private void cost() {
		if (measured.isEmpty())
			return;
		DenoisingFigures figures = measured.values().iterator().next();
		report.say("");
		report.say("## What it costs");
		report.say("");
		report.say("Median of the seconds for a picture of the first set, on a machine of %d processors; an oracle takes the seconds "
			+ "of all the settings that it tries.", Runtime.getRuntime().availableProcessors());
		report.say("");
		report.say("| | seconds | settings tried | processors |");
		report.say("| --- | --: | --: | --- |");
		for (Contender c : contenders) {
			report.say("| %s | %.3f | %.0f | %s |", c.title(), figures.seconds(c.title()).median(), figures.trials(c.title()).mean(),
				c.kind() == Kind.TUNED ? "one" : "all");
			report.row("cost", c.title(), "seconds", figures.seconds(c.title()).median());
		}
	}

	/** Pictures to look at, beside the document: a kind that the network knows, and one that it never saw. */
	private void sheet(Prior prior) throws IOException {
		Path document = target();
		if (document == null || samples < 2)
			return;
		Setting setting = Setting.poisson(30);
		List<float[]> shown = new ArrayList<>();
		List<Picture> pictures = Picture.specimens(List.of(Family.FILAMENTS, Family.DENDRITES), size, 1);
		for (Picture picture : pictures) {
			Exposure exposure = Exposure.of(picture, setting, 7000);
			Denoising.Plane once = exposure.denoised(prior, b -> b), drawn = exposure.denoised(prior, b -> b.samples(samples).steps(steps));
			shown.add(setting.data(exposure.grey()));
			shown.add(setting.data(once.mean()));
			shown.add(setting.uncertainty(drawn.deviation(), WHITE));
			shown.add(setting.data(exposure.truth()));
		}
		Path file = document.resolveSibling(document.getFileName().toString().replaceAll("\\.md$", "") + ".png");
		Sheet.write(file, pictures.get(0).shape(), shown, 4, -1, 1);
		report.say("");
		report.say("## To look at");
		report.say("");
		report.say("![Noisy, denoised, uncertainty and truth of two pictures](%s)", file.getFileName());
		report.say("");
		report.say("%s: the camera's picture, one call, the standard deviation of %d samples (white: %.0f %% of the contrast or more) "
			+ "and the truth. Above filaments, of a family that the network was trained on; below dendrites, which it never saw.",
			setting, samples, 100 * WHITE);
	}

	// -- few photons --

	private void few(Prior prior) {
		report.say("");
		report.say("## Few photons");
		report.say("");
		report.say("The same pictures as a detector that counts would see them, without other noise: a grey level is a photon. *Light*: the "
			+ "sum of the result over that of the picture without noise. Where even the brightest place holds less than one photon a pixel, "
			+ "Tweedie averages pixels before the network sees them, and interpolates the result.");
		report.say("");
		report.say("| pictures | contrast, photons | noisy | one call | best classical | ahead | light | pixels averaged |");
		report.say("| --- | --: | --: | --: | --- | --: | --: | --- |");
		for (String set : seen.keySet())
			for (double photons : Setting.COUNTS)
				few(prior, set, Setting.counted(photons));
	}

	private void few(Prior prior, String set, Setting setting) {
		Contender first = contenders.get(0);
		List<Picture> pictures = seen.get(set);
		List<Exposure> exposures = IntStream.range(0, pictures.size())
			.mapToObj(i -> Exposure.of(pictures.get(i), setting, 7000 + i)).toList();
		DenoisingFigures figures = new DenoisingFigures(pictures.stream().map(Picture::name).toList(), 1);
		Score light = new Score();
		Set<Integer> averaged = new TreeSet<>();
		for (Exposure e : exposures) {
			figures.add(NOISY, 0, e, new Contender.Result(e.grey(), 1), 0);
			Denoising.Plane plane = e.denoised(prior, options -> options);
			light.add(sum(plane.mean()) / sum(e.truth()));
			averaged.add(plane.averaged());
		}
		contenders.stream().filter(c -> c == first || c.kind().classical()).forEach(c -> measure(c, exposures, figures, 0));
		String best = figures.best(classical(), 0);
		Score ahead = figures.aheadOfBest(first.title(), classical()).get(0);
		report.say("| %s | %s | %.2f | %s | %s, %s | %s | %s | %s |", set, setting.strength(), figures.psnr(NOISY, 0).mean(),
			figure("%.2f ± %.2f", figures.psnr(first.title(), 0)), best, figure("%.2f ± %.2f", figures.psnr(best, 0)),
			figure("%+.2f ± %.2f dB", ahead), figure("%.3f ± %.3f", light),
			averaged.stream().map(side -> side == 1 ? "none" : side + "×" + side).collect(Collectors.joining(", ")));
		record(set + ", " + setting, first.title(), "psnr_minus_best", ahead);
		record(set + ", " + setting, first.title(), "light", light);
		progress(set + ", " + setting);
	}

	private static double sum(float[] plane) {
		double sum = 0;
		for (float value : plane)
			sum += value;
		return sum;
	}

	// -- pure noise --

	private void empty(Prior prior) {
		if (seeds == 0)
			return;
		report.say("");
		report.say("## Pure noise");
		report.say("");
		report.say("A constant %d×%d picture and noise, which is estimated; %d frames of each kind. How much of the standard "
			+ "deviation is left after one call.", size, size, seeds);
		report.say("");
		report.say("| noise | mean | largest |");
		report.say("| --- | --: | --: |");
		Map<String, Camera> cameras = new LinkedHashMap<>();
		cameras.put("Gaussian, 20 grey levels", new Camera(0, 500, 20));
		cameras.put("Poisson–Gaussian, 50 photons of 2 grey levels, read noise 3", new Camera(2, 100, 3));
		cameras.forEach((noise, camera) -> {
			Score left = new Score();
			double most = 0;
			for (int seed = 0; seed < seeds; seed++) {
				double share = left(Denoising.with(prior), camera, 100, size, seed);
				left.add(share);
				most = Math.max(most, share);
			}
			report.say("| %s | %.2f %% | %.2f %% |", noise, 100 * left.mean(), 100 * most);
			report.row("pure noise", contenders.get(0).title(), "left_percent " + noise, 100 * left.mean(), Double.NaN, 100 * most);
			aim("pure noise stays empty: at most 5 % of the standard deviation is left in any of " + seeds + " frames; " + noise,
				String.format(Locale.ROOT, "%.2f %%", 100 * most), most <= 0.05);
			progress("pure noise, " + noise);
		});
	}

	/**
	 * Standard deviation of what is left of pure noise, in units of that of the noise.
	 *
	 * @param light grey levels above the camera's offset, everywhere the same
	 */
	static double left(Denoising.Builder options, Camera camera, float light, int size, long seed) {
		float[] flat = new float[size * size];
		Arrays.fill(flat, light);
		float[] grey = Exposure.rounded(camera.expose(flat, 5000 + seed));
		NoiseEstimate estimate = NoiseEstimator.estimate(grey, size);
		Denoising denoising = options.correlation(estimate.correlation()).build();
		return deviation(denoising.plane(grey, size, estimate.model(), 0, Monitor.NONE).mean()) / deviation(grey);
	}

	private static double deviation(float[] x) {
		Score values = new Score();
		for (float v : x)
			values.add(v);
		return values.error() * Math.sqrt(x.length);
	}

	// -- aims --

	private void aims() {
		for (String set : List.of(NUCLEI, TRAINED, HELD_OUT)) {
			DenoisingFigures figures = measured.get(set);
			if (figures == null)
				continue;
			String first = contenders.get(0).title(), nearest = nearest(figures);
			double least = set.equals(HELD_OUT) ? 0 : 1;
			Score ahead = figures.ahead(first, nearest);
			aim(String.format(Locale.ROOT, "%s: at least %.0f dB ahead of every classical method, on average over all noise "
				+ "(nearest: %s)", set, least, nearest), figure("%+.2f ± %.2f dB", ahead), ahead.mean() >= least);
			List<Score> rows = figures.aheadOfBest(first, classical());
			int worst = worst(rows);
			aim(String.format(Locale.ROOT, "%s: nowhere more than 0.3 dB behind the best (worst: %s, %s)", set, settings.get(worst),
				figures.best(classical(), worst)), figure("%+.2f ± %.2f dB", rows.get(worst)), rows.get(worst).mean() >= -0.3);
			record(set, first, "psnr_minus_nearest_on_average", ahead);
		}
		report.say("");
		report.say("## What was aimed at");
		report.say("");
		report.say("| aim | measured | |");
		report.say("| --- | --: | --- |");
		aims.forEach(report::say);
	}

	/** The classical method that one call is least ahead of on average. */
	private String nearest(DenoisingFigures figures) {
		return classical().stream().min(Comparator.comparing(m -> figures.ahead(contenders.get(0).title(), m).mean())).orElseThrow();
	}

	private void aim(String wanted, String seen, boolean reached) {
		aims.add("| " + wanted + " | " + seen + " | " + (reached ? "reached" : "**not reached**") + " |");
	}

	private static final String EXPLANATION = """
		Pictures without noise (the 1st percentile of their grey levels is their dark end, the 99.8th their bright end; what lies
		between is the *contrast*) are seen by a 16-bit camera over a background of a tenth of the contrast. *Gaussian* noise has a
		standard deviation σ in percent of the contrast. *Poisson–Gaussian* noise comes from a camera of 2 grey levels per photon, an
		offset of 100 and a read noise of 1.5 photons, at a contrast of so many photons. **The noise is estimated** in each noisy
		picture, for all methods alike, and told to none. The images of `nuclei/test` hold some noise of their own: it is found with
		the rest, and where it is taken away that counts as an error.

		*Tweedie, one call* is what `Tweedie Denoise...` does without options, *mean of samples* what it does with `samples`; that one
		is slow, so it is measured on fewer pictures, and given as the difference to one call on the same pictures. BM3D (Dabov et al.
		2007, with the parameters of Lebrun 2012), non-local means and total variation see what the network sees: the same stabilised
		picture with the same noise, and the same exact unbiased inverse takes them back (but no hot pixels are replaced for them, and no
		noise is made white). Gaussian and median filter the grey levels
		themselves. All of these but BM3D are tuned by an oracle: of a grid of settings the best for each picture is taken, as no user
		can. PSNR in dB, of the contrast; SSIM below (Wang et al. 2004, Gaussian window). Both are means with their standard errors;
		differences are taken picture by picture.
		""";
}
