package io.github.tweedie.bench;

import java.util.ArrayList;
import java.util.List;

/** One figure of each picture, with their mean and its standard error. */
final class Score {

	private final List<Double> values = new ArrayList<>();

	void add(double value) {
		values.add(value);
	}

	double mean() {
		return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
	}

	/** Standard deviation of the values, divided by the root of their number. */
	double error() {
		double mean = mean(), squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
		return Math.sqrt(squares / (values.size() - 1.0) / values.size());
	}

	int count() {
		return values.size();
	}

	double median() {
		double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
		int n = sorted.length;
		return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
	}

	/** Of some pictures alone, by their numbers. */
	Score of(int... pictures) {
		Score some = new Score();
		for (int i : pictures)
			some.add(values.get(i));
		return some;
	}

	/** Of each picture its mean over several scores of the same pictures. */
	static Score average(List<Score> scores) {
		Score average = new Score();
		for (int i = 0; i < scores.get(0).count(); i++) {
			int picture = i;
			average.add(scores.stream().mapToDouble(s -> s.values.get(picture)).average().orElseThrow());
		}
		return average;
	}

	/** Picture by picture, so that what makes all of them hard or easy drops out; of as many pictures as both have. */
	Score minus(Score other) {
		Score difference = new Score();
		for (int i = 0; i < Math.min(count(), other.count()); i++)
			difference.add(values.get(i) - other.values.get(i));
		return difference;
	}
}
