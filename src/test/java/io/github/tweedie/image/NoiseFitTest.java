package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class NoiseFitTest {

	@Test
	void meanOfACutExponentialIsTheOneInTheBook() {
		// A gamma distribution of mean and variance 1, cut at 1 + 4 deviations: 1 - T/(exp(T) - 1) with T = 5.
		assertEquals(1 - 5 / (Math.exp(5) - 1), NoiseFit.kept(1), 1e-4);
		assertEquals(1, NoiseFit.kept(0.003), 1e-3);
	}

	@Test
	void jackknifeOfAMeanIsItsSquaredStandardError() {
		double[] values = { 3, 5, 4, 9 }, leftOut = { 18 / 3.0, 16 / 3.0, 17 / 3.0, 12 / 3.0 };
		double mean = 21 / 4.0, squares = 0;
		for (double v : values)
			squares += (v - mean) * (v - mean);
		assertEquals(squares / 3 / 4, NoiseFit.jackknife(leftOut), 1e-12);
	}
}
