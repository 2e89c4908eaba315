package io.github.tweedie.inverse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.function.DoubleUnaryOperator;

import org.apache.commons.rng.UniformRandomProvider;
import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Noise;

class PosteriorTest {

	@Test
	void meanAndDeviationAreThoseOfTheSamples() {
		Posterior posterior = new Posterior(2);
		posterior.add(new float[] { 9, 1, 10 }, 1);
		posterior.add(new float[] { 2, 20 }, 0);
		posterior.add(new float[] { 6, 30 }, 0);
		assertEquals(3, posterior.count());
		assertArrayEquals(new float[] { 3, 20 }, posterior.mean(), 1e-6f);
		assertArrayEquals(new float[] { (float) Math.sqrt(7), 10 }, posterior.deviation(), 1e-6f);
	}

	@Test
	void oneSampleHasNoDeviation() {
		Posterior posterior = new Posterior(1);
		posterior.add(new float[] { 1 }, 0);
		assertThrows(IllegalStateException.class, posterior::deviation);
	}

	/** 3, 1, 2 have the quantiles 1, 2, 3 at 1/4, 2/4 and 3/4, and what lies between at orders between. */
	@Test
	void quantilesAreDrawsOrLieBetweenThem() {
		float[][] draws = { { 3, 30 }, { 1, 10 }, { 2, 20 } };
		float[][] quantiles = Posterior.quantiles(draws, 0.25, 0.5, 0.6, 0.75);
		assertArrayEquals(new float[] { 1, 10 }, quantiles[0], 1e-6f);
		assertArrayEquals(new float[] { 2, 20 }, quantiles[1], 1e-6f);
		assertArrayEquals(new float[] { 2.4f, 24 }, quantiles[2], 1e-5f);
		assertArrayEquals(new float[] { 3, 30 }, quantiles[3], 1e-6f);
		assertArrayEquals(new float[] { 3, 30 }, draws[0], "the draws are not changed");
		for (double beyond : new double[] { 0.24, 0.76, 0, 1, Double.NaN })
			assertThrows(IllegalArgumentException.class, () -> Posterior.quantiles(draws, beyond), "order " + beyond);
	}

	/** 1 − 2·order for any continuous distribution; 4 standard errors of 20,000 trials. */
	@Test
	void quantilesOfNineteenDrawsCoverWhatTheySay() {
		UniformRandomProvider random = new Noise(1).generator(Noise.Purpose.PROBE, 0, 0, 0);
		DoubleUnaryOperator uniform = u -> u, exponential = u -> -Math.log(1 - u), cauchy = u -> Math.tan(Math.PI * (u - 0.5));
		for (DoubleUnaryOperator quantile : new DoubleUnaryOperator[] { uniform, exponential, cauchy })
			for (double order : new double[] { 0.05, 0.1, 0.25 }) {
				int trials = 20_000, covered = 0;
				float[][] draws = new float[19][trials];
				for (float[] draw : draws)
					for (int t = 0; t < trials; t++)
						draw[t] = (float) quantile.applyAsDouble(random.nextDouble());
				float[][] interval = Posterior.quantiles(draws, order, 1 - order);
				for (int t = 0; t < trials; t++) {
					double truth = quantile.applyAsDouble(random.nextDouble());
					if (truth >= interval[0][t] && truth <= interval[1][t])
						covered++;
				}
				double p = 1 - 2 * order;
				assertEquals(p, covered / (double) trials, 4 * Math.sqrt(p * (1 - p) / trials));
			}
	}
}
