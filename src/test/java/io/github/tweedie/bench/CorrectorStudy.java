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
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import javax.imageio.ImageIO;

import org.apache.commons.rng.UniformRandomProvider;

import io.github.tweedie.bench.Target.Figure;
import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.sampler.AnnealedLangevin;
import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sampler.Corrector;
import io.github.tweedie.sampler.DpmSolver;
import io.github.tweedie.sampler.Langevin;
import io.github.tweedie.sampler.PcSampler;
import io.github.tweedie.sampler.Predictor;
import io.github.tweedie.sampler.ReverseDiffusion;
import io.github.tweedie.sampler.Schedule;
import io.github.tweedie.sampler.TimeGrid;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.VeSde;
import io.github.tweedie.sde.VpSde;

/** A predictor alone against the same predictor with one correction a move, at equal evaluations. */
final class CorrectorStudy {

	private static final int[] BUDGETS = { 10, 20, 50, 100, 200, 500, 1000, 2000 };
	/** The long runs of a network take longer than all the rest, so they are made with fewer draws. */
	private static final int[] SHORT_RUNS = { 10, 20, 50, 100, 200, 500 }, LONG_RUNS = { 500, 1000, 2000 };
	private static final double[] RATIOS = { 0.03, 0.1, 0.2, 0.4 };
	private static final double SCALE = 0.9;
	private static final int SIZE = 64;

	private CorrectorStudy() {}

	/** The score of the denoiser, times a factor. */
	private static Denoiser scaled(Denoiser exact, double factor) {
		return (batch, out) -> {
			exact.denoise(batch, out);
			for (int i = 0; i < out.length; i++)
				out[i] = (float) (batch.x()[i] + factor * (out[i] - batch.x()[i]));
		};
	}

	static void write(Report report, Target narrow, Target wide, int points) {
		report.say("");
		report.say("Ratios to the floor, with the half width of their intervals; uniform grid, as in the paper; r is the corrector's signal-to-noise");
		report.say("ratio. *Score × %.1f* is a network that is wrong by a tenth everywhere.", SCALE);
		Sde ve = new VeSde(0.01, 50), vp = new VpSde();
		DoubleFunction<Corrector> annealed = AnnealedLangevin::new, langevin = Langevin::new;
		for (double factor : new double[] { 1, SCALE }) {
			table(report, narrow, "VE", ve, new ReverseDiffusion(), "reverse diffusion", annealed, "annealed Langevin", factor, points / 4);
			table(report, narrow, "VP", vp, new ReverseDiffusion(), "reverse diffusion", annealed, "annealed Langevin", factor, points / 4);
			table(report, narrow, "VE", ve, new DpmSolver(0), "DPM-Solver++ ODE", annealed, "annealed Langevin", factor, points / 4);
			table(report, wide, "VE", ve, new ReverseDiffusion(), "reverse diffusion", langevin, "Langevin", factor, points / 8);
		}
	}

	private static void table(Report report, Target target, String sdeName, Sde sde, Predictor predictor, String predictorName,
		DoubleFunction<Corrector> corrector, String correctorName, double factor, int points)
	{
		String score = factor == 1 ? "exact score" : "score × " + factor;
		report.say("");
		report.say("**%s, %s, %s with %s, %s**", target.name, sdeName, predictorName, correctorName, score);
		report.say("");
		report.say("| evaluations | %s |", String.join(" | ", Arrays.stream(BUDGETS).mapToObj(String::valueOf).toList()));
		report.say("| --- |%s", " --: |".repeat(BUDGETS.length));
		for (double r : IntStream.range(-1, RATIOS.length).mapToDouble(i -> i < 0 ? 0 : RATIOS[i]).toArray()) {
			StringBuilder line = new StringBuilder(r == 0 ? "| alone |" : "| r " + r + " |");
			for (int budget : BUDGETS) {
				PcSampler sampler = new PcSampler(Schedule.down(sde, TimeGrid.uniform(), r == 0 ? budget : (budget - 1) / 2 + 1), predictor,
					r == 0 ? null : corrector.apply(r), r == 0 ? 0 : 1);
				String method = predictorName + (r == 0 ? "" : " + " + correctorName + " [r " + r + "]");
				String where = target.name + "; " + sdeName + "; " + score + "; " + budget + " evaluations";
				try {
					float[] x = SamplerTable.draw(sampler, scaled(target.denoiser, factor), target.dimension(), Target.SETS * points, 9);
					Figure f = target.ratioWithInterval(x, points);
					line.append(String.format(Locale.ROOT, " %.2f ± %.2f |", f.value(), (f.high() - f.low()) / 2));
					report.row(where, method, "sliced_wasserstein_ratio", f.value(), f.low(), f.high());
				}
				catch (ArithmeticException e) {
					line.append(" diverges |");
				}
			}
			report.say(line.toString());
		}
	}

	// -- the bundled network --

	/** Patches of 8×8 pixels of an image, of its half and of its quarter size. */
	private static float[][] patches(float[][] images, int seed) {
		int each = 16, side = 8;
		float[][] levels = new float[3][images.length * each * side * side];
		for (int k = 0; k < images.length; k++) {
			float[] image = images[k];
			UniformRandomProvider random = new Noise(seed).generator(Purpose.PROBE, 0, k, 0);
			for (int level = 0, size = SIZE; level < 3; level++, size /= 2) {
				for (int p = 0; p < each; p++) {
					int left = random.nextInt(size - side + 1), top = random.nextInt(size - side + 1);
					for (int i = 0; i < side * side; i++)
						levels[level][(k * each + p) * side * side + i] = image[(top + i / side) * size + left + i % side];
				}
				image = halved(image, size);
			}
		}
		return levels;
	}

	private static float[] halved(float[] image, int size) {
		float[] half = new float[image.length / 4];
		for (int i = 0; i < image.length; i++)
			half[i / size / 2 * (size / 2) + i % size / 2] += image[i] / 4;
		return half;
	}

	private static double distance(SlicedWasserstein metric, float[][] a, float[][] b) {
		double sum = 0;
		for (int level = 0; level < a.length; level++)
			sum += SlicedWasserstein.distance(metric.shadows(a[level], 0, a[level].length / 64), metric.shadows(b[level], 0, b[level].length / 64));
		return sum / a.length;
	}

	private static float[][] chosen(float[][] images, int count, UniformRandomProvider random) {
		return IntStream.range(0, count).mapToObj(i -> images[random.nextInt(images.length)]).toArray(float[][]::new);
	}

	/** @param folder holds the folders train and test with grey PNG images */
	static void network(Report report, Prior prior, Path folder) throws IOException {
		network(report, prior, folder, 16, SHORT_RUNS);
		network(report, prior, folder, 4, LONG_RUNS);
	}

	private static void network(Report report, Prior prior, Path folder, int n, int... budgets) throws IOException {
		int repeats = 40;
		SlicedWasserstein metric = new SlicedWasserstein(64, 64, new Noise(21).generator(Purpose.PROBE, 0, 0, 0));
		float[][] test = crops(folder.resolve("test"), prior), train = crops(folder.resolve("train"), prior);
		UniformRandomProvider random = new Noise(22).generator(Purpose.PROBE, 0, 0, 0);
		double[] floors = IntStream.range(0, repeats)
			.mapToDouble(k -> distance(metric, patches(chosen(train, n, random), 30 + k), patches(chosen(test, n, random), 130 + k))).toArray();
		double floor = Arrays.stream(floors).average().orElseThrow();
		report.say("");
		report.say("**The bundled network %s, VE, reverse diffusion with Langevin.** %d draws of 64×64 pixels. The distance is the sliced Wasserstein", prior.name(), n);
		report.say("distance of patches of 8×8 pixels of the image and of its half and quarter size to those of crops of test images, over that of");
		report.say("crops of training images to those of test images, %.3f. The interval is that of drawing images anew with replacement.", floor);
		report.say("");
				report.say("| evaluations | %s |", String.join(" | ", Arrays.stream(budgets).mapToObj(String::valueOf).toList()));
		report.say("| --- |%s", " --: |".repeat(budgets.length));
		Sde sde = new VeSde(prior.sigmaMin(), prior.sigmaMax());
		Map<String, Corrector> correctors = new LinkedHashMap<>();
		correctors.put("alone", null);
		correctors.put("r 0.05", new Langevin(0.05));
		correctors.put("r 0.16", new Langevin(0.16));
		for (Map.Entry<String, Corrector> entry : correctors.entrySet()) {
			StringBuilder line = new StringBuilder("| " + entry.getKey() + " |");
			for (int budget : budgets) {
				boolean alone = entry.getValue() == null;
				PcSampler sampler = new PcSampler(Schedule.down(sde, TimeGrid.uniform(), alone ? budget : (budget - 1) / 2 + 1), new ReverseDiffusion(),
					entry.getValue(), alone ? 0 : 1);
				float[] x = sampler.sample(prior, Shape.planes(n, 1, SIZE, SIZE), IntStream.range(0, n).toArray(), Batch.unlabelled(n), Conditioner.NONE,
					new Noise(5), Monitor.NONE).x;
				float[][] draws = IntStream.range(0, n).mapToObj(k -> Arrays.copyOfRange(x, k * SIZE * SIZE, (k + 1) * SIZE * SIZE)).toArray(float[][]::new);
				double[] ratios = IntStream.range(0, repeats).mapToDouble(k -> distance(metric, patches(chosen(draws, n, random), 30 + k),
					patches(chosen(test, n, random), 130 + k)) / floor).sorted().toArray();
				double mean = Arrays.stream(ratios).average().orElseThrow();
				line.append(String.format(Locale.ROOT, " %.2f (%.2f to %.2f) |", mean, ratios[1], ratios[repeats - 2]));
				report.row("network, " + n + " draws; " + budget + " evaluations", "reverse diffusion, " + entry.getKey(), "patch_wasserstein_ratio", mean, ratios[1],
					ratios[repeats - 2]);
			}
			report.say(line.toString());
		}
	}

	/** One crop of each image, scaled by the whole image to the range of the prior. */
	private static float[][] crops(Path folder, Prior prior) throws IOException {
		List<Path> files;
		try (Stream<Path> found = Files.list(folder)) {
			files = found.filter(p -> p.toString().toLowerCase(Locale.ROOT).endsWith(".png")).sorted().toList();
		}
		List<float[]> crops = new ArrayList<>();
		for (Path file : files) {
			BufferedImage image = ImageIO.read(file.toFile());
			int width = image.getWidth(), height = image.getHeight();
			if (width < SIZE || height < SIZE)
				continue;
			float[] grey = image.getRaster().getSamples(0, 0, width, height, 0, (float[]) null), crop = new float[SIZE * SIZE];
			float[] data = IntensityScale.robust(grey, width, new boolean[grey.length]).toData(grey, prior.low(), prior.high());
			UniformRandomProvider random = new Noise(2026).generator(Purpose.PROBE, 0, crops.size(), 0);
			int left = random.nextInt(width - SIZE + 1), top = random.nextInt(height - SIZE + 1);
			for (int y = 0; y < SIZE; y++)
				System.arraycopy(data, (top + y) * width + left, crop, y * SIZE, SIZE);
			crops.add(crop);
		}
		return crops.toArray(float[][]::new);
	}
}
