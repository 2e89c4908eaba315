package io.github.tweedie.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Shape;

/**
 * Pictures with Gaussian noise of known strength, denoised by one call of a network and by the classical methods of
 * {@link Classical}, and by non-local means as published: PSNR and structural similarity of each.
 */
final class DenoisingTable {

	/** σ of the noise, for data in [−1, 1]. */
	static final double[] SIGMAS = { 0.1, 0.2, 0.4, 0.8 };
	/** What the noisy picture itself scores under. */
	static final String NOISY = "noisy";
	/** {@link PublishedNonLocalMeans}, which no oracle tunes. */
	static final String PUBLISHED = "non-local means as published";
	private static final double RANGE = 2;

	private final List<Picture> pictures;
	private final Map<String, List<Score>> psnr = new LinkedHashMap<>(), ssim = new LinkedHashMap<>();

	/** Measures the classical methods, with all processors. */
	DenoisingTable(List<Picture> pictures) {
		this.pictures = List.copyOf(pictures);
		measure(NOISY, (p, sigma) -> p.noisy);
		measure(PUBLISHED, (p, sigma) -> PublishedNonLocalMeans.denoise(p.picture.shape(), p.noisy, sigma));
		for (Classical method : Classical.values())
			measure(method.title, (p, sigma) -> method.best(p.picture.shape(), p.noisy, sigma, p.picture.clean()).image());
	}

	/** The same pictures and classical figures, for another network. */
	private DenoisingTable(DenoisingTable other) {
		pictures = other.pictures;
		psnr.putAll(other.psnr);
		ssim.putAll(other.ssim);
	}

	/** With a network in a row named after it. */
	DenoisingTable with(String name, Denoiser network) {
		DenoisingTable table = new DenoisingTable(this);
		List<Score> psnrs = table.scores(table.psnr, name), ssims = table.scores(table.ssim, name);
		for (int level = 0; level < SIGMAS.length; level++)
			for (int i = 0; i < pictures.size(); i++) {
				Picture p = pictures.get(i);
				float[] out = new float[p.clean().length];
				network.denoise(Batch.of(p.shape(), p.noisy(SIGMAS[level], i), SIGMAS[level]), out);
				psnrs.get(level).add(psnr(out, p.clean()));
				ssims.get(level).add(Ssim.of(p.shape(), out, p.clean(), RANGE));
			}
		return table;
	}

	int count() {
		return pictures.size();
	}

	Shape shape() {
		return pictures.get(0).shape();
	}

	/** Names of the methods, "noisy" first, networks last. */
	List<String> methods() {
		return List.copyOf(psnr.keySet());
	}

	/** dB, of a range of 2. */
	Score psnr(String method, int level) {
		return psnr.get(method).get(level);
	}

	Score ssim(String method, int level) {
		return ssim.get(method).get(level);
	}

	/** The classical method, tuned by oracle, with the highest mean PSNR at a noise level. */
	String bestClassical(int level) {
		return Arrays.stream(Classical.values()).map(m -> m.title)
			.max((a, b) -> Double.compare(psnr(a, level).mean(), psnr(b, level).mean())).orElseThrow();
	}

	private record Noisy(Picture picture, float[] noisy) {}

	@FunctionalInterface
	private interface Method {

		float[] denoise(Noisy noisy, double sigma);
	}

	private void measure(String name, Method method) {
		List<Score> psnrs = scores(psnr, name), ssims = scores(ssim, name);
		for (int level = 0; level < SIGMAS.length; level++) {
			double sigma = SIGMAS[level];
			List<double[]> figures = IntStream.range(0, pictures.size()).parallel().mapToObj(i -> {
				Picture p = pictures.get(i);
				float[] out = method.denoise(new Noisy(p, p.noisy(sigma, i)), sigma);
				return new double[] { psnr(out, p.clean()), Ssim.of(p.shape(), out, p.clean(), RANGE) };
			}).toList();
			for (double[] figure : figures) {
				psnrs.get(level).add(figure[0]);
				ssims.get(level).add(figure[1]);
			}
		}
	}

	private List<Score> scores(Map<String, List<Score>> of, String name) {
		List<Score> scores = new ArrayList<>();
		for (int level = 0; level < SIGMAS.length; level++)
			scores.add(new Score());
		of.put(name, scores);
		return scores;
	}

	static double psnr(float[] a, float[] b) {
		double squares = 0;
		for (int i = 0; i < a.length; i++)
			squares += Math.pow((double) a[i] - b[i], 2);
		return 10 * Math.log10(RANGE * RANGE * a.length / squares);
	}
}
