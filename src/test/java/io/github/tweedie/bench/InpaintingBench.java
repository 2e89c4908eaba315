package io.github.tweedie.bench;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import javax.imageio.ImageIO;

import org.apache.commons.rng.UniformRandomProvider;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.Laplace;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.inverse.MomentMatching;
import io.github.tweedie.inverse.Posterior;
import io.github.tweedie.model.ModelLibrary;
import io.github.tweedie.restore.Inpainting;
import io.github.tweedie.restore.Restored;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Prior;
import net.imglib2.img.array.ArrayImgs;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Measures inpainting: pixels of 64×64 crops are hidden, restored by each method, and compared with what they were. Writes
 * docs/inpainting.md for people and target/bench/inpainting.csv for machines.
 *
 * <pre>
 * ./mvnw -q test-compile exec:java@inpainting -Dexec.args=FOLDER
 * ./mvnw -q test-compile exec:java@inpainting -Dexec.args=--simulated
 * </pre>
 */
@Command(name = "inpainting", mixinStandardHelpOptions = true, description = "Measures inpainting on crops of images.")
public final class InpaintingBench implements Runnable {

	static final int SIZE = 64, HOLE = 20;
	private static final int OBJECT_PIXELS = 12;
	private static final double OBJECT_CONTRAST = 0.25;

	@Parameters(arity = "0..1", paramLabel = "FOLDER", description = "folder of grey PNG images")
	private Path folder;

	@Option(names = "--simulated", description = "use simulated specimens instead of a folder")
	private boolean simulated;

	@Option(names = "--crops", defaultValue = "0", description = "number of crops; default: one of each image, or 24 simulated")
	private int count;

	@Option(names = "--samples", defaultValue = "19", description = "draws of each method; default ${DEFAULT-VALUE}")
	private int samples;

	@Option(names = "--model", defaultValue = "nuclei", description = "name or folder of the model; default ${DEFAULT-VALUE}")
	private String model;

	@Option(names = "--method", description = "name of a method, may be repeated; default: the first three of ${COMPLETION-CANDIDATES}",
		completionCandidates = Names.class)
	private List<String> methods = new ArrayList<>(DOCUMENTED);

	@Option(names = "--out", description = "the document to write; default docs/inpainting.md, but nothing for --method or --crops")
	private Path document;

	/** How a method is set, by the name it has in the table. */
	private static final Map<String, UnaryOperator<Inpainting.Builder>> METHODS = new LinkedHashMap<>();

	static {
		METHODS.put("moment matching", b -> b);
		METHODS.put("replacement, resampled", b -> b.method(Inpainting.Method.REPLACEMENT).steps(25).resamplings(5));
		METHODS.put("replacement", b -> b.method(Inpainting.Method.REPLACEMENT).steps(25).resamplings(1));
		METHODS.put("moment matching, probability flow", b -> b.eta(0));
		METHODS.put("moment matching, 1 iteration", b -> b.iterations(1));
		METHODS.put("moment matching, 3 iterations", b -> b.iterations(3));
		METHODS.put("moment matching, central differences", b -> b.difference(MomentMatching.Difference.CENTRAL));
	}

	/** Those that the document compares; the others answer single questions. */
	private static final List<String> DOCUMENTED = METHODS.keySet().stream().limit(3).toList();

	/** For the help. */
	static final class Names implements Iterable<String> {

		@Override
		public Iterator<String> iterator() {
			return METHODS.keySet().iterator();
		}
	}

	private static final List<String> CLASSICAL = List.of("Laplace", "biharmonic");

	/** What is hidden. */
	enum Hidden {
		MISSING("80 % missing"), STRIPES("6 of 16 columns"), HOLES("20×20 holes");

		final String title;

		Hidden(String title) {
			this.title = title;
		}

		boolean[] mask(UniformRandomProvider random) {
			boolean[] hidden = new boolean[SIZE * SIZE];
			int shift = random.nextInt(16);
			for (int i = 0; i < hidden.length; i++)
				hidden[i] = this == MISSING ? random.nextDouble() < 0.8 : this == STRIPES && (i % SIZE + shift) % 16 < 6;
			if (this == HOLES)
				for (int quarter = 0; quarter < 4; quarter++) {
					int left = SIZE / 2 * (quarter % 2) + random.nextInt(SIZE / 2 - HOLE + 1);
					int top = SIZE / 2 * (quarter / 2) + random.nextInt(SIZE / 2 - HOLE + 1);
					for (int y = top; y < top + HOLE; y++)
						Arrays.fill(hidden, y * SIZE + left, y * SIZE + left + HOLE, true);
				}
			return hidden;
		}
	}

	/** A piece of an image with the grey levels that its whole image makes of the range, and whether its greys are whole numbers. */
	record Crop(float[] grey, IntensityScale scale, boolean whole) {}

	/** What one method did to one kind of mask. */
	static final class Tally {

		double squares, squaresMean8, squaresMean19, perImage, perImageMean;
		long pixels, covered, evaluations;
		double seconds;
		int draws, crops, empty, invented, inventedByMean, full, missed, missedByMean;

		double psnr(double sum) {
			return 10 * Math.log10(4 * pixels / sum);
		}

		/** Per cent of the empty holes. */
		double inventedShare() {
			return 100.0 * invented / (empty * draws);
		}

		/** Per cent of the holes over an object. */
		double missedShare() {
			return 100.0 * missed / (full * draws);
		}
	}

	public static void main(String[] args) {
		System.setProperty("java.awt.headless", "true");
		int code = new CommandLine(new InpaintingBench()).execute(args);
		if (code != 0)
			throw new IllegalStateException("inpainting failed");
	}

	@Override
	public void run() {
		try {
			boolean quick = count > 0 || !DOCUMENTED.equals(methods);
			for (String name : methods)
				if (!METHODS.containsKey(name))
					throw new IllegalArgumentException("There is no method '" + name + "'; choose from " + METHODS.keySet() + ".");
			List<Crop> crops = simulated || folder == null ? simulatedCrops(count == 0 ? 24 : count) : crops(folder, count);
			Prior prior = ModelLibrary.shared().open(model, "cpu");
			Map<String, Map<Hidden, Tally>> table = new LinkedHashMap<>();
			for (String name : methods)
				table.put(name, measure(crops, prior, name, samples));
			for (String name : CLASSICAL)
				table.put(name, classical(crops, name));
			if (!quick || document != null)
				write(table, crops.size(), prior);
		}
		catch (IOException e) {
			throw new IllegalStateException(e.getMessage(), e);
		}
	}

	private void write(Map<String, Map<Hidden, Tally>> table, int crops, Prior prior) throws IOException {
		StringBuilder text = new StringBuilder(), csv = new StringBuilder("case,method,metric,value,low,high\n");
		String what = simulated || folder == null ? "simulated specimens" : "the images of `" + folder.toAbsolutePath().normalize().getParent().getFileName()
			+ "/" + folder.getFileName() + "`";
		text.append("# Inpainting, measured\n\n").append(crops).append(" crops of 64×64 pixels of ").append(what).append(", model ")
			.append(prior.name()).append(", ").append(samples).append(" samples of each method. Written by\n\n    ./mvnw -q test-compile exec:java@inpainting -Dexec.args=")
			.append(simulated || folder == null ? "--simulated" : "FOLDER").append("\n\n").append(EXPLANATION);
		for (Hidden kind : Hidden.values()) {
			boolean holes = kind == Hidden.HOLES;
			text.append("\n## ").append(kind.title).append("\n\n| method | one sample | mean of 8 | mean of ").append(samples)
				.append(" | one sample, per image | mean of ").append(samples).append(", per image | 90 % interval covers | evaluations | seconds |")
				.append(holes ? " invented | missed |" : "").append("\n| --- | --: | --: | --: | --: | --: | --: | --: | --: |").append(holes ? " --: | --: |" : "").append("\n");
			for (Map.Entry<String, Map<Hidden, Tally>> row : table.entrySet()) {
				Tally t = row.getValue().get(kind);
				boolean classical = CLASSICAL.contains(row.getKey());
				text.append(String.format(Locale.ROOT, classical ? "| %s | %.2f | | | %.2f | | | | %.3f |" : "| %1$s | %2$.2f | %5$.2f | %6$.2f | %3$.2f | %7$.2f | %8$.1f %% | %9$d | %4$.2f |",
					row.getKey(), t.psnr(t.squares), t.perImage / t.crops, t.seconds / t.crops, t.psnr(t.squaresMean8), t.psnr(t.squaresMean19),
					t.perImageMean / t.crops, 100.0 * t.covered / t.pixels, t.evaluations / t.crops));
				if (holes)
					text.append(String.format(Locale.ROOT, classical ? " %.1f %% | %.1f %% |" : " %.1f %% (mean %3$.1f %%) | %2$.1f %% (mean %4$.1f %%) |",
						t.inventedShare(), t.missedShare(), 100.0 * t.inventedByMean / t.empty, 100.0 * t.missedByMean / t.full));
				text.append("\n");
				Map<String, Double> metrics = new LinkedHashMap<>();
				metrics.put("psnr_one_sample", t.psnr(t.squares));
				if (!classical) {
					metrics.put("psnr_mean_8", t.psnr(t.squaresMean8));
					metrics.put("psnr_mean_all", t.psnr(t.squaresMean19));
					metrics.put("coverage_90", t.covered / (double) t.pixels);
					metrics.put("evaluations", t.evaluations / (double) t.crops);
				}
				metrics.put("seconds", t.seconds / t.crops);
				if (holes) {
					metrics.put("invented_share", t.inventedShare() / 100);
					metrics.put("missed_share", t.missedShare() / 100);
				}
				metrics.forEach((metric, value) -> csv.append(String.format(Locale.ROOT, "%s,%s,%s,%.5g,,%n", kind.name().toLowerCase(Locale.ROOT),
					row.getKey().replace(",", ";"), metric, value)));
			}
			if (holes) {
				Tally t = table.values().iterator().next().get(kind);
				text.append("\n").append(t.empty).append(" holes were empty and ").append(t.full).append(" over an object.\n");
			}
		}
		Path to = document == null ? Path.of("docs/inpainting.md") : document;
		Files.createDirectories(to.toAbsolutePath().getParent());
		Files.writeString(to, text + Report.remarks(to, "\n" + Report.REMARKS + "\n"));
		Path numbers = Path.of("target/bench/inpainting.csv");
		Files.createDirectories(numbers.getParent());
		Files.writeString(numbers, csv);
		System.out.println("Wrote " + to + " and " + numbers);
	}

	private static final String EXPLANATION = """
		Hidden pixels are set to NaN before a method sees the crop. PSNR is in dB, of the hidden pixels, with the range from the 1st to
		the 99.8th percentile of the whole image as peak; *pooled* (the mean squared error of all crops together) unless *per image* is
		said (the mean of each crop's PSNR). The 90 % interval goes from the lowest to the highest of 19 draws, rounded to whole grey
		levels like the images. Evaluations are calls of the network per sample; seconds are for all samples of one crop, on two CPU
		cores. *Invented*: share of the samples of holes without an object that show one, *missed*: share of the samples of holes over an
		object that show none; an object is at least 12 connected pixels brighter than the 1st percentile by a quarter of the range. In
		brackets the same for the mean of all samples. The classical fills are Laplace (harmonic) and biharmonic (thin plate) interpolation.
		""";

	// -- crops --

	static List<Crop> simulatedCrops(int count) {
		List<Crop> crops = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			float[] grey = new Planes(Specimen.nuclei(256, 256, 100 + i)).read(0);
			for (int p = 0; p < grey.length; p++)
				grey[p] = Math.round(grey[p]);
			crops.add(crop(grey, 256, i));
		}
		return crops;
	}

	private static List<Crop> crops(Path folder, int count) throws IOException {
		List<Path> files;
		try (Stream<Path> found = Files.list(folder)) {
			files = found.filter(p -> p.toString().toLowerCase(Locale.ROOT).endsWith(".png")).sorted().toList();
		}
		if (files.isEmpty())
			throw new IOException("No PNG images were found in " + folder + "; give a folder of grey images.");
		List<Crop> crops = new ArrayList<>();
		for (int i = 0; i < (count == 0 ? files.size() : count); i++) {
			BufferedImage image = ImageIO.read(files.get(i % files.size()).toFile());
			Raster raster = image.getRaster();
			float[] grey = raster.getSamples(0, 0, image.getWidth(), image.getHeight(), 0, (float[]) null);
			crops.add(crop(grey, image.getWidth(), i));
		}
		return crops;
	}

	/** A crop anywhere, scaled by the whole image. */
	private static Crop crop(float[] grey, int width, int index) {
		UniformRandomProvider random = new Noise(2026).generator(Purpose.PROBE, 0, index, 0);
		int height = grey.length / width;
		int left = random.nextInt(width - SIZE + 1), top = random.nextInt(height - SIZE + 1);
		float[] crop = new float[SIZE * SIZE];
		for (int y = 0; y < SIZE; y++)
			System.arraycopy(grey, (top + y) * width + left, crop, y * SIZE, SIZE);
		return new Crop(crop, IntensityScale.robust(grey, width, new boolean[grey.length]), true);
	}

	// -- measuring --

	static Map<Hidden, Tally> measure(List<Crop> crops, Prior prior, String name, int samples) {
		Map<Hidden, Tally> row = new LinkedHashMap<>();
		Inpainting inpainting = METHODS.get(name).apply(Inpainting.with(prior).samples(samples)).build();
		for (Hidden kind : Hidden.values()) {
			Tally tally = new Tally();
			for (int i = 0; i < crops.size(); i++) {
				Crop crop = crops.get(i);
				boolean[] hidden = kind.mask(new Noise(7).generator(Purpose.PROBE, kind.ordinal(), i, 0));
				Restored restored = inpainting.restore(ArrayImgs.floats(blinded(crop.grey, hidden), SIZE, SIZE), image(hidden));
				Planes draws = new Planes(restored.samples());
				float[][] planes = new float[samples][];
				for (int s = 0; s < samples; s++)
					planes[s] = draws.read(s);
				tally.seconds += restored.seconds();
				tally.evaluations += restored.evaluations();
				add(tally, crop, hidden, planes, kind);
			}
			row.put(kind, tally);
			print(name, kind, tally);
		}
		return row;
	}

	private static void print(String name, Hidden kind, Tally t) {
		System.out.printf(Locale.ROOT, "%-36s %-16s one %.2f, mean of 8 %.2f, of all %.2f dB; covers %.1f %%; %d evaluations, %.2f s", name,
			kind.title, t.psnr(t.squares), t.psnr(t.squaresMean8), t.psnr(t.squaresMean19), 100.0 * t.covered / t.pixels,
			t.evaluations / t.crops, t.seconds / t.crops);
		if (kind == Hidden.HOLES)
			System.out.printf(Locale.ROOT, "; invented %.1f %% (mean %d of %d), missed %.1f %% (mean %d of %d)", t.inventedShare(),
				t.inventedByMean, t.empty, t.missedShare(), t.missedByMean, t.full);
		System.out.println();
	}

	/** What the method is given: the truth is gone. */
	private static float[] blinded(float[] grey, boolean[] hidden) {
		float[] out = grey.clone();
		for (int i = 0; i < out.length; i++)
			if (hidden[i])
				out[i] = Float.NaN;
		return out;
	}

	private static net.imglib2.img.Img<net.imglib2.type.numeric.integer.UnsignedByteType> image(boolean[] hidden) {
		byte[] bytes = new byte[hidden.length];
		for (int i = 0; i < bytes.length; i++)
			bytes[i] = (byte) (hidden[i] ? 255 : 0);
		return ArrayImgs.unsignedBytes(bytes, SIZE, SIZE);
	}

	private static void add(Tally tally, Crop crop, boolean[] hidden, float[][] draws, Hidden kind) {
		float[] mean8 = mean(draws, Math.min(8, draws.length)), mean19 = mean(draws, draws.length);
		double unit = 2 / (crop.scale.high() - crop.scale.low()), squares = 0, squaresMean = 0;
		int pixels = 0;
		for (int i = 0; i < hidden.length; i++) {
			if (!hidden[i])
				continue;
			pixels++;
			squares += square(unit * (draws[0][i] - crop.grey[i]));
			tally.squaresMean8 += square(unit * (mean8[i] - crop.grey[i]));
			squaresMean += square(unit * (mean19[i] - crop.grey[i]));
			float[] values = new float[draws.length];
			for (int s = 0; s < values.length; s++)
				values[s] = crop.whole ? Math.round(draws[s][i]) : draws[s][i];
			if (draws.length > 1) {
				Arrays.sort(values);
				if (crop.grey[i] >= values[0] && crop.grey[i] <= values[values.length - 1])
					tally.covered++;
			}
		}
		tally.squares += squares;
		tally.squaresMean19 += squaresMean;
		tally.perImage += 10 * Math.log10(4 * pixels / squares);
		tally.perImageMean += 10 * Math.log10(4 * pixels / squaresMean);
		tally.pixels += pixels;
		tally.crops++;
		tally.draws = draws.length;
		if (kind == Hidden.HOLES)
			for (int quarter = 0; quarter < 4; quarter++) {
				boolean[] hole = quarter(hidden, quarter);
				boolean there = hasObject(crop.grey, hole, crop.scale), meant = hasObject(mean19, hole, crop.scale);
				int drawn = 0;
				for (float[] draw : draws)
					drawn += hasObject(draw, hole, crop.scale) ? 1 : 0;
				if (there) {
					tally.full++;
					tally.missed += draws.length - drawn;
					tally.missedByMean += meant ? 0 : 1;
				}
				else {
					tally.empty++;
					tally.invented += drawn;
					tally.inventedByMean += meant ? 1 : 0;
				}
			}
	}

	private static boolean[] quarter(boolean[] hidden, int quarter) {
		boolean[] hole = new boolean[hidden.length];
		for (int i = 0; i < hole.length; i++)
			hole[i] = hidden[i] && i % SIZE / (SIZE / 2) == quarter % 2 && i / SIZE / (SIZE / 2) == quarter / 2;
		return hole;
	}

	/** Whether at least 12 connected pixels of a hole are brighter than the background by a quarter of the range. */
	static boolean hasObject(float[] grey, boolean[] hole, IntensityScale scale) {
		double threshold = scale.low() + OBJECT_CONTRAST * (scale.high() - scale.low());
		boolean[] seen = new boolean[grey.length];
		int[] stack = new int[grey.length];
		for (int start = 0; start < grey.length; start++) {
			int size = 0, top = 0;
			if (hole[start] && !seen[start] && grey[start] > threshold) {
				stack[top++] = start;
				seen[start] = true;
			}
			while (top > 0) {
				int i = stack[--top], x = i % SIZE, y = i / SIZE;
				size++;
				for (int[] d : new int[][] { { x - 1, y }, { x + 1, y }, { x, y - 1 }, { x, y + 1 } }) {
					int j = d[1] * SIZE + d[0];
					if (d[0] >= 0 && d[0] < SIZE && d[1] >= 0 && d[1] < SIZE && hole[j] && !seen[j] && grey[j] > threshold) {
						seen[j] = true;
						stack[top++] = j;
					}
				}
			}
			if (size >= OBJECT_PIXELS)
				return true;
		}
		return false;
	}

	private static float[] mean(float[][] draws, int count) {
		Posterior posterior = new Posterior(draws[0].length);
		for (int s = 0; s < count; s++)
			posterior.add(draws[s], 0);
		return posterior.mean();
	}

	private static double square(double v) {
		return v * v;
	}

	// -- classical fills --

	static Map<Hidden, Tally> classical(List<Crop> crops, String name) {
		Map<Hidden, Tally> row = new LinkedHashMap<>();
		for (Hidden kind : Hidden.values()) {
			Tally tally = new Tally();
			for (int i = 0; i < crops.size(); i++) {
				boolean[] hidden = kind.mask(new Noise(7).generator(Purpose.PROBE, kind.ordinal(), i, 0));
				float[] plane = blinded(crops.get(i).grey, hidden);
				long start = System.nanoTime();
				Laplace.fill(plane, SIZE, hidden);
				if (name.equals("biharmonic"))
					Biharmonic.fill(plane, SIZE, hidden);
				tally.seconds += (System.nanoTime() - start) * 1e-9;
				add(tally, crops.get(i), hidden, new float[][] { plane }, kind);
			}
			row.put(kind, tally);
			print(name, kind, tally);
		}
		return row;
	}
}
