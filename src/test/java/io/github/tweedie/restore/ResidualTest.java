package io.github.tweedie.restore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.apache.commons.rng.UniformRandomProvider;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;

class ResidualTest {

	/** The definition, pixel by pixel and pair by pair. */
	@ParameterizedTest
	@CsvSource({ "7, 5", "1, 9", "9, 1", "1, 1", "300, 60" })
	void deviationAndCorrelationAreThoseOfAllPixelsAndPairs(int width, int height) {
		UniformRandomProvider random = new Noise(1).generator(Purpose.PROBE, 0, 0, 0);
		float[] noisy = new float[width * height], clean = new float[noisy.length];
		for (int i = 0; i < noisy.length; i++) {
			noisy[i] = random.nextFloat() + i % width % 3;
			clean[i] = random.nextFloat() - 4;
		}
		double mean = 0, variance = 0, products = 0;
		for (int i = 0; i < noisy.length; i++)
			mean += ((double) noisy[i] - clean[i]) / noisy.length;
		int pairs = 0;
		for (int i = 0; i < noisy.length; i++) {
			double own = (double) noisy[i] - clean[i] - mean;
			variance += own * own / noisy.length;
			for (int other : new int[] { i % width < width - 1 ? i + 1 : -1, i + width < noisy.length ? i + width : -1 })
				if (other >= 0) {
					products += own * ((double) noisy[other] - clean[other] - mean);
					pairs++;
				}
		}
		Residual residual = Residual.of(noisy, clean, width, 0.5);
		// NB: differences are rounded to floats, of numbers up to 7.
		assertEquals(Math.sqrt(variance) / 0.5, residual.deviation(), 1e-6);
		assertEquals(pairs == 0 ? 0 : products / pairs / variance, residual.correlation(), 1e-6);
	}
}
