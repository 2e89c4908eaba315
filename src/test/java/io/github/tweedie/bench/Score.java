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

	/** Picture by picture, so that what makes all of them hard or easy drops out. */
	Score minus(Score other) {
		Score difference = new Score();
		for (int i = 0; i < values.size(); i++)
			difference.add(values.get(i) - other.values.get(i));
		return difference;
	}
}
