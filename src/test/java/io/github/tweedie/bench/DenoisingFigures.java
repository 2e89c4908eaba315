package io.github.tweedie.bench;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What the methods make of the pictures of a set, in each setting of the camera. */
final class DenoisingFigures {

	private final List<String> pictures;
	private final int settings;
	private final Map<String, List<Score>> psnr = new LinkedHashMap<>(), ssim = new LinkedHashMap<>();
	private final Map<String, Score> seconds = new LinkedHashMap<>(), trials = new LinkedHashMap<>();

	DenoisingFigures(List<String> pictures, int settings) {
		this.pictures = pictures;
		this.settings = settings;
	}

	void add(String method, int setting, Exposure exposure, Contender.Result result, double time) {
		scores(psnr, method).get(setting).add(exposure.psnr(result.grey()));
		scores(ssim, method).get(setting).add(exposure.ssim(result.grey()));
		seconds.computeIfAbsent(method, m -> new Score()).add(time);
		trials.computeIfAbsent(method, m -> new Score()).add(result.trials());
	}

	private List<Score> scores(Map<String, List<Score>> of, String method) {
		return of.computeIfAbsent(method, m -> IntStream.range(0, settings).mapToObj(s -> new Score()).toList());
	}

	/** Names of the pictures. */
	List<String> pictures() {
		return pictures;
	}

	Score psnr(String method, int setting) {
		return psnr.get(method).get(setting);
	}

	Score ssim(String method, int setting) {
		return ssim.get(method).get(setting);
	}

	/** The method with the highest mean PSNR. */
	String best(List<String> methods, int setting) {
		return methods.stream().max(Comparator.comparing(m -> psnr(m, setting).mean())).orElseThrow();
	}

	/** By how much a method is ahead of the best of others, in each setting. */
	List<Score> aheadOfBest(String method, List<String> others) {
		return IntStream.range(0, settings).mapToObj(s -> psnr(method, s).minus(psnr(best(others, s), s))).toList();
	}

	/** By how much a method is ahead of another in PSNR, of each picture its mean over the settings. */
	Score ahead(String method, String other) {
		return Score.average(IntStream.range(0, settings).mapToObj(s -> psnr(method, s).minus(psnr(other, s))).toList());
	}

	/** Wall time, of the whole search of an oracle. */
	Score seconds(String method) {
		return seconds.get(method);
	}

	/** How many settings an oracle chose from. */
	Score trials(String method) {
		return trials.get(method);
	}

	/** Of some pictures alone, by the methods that were measured on all. */
	DenoisingFigures of(int... numbers) {
		DenoisingFigures some = new DenoisingFigures(IntStream.of(numbers).mapToObj(pictures::get).toList(), settings);
		psnr.forEach((method, scores) -> {
			if (scores.get(0).count() == pictures.size())
				some.psnr.put(method, scores.stream().map(score -> score.of(numbers)).toList());
		});
		return some;
	}
}
