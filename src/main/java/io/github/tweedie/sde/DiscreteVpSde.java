package io.github.tweedie.sde;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * The VP SDE of a table of N noise variances β_1…β_N, as a DDPM is trained with (Ho et al. 2020). Step i stands at t = i/N, and
 * ln ᾱ = Σ ln(1 − β_i) is linear in between, so that a run may take more steps, or other ones, than the network was trained
 * with; at the steps themselves α = √ᾱ_i to rounding.
 */
public final class DiscreteVpSde implements Sde {

	/** ln ᾱ at t = i/N, i from 0 to N. */
	private final double[] logAlphaBar;

	/**
	 * @param beta the table, each in (0, 1), at least 2
	 * @throws IllegalArgumentException if an entry is out of its range
	 */
	public DiscreteVpSde(double... beta) {
		if (beta.length < 2)
			throw new IllegalArgumentException("A table of noise variances needs at least 2 entries; seen were " + beta.length + ".");
		logAlphaBar = new double[beta.length + 1];
		for (int i = 0; i < beta.length; i++) {
			if (!(beta[i] > 0 && beta[i] < 1))
				throw new IllegalArgumentException("Entry " + i + " of the table of noise variances is " + beta[i]
					+ "; each must lie between 0 and 1.");
			logAlphaBar[i + 1] = logAlphaBar[i] + Math.log1p(-beta[i]);
		}
	}

	/** β from first to last in equal steps (Ho et al. 2020: 1000, 1e-4, 0.02). */
	public static DiscreteVpSde linear(int n, double first, double last) {
		return new DiscreteVpSde(ramp(n, first, last).toArray());
	}

	/** √β from √first to √last in equal steps (Rombach et al. 2022; 'scaled_linear' in diffusers). */
	public static DiscreteVpSde scaledLinear(int n, double first, double last) {
		return new DiscreteVpSde(ramp(n, Math.sqrt(first), Math.sqrt(last)).map(v -> v * v).toArray());
	}

	/** ᾱ = cos²((t + 0.008)/1.008·π/2), with β cut at 0.999 (Nichol and Dhariwal 2021, eq. 17). */
	public static DiscreteVpSde cosine(int n) {
		return new DiscreteVpSde(IntStream.range(0, n)
			.mapToDouble(i -> Math.min(0.999, 1 - cosine((i + 1.0) / n) / cosine((double) i / n))).toArray());
	}

	private static double cosine(double t) {
		double c = Math.cos((t + 0.008) / 1.008 * Math.PI / 2);
		return c * c;
	}

	private static DoubleStream ramp(int n, double first, double last) {
		return IntStream.range(0, n).mapToDouble(i -> first + (last - first) * i / (n - 1));
	}

	/** N. */
	public int steps() {
		return logAlphaBar.length - 1;
	}

	private int interval(double t) {
		return Math.max(0, Math.min(steps() - 1, (int) Math.floor(t * steps())));
	}

	private double logAlphaBar(double t) {
		int i = interval(t);
		return logAlphaBar[i] + (t * steps() - i) * (logAlphaBar[i + 1] - logAlphaBar[i]);
	}

	@Override
	public double alpha(double t) {
		return Math.exp(0.5 * logAlphaBar(t));
	}

	@Override
	public double sigma(double t) {
		return Math.sqrt(-Math.expm1(logAlphaBar(t)));
	}

	/** Half the slope of ln ᾱ, constant within a step. */
	@Override
	public double drift(double t) {
		int i = interval(t);
		return 0.5 * steps() * (logAlphaBar[i + 1] - logAlphaBar[i]);
	}

	@Override
	public double diffusion(double t) {
		return Math.sqrt(-2 * drift(t));
	}

	@Override
	public double minTime() {
		return 1.0 / steps();
	}

	@Override
	public double maxTime() {
		return 1;
	}

	@Override
	public double timeOf(double ratio) {
		double target = -Math.log1p(ratio * ratio);
		// The table falls; binary search wants it to rise.
		int found = Arrays.binarySearch(Arrays.stream(logAlphaBar).map(v -> -v).toArray(), -target);
		int i = Math.max(0, Math.min(steps() - 1, found >= 0 ? found : -found - 2));
		return (i + (target - logAlphaBar[i]) / (logAlphaBar[i + 1] - logAlphaBar[i])) / steps();
	}

	@Override
	public String toString() {
		return "DiscreteVpSde[" + steps() + " steps]";
	}
}
