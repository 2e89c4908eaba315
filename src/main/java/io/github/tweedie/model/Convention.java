package io.github.tweedie.model;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import io.github.tweedie.sde.DiscreteVpSde;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Runs;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.SubVpSde;
import io.github.tweedie.sde.VeSde;
import io.github.tweedie.sde.VpSde;

/**
 * What one network means by its input and output: it sees x_t = α(t)·x0 + σ(t)·z, is told t in some form, and answers in some
 * form. Everything else in Tweedie speaks of D(x, σ) = E[x0 | x0 + σ·z = x] alone; the differences end here. Noise levels below
 * are those of a {@link io.github.tweedie.sde.Denoiser}, σ(t)/α(t), in units of the data range.
 *
 * @param sde gives α(t) and σ(t)
 * @param prediction what the output is
 * @param time what the network is told of t
 * @param steps N, the number of steps that an index counts; 0 if there is none
 * @param sigmaMin smallest noise level of the training
 * @param sigmaMax largest noise level of the training; more noise is refused
 * @param sigmaData standard deviation of the data. What is asked between or below the levels that the network knows is carried
 *        there as if the data were Gaussian with this deviation
 */
record Convention(Sde sde, Prediction prediction, TimeInput time, int steps, double sigmaMin, double sigmaMax, double sigmaData) {

	/** What the output of a network is, in the words of diffusers and score_sde. */
	enum Prediction {
		/** D(x, σ) itself. */
		DENOISED,
		/** The same, as diffusers calls it. */
		SAMPLE,
		/** The noise: x_t = α·D + σ·ε. */
		EPSILON,
		/** v = α·ε − σ·D (Salimans and Ho 2022), for any α and σ. */
		V_PREDICTION,
		/** The gradient of ln p(x_t): α·D = x_t + σ²·s, Tweedie's formula. */
		SCORE;

		/** @param x what the network saw, x_t */
		double denoised(double x, double output, Level level) {
			double a = level.alpha(), s = level.sigma();
			return switch (this) {
				case DENOISED, SAMPLE -> output;
				case EPSILON -> (x - s * output) / a;
				case V_PREDICTION -> (a * x - s * output) / (a * a + s * s);
				case SCORE -> (x + s * s * output) / a;
			};
		}

		@Override
		public String toString() {
			return word(this);
		}
	}

	/** What a network is told of the noise level. */
	enum TimeInput {
		/** t itself. */
		T,
		/** 999·t, the label of score_sde's continuous networks. */
		T999,
		/** Number of the step from 0, the least noise, to N − 1. */
		INDEX,
		/** Number of the step from 0, the most noise, to N − 1. */
		INDEX_REVERSED,
		/** σ/α. */
		SIGMA,
		/** ln(σ/α)/4, Karras et al. (2022), table 1. */
		C_NOISE;

		boolean counts() {
			return this == INDEX || this == INDEX_REVERSED;
		}

		float of(Level level, int steps) {
			return (float) switch (this) {
				case T -> level.t();
				case T999 -> 999 * level.t();
				case INDEX -> level.t() * steps - 1;
				case INDEX_REVERSED -> steps - level.t() * steps;
				case SIGMA -> level.ratio();
				case C_NOISE -> Math.log(level.ratio()) / 4;
			};
		}

		@Override
		public String toString() {
			return word(this);
		}
	}

	static String word(Enum<?> constant) {
		return constant.name().toLowerCase(Locale.ROOT);
	}

	/** All of an SDE that the package does not narrow. */
	private static Convention of(Sde sde, Prediction prediction, TimeInput time, int steps, double sigmaData) {
		return new Convention(sde, prediction, time, steps, sde.level(sde.minTime()).ratio(), sde.level(sde.maxTime()).ratio(),
			sigmaData);
	}

	/**
	 * Reads the block {@code config: tweedie}.
	 *
	 * @param width of the data range, which tells the deviation of the data where {@code sigma_data} is not stated
	 * @throws IOException in a sentence, if a field is missing or wrong
	 */
	static Convention read(Fields config, double width) throws IOException {
		String kind = config.text("sde");
		Sde sde = sde(kind, config);
		TimeInput time = config.word(TimeInput.class, "time_input");
		boolean timeless = kind.equals("edm");
		if (timeless && time != TimeInput.SIGMA && time != TimeInput.C_NOISE)
			throw config.wrong("time_input", time, "sigma or c_noise, since edm has no other time");
		int steps = sde instanceof DiscreteVpSde table ? table.steps() : config.has("num_train_timesteps")
			? config.integer("num_train_timesteps", 2) : 0;
		if (time.counts() && steps == 0)
			throw config.wrong("time_input", time, "another one, or num_train_timesteps beside it, the number of steps that it counts");
		Convention all = of(sde, config.word(Prediction.class, "prediction_type"), time, steps,
			config.has("sigma_data") ? config.positive("sigma_data") : width / 4);
		return sde instanceof VeSde ? all : all.within(config);
	}

	/** Narrows the noise levels to those that the package states. */
	private Convention within(Fields config) throws IOException {
		double low = config.has("sigma_min") ? Math.max(sigmaMin, config.positive("sigma_min")) : sigmaMin;
		double high = config.has("sigma_max") ? Math.min(sigmaMax, config.positive("sigma_max")) : sigmaMax;
		if (!(low < high))
			throw config.wrong("sigma_max", high, "more than sigma_min, " + low + ", and within the schedule's noise levels, " + sigmaMin
				+ " to " + sigmaMax);
		return new Convention(sde, prediction, time, steps, low, high, sigmaData);
	}

	// -- Schedules --

	private static Sde sde(String kind, Fields config) throws IOException {
		switch (kind) {
			case "edm", "ve":
				double low = config.positive("sigma_min"), high = config.positive("sigma_max");
				if (!(low < high))
					throw config.wrong("sigma_max", high, "more than sigma_min, " + low);
				return new VeSde(low, high);
			case "vp":
				return vp(config);
			case "subvp":
				return new SubVpSde(vp(config));
			case "ddpm":
				return ddpm(config);
			default:
				throw config.wrong("sde", kind, "one of edm, ve, vp, subvp, ddpm");
		}
	}

	private static VpSde vp(Fields config) throws IOException {
		double first = config.number("beta_min"), last = config.number("beta_max");
		double least = config.has("min_time") ? config.positive("min_time") : 1e-3;
		if (!(first >= 0 && first < last))
			throw config.wrong("beta_max", last, "more than beta_min, " + first + ", which must not be negative");
		if (!(least < 1))
			throw config.wrong("min_time", least, "a time between 0 and 1");
		return new VpSde(first, last, least);
	}

	private static DiscreteVpSde ddpm(Fields config) throws IOException {
		String schedule = config.text("beta_schedule");
		if (schedule.equals("listed"))
			return listed(config);
		int n = config.integer("num_train_timesteps", 2);
		if (schedule.equals("squaredcos_cap_v2"))
			return DiscreteVpSde.cosine(n);
		if (!schedule.equals("linear") && !schedule.equals("scaled_linear"))
			throw config.wrong("beta_schedule", schedule, "one of linear, scaled_linear, squaredcos_cap_v2, listed");
		double first = config.positive("beta_start"), last = config.positive("beta_end");
		if (!(first <= last && last < 1))
			throw config.wrong("beta_end", last, "a number from beta_start, " + first + ", to less than 1");
		return schedule.equals("linear") ? DiscreteVpSde.linear(n, first, last) : DiscreteVpSde.scaledLinear(n, first, last);
	}

	/** A table of betas, of alphas = 1 − β, or of their products. */
	private static DiscreteVpSde listed(Fields config) throws IOException {
		List<String> keys = new ArrayList<>(List.of("betas", "alphas", "alphas_cumprod"));
		keys.removeIf(key -> !config.has(key));
		if (keys.size() != 1)
			throw config.wrong("beta_schedule", "listed, with " + (keys.isEmpty() ? "no table" : String.join(" and ", keys)),
				"exactly one of the tables betas, alphas, alphas_cumprod beside it");
		String key = keys.get(0);
		double[] table = config.numbers(key), beta = table.clone();
		for (int i = 0; i < table.length; i++)
			if (key.equals("alphas"))
				beta[i] = 1 - table[i];
			else if (key.equals("alphas_cumprod"))
				beta[i] = 1 - table[i] / (i == 0 ? 1 : table[i - 1]);
		if (table.length < 2 || config.has("num_train_timesteps") && config.integer("num_train_timesteps", 2) != table.length)
			throw config.wrong(key, "a table of " + table.length, "as many entries as num_train_timesteps, at least 2");
		for (int i = 0; i < beta.length; i++)
			if (!(beta[i] > 0 && beta[i] < 1))
				throw config.wrong(key, table[i] + " at entry " + i, "a table whose every step adds noise and leaves some of the image"
					+ " (betas between 0 and 1)");
		return new DiscreteVpSde(beta);
	}

	// -- Between σ and the network --

	/**
	 * Where the network is asked for the noise level σ.
	 *
	 * @param whole whether it can be told whole numbers only
	 * @throws IllegalArgumentException if it was not trained with so much noise
	 */
	Level seen(double sigma, boolean whole) {
		if (sigma > sigmaMax * (1 + 1e-6))
			throw new IllegalArgumentException("A noise level of " + sigma + " was asked of a network that was trained up to "
				+ sigmaMax + "; begin at a noise level of at most " + sigmaMax + ".");
		double ratio = Math.min(Math.max(sigma, sigmaMin), sigmaMax);
		Level level = sde.levelOf(ratio);
		if (!whole || !time.counts())
			// NB: t goes through a logarithm and back, and α = 1 shall leave σ as it was asked.
			return new Level(level.t(), level.alpha(), ratio * level.alpha());
		return sde.level(Math.max(1, Math.rint(level.t() * steps)) / steps);
	}

	float timeOf(Level level) {
		return time.of(level, steps);
	}

	/**
	 * Turns outputs into D(x, σ) for values from..to−1, all of one σ.
	 *
	 * @param x N×C×Y×X values x0 + σ·z, all of the batch
	 * @param output what the network made of α·x, same length
	 * @param sigma what was asked for
	 * @param seen where the network was asked
	 */
	void denoise(float[] x, float[] output, double sigma, Level seen, int from, int to, float[] out) {
		double ratio = share(sigma) / share(seen.ratio()), part = Math.abs(ratio - 1) < 1e-12 ? 1 : ratio;
		// NB: D is linear in both, and x moves to it by a part.
		double ofOutput = part * prediction.denoised(0, 1, seen), ofX = 1 - part + part * prediction.denoised(seen.alpha(), 0, seen);
		Runs.of(from, to, (first, end) -> {
			for (int i = first; i < end; i++)
				out[i] = (float) (ofX * x[i] + ofOutput * output[i]);
		});
	}

	/** The share of the noise in the variance of Gaussian data plus noise, by which such data move from x to their mean. */
	private double share(double sigma) {
		return sigma * sigma / (sigmaData * sigmaData + sigma * sigma);
	}

	// -- Other readings of the same network --

	Convention with(Prediction other) {
		return new Convention(sde, other, time, steps, sigmaMin, sigmaMax, sigmaData);
	}

	Convention with(TimeInput other) {
		return new Convention(sde, prediction, other, steps, sigmaMin, sigmaMax, sigmaData);
	}

	Convention with(Sde other, int count) {
		return of(other, prediction, time, count, sigmaData);
	}

	/** The time inputs that the same schedule may have. */
	List<TimeInput> times(boolean whole) {
		return Arrays.stream(TimeInput.values()).filter(t -> t == time || (t.counts() ? steps > 0 : !whole)).toList();
	}
}
