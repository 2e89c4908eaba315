package io.github.tweedie.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.tweedie.bench.ClassSamples.Row;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen.Family;
import io.github.tweedie.model.ModelPackage;
import io.github.tweedie.restore.Generated;
import io.github.tweedie.restore.Generation;
import io.github.tweedie.restore.Generation.Guidance;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Measures the bundled networks on images that they were not trained on. Writes docs/models.md and a sheet of draws of each
 * network for people, and target/bench/models.csv for machines.
 *
 * <pre>
 * ./mvnw -q test-compile exec:java@models -Dexec.args=DATA_FOLDER
 * </pre>
 */
@Command(name = "models", mixinStandardHelpOptions = true, description = "Measures the bundled networks.")
public final class ModelsBench implements Runnable {

	private static final int MOST_CROPS = 40, EACH = 32, STEPS = 32;
	private static final int CROP = 128, TILE = 256, DRAW = 96, DRAWS = 12;
	private static final double GUIDED = 2;
	private static final String UNGUIDED = "told the class";
	private static final String FLUORESCENCE = "fluorescence", NLM = Classical.NON_LOCAL_MEANS.title, JUDGED = "mitocheck";
	private static final String PUBLISHED = DenoisingTable.PUBLISHED;
	private static final int AT_TWO_TENTHS = 1;

	@Parameters(paramLabel = "DATA_FOLDER",
		description = "folder that holds nuclei/test, mitocheck/test, mitocheck/train and histology/test")
	private Path data;

	@Option(names = "--models", defaultValue = "models", description = "folder of the model packages; default ${DEFAULT-VALUE}")
	private Path models;

	@Option(names = "--only", description = "name of a network, may be repeated; default: all")
	private List<String> only = new ArrayList<>();

	@Option(names = "--crops", defaultValue = "" + MOST_CROPS, description = "most crops of each set; default ${DEFAULT-VALUE}")
	private int most;

	@Option(names = "--each", defaultValue = "" + EACH, description = "generated images of each class; default ${DEFAULT-VALUE}")
	private int each;

	@Option(names = "--steps", defaultValue = "" + STEPS, description = "steps of the sampler; default ${DEFAULT-VALUE}")
	private int steps;

	@Option(names = "--out", defaultValue = "docs/models.md",
		description = "the document to write, with sheets beside it; default ${DEFAULT-VALUE}")
	private Path document;

	private final StringBuilder text = new StringBuilder(), csv = new StringBuilder("case,method,metric,value,low,high\n");
	private final List<String> bounds = new ArrayList<>();
	private final Map<String, DenoisingTable> tables = new LinkedHashMap<>();
	private final long start = System.nanoTime();

	public static void main(String[] args) {
		System.setProperty("java.awt.headless", "true");
		int code = new CommandLine(new ModelsBench()).execute(args);
		if (code != 0)
			throw new IllegalStateException("models failed");
	}

	@Override
	public void run() {
		try {
			List<ModelPackage> packages = packages();
			Files.createDirectories(document.toAbsolutePath().getParent());
			text.append("# The bundled networks, measured\n\nWritten by\n\n    ./mvnw -q test-compile exec:java@models -Dexec.args=")
				.append(arguments()).append("\n\n").append(EXPLANATION);
			cost(packages);
			for (ModelPackage found : packages)
				try (Prior prior = found.open("cpu")) {
					say(found.name());
					measure(found, prior);
				}
			write();
		}
		catch (IOException e) {
			throw new IllegalStateException(e.getMessage(), e);
		}
	}

	/** What makes this document again, but for the folder. */
	private String arguments() {
		boolean usual = most == MOST_CROPS && each == EACH && steps == STEPS;
		return usual ? "DATA_FOLDER" : String.format(Locale.ROOT, "\"DATA_FOLDER --crops %d --each %d --steps %d\"", most, each, steps);
	}

	private List<ModelPackage> packages() throws IOException {
		List<ModelPackage> packages = new ArrayList<>();
		try (Stream<Path> folders = Files.list(models)) {
			for (Path folder : folders.filter(f -> Files.exists(f.resolve("rdf.yaml"))).sorted().toList())
				packages.add(ModelPackage.read(folder));
		}
		packages.removeIf(p -> !only.isEmpty() && !only.contains(p.name()));
		if (packages.isEmpty())
			throw new IOException("No model package" + (only.isEmpty() ? "" : " named " + String.join(" or ", only)) + " was found in "
				+ models.toAbsolutePath() + ".");
		return packages;
	}

	private void measure(ModelPackage found, Prior prior) throws IOException {
		String name = found.name();
		text.append("\n## ").append(name).append("\n\n").append(prior.name()).append(". ").append(found.description()).append("\n\n");
		sheet(name, prior);
		if (name.equals(FLUORESCENCE))
			fluorescence(prior);
		else if (Files.isDirectory(data.resolve(name).resolve("test")))
			denoising(name, prior, folder(name, prior));
		else
			text.append("There is no folder `").append(name).append("/test` to measure denoising on.\n");
		if (name.equals("nuclei"))
			aboveNlm(name, "nuclei/test", "nuclei/test", 2);
		if (name.equals(JUDGED) && !prior.classNames().isEmpty())
			classes(name, prior);
	}

	private void fluorescence(Prior prior) throws IOException {
		String trained = "simulated specimens of the seven kinds that it was trained on", name = FLUORESCENCE;
		denoising(name, prior, folder("nuclei", prior));
		denoising(name, prior, set(trained, () -> Picture.specimens(Family.forTraining(), CROP, Math.max(1, most / 7))));
		aboveNlm(name, "nuclei/test", "nuclei/test", 2);
		aboveNlm(name, trained, "simulated specimens of the kinds it was trained on", 1);
		for (Family family : Family.values())
			if (family.heldOut()) {
				String set = "simulated " + title(family) + ", held out of every training";
				denoising(name, prior, set(set, () -> Picture.specimens(List.of(family), CROP, Math.max(2, most / 5))));
				DenoisingTable table = tables.get(set).with(name, prior);
				for (int level = 0; level < DenoisingTable.SIGMAS.length; level++) {
					String best = table.bestClassical(level);
					bound(String.format(Locale.ROOT, "fluorescence: not below the best tuned classical method (%s) on simulated %s at σ = %.1f",
						best, title(family), DenoisingTable.SIGMAS[level]), table.psnr(name, level).minus(table.psnr(best, level)), 0);
				}
			}
	}

	private static String title(Family family) {
		return family.name().toLowerCase(Locale.ROOT).replace('_', ' ');
	}

	// -- denoising --

	@FunctionalInterface
	private interface Pictures {

		List<Picture> read() throws IOException;
	}

	private String folder(String name, Prior prior) throws IOException {
		int small = prior.channels() > 1 ? 2 : 1;
		return set(name + "/test", () -> Picture.ofFolder(data.resolve(name).resolve("test"), prior.channels(), CROP, small, most));
	}

	/** Classical figures of a set are measured once, for all networks. */
	private String set(String name, Pictures pictures) throws IOException {
		if (!tables.containsKey(name)) {
			tables.put(name, new DenoisingTable(pictures.read()));
			say("classical methods on " + name);
		}
		return name;
	}

	private void denoising(String name, Prior prior, String set) {
		DenoisingTable table = tables.get(set).with(name, prior);
		tables.put(set, table);
		List<String> methods = new ArrayList<>(List.of(name, DenoisingTable.NOISY, PUBLISHED));
		Arrays.stream(Classical.values()).forEach(m -> methods.add(m.title));
		text.append("\n### Denoising ").append(set.startsWith("simulated") ? set : "`" + set + "`").append("\n\n").append(table.count())
			.append(" crops of at most ").append(table.shape().x()).append("×").append(table.shape().y())
			.append(" pixels. PSNR in dB; SSIM below.\n\n| σ |");
		methods.forEach(m -> text.append(" ").append(m).append(Arrays.stream(Classical.values()).anyMatch(c -> c.title.equals(m))
			? ", tuned |" : " |"));
		text.append(" above non-local means as published | above it tuned |\n| --- |").append(" --: |".repeat(methods.size() + 2))
			.append("\n");
		for (int level = 0; level < DenoisingTable.SIGMAS.length; level++) {
			text.append(String.format(Locale.ROOT, "| %.1f |", DenoisingTable.SIGMAS[level]));
			for (String method : methods) {
				text.append(figure(" %.2f ± %.2f |", table.psnr(method, level)));
				String where = String.format(Locale.ROOT, "%s sigma %.1f", set, DenoisingTable.SIGMAS[level]);
				record(where, method, "psnr", table.psnr(method, level));
				record(where, method, "ssim", table.ssim(method, level));
			}
			text.append(figure(" %+.2f ± %.2f |", table.psnr(name, level).minus(table.psnr(PUBLISHED, level))))
				.append(figure(" %+.2f ± %.2f |\n", table.psnr(name, level).minus(table.psnr(NLM, level)))).append("| |");
			for (String method : methods)
				text.append(figure(" %.3f ± %.3f |", table.ssim(method, level)));
			text.append(figure(" %+.3f ± %.3f |", table.ssim(name, level).minus(table.ssim(PUBLISHED, level))))
				.append(figure(" %+.3f ± %.3f |\n", table.ssim(name, level).minus(table.ssim(NLM, level))));
		}
		say(name + " on " + set);
	}

	private static String figure(String format, Score score) {
		return String.format(Locale.ROOT, format, score.mean(), score.error());
	}

	private void record(String where, String method, String metric, Score score) {
		record(where, method, metric, score.mean(), score.mean() - score.error(), score.mean() + score.error());
	}

	private void record(String where, String method, String metric, double... valueLowHigh) {
		csv.append(String.join(",", where.replace(',', ';'), method.replace(',', ';'), metric));
		for (int i = 0; i < 3; i++)
			csv.append(i < valueLowHigh.length ? String.format(Locale.ROOT, ",%.5g", valueLowHigh[i]) : ",");
		csv.append("\n");
	}

	// -- bounds --

	/** What a network has to be ahead of is the method as it is published; what remains when an oracle tunes it stands below. */
	private void aboveNlm(String name, String set, String title, double least) {
		DenoisingTable table = tables.get(set);
		Score own = table.psnr(name, AT_TWO_TENTHS), difference = own.minus(table.psnr(NLM, AT_TWO_TENTHS));
		bound(String.format(Locale.ROOT, "%s: at least %.0f dB above non-local means as published, at σ = 0.2 on %s", name, least,
			title), own.minus(table.psnr(PUBLISHED, AT_TWO_TENTHS)), least);
		bounds.add(String.format(Locale.ROOT, "| %s: the same above non-local means tuned by oracle on each crop | %+.2f ± %.2f dB | "
			+ "no aim |", name, difference.mean(), difference.error()));
	}

	private void bound(String wanted, Score difference, double least) {
		bounds.add(String.format(Locale.ROOT, "| %s | %+.2f ± %.2f dB | %s |", wanted, difference.mean(), difference.error(),
			difference.mean() >= least ? "reached" : "**not reached**"));
	}

	// -- samples --

	private void sheet(String name, Prior prior) throws IOException {
		Path file = document.resolveSibling("models-" + name + ".png");
		boolean classes = !prior.classNames().isEmpty();
		List<float[]> images = new ArrayList<>();
		int side = classes ? ClassSamples.side(prior) : prior.extent(DRAW), columns = classes ? 8 : DRAWS / 2;
		text.append("![Draws from ").append(name).append("](").append(file.getFileName()).append(")\n\n");
		if (classes) {
			for (String label : prior.classNames()) {
				Generation.Builder drawn = Generation.with(prior).classes(label).count(columns / 2).size(side, side);
				images.addAll(draws(drawn));
				images.addAll(draws(drawn.guidance(Guidance.CLASSIFIER_FREE, GUIDED)));
			}
			text.append("Draws from the network, in ").append(steps).append(" steps. Rows from the top: ")
				.append(String.join(", ", prior.classNames())).append(", and no class in particular. The left half is told the class, no "
					+ "more; the right half is made from the same noise with classifier-free guidance of scale ").append(GUIDED).append(".\n");
		}
		else
			text.append("Draws from the network, in ").append(steps).append(" steps.\n");
		images.addAll(draws(Generation.with(prior).classes(Generation.ANY).count(classes ? columns : DRAWS).size(side, side)));
		Sheet.write(file, Shape.planes(1, prior.channels(), side, side), images, columns, prior.low(), prior.high());
		say("sheet of " + name);
	}

	private List<float[]> draws(Generation.Builder builder) {
		Generated generated = builder.steps(steps).seed(3).build().generate();
		Planes planes = new Planes(generated.images());
		int channels = (int) generated.images().dimension(2), pixels = planes.width() * planes.height();
		List<float[]> images = new ArrayList<>();
		for (int i = 0; i < generated.names().size(); i++) {
			float[] image = new float[channels * pixels];
			for (int c = 0; c < channels; c++)
				System.arraycopy(planes.read(i * channels + c), 0, image, c * pixels, pixels);
			images.add(image);
		}
		return images;
	}

	private void classes(String name, Prior prior) throws IOException {
		try (Judge judge = new Judge("/" + name + "-judge.onnx")) {
			ClassSamples samples = new ClassSamples(prior, judge, data.resolve(name), each, steps);
			samples.draw(UNGUIDED, b -> b);
			samples.draw("told the class, on the probability flow", b -> b.eta(0));
			for (double scale : new double[] { 1.5, GUIDED, 3 })
				samples.draw(guided(scale), b -> b.guidance(Guidance.CLASSIFIER_FREE, scale));
			samples.draw(guided(GUIDED) + ", at every noise level",
				b -> b.guidance(Guidance.CLASSIFIER_FREE, GUIDED).guided(0, Double.POSITIVE_INFINITY));
			if (prior.classifier() != null) {
				for (double scale : new double[] { 1, 3 })
					samples.draw("classifier guidance, not told the class, scale " + scale, b -> b.guidance(Guidance.CLASSIFIER, scale));
				samples.drawWithBoth("classifier guidance, told the class, scale 1.0", 1);
			}
			text.append("\n### Images of classes\n\n").append(String.format(Locale.ROOT, CLASSES, each, steps))
				.append("| images | count | named rightly | mean of classes | share of real | Fréchet distance | evaluations | seconds |\n")
				.append("| --- | --: | --: | --: | --: | --: | --: | --: |\n");
			Row real = samples.rows().get(0);
			for (Row row : samples.rows())
				row(name, row, real);
			rightly(name, "without guidance", samples.row(UNGUIDED), real);
			rightly(name, "with " + guided(GUIDED), samples.row(guided(GUIDED)), real);
			say("classes of " + name);
		}
	}

	private static String guided(double scale) {
		return "classifier-free guidance, scale " + scale;
	}

	private void rightly(String name, String how, Row drawn, Row real) {
		double share = drawn.accuracy() / real.accuracy();
		bounds.add(String.format(Locale.ROOT, "| %s: the judge names at least 0.7 times as many of the generated images rightly as "
			+ "of real test images, %s | %.2f ± %.2f | %s |", name, how, share, drawn.error() / real.accuracy(),
			share >= 0.7 ? "reached" : "**not reached**"));
	}

	private void row(String name, Row row, Row real) {
		boolean drawn = row.evaluations() > 0;
		text.append(String.format(Locale.ROOT, "| %s | %d | %.1f ± %.1f %% | %.1f %% | %s | %s | %s | %s |%n", row.images(), row.count(),
			100 * row.accuracy(), 100 * row.error(), 100 * row.mean(), orEmpty("%.2f", drawn, row.accuracy() / real.accuracy()),
			orEmpty("%.3f", !Double.isNaN(row.distance()), row.distance()), orEmpty("%.0f", drawn, row.evaluations()),
			orEmpty("%.2f", drawn, row.seconds())));
		record(name + " classes", row.images(), "accuracy", row.accuracy(), row.accuracy() - row.error(), row.accuracy() + row.error());
		record(name + " classes", row.images(), "accuracy_mean_of_classes", row.mean());
		if (!Double.isNaN(row.distance()))
			record(name + " classes", row.images(), "frechet_distance", row.distance());
		if (drawn)
			record(name + " classes", row.images(), "seconds_per_image", row.seconds());
	}

	private static String orEmpty(String format, boolean known, double value) {
		return known ? String.format(Locale.ROOT, format, value) : "";
	}

	// -- cost --

	private void cost(List<ModelPackage> packages) throws IOException {
		text.append("\n## Cost\n\n| network | megabytes | operations per pixel, by its card | time of a 256 × 256 tile, by its card "
			+ "| measured here |\n| --- | --: | --- | --- | --: |\n");
		for (ModelPackage found : packages)
			try (Prior prior = found.open("cpu")) {
				double milliseconds = milliseconds(prior), megabytes = Files.size(found.location().resolve("model.onnx")) * 1e-6;
				text.append(String.format(Locale.ROOT, "| %s | %.1f | %s | %s | %.0f ms |%n", found.name(), megabytes,
					card(found, "operations"), card(found, "time"), milliseconds));
				record(found.name() + " tile 256", found.name(), "milliseconds", milliseconds);
				record(found.name(), found.name(), "megabytes", megabytes);
			}
	}

	/** A row of the table in the card of a model. */
	private static String card(ModelPackage found, String row) throws IOException {
		String begin = "| " + row + " | ";
		return Files.readAllLines(found.location().resolve("README.md")).stream().filter(line -> line.startsWith(begin)).findFirst()
			.map(line -> line.substring(begin.length()).replaceAll("\\s*\\|\\s*$", "")).orElse("not stated");
	}

	/** Median of five calls, after two. */
	private static double milliseconds(Prior prior) {
		int side = prior.extent(TILE);
		Shape shape = Shape.planes(1, prior.channels(), side, side);
		Batch batch = Batch.of(shape, new float[shape.size()], 0.2);
		double[] times = IntStream.range(0, 7).mapToDouble(i -> {
			long start = System.nanoTime();
			prior.denoise(batch, new float[shape.size()]);
			return (System.nanoTime() - start) * 1e-6;
		}).skip(2).sorted().toArray();
		return times[times.length / 2];
	}

	// -- the document --

	private void write() throws IOException {
		StringBuilder whole = new StringBuilder(text);
		if (!bounds.isEmpty()) {
			whole.append("\n## What was aimed at\n\n| aim | measured | |\n| --- | --: | --- |\n");
			bounds.forEach(b -> whole.append(b).append("\n"));
		}
		Files.writeString(document, whole + Report.remarks(document, ""));
		Path numbers = Path.of("target/bench/models.csv");
		Files.createDirectories(numbers.getParent());
		Files.writeString(numbers, csv);
		System.out.print(whole);
		say("Wrote " + document + " and " + numbers);
	}

	private void say(String what) {
		System.out.printf(Locale.ROOT, "%5.0f s  %s%n", (System.nanoTime() - start) * 1e-9, what);
	}

	private static final String EXPLANATION = """
		*Denoising*: Gaussian noise of standard deviation σ is added to crops of images that no network was trained on, scaled to
		[-1, 1] by the 1st and the 99.8th percentile of the whole image. A network removes it with one call that is told σ.

		*Non-local means as published* is told σ, too, and nothing else: it takes patch, search and h from the table of its authors
		(Buades, Coll and Morel, Image Processing On Line 2011), as a user would, and averages whole patches as their program does; 255
		grey levels of the table are the range of the data, and its last row serves beyond a σ of 100. *Tuned* methods are told σ and
		tuned by an oracle that knows the truth: of a grid of parameters the best for each crop is taken, as no user can. There,
		non-local means averages pixels (patches of 3×3 to 11×11 pixels, searches of 11×11 and 21×21, h from 0.4 to
		1.6 σ); the Gaussian has a standard deviation of 0.35 to 5 pixels, total variation (Chambolle 2004) a λ of 0.15 to 4 σ, the
		median a window of 3×3 to 7×7 pixels. PSNR (in dB, of a range of 2) and SSIM (Wang et al. 2004, Gaussian window, range 2) are
		means of the crops' own figures with their standard errors; differences are taken crop by crop.
		""";

	private static final String CLASSES = """
		An independent classifier, trained on clean images alone (models/training/judge.py), names the class of %d images of each class,
		drawn in %d steps of DPM-Solver++ on the reverse SDE, or on the probability flow where that is said. Classifier-free guidance
		acts between σ = 0.2 and 5, unless another range is said. The *Fréchet distance* is taken in the features of that classifier,
		to the test images, over the classes that are among these, each class with the same weight; what as many real training images
		have is the distance to be aimed at. The judge was trained on these training images, and names more of them rightly.
		*Evaluations* are calls of the network, and of the classifier's gradient, per image.

		""";
}
