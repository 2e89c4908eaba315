package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.PoissonSampler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;

class VarianceStabilizerTest {

	private static final int DRAWS = 100_000;

	/** Mean and variance of the stabilised values of a camera. */
	private static double[] stabilised(VarianceStabilizer stabilizer, double photons, double gain, double offset, double readNoise) {
		UniformRandomProvider random = new Noise(7).generator(Purpose.PROBE, 0, 0, 0);
		Dice dice = Dice.of(random);
		double sum = 0, squares = 0;
		for (int i = 0; i < DRAWS; i++) {
			int count = photons == 0 ? 0 : PoissonSampler.of(random, photons).sample();
			double f = stabilizer.forward(gain * count + offset + readNoise * dice.gaussian());
			sum += f;
			squares += f * f;
		}
		return new double[] { sum / DRAWS, squares / DRAWS - sum / DRAWS * (sum / DRAWS) };
	}

	@ParameterizedTest
	@CsvSource({ "3, 1, 0, 0", "3, 8, 100, 4", "5, 2, 100, 6", "20, 0.5, 100, 1", "100, 10, 400, 20", "400, 3, 0, 0" })
	void varianceIsOneAndTheMeanComesBack(double photons, double gain, double offset, double readNoise) {
		VarianceStabilizer stabilizer = new VarianceStabilizer(NoiseModel.camera(gain, offset, readNoise), readNoise);
		double[] f = stabilised(stabilizer, photons, gain, offset, readNoise);
		// Anscombe's variance at 3 photons is 0.98 to 1.03, depending on the read noise; its standard error here is 0.005.
		assertEquals(1, f[1], 0.05);
		// The error of the mean goes through the inverse, whose slope is the deviation of the noise; four of them.
		double truth = gain * photons + offset, error = Math.sqrt(gain * gain * photons + readNoise * readNoise) / Math.sqrt(DRAWS);
		assertEquals(truth, stabilizer.inverse(f[0]), 4.5 * error + 2e-4 * gain);
	}

	@ParameterizedTest
	@CsvSource({ "0.05, 1, 0, 0", "0.5, 4, 100, 2", "0, 5, 50, 3", "1, 20, 0, 1" })
	void theMeanComesBackEvenOfFewPhotons(double photons, double gain, double offset, double readNoise) {
		VarianceStabilizer stabilizer = new VarianceStabilizer(NoiseModel.camera(gain, offset, readNoise), readNoise);
		double mean = stabilised(stabilizer, photons, gain, offset, readNoise)[0];
		double truth = gain * photons + offset, error = Math.sqrt(gain * gain * photons + readNoise * readNoise) / Math.sqrt(DRAWS);
		assertEquals(truth, stabilizer.inverse(mean), 5 * error + 1e-3 * gain);
		// The algebraic inverse, without the correction for the mean, is far off: -1/4 of a photon and more.
		double algebraic = gain * (mean * mean / 4 - 0.375) - NoiseModel.camera(gain, offset, readNoise).b() / gain;
		assertTrue(readNoise > gain || photons == 0 || truth - algebraic > 10 * error, "algebraic " + algebraic + ", truth " + truth);
	}

	@ParameterizedTest
	@CsvSource({ "0.05, 1, 0, 0", "0.3, 4, 100, 1", "0, 5, 50, 3", "1, 20, 0, 1", "4, 2, 100, 6", "200, 1, 0, 0", "1000, 1, 0, 0" })
	void theVarianceOfFewPhotonsIsTold(double photons, double gain, double offset, double readNoise) {
		VarianceStabilizer stabilizer = new VarianceStabilizer(NoiseModel.camera(gain, offset, readNoise), readNoise);
		double[] f = stabilised(stabilizer, photons, gain, offset, readNoise);
		// Five standard errors of the variance, the larger the rarer the photons.
		double error = 5 * Math.sqrt((2 + 1 / Math.max(0.02, photons)) / DRAWS);
		assertEquals(1, f[1] / Math.pow(stabilizer.deviation((float) f[0]), 2), error);
		assertEquals(Math.sqrt((f[1] + 1) / 2), stabilizer.deviation((float) f[0], 1e6f), error);
	}

	@Test
	void withoutShotNoiseTheReadNoiseRemains() {
		VarianceStabilizer stabilizer = new VarianceStabilizer(NoiseModel.camera(1e-12, 100, 5), 5);
		assertEquals(1, stabilizer.forward(1005) - stabilizer.forward(1000), 1e-9);
		float[] grey = { 90, 1000, 4000 }, out = new float[3];
		stabilizer.forward(grey, out);
		stabilizer.inverse(out, out);
		assertArrayEquals(grey, out, 1e-3f);
	}

	@Test
	void readNoiseMattersOnlyWherePhotonsAreFew() {
		NoiseModel noise = NoiseModel.camera(2, 100, 4);
		VarianceStabilizer known = new VarianceStabilizer(noise, 4), other = new VarianceStabilizer(noise, 8);
		for (double z : new double[] { 200, 600, 3000 }) {
			double d = known.forward(z);
			assertEquals(known.inverse(d), other.inverse(d), 0.01 * 2);
		}
		// Below everything: the level at which the model has no variance, −b/a = 100 − 4²/2.
		assertEquals(92, VarianceStabilizer.fromDarkest(noise, 100).inverse(-1), 1e-9);
	}

	@Test
	void darkStructureBelowTheDarkestLevelComesBack() {
		VarianceStabilizer stabilizer = VarianceStabilizer.fromDarkest(NoiseModel.camera(2, 100, 5), 300);
		for (double photons : new double[] { 0, 5, 25, 60, 90 }) {
			double truth = 100 + 2 * photons, error = Math.sqrt(4 * photons + 25) / Math.sqrt(DRAWS);
			// The asymptotic inverse is off by √1.5/(4·D) − 11/(8·D²), less than 0.03 photons at any D = 2·√(photons + 3/8 + σ²) here.
			double mean = stabilised(stabilizer, photons, 2, 100, 5)[0];
			assertEquals(truth, stabilizer.inverse(mean), 4.5 * error + 2 * 0.03, photons + " photons");
		}
		double before = 87.5, at = stabilizer.forward(300);
		for (double d = -1; d < at + 2; d += 0.001) {
			double z = stabilizer.inverse(d);
			// The slope is a·D/2, so a step of 0.001 is at most that of the brightest.
			assertTrue(z >= before && z - before <= 0.001 * (at + 2) * 1.01, "at " + d + ": " + before + ", " + z);
			before = z;
		}
		// Without variance at −b/a = 100 − 5²/2.
		assertEquals(87.5, stabilizer.inverse(-1), 1e-9);
	}

	@Test
	void bothWaysAreMonotoneAndNothingIsNotANumber() {
		VarianceStabilizer stabilizer = new VarianceStabilizer(new NoiseModel(2, -150), 3);
		double f = -1, z = -1e9;
		for (double level = -300; level < 70_000; level = level + 0.5 + 0.01 * Math.abs(level)) {
			assertTrue(stabilizer.forward(level) >= f);
			f = stabilizer.forward(level);
		}
		for (double d = -3; d < 400; d += 0.01) {
			double back = stabilizer.inverse(d);
			assertTrue(back >= z && Double.isFinite(back), "at " + d);
			z = back;
		}
		assertEquals(0, stabilizer.forward(-1000));
	}

	@Test
	void roundTripOfManyPhotonsIsTheUnbiasedShift() {
		VarianceStabilizer stabilizer = new VarianceStabilizer(new NoiseModel(3, 50), 7);
		// f⁻¹(f(z)) = z + 1/4 of a photon: the mean of the square root is lower than the root of the mean.
		for (double z : new double[] { 2_000, 20_000, 60_000 })
			assertEquals(z + 3 * 0.25, stabilizer.inverse(stabilizer.forward(z)), 0.02);
	}

	@Test
	void gaussianNoiseIsDividedByItsDeviation() {
		VarianceStabilizer stabilizer = new VarianceStabilizer(NoiseModel.gaussian(4), 0);
		assertEquals(-2.5, stabilizer.forward(-10));
		assertEquals(-10, stabilizer.inverse(-2.5));
		float[] z = { -8, 0, 400 }, f = new float[3];
		stabilizer.forward(z, f);
		assertArrayEquals(new float[] { -2, 0, 100 }, f);
		stabilizer.inverse(f, f);
		assertArrayEquals(z, f);
	}

	@Test
	void aSmallGainTendsToGaussianNoise() {
		VarianceStabilizer almost = new VarianceStabilizer(new NoiseModel(1e-4, 16), 4),
			gaussian = new VarianceStabilizer(NoiseModel.gaussian(4), 4);
		assertEquals(gaussian.forward(30) - gaussian.forward(10), almost.forward(30) - almost.forward(10), 1e-3);
		assertEquals(20, almost.inverse(almost.forward(20)), 0.02);
	}

	@Test
	void noNoiseIsRefused() {
		assertThrows(IllegalArgumentException.class, () -> new VarianceStabilizer(new NoiseModel(0, 0), 0));
		assertThrows(IllegalArgumentException.class, () -> new VarianceStabilizer(new NoiseModel(1, 0), Double.NaN));
		assertThrows(IllegalArgumentException.class, () -> new VarianceStabilizer(new NoiseModel(-1, 500), 1));
		assertThrows(IllegalArgumentException.class, () -> new NoiseModel(Double.NaN, 0));
		assertThrows(IllegalArgumentException.class, () -> new NoiseModel(0, -1));
	}

	/** The mean over Poisson numbers and a fine grid of normal ones, summed here, goes back to the photons. */
	@ParameterizedTest
	@CsvSource({ "0.02, 0", "0.7, 0", "4, 0", "30, 0", "200, 0", "0.02, 0.6", "2, 0.6", "15, 3", "15.5, 4", "100, 2" })
	void exactMeansComeBack(double photons, double readNoise) {
		VarianceStabilizer stabilizer = new VarianceStabilizer(NoiseModel.camera(1, 0, readNoise), readNoise);
		double probability = Math.exp(-photons), mean = 0;
		int half = readNoise == 0 ? 0 : 40_000;
		for (int count = 0; count < 600; probability *= photons / ++count) {
			double sum = 0, weights = 0;
			for (int i = -half; i <= half; i++) {
				double z = i * 2e-4, weight = Math.exp(-z * z / 2);
				weights += weight;
				sum += weight * stabilizer.forward(count + readNoise * z);
			}
			mean += probability * sum / weights;
		}
		assertEquals(photons, stabilizer.inverse(mean), 2e-4);
	}

	/** Four pixels of variance 2·(z − 100) + 16 each: their mean has a quarter of it, and half of the read noise. */
	@Test
	void theNoiseOfAMeanIsThatOfItsPixelsOverTheirNumber() {
		NoiseModel mean = NoiseModel.camera(2, 100, 4).averaged(4);
		assertEquals((2 * (130 - 100) + 16) / 4.0, mean.variance(130), 1e-12);
		assertEquals(2, mean.readNoise());
	}
}
