package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class NoiseFitTest {

	@Test
	void meanOfACutExponentialIsTheOneInTheBook() {
		// A gamma distribution of mean and variance 1, cut at 1 + 4 deviations: 1 - T/(exp(T) - 1) with T = 5.
		assertEquals(1 - 5 / (Math.exp(5) - 1), 1 / NoiseFit.overKept(1), 1e-4);
		assertEquals(1, NoiseFit.overKept(0.003), 1e-3);
	}

	@Test
	void jackknifeOfAMeanIsItsSquaredStandardError() {
		double[] values = { 3, 5, 4, 9 }, leftOut = { 18 / 3.0, 16 / 3.0, 17 / 3.0, 12 / 3.0 };
		double mean = 21 / 4.0, squares = 0;
		for (double v : values)
			squares += (v - mean) * (v - mean);
		assertEquals(squares / 3 / 4, NoiseFit.jackknife(leftOut), 1e-12);
	}

	/** Blocks of even parts of a picture, from dark to bright. */
	private static NoiseFit.Data data(double[] mean, double[] noise, int structures) {
		int n = mean.length;
		int[] part = new int[n], order = new int[n];
		double[] structure = new double[n];
		for (int i = 0; i < n; i++) {
			part[i] = i % 20;
			order[i] = i;
			structure[i] = 10 + i % structures;
		}
		return new NoiseFit.Data(mean, mean.clone(), noise, structure, part, order, 0.003);
	}

	private static double[] levels(int n) {
		double[] mean = new double[n];
		for (int i = 0; i < n; i++)
			mean[i] = 100 + i;
		return mean;
	}

	@Test
	void linesWithoutAPartAreThoseThroughTheOthers() {
		int n = 200;
		double[] noise = new double[n];
		for (int i = 0; i < n; i++)
			noise[i] = 10 + 0.01 * (i % 20) + 0.1 * (i / 20 % 2);
		NoiseFit fit = new NoiseFit(data(levels(n), noise, 1), true);
		// Of the same variance everywhere all blocks count the same: b is the mean, 10 + 0.095 + 0.05, over that of what is kept.
		assertEquals(10.145 * NoiseFit.overKept(0.003), fit.b(), 1e-9);
		NoiseFit.Line[] left = fit.leavingOut();
		for (int part = 0; part < left.length; part++) {
			double others = (200 * 10.145 - 10 * (10.05 + 0.01 * part)) / 190;
			assertEquals(others * NoiseFit.overKept(0.003), left[part].b(), 1e-9, "part " + part);
			assertEquals(0, left[part].a(), 0);
		}
	}

	/** Then excess structure and level are one, and the leak cannot be told. */
	@Test
	void aLineThroughBlocksOfOneStructureIsFound() {
		int n = 200;
		double[] mean = levels(n), noise = new double[n];
		for (int i = 0; i < n; i++)
			noise[i] = 0.03 * mean[i] + 6;
		NoiseFit fit = new NoiseFit(data(mean, noise, 1), false);
		assertEquals(0.03, fit.a(), 1e-4);
		assertEquals(6, fit.b(), 1e-2);
	}
}
