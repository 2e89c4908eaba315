package io.github.tweedie.model;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;

import io.github.tweedie.model.Convention.Prediction;
import io.github.tweedie.model.Convention.TimeInput;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.DiscreteVpSde;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.SubVpSde;
import io.github.tweedie.sde.VeSde;
import io.github.tweedie.sde.VpSde;

/**
 * Whether a network answers as it is declared. Two smooth pictures, a contrasty one and a dim dark one, get noise of three
 * levels; under the right reading of the network's input and output the noise comes off again, under a wrong one less of it, or
 * something else comes out. What counts is the product over the levels of the mean square errors of the picture. The network need
 * not know such pictures, since all readings are of the same answers, and a reading must be better on both; whether the network
 * takes images for darker or brighter than they are does not count.
 * <p>
 * Readings that give the same estimates cannot be told apart, and need not be. Of v and ε with α = 1 that is nearly so.
 */
final class DeclarationCheck {

	/** By what factor the product of a reading's mean square errors must be less before the declared one is called wrong. */
	private static final double MARGIN = 1.25;
	/** By what factor, on average over the levels, the best estimate may be worse than that of independent Gaussian pixels. */
	private static final double POOR = 4;

	/** The mean square error of what is not finite. */
	private static final double INFINITE = 1e24;

	private final OnnxDenoiser denoiser;
	private final Shape shape;
	private final float[][] clean;
	private final float[] noise;
	private final double[] sigmas;
	private final Monitor monitor;
	private int done, total;

	/** One way to read the network, and the mean square error of each picture at each level, in units of the data range. */
	private record Reading(String words, double[][] error) {

		/** Logarithm of the product of the errors of a picture. */
		double badness(int picture) {
			return Arrays.stream(error[picture]).map(Math::log).sum();
		}

		double badness() {
			return badness(0) + badness(1);
		}

		/** Whether another is better by a factor, on both pictures. */
		boolean isBeatenBy(Reading other, double factor) {
			return badness(0) - other.badness(0) > Math.log(factor) && badness(1) - other.badness(1) > Math.log(factor);
		}

		String errors() {
			return Arrays.stream(error[0]).mapToObj(e -> rounded(Math.sqrt(e))).collect(Collectors.joining(", "));
		}
	}

	/**
	 * @param low lower end of the data range
	 * @param high its upper end
	 * @param monitor asked before each reading whether to go on
	 */
	DeclarationCheck(OnnxDenoiser denoiser, double low, double high, Monitor monitor) {
		this.denoiser = denoiser;
		this.monitor = monitor;
		Convention convention = denoiser.convention();
		double deviation = convention.sigmaData();
		shape = denoiser.smallest(64);
		clean = new float[][] { picture(shape, (low + high) / 2, deviation), picture(shape, low + (high - low) / 4, 0.4 * deviation) };
		noise = new float[shape.size()];
		new Noise(1).fill(Purpose.PROBE, 0, new int[1], shape, noise);
		sigmas = new double[] { Math.max(convention.sigmaMin(), 0.2 * deviation), Math.min(convention.sigmaMax(), deviation),
			Math.min(convention.sigmaMax(), 10 * deviation) };
	}

	/** A sum of waves of different lengths and directions, N×C×Y×X. */
	static float[] picture(Shape shape, double mean, double deviation) {
		float[] waves = new float[shape.size()], phases = new float[6 * shape.c()];
		new Noise(2).fill(Purpose.PROBE, 0, new int[1], Shape.vectors(1, phases.length), phases);
		int plane = shape.y() * shape.x();
		for (int i = 0; i < waves.length; i++) {
			int c = i / plane, y = i % plane / shape.x(), x = i % shape.x();
			double sum = 0;
			for (int k = 0; k < 6; k++) {
				double length = 9 + 5 * k, angle = 2.4 * k + c;
				sum += Math.sin(2 * Math.PI * ((x * Math.cos(angle) + y * Math.sin(angle)) / length + phases[6 * c + k]));
			}
			// NB: six waves have a variance of 3.
			waves[i] = (float) (mean + deviation * sum / Math.sqrt(3));
		}
		return waves;
	}

	/**
	 * @return a sentence that says what looks wrong and what fits better; empty if nothing looks wrong
	 * @throws CancellationException when the monitor says so
	 */
	String complaint() {
		Convention convention = denoiser.convention();
		List<Convention> times = convention.times(denoiser.countsWhole()).stream().map(convention::with).toList(),
			others = others(convention, denoiser.countsWhole());
		total = 1 + times.size() + others.size();
		Prediction said = canonical(convention.prediction());
		Map<Prediction, Reading> readings = read(convention);
		Reading declared = readings.get(said), near = best(readings, convention, declared), best = near;
		for (Convention time : times) {
			readings = read(time);
			near = best(Map.of(said, readings.get(said)), convention, near);
			best = best(readings, convention, best);
		}
		// NB: networks of other schedules are asked with other inputs, which costs more calls.
		if (best.badness(0) > least() + Math.log(MARGIN))
			for (Convention foreign : others)
				best = best(read(foreign), foreign, best);
		// NB: of readings that differ by little, one that corrects a single word is named.
		if (!near.isBeatenBy(best, MARGIN))
			best = near;
		String name = "The model '" + denoiser.network().name() + "' ";
		if (best.badness() >= 6 * Math.log(INFINITE))
			throw new IllegalStateException(name + "gives values that are not finite numbers, whatever it is told; its weights"
				+ " are damaged: get it again.");
		String seen = name + "does not answer as declared: asked for a test picture under noise of "
			+ Arrays.stream(sigmas).mapToObj(DeclarationCheck::rounded).collect(Collectors.joining(", ")) + " it is wrong by "
			+ declared.errors() + " (root mean square) if read with " + declared.words;
		if (declared.isBeatenBy(best, MARGIN))
			return seen + ", and by " + best.errors() + " with " + best.words + "; declare that, or import without the check.";
		if (best.badness(0) > least() + sigmas.length * Math.log(POOR))
			return seen + ", and no other reading that is known fits better; check data_range and what the network was trained on, or"
				+ " import without the check.";
		return "";
	}

	/** What the product of the errors would be for the best estimate of independent Gaussian pixels, as a logarithm. */
	private double least() {
		double v = denoiser.convention().sigmaData() * denoiser.convention().sigmaData();
		return Arrays.stream(sigmas).map(s -> Math.log(v * s * s / (v + s * s))).sum();
	}

	private static Reading best(Map<Prediction, Reading> readings, Convention schedule, Reading soFar) {
		Reading best = soFar;
		for (Map.Entry<Prediction, Reading> reading : readings.entrySet())
			// NB: with α = 1 nobody predicts v, and it is hardly to be told from ε.
			if (reading.getValue().badness() < best.badness()
				&& !(reading.getKey() == Prediction.V_PREDICTION && schedule.sde() instanceof VeSde))
				best = reading.getValue();
		return best;
	}

	/** Conventions of the common schedules with every time input that fits. */
	private static List<Convention> others(Convention convention, boolean whole) {
		Map<Sde, Integer> others = new LinkedHashMap<>();
		int steps = convention.steps() > 0 ? convention.steps() : 1000;
		others.put(new VpSde(), 0);
		others.put(new SubVpSde(), 0);
		others.put(DiscreteVpSde.linear(steps, 1e-4, 0.02), steps);
		others.put(DiscreteVpSde.scaledLinear(steps, 0.00085, 0.012), steps);
		others.put(DiscreteVpSde.cosine(steps), steps);
		return others.entrySet().stream().map(other -> convention.with(other.getKey(), other.getValue()))
			.flatMap(foreign -> foreign.times(whole).stream().filter(time -> !time.counts() || foreign.steps() > 0).map(foreign::with))
			.toList();
	}

	/** Every prediction under one schedule and time input. */
	private Map<Prediction, Reading> read(Convention convention) {
		if (monitor.cancelled())
			throw new CancellationException("Cancelled before a reading of the network's answers.");
		Map<Prediction, Reading> readings = new LinkedHashMap<>();
		for (Prediction prediction : Prediction.values())
			if (prediction == canonical(prediction))
				readings.put(prediction, new Reading(words(convention, prediction), new double[clean.length][sigmas.length]));
		for (int p = 0; p < clean.length; p++)
			for (int i = 0; i < sigmas.length; i++) {
				double sigma = Math.min(sigmas[i], convention.sigmaMax());
				Batch batch = noisy(clean[p], sigma);
				Level level = convention.seen(sigma, denoiser.countsWhole());
				float[] output = denoiser.mean(shape, denoiser.run(shape, OnnxDenoiser.scaled(batch, new Level[] { level }),
					new float[] { convention.timeOf(level) }, labels()));
				float[] estimate = new float[shape.size()];
				for (Map.Entry<Prediction, Reading> entry : readings.entrySet()) {
					convention.with(entry.getKey()).denoise(batch.x(), output, sigma, level, 0, estimate.length, estimate);
					entry.getValue().error[p][i] = error(estimate, clean[p]);
				}
			}
		monitor.progress(++done, total);
		return readings;
	}

	private Batch noisy(float[] picture, double sigma) {
		float[] x = new float[picture.length];
		for (int i = 0; i < x.length; i++)
			x[i] = (float) (picture[i] + sigma * noise[i]);
		return Batch.of(shape, x, sigma);
	}

	private float[] labels() {
		return denoiser.network().classes() == 0 ? null : new float[] { Math.max(0, denoiser.network().nullClass()) };
	}

	/** Mean square of the error, less the square of its mean. */
	private static double error(float[] estimate, float[] clean) {
		double sum = 0, square = 0;
		for (int i = 0; i < estimate.length; i++) {
			double difference = (double) estimate[i] - clean[i];
			sum += difference;
			square += difference * difference;
		}
		double variance = square / estimate.length - sum / estimate.length * (sum / estimate.length);
		// NB: values that are not finite are as wrong as can be, and a perfect estimate is not infinitely right.
		return Double.isFinite(variance) ? Math.max(1e-12, variance) : INFINITE;
	}

	private static Prediction canonical(Prediction prediction) {
		return prediction == Prediction.SAMPLE ? Prediction.DENOISED : prediction;
	}

	private String words(Convention convention, Prediction prediction) {
		List<String> words = new ArrayList<>();
		if (!convention.sde().equals(denoiser.convention().sde()))
			words.add("the schedule " + convention.sde());
		else if (convention.sde() instanceof VeSde && (convention.time() == TimeInput.T || convention.time() == TimeInput.T999))
			words.add("sde ve");
		words.add("prediction_type " + (prediction == canonical(denoiser.convention().prediction())
			? denoiser.convention().prediction() : prediction));
		words.add("time_input " + convention.time());
		return String.join(" and ", words);
	}

	private static String rounded(double value) {
		return value < 1e6 ? new BigDecimal(value).round(new MathContext(2)).stripTrailingZeros().toPlainString()
			: "something not finite";
	}
}
