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

	/** (n + 1 − 2k)/(n + 1) for any continuous distribution; 4 standard errors of 20,000 trials. */
	@Test
	void intervalsOfNineteenDrawsCoverWhatTheySay() {
		UniformRandomProvider random = new Noise(1).generator(Noise.Purpose.PROBE, 0, 0, 0);
		DoubleUnaryOperator uniform = u -> u, exponential = u -> -Math.log(1 - u), cauchy = u -> Math.tan(Math.PI * (u - 0.5));
		for (DoubleUnaryOperator quantile : new DoubleUnaryOperator[] { uniform, exponential, cauchy })
			for (int k : new int[] { 1, 2, 5 }) {
				int trials = 20_000, covered = 0;
				for (int t = 0; t < trials; t++) {
					float[] draws = new float[19];
					for (int i = 0; i < 19; i++)
						draws[i] = (float) quantile.applyAsDouble(random.nextDouble());
					double truth = quantile.applyAsDouble(random.nextDouble());
					float[] interval = Posterior.interval(draws, k);
					if (truth >= interval[0] && truth <= interval[1])
						covered++;
				}
				double p = (20 - 2 * k) / 20.0;
				assertEquals(p, covered / (double) trials, 4 * Math.sqrt(p * (1 - p) / trials));
			}
		assertThrows(IllegalArgumentException.class, () -> Posterior.interval(new float[19], 10));
		assertThrows(IllegalArgumentException.class, () -> Posterior.interval(new float[19], 0));
	}
}
