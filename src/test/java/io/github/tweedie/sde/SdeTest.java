package io.github.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Level.Transition;

class SdeTest {

	private static final List<Sde> ALL = List.of(new VeSde(0.01, 20), new VpSde(), new VpSde(0, 10, 1e-4), new SubVpSde(),
		DiscreteVpSde.cosine(37));
	private static final double[] TIMES = { 0.01, 0.1, 0.37, 0.5, 0.9, 0.99 };

	/** dα/dt = f·α and dσ²/dt = 2·f·σ² + g², whatever the SDE (Särkkä and Solin 2019, eq. 6.2). */
	@Test
	void driftAndDiffusionAreThoseOfTheMarginals() {
		double h = 1e-5;
		for (Sde sde : ALL)
			for (double t : TIMES) {
				double alphaRate = (sde.alpha(t + h) - sde.alpha(t - h)) / (2 * h);
				double varianceRate = (square(sde.sigma(t + h)) - square(sde.sigma(t - h))) / (2 * h);
				double expected = 2 * sde.drift(t) * square(sde.sigma(t)) + square(sde.diffusion(t));
				assertEquals(sde.drift(t) * sde.alpha(t), alphaRate, 1e-6, sde + " at " + t);
				assertEquals(expected, varianceRate, 1e-6 * Math.max(1, Math.abs(expected)), sde + " at " + t);
			}
	}

	@Test
	void veRunsFromSigmaMinToSigmaMax() {
		Sde ve = new VeSde(0.01, 20);
		assertEquals(0.01, ve.level(0).sigma(), 1e-15);
		assertEquals(20, ve.level(1).sigma(), 1e-12);
		assertEquals(Math.sqrt(0.2), ve.sigma(0.5), 1e-12);
	}

	@Test
	void vpKeepsUnitVarianceAndEndsAtTheNormalDistribution() {
		Sde vp = new VpSde();
		for (double t : TIMES)
			assertEquals(1, square(vp.alpha(t)) + square(vp.sigma(t)), 1e-14);
		// exp(-(0.1 + 20)/4), Song et al. (2021), eq. 33 at t = 1.
		assertEquals(Math.exp(-5.025), vp.alpha(1), 1e-15);
	}

	@Test
	void timeOfInvertsTheRatio() {
		for (Sde sde : ALL)
			for (double t : TIMES)
				assertEquals(t, sde.timeOf(sde.sigma(t) / sde.alpha(t)), 1e-10, sde.toString());
	}

	@Test
	void transitionsCompose() {
		for (Sde sde : ALL) {
			Transition first = sde.level(0.1).to(sde.level(0.4)), second = sde.level(0.4).to(sde.level(0.8));
			Transition whole = sde.level(0.1).to(sde.level(0.8));
			assertEquals(whole.scale(), first.scale() * second.scale(), 1e-14);
			assertEquals(whole.variance(), square(second.scale()) * first.variance() + second.variance(), 1e-12 * whole.variance());
		}
	}

	@Test
	void noiseIsNeverTakenAwayByATransition() {
		Sde ve = new VeSde(0.01, 20);
		String message = assertThrows(IllegalArgumentException.class, () -> ve.level(0.5).to(ve.level(0.4))).getMessage();
		assertTrue(message.contains("can only be added"), message);
	}

	@Test
	void timesOutOfRangeAreRefusedWithTheRange() {
		String message = assertThrows(IllegalArgumentException.class, () -> new VpSde().level(1e-4)).getMessage();
		assertTrue(message.contains("1.0E-4") && message.contains("[0.001, 1.0]"), message);
		assertThrows(IllegalArgumentException.class, () -> new VeSde(0.01, 20).level(Double.NaN));
		assertThrows(IllegalArgumentException.class, () -> new VeSde(1, 0.5));
		assertThrows(IllegalArgumentException.class, () -> new VpSde(20, 0.1, 1e-3));
	}

	@Test
	void shapesAndBatchesSayWhatIsWrong() {
		assertThrows(IllegalArgumentException.class, () -> Shape.planes(1, 0, 4, 4));
		assertThrows(IllegalArgumentException.class, () -> Shape.planes(1 << 10, 1, 1 << 12, 1 << 12));
		Shape shape = Shape.planes(2, 1, 4, 4);
		assertEquals(32, shape.size());
		assertThrows(IllegalArgumentException.class, () -> Batch.of(shape, new float[31], 1));
		assertThrows(IllegalArgumentException.class, () -> Batch.of(shape, new float[32], -1));
		assertThrows(IllegalArgumentException.class, () -> Batch.of(shape, new float[32], Double.NaN));
	}

	private static double square(double v) {
		return v * v;
	}
}
