package io.github.tweedie.bench;

import java.awt.image.BufferedImage;
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

import javax.imageio.ImageIO;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.model.ModelLibrary;
import io.github.tweedie.restore.BitsPerDimension;
import io.github.tweedie.restore.Likelihood;
import io.github.tweedie.restore.Morphed;
import io.github.tweedie.restore.Morphing;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Prior;
import net.imglib2.img.array.ArrayImgs;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Measures the likelihood and its map: foreign objects are pasted into 64×64 crops, and the map has to find them; whole crops are made
 * noisy or blurred, and their bits compared. Then measures morphing. Writes docs/likelihood.md with its pictures for people and
 * target/bench/likelihood.csv for machines.
 *
 * <pre>
 * ./mvnw -q test-compile exec:java@likelihood
 * ./mvnw -q test-compile exec:java@likelihood -Dexec.args=FOLDER
 * </pre>
 */
@Command(name = "likelihood", mixinStandardHelpOptions = true, description = "Measures likelihood maps and morphing.")
public final class LikelihoodBench implements Runnable {

	static final int SIZE = 64;
	private static final int REACH = 12, MARGIN = 4;
	/** Of the camera in simulated crops, in grey levels of 12 bits. */
	private static final double CAMERA = 40;
	private static final double SMOOTHING = 2;
	private static final int PAIRS = 2;

	@Parameters(arity = "0..1", paramLabel = "FOLDER", description = "folder of grey 8-bit PNG images to be measured, too")
	private Path folder;

	@Option(names = "--crops", defaultValue = "6", description = "crops of each kind; default ${DEFAULT-VALUE}")
	private int count;

	@Option(names = "--model", defaultValue = "nuclei", description = "name or folder of the model; default ${DEFAULT-VALUE}")
	private String model;

	@Option(names = "--out", defaultValue = "docs/likelihood.md", description = "the document to write; default ${DEFAULT-VALUE}")
	private Path document;

	private final StringBuilder text = new StringBuilder(), csv = new StringBuilder("case,method,metric,value,low,high\n");

	/** A crop, the two grey levels of the model's range, and the darkest and brightest usual grey level of its image. */
	record Crop(float[] grey, double low, double high, double dark, double bright) {

		Crop with(float[] other) {
			return new Crop(other, low, high, dark, bright);
		}
	}

	public static void main(String[] args) {
		System.setProperty("java.awt.headless", "true");
		if (new CommandLine(new LikelihoodBench()).execute(args) != 0)
			throw new IllegalStateException("likelihood failed");
	}

	@Override
	public void run() {
		try {
			Prior prior = ModelLibrary.shared().open(model, "cpu");
			Map<String, List<Crop>> crops = new LinkedHashMap<>();
			crops.put("simulated", simulated(count));
			if (folder != null)
				crops.put("photographed", photographed(folder, count));
			text.append("# Likelihood and morphing, measured\n\nModel ").append(prior.name()).append(". Written by\n\n"
				+ "    ./mvnw -q test-compile exec:java@likelihood -Dexec.args=FOLDER\n\n").append(EXPLANATION);
			for (String kind : crops.keySet())
				objects(kind, crops.get(kind), prior);
			text.append("\n").append(VERSIONS);
			for (String kind : crops.keySet())
				versions(kind, crops.get(kind).subList(0, Math.min(4, crops.get(kind).size())), prior);
			morph(prior);
			Files.writeString(document, text + Report.remarks(document, "\n" + Report.REMARKS + "\n"));
			Path numbers = Path.of("target/bench/likelihood.csv");
			Files.createDirectories(numbers.getParent());
			Files.writeString(numbers, csv);
			System.out.println("Wrote " + document + " and " + numbers);
		}
		catch (IOException e) {
			throw new IllegalStateException(e.getMessage(), e);
		}
	}

	private static final String EXPLANATION = """
		Crops of 64×64 pixels are either *simulated* (`Specimen`, 12 bits, scale 150 to 3500, Gaussian camera noise of 40 grey levels) or
		*photographed* (one of each of the first images of the folder, 8 bits, scale 0 to 255; the network has not seen them). Brackets
		are 95 % intervals, from a bootstrap over crops.

		## Foreign objects

		Into each crop two foreign objects are added, as light adds up, as bright as 30 to 80 % of the picture's own range: one *sharp*, one
		*as seen by the lens*, that is blurred by 1.5 pixels, so that its edges are no sharper than those of nuclei. They are in turn bars like
		letters, a checkerboard, a fibre, the ring of a bubble, and a patch of random waves like stained tissue. The area under the ROC curve
		(AUC) says how well a map tells them from the rest of the crop: 1 always, 0.5 like a coin. *Per pixel*: pixels of the object against
		all pixels of the crop further than 4 pixels from both. *Against nuclei*: the mean of the map over the object against its means over
		windows of 17×17 pixels of the same crop that hold nuclei (brighter than a tenth of the range in the mean) and no foreign pixel.
		All maps but the raw one are smoothed with a Gaussian of 2 pixels. The likelihood is taken with 2 probes at a tolerance of 1e-3.
		The last two rows are what needs no model: the variance in a Gaussian window of 2 pixels, and the absolute Laplacian.
		""";

	private static final String VERSIONS = """
		## Whole pictures

		Bits per dimension of crops as they are, with more noise (5 % of the picture's range), and blurred by 1.5 pixels; then the change against
		the same crop as it is. 1 probe, tolerance 1e-3.

		| crops | as they are | change by noise | change by blur |
		| --- | --: | --: | --: |
		""";

	// -- Crops --

	private static UniformRandomProvider random(int purpose, int index) {
		return new Noise(2026).generator(Purpose.PROBE, purpose, index, 0);
	}

	static List<Crop> simulated(int count) {
		List<Crop> crops = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			float[] grey = crop(new Planes(Specimen.nuclei(128, 128, 300 + i)).read(0), 128, 32, 32);
			crops.add(new Crop(noisy(grey, CAMERA, i), 150, 3500, 180, 2500));
		}
		return crops;
	}

	private static List<Crop> photographed(Path folder, int count) throws IOException {
		List<Path> files;
		try (Stream<Path> found = Files.list(folder)) {
			files = found.filter(p -> p.toString().toLowerCase(Locale.ROOT).endsWith(".png")).sorted().limit(count).toList();
		}
		if (files.isEmpty())
			throw new IOException("No PNG images were found in " + folder + "; give a folder of grey images.");
		List<Crop> crops = new ArrayList<>();
		for (int i = 0; i < files.size(); i++) {
			BufferedImage image = ImageIO.read(files.get(i).toFile());
			int width = image.getWidth(), height = image.getHeight();
			float[] grey = image.getRaster().getSamples(0, 0, width, height, 0, (float[]) null);
			IntensityScale own = IntensityScale.robust(grey, width, new boolean[grey.length]);
			UniformRandomProvider random = random(1, i);
			crops.add(new Crop(crop(grey, width, random.nextInt(width - SIZE + 1), random.nextInt(height - SIZE + 1)), 0, 255, own.low(),
				own.high()));
		}
		return crops;
	}

	private static float[] crop(float[] grey, int width, int left, int top) {
		float[] crop = new float[SIZE * SIZE];
		for (int y = 0; y < SIZE; y++)
			System.arraycopy(grey, (top + y) * width + left, crop, y * SIZE, SIZE);
		return crop;
	}

	private static float[] noisy(float[] grey, double deviation, int index) {
		ZigguratSampler.NormalizedGaussian gaussian = ZigguratSampler.NormalizedGaussian.of(random(2, index));
		float[] out = grey.clone();
		for (int i = 0; i < out.length; i++)
			out[i] = (float) Math.max(0, Math.rint(out[i] + deviation * gaussian.sample()));
		return out;
	}

	// -- Foreign objects --

	/** What does not belong there; a pattern in [0, 1] around the middle, and the pixels that count as its own. */
	enum Foreign {
		BARS, CHECKERBOARD, FIBRE, RING, WAVES;

		/** @return the pixels of the object */
		boolean[] draw(float[] pattern, int cx, int cy, UniformRandomProvider random) {
			boolean[] own = new boolean[pattern.length];
			double angle = random.nextDouble(Math.PI), cos = Math.cos(angle), sin = Math.sin(angle);
			double[] phases = IntStream.range(0, 24).mapToDouble(i -> random.nextDouble(2 * Math.PI)).toArray();
			for (int dy = -REACH; dy < REACH; dy++)
				for (int dx = -REACH; dx < REACH; dx++) {
					int i = (cy + dy) * SIZE + cx + dx;
					boolean square = Math.abs(dx) <= 8 && Math.abs(dy) <= 8;
					double along = dx * cos + dy * sin, across = dy * cos - dx * sin + 2 * Math.sin(along / 4), radius = Math.hypot(dx, dy);
					own[i] = switch (this) {
						case BARS, CHECKERBOARD -> square;
						case FIBRE -> Math.abs(across) < 2.2;
						case RING, WAVES -> radius < 9;
					};
					double waves = 0.5;
					for (int w = 0; w < 12; w++)
						waves += 0.2 * Math.sin((0.5 + w / 12.0) * (dx * Math.cos(phases[w]) + dy * Math.sin(phases[w])) + phases[12 + w]);
					pattern[i] = (float) switch (this) {
						case BARS -> square && (dx + 8) / 3 % 2 == 0 && (dy + 8) % 9 < 7 ? 1 : 0;
						case CHECKERBOARD -> square && ((dx + 8) / 4 + (dy + 8) / 4) % 2 == 0 ? 1 : 0;
						case FIBRE -> Math.abs(across) < 1.2 ? 1 : 0;
						case RING -> Math.abs(radius - 7) < 1.2 ? 1 : 0;
						case WAVES -> radius < 9 ? Math.max(0, waves) : 0;
					};
				}
			return own;
		}
	}

	/** A crop with its two objects, the sharp one first. */
	record Pasted(Crop crop, boolean[][] objects, boolean[] ordinary) {}

	static Pasted paste(Crop crop, int index) {
		UniformRandomProvider random = random(3, index);
		boolean turned = random.nextBoolean(), swapped = random.nextBoolean();
		float[] grey = crop.grey.clone();
		boolean[][] objects = new boolean[2][];
		for (int k = 0; k < 2; k++) {
			int x = k == 0 == swapped ? 16 : 48, y = turned ? SIZE - x : x;
			float[] pattern = new float[grey.length];
			objects[k] = Foreign.values()[(index + 2 * k) % 5].draw(pattern, x, y, random);
			if (k == 1)
				pattern = blurred(pattern, 1.5);
			double amplitude = (0.3 + 0.5 * random.nextDouble()) * (crop.bright - crop.dark);
			for (int i = 0; i < grey.length; i++)
				grey[i] += (float) (amplitude * pattern[i]);
		}
		for (int i = 0; i < grey.length; i++)
			grey[i] = Math.round(grey[i]);
		boolean[] ordinary = new boolean[grey.length];
		for (int i = 0; i < grey.length; i++)
			ordinary[i] = !any(objects, i % SIZE - MARGIN, i / SIZE - MARGIN, 2 * MARGIN + 1);
		return new Pasted(crop.with(grey), objects, ordinary);
	}

	private static boolean any(boolean[][] objects, int left, int top, int extent) {
		for (int y = Math.max(0, top); y < Math.min(SIZE, top + extent); y++)
			for (int x = Math.max(0, left); x < Math.min(SIZE, left + extent); x++)
				if (objects[0][y * SIZE + x] || objects[1][y * SIZE + x])
					return true;
		return false;
	}

	static BitsPerDimension rate(Crop crop, Prior prior, int probes) {
		return Likelihood.with(prior).scale(crop.low, crop.high).probes(probes).tolerance(1e-3).build()
			.of(ArrayImgs.floats(crop.grey, SIZE, SIZE));
	}

	/** The maps that are compared, by their name in the table. */
	static Map<String, float[]> maps(float[] grey, float[] bits) {
		float[] mean = blurred(grey, SMOOTHING), squares = grey.clone(), laplacian = new float[grey.length];
		for (int i = 0; i < grey.length; i++) {
			squares[i] *= grey[i];
			int x = i % SIZE, y = i / SIZE;
			laplacian[i] = Math.abs(4 * grey[i] - grey[x == 0 ? i : i - 1] - grey[x == SIZE - 1 ? i : i + 1] - grey[y == 0 ? i : i - SIZE]
				- grey[y == SIZE - 1 ? i : i + SIZE]);
		}
		float[] variance = blurred(squares, SMOOTHING);
		for (int i = 0; i < grey.length; i++)
			variance[i] -= mean[i] * mean[i];
		Map<String, float[]> maps = new LinkedHashMap<>();
		maps.put("map of bits, raw", bits);
		maps.put("map of bits", blurred(bits, SMOOTHING));
		maps.put("local variance", variance);
		maps.put("Laplacian", blurred(laplacian, SMOOTHING));
		return maps;
	}

	private void objects(String kind, List<Crop> crops, Prior prior) throws IOException {
		Map<String, List<double[]>> found = new LinkedHashMap<>();
		List<float[][]> shown = new ArrayList<>();
		for (int i = 0; i < crops.size(); i++) {
			Pasted pasted = paste(crops.get(i), i);
			float[] bits = new Planes(rate(pasted.crop, prior, 2).map()).read(0);
			Map<String, float[]> maps = maps(pasted.crop.grey, bits);
			if (shown.size() < 4)
				shown.add(new float[][] { pasted.crop.grey, bits, maps.get("map of bits") });
			maps.forEach((name, map) -> found.computeIfAbsent(name, n -> new ArrayList<>()).add(areas(pasted, map)));
			System.out.println(kind + " crop " + (i + 1) + " of " + crops.size());
		}
		if (kind.equals("simulated"))
			picture(shown);
		text.append("\n### ").append(crops.size()).append(" crops, ").append(kind)
			.append("\n\n| | sharp, per pixel | sharp, against nuclei | as seen by the lens, per pixel | as seen by the lens, against nuclei |\n")
			.append("| --- | --: | --: | --: | --: |\n");
		String[] metrics = { "auc_pixel_sharp", "auc_nuclei_sharp", "auc_pixel_soft", "auc_nuclei_soft" };
		found.forEach((name, rows) -> {
			text.append("| ").append(name).append(" |");
			for (int m = 0; m < 4; m++) {
				int column = m;
				double[] values = rows.stream().mapToDouble(r -> r[column]).filter(v -> !Double.isNaN(v)).toArray();
				text.append(" ").append(told(values, 3)).append(" |");
				csv(kind, name, metrics[m], values);
			}
			text.append("\n");
		});
	}

	/** Sharp per pixel, sharp against nuclei, soft per pixel, soft against nuclei; NaN where there are no nuclei. */
	static double[] areas(Pasted pasted, float[] map) {
		double[] areas = new double[4];
		double[] ordinary = IntStream.range(0, map.length).filter(i -> pasted.ordinary[i]).mapToDouble(i -> map[i]).toArray();
		double[] nuclei = windows(pasted, map);
		for (int k = 0; k < 2; k++) {
			boolean[] object = pasted.objects[k];
			double[] foreign = IntStream.range(0, map.length).filter(i -> object[i]).mapToDouble(i -> map[i]).toArray();
			areas[2 * k] = area(foreign, ordinary);
			areas[2 * k + 1] = area(new double[] { Arrays.stream(foreign).average().orElseThrow() }, nuclei);
		}
		return areas;
	}

	/** Means of the map over windows with nuclei. */
	private static double[] windows(Pasted pasted, float[] map) {
		Crop crop = pasted.crop;
		double bright = crop.dark + 0.1 * (crop.bright - crop.dark);
		List<Double> means = new ArrayList<>();
		for (int top = 0; top + 17 <= SIZE; top += 4)
			for (int left = 0; left + 17 <= SIZE; left += 4) {
				double sum = 0, grey = 0;
				boolean pure = true;
				for (int y = top; y < top + 17; y++)
					for (int x = left; x < left + 17; x++) {
						sum += map[y * SIZE + x];
						grey += crop.grey[y * SIZE + x];
						pure &= !pasted.objects[0][y * SIZE + x] && !pasted.objects[1][y * SIZE + x];
					}
				if (pure && grey / 289 > bright)
					means.add(sum / 289);
			}
		return means.stream().mapToDouble(v -> v).toArray();
	}

	/** Probability that a foreign value is above an ordinary one (Mann and Whitney); NaN without ordinary ones. */
	static double area(double[] foreign, double[] ordinary) {
		double[] sorted = ordinary.clone();
		Arrays.sort(sorted);
		double wins = 0;
		for (double f : foreign) {
			int at = Arrays.binarySearch(sorted, f);
			wins += at >= 0 ? at + 0.5 : -at - 1;
		}
		return wins / foreign.length / ordinary.length;
	}

	static float[] blurred(float[] in, double sigma) {
		int reach = (int) Math.ceil(3 * sigma);
		float[] out = in;
		for (int axis = 0; axis < 2; axis++) {
			float[] from = out;
			out = new float[in.length];
			for (int i = 0; i < in.length; i++) {
				int at = axis == 0 ? i % SIZE : i / SIZE;
				double sum = 0, weights = 0;
				for (int d = Math.max(-reach, -at); d <= Math.min(reach, SIZE - 1 - at); d++) {
					double w = Math.exp(-d * d / (2 * sigma * sigma));
					sum += w * from[i + d * (axis == 0 ? 1 : SIZE)];
					weights += w;
				}
				out[i] = (float) (sum / weights);
			}
		}
		return out;
	}

	// -- Whole pictures --

	private void versions(String kind, List<Crop> crops, Prior prior) {
		double[] plain = new double[crops.size()], noise = new double[plain.length], blur = new double[plain.length];
		for (int i = 0; i < plain.length; i++) {
			Crop crop = crops.get(i);
			plain[i] = bits(crop, prior);
			noise[i] = bits(crop.with(noisy(crop.grey, 0.05 * (crop.bright - crop.dark), 1000 + i)), prior) - plain[i];
			float[] smooth = blurred(crop.grey, 1.5);
			for (int p = 0; p < smooth.length; p++)
				smooth[p] = Math.round(smooth[p]);
			blur[i] = bits(crop.with(smooth), prior) - plain[i];
			System.out.println(kind + " picture " + (i + 1) + " of " + plain.length);
		}
		text.append("| ").append(kind).append(" | ").append(told(plain, 2)).append(" | ").append(told(noise, 2)).append(" | ")
			.append(told(blur, 2)).append(" |\n");
		csv(kind, "as is", "bits_per_dimension", plain);
		csv(kind, "noise", "change", noise);
		csv(kind, "blur", "change", blur);
	}

	private static double bits(Crop crop, Prior prior) {
		return rate(crop, prior, 1).planes().get(0).bits();
	}

	// -- Morphing --

	private void morph(Prior prior) throws IOException {
		text.append("""

			## Morphing

			Pairs of simulated pictures of 64×64 pixels without camera noise. How far the decoded end frames are from the inputs (1e-3 of the range is
			the most that is let pass), the angle between the latents, and the tolerance that it took.

			| pair | end frames differ by | angle between latents | tolerance | evaluations | seconds for 7 frames |
			| --- | --: | --: | --: | --: | --: |
			""");
		List<float[][]> shown = new ArrayList<>();
		for (int pair = 0; pair < PAIRS; pair++) {
			float[] a = crop(new Planes(Specimen.nuclei(128, 128, 400 + 2 * pair)).read(0), 128, 32, 32);
			float[] b = crop(new Planes(Specimen.nuclei(128, 128, 401 + 2 * pair)).read(0), 128, 32, 32);
			Morphed morphed = Morphing.with(prior).frames(7).build().between(ArrayImgs.floats(a, SIZE, SIZE), ArrayImgs.floats(b, SIZE, SIZE));
			text.append(String.format(Locale.ROOT, "| %d | %.1e of the range | %.0f° | %s | %d | %.0f |%n", pair + 1, morphed.deviation(),
				Math.toDegrees(morphed.angle()), morphed.provenance().get("tolerance"), morphed.evaluations(), morphed.seconds()));
			csv("morph", "pair " + (pair + 1), "end_deviation", new double[] { morphed.deviation() });
			float[][] faded = new float[7][a.length], frames = new float[7][];
			for (int f = 0; f < 7; f++) {
				frames[f] = new Planes(morphed.frames()).read(f);
				for (int i = 0; i < a.length; i++)
					faded[f][i] = a[i] + (b[i] - a[i]) * f / 6;
			}
			shown.add(frames);
			shown.add(faded);
			System.out.println("pair " + (pair + 1));
		}
		text.append("\n![Two morphs](morph.png)\n\nFirst and third row: morphs; below each, the plain cross-fade of the same two pictures.\n");
		write(shown, false, "morph.png");
	}

	// -- Writing --

	private void picture(List<float[][]> rows) throws IOException {
		write(rows, true, "likelihood.png");
		text.append("\n![Crops with foreign objects and their maps](likelihood.png)\n\nSimulated crops with two foreign objects each (left), the map of "
			+ "their bits (middle), and the map smoothed (right). Bright is unlikely.\n");
	}

	/** Tiles in rows, twice enlarged, each tile or each row with its own range of grey. */
	private void write(List<float[][]> rows, boolean each, String name) throws IOException {
		int zoom = 2, pitch = zoom * SIZE + 4, columns = rows.get(0).length;
		BufferedImage image = new BufferedImage(columns * pitch - 4, rows.size() * pitch - 4, BufferedImage.TYPE_BYTE_GRAY);
		for (int r = 0; r < rows.size(); r++)
			for (int c = 0; c < columns; c++) {
				float[] tile = rows.get(r)[c], sorted = (each ? tile : rows.get(r)[0]).clone();
				Arrays.sort(sorted);
				double low = sorted[sorted.length / 100], high = sorted[sorted.length - 1 - sorted.length / 200];
				for (int y = 0; y < zoom * SIZE; y++)
					for (int x = 0; x < zoom * SIZE; x++)
						image.getRaster().setSample(c * pitch + x, r * pitch + y, 0,
							(int) Math.max(0, Math.min(255, 255 * (tile[y / zoom * SIZE + x / zoom] - low) / (high - low))));
			}
		ImageIO.write(image, "png", document.toAbsolutePath().resolveSibling(name).toFile());
	}

	private static double mean(double[] values) {
		return Arrays.stream(values).average().orElse(Double.NaN);
	}

	/** The 95 % interval of the mean, by the bootstrap. */
	static double[] interval(double[] values) {
		UniformRandomProvider random = random(4, 0);
		double[] means = new double[2000];
		for (int b = 0; b < means.length; b++) {
			double sum = 0;
			for (int i = 0; i < values.length; i++)
				sum += values[random.nextInt(values.length)];
			means[b] = sum / values.length;
		}
		Arrays.sort(means);
		return new double[] { means[50], means[1949] };
	}

	private static String told(double[] values, int digits) {
		double[] ends = interval(values);
		String number = "%." + digits + "f";
		return String.format(Locale.ROOT, number + " [" + number + ", " + number + "]", mean(values), ends[0], ends[1]);
	}

	private void csv(String kind, String method, String metric, double[] values) {
		double[] ends = interval(values);
		csv.append(String.format(Locale.ROOT, "%s,%s,%s,%.5g,%.5g,%.5g%n", kind, method.replace(",", ";"), metric, mean(values), ends[0], ends[1]));
	}
}
