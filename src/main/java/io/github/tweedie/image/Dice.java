package io.github.tweedie.image;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler.NormalizedGaussian;

/** Random numbers in the distributions that specimens are made of. */
record Dice(UniformRandomProvider random, NormalizedGaussian normal) {

	static Dice of(UniformRandomProvider random) {
		return new Dice(random, NormalizedGaussian.of(random));
	}

	double uniform(double from, double to) {
		return from + (to - from) * random.nextDouble();
	}

	/** Each factor of two is as likely as the next. */
	double logUniform(double from, double to) {
		return from * Math.pow(to / from, random.nextDouble());
	}

	double gaussian() {
		return normal.sample();
	}

	/** Median 1. */
	double logNormal(double spread) {
		return Math.exp(spread * gaussian());
	}

	/** Pareto: the density falls as 1/r³ between the two ends, so that each octave of sizes covers the same area. */
	double scaleInvariant(double from, double to) {
		double u = random.nextDouble(), ratio = from / to;
		return from / Math.sqrt(1 - u * (1 - ratio * ratio));
	}

	double angle() {
		return uniform(0, 2 * Math.PI);
	}

	boolean chance(double probability) {
		return random.nextDouble() < probability;
	}

	int choice(int count) {
		return random.nextInt(count);
	}
}
