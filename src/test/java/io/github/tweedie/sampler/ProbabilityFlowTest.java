package io.github.tweedie.sampler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sampler.ProbabilityFlow.Likelihood;
import io.github.tweedie.sampler.ProbabilityFlow.Solution;
import io.github.tweedie.sampler.ProbabilityFlow.Trace;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.SubVpSde;
import io.github.tweedie.sde.VeSde;
import io.github.tweedie.sde.VpSde;

class ProbabilityFlowTest {

	private static final List<Sde> ALL = List.of(new VeSde(0.01, 30), new VpSde(), new SubVpSde());
	private static final double[][] COVARIANCE = { { 0.5, 0.2, 0 }, { 0.2, 0.3, 0.1 }, { 0, 0.1, 0.6 } };
	private static final double[] MEAN = { 0.3, -0.5, 0.1 };
	private static final GaussianMixture GAUSSIAN = GaussianMixture.gaussian(MEAN, COVARIANCE);
	private static final GaussianMixture MIXTURE = new GaussianMixture(new double[] { 1, 2 },
		new double[][] { { -0.8, 0, 0.4 }, MEAN }, new double[][][] { { { 0.2, 0, 0 }, { 0, 0.1, 0 }, { 0, 0, 0.3 } }, COVARIANCE });

	/** Draws of the smallest noise level: α·x0 + σ·z. */
	private static float[] noisy(GaussianMixture mixture, Sde sde, int n) {
		float[] x = mixture.sample(n, new Noise(1).generator(Noise.Purpose.PROBE, 0, 0, 0)), z = new float[x.length];
		new Noise(1).fill(Noise.Purpose.PROBE, 1, new int[1], Shape.vectors(1, x.length), z);
		for (int i = 0; i < x.length; i++)
			x[i] = (float) (sde.alpha(sde.minTime()) * x[i] + sde.sigma(sde.minTime()) * z[i]);
		return x;
	}

	private static double[] over(float[] x, int sample, double alpha) {
		double[] u = new double[3];
		for (int i = 0; i < 3; i++)
			u[i] = x[3 * sample + i] / alpha;
		return u;
	}

	/** For one Gaussian of variance c² the flow is u(s) = m + (u − m)·√((c² + s²)/(c² + s0²)). */
	@Test
	void meetsItsTolerance() {
		GaussianMixture one = GaussianMixture.gaussian(new double[] { 0.4 }, new double[][] { { 0.49 } });
		for (Sde sde : ALL) {
			double a0 = sde.alpha(sde.minTime()), a1 = sde.alpha(1), s0 = sde.sigma(sde.minTime()) / a0, s1 = sde.sigma(1) / a1;
			float[] latent = { (float) (1.3 * sde.sigma(1)) };
			double exact = a0 * (0.4 + (latent[0] / a1 - 0.4) * Math.sqrt((0.49 + s0 * s0) / (0.49 + s1 * s1)));
			int before = 0;
			for (double tolerance : new double[] { 1e-2, 1e-4, 1e-6 }) {
				Solution end = new ProbabilityFlow(sde, tolerance).decode(one, Shape.vectors(1, 1), latent, Batch.unlabelled(1), Monitor.NONE);
				// Downwards errors shrink with the state; those of the last dozen steps add up, and the state is read as a float.
				assertEquals(exact, end.x()[0], 5 * tolerance, sde + " at " + tolerance);
				assertTrue(end.evaluations()[0] > before, "a smaller tolerance costs more");
				before = end.evaluations()[0];
			}
		}
	}

	@Test
	void decodingReturnsWhatWasEncoded() {
		int n = 5;
		for (Sde sde : ALL)
			for (GaussianMixture mixture : List.of(GAUSSIAN, MIXTURE)) {
				float[] x = noisy(mixture, sde, n);
				ProbabilityFlow flow = new ProbabilityFlow(sde, 1e-6);
				Shape shape = Shape.vectors(n, 3);
				float[] latent = flow.encode(mixture, shape, x, Batch.unlabelled(n), Monitor.NONE).x();
				assertArrayEquals(x, flow.decode(mixture, shape, latent, Batch.unlabelled(n), Monitor.NONE).x(), 1e-4f, sde.toString());
			}
	}

	/** What is done to a latent is found again in the latent of the image it gives: edits survive decoding. */
	@Test
	void encodingReturnsALatentThatWasEdited() {
		int n = 4;
		Shape shape = Shape.vectors(n, 3);
		for (Sde sde : ALL) {
			ProbabilityFlow flow = new ProbabilityFlow(sde, 1e-6);
			float[] edited = flow.encode(MIXTURE, shape, noisy(MIXTURE, sde, n), Batch.unlabelled(n), Monitor.NONE).x();
			for (int i = 0; i < edited.length; i++)
				edited[i] = (float) (0.7 * edited[i] + (i % 3 == 1 ? 0.4 * sde.sigma(1) : 0));
			float[] x = flow.decode(MIXTURE, shape, edited, Batch.unlabelled(n), Monitor.NONE).x();
			// The flow stretches an error of the sample by σ_T over the narrowest width of the data, √0.1 here.
			assertArrayEquals(edited, flow.encode(MIXTURE, shape, x, Batch.unlabelled(n), Monitor.NONE).x(), (float) (1e-4 * sde.sigma(1)),
				sde.toString());
		}
	}

	/** With the exact marginal at the far end in place of the Gaussian prior, the change of variables is exact. */
	@Test
	void logDensityIsTheClosedForm() {
		int n = 4;
		// The last two begin where α is no longer 1, which the density of x must know.
		List<Sde> late = List.of(new VpSde(0.1, 20, 0.1), new SubVpSde(new VpSde(0.1, 20, 0.2)));
		for (Sde sde : Stream.concat(ALL.stream(), late.stream()).toList()) {
			float[] x = noisy(MIXTURE, sde, n);
			double a0 = sde.alpha(sde.minTime()), a1 = sde.alpha(1), s1 = sde.sigma(1);
			Likelihood found = new ProbabilityFlow(sde, 1e-5).logDensity(MIXTURE, Shape.vectors(n, 3), x, Batch.unlabelled(n),
				new Trace.Exact(), Monitor.NONE);
			for (int s = 0; s < n; s++) {
				double exact = MIXTURE.logDensity(over(x, s, a0), sde.sigma(sde.minTime()) / a0) - 3 * Math.log(a0);
				double prior = 0, end = MIXTURE.logDensity(over(found.latent(), s, a1), s1 / a1) - 3 * Math.log(a1);
				for (int i = 0; i < 3; i++)
					prior -= 0.5 * (Math.pow(found.latent()[3 * s + i] / s1, 2) + Math.log(2 * Math.PI)) + Math.log(s1);
				// 1e-3 bits per dimension.
				assertEquals(exact, found.logDensity()[s] - prior + end, 3 * 1e-3 * Math.log(2), sde + ", sample " + s);
				double sum = 0;
				for (int i = 0; i < 3; i++)
					sum += found.map()[3 * s + i];
				assertEquals(found.logDensity()[s], sum, 1e-5, "the map adds up");
			}
		}
	}

	/** At its mean a Gaussian stands still, so that no error of the state asks for small steps; the tolerance is as large as can be. */
	@Test
	void theDensityIsExactWhereTheStateStandsStill() {
		GaussianMixture one = GaussianMixture.gaussian(new double[] { 0 }, new double[][] { { 0.25 } });
		Likelihood found = new ProbabilityFlow(new VeSde(0.01, 20), 0.9).logDensity(one, Shape.vectors(1, 1), new float[1],
			Batch.unlabelled(1), new Trace.Exact(), Monitor.NONE);
		double exact = -0.5 * Math.log(2 * Math.PI * 400) + 0.5 * Math.log(400.25 / 0.2501);
		assertEquals(exact, found.logDensity()[0], 1e-4);
		assertEquals(0, found.error()[0]);
	}

	/** Two samples of one run have the probes of runs of their own; their scatter tells the standard error. */
	@Test
	void probesDoNotDependOnTheBatch() {
		Sde sde = new VeSde(0.05, 10);
		float[] x = noisy(MIXTURE, sde, 2);
		ProbabilityFlow flow = new ProbabilityFlow(sde, 1e-3);
		Trace trace = new Trace.Probes(3, new Noise(5));
		Likelihood both = flow.logDensity(MIXTURE, Shape.vectors(2, 3), x, Batch.unlabelled(2), trace, Monitor.NONE);
		Likelihood second = flow.logDensity(MIXTURE, Shape.vectors(1, 3), Arrays.copyOfRange(x, 3, 6), Batch.unlabelled(1), trace,
			Monitor.NONE);
		assertEquals(second.logDensity()[0], both.logDensity()[1]);
		assertEquals(second.error()[0], both.error()[1]);
		assertTrue(both.error()[0] > 0);
		assertEquals(second.evaluations()[0], both.evaluations()[1]);
	}

	/** Probes of ±1 are exact for the diagonal; off it they average out, two at a time here. */
	@Test
	void probesEstimateTheTraceWithoutBias() {
		Sde sde = new VeSde(0.05, 10);
		float[] x = noisy(GAUSSIAN, sde, 1);
		Shape shape = Shape.vectors(1, 3);
		ProbabilityFlow flow = new ProbabilityFlow(sde, 1e-4);
		double exact = flow.logDensity(GAUSSIAN, shape, x, Batch.unlabelled(1), new Trace.Exact(), Monitor.NONE).logDensity()[0];
		int repeats = 200;
		double[] estimates = new double[repeats];
		for (int k = 0; k < repeats; k++)
			estimates[k] = flow.logDensity(GAUSSIAN, shape, x, Batch.unlabelled(1), new Trace.Probes(2, new Noise(k)), Monitor.NONE)
				.logDensity()[0];
		double mean = Arrays.stream(estimates).average().orElseThrow();
		double variance = Arrays.stream(estimates).map(v -> (v - mean) * (v - mean)).sum() / (repeats - 1);
		assertTrue(variance > 1e-3, "off-diagonal terms should be seen");
		assertEquals(exact, mean, 4 * Math.sqrt(variance / repeats));
	}

	@Test
	void aSampleDoesNotDependOnItsBatch() {
		Sde sde = ALL.get(0);
		float[] x = noisy(MIXTURE, sde, 4);
		ProbabilityFlow flow = new ProbabilityFlow(sde, 1e-3);
		Solution all = flow.encode(MIXTURE, Shape.vectors(4, 3), x, Batch.unlabelled(4), Monitor.NONE);
		Solution third = flow.encode(MIXTURE, Shape.vectors(1, 3), Arrays.copyOfRange(x, 6, 9), Batch.unlabelled(1), Monitor.NONE);
		assertArrayEquals(third.x(), Arrays.copyOfRange(all.x(), 6, 9));
		assertEquals(third.evaluations()[0], all.evaluations()[2]);
	}

	@Test
	void refusesInWordsAndStopsWhenTold() {
		assertThrows(IllegalArgumentException.class, () -> new ProbabilityFlow(ALL.get(0), 0));
		assertThrows(IllegalArgumentException.class, () -> new Trace.Probes(0, new Noise(1)));
		Monitor cancelled = new Monitor() {

			@Override
			public boolean cancelled() {
				return true;
			}
		};
		ProbabilityFlow flow = new ProbabilityFlow(ALL.get(0), 1e-3);
		assertThrows(CancellationException.class,
			() -> flow.encode(GAUSSIAN, Shape.vectors(1, 3), new float[3], Batch.unlabelled(1), cancelled));
		Denoiser steep = (batch, out) -> Arrays.fill(out, batch.x()[0] == 0 ? 0 : Float.POSITIVE_INFINITY);
		String message = assertThrows(ArithmeticException.class, () -> flow.logDensity(steep, Shape.vectors(1, 1), new float[1],
			Batch.unlabelled(1), new Trace.Exact(), Monitor.NONE)).getMessage();
		assertTrue(message.contains("NaN") && message.contains("use a larger"), message);
		assertThrows(ArithmeticException.class,
			() -> flow.encode(GAUSSIAN, Shape.vectors(1, 3), new float[] { 0, Float.NaN, 0 }, Batch.unlabelled(1), Monitor.NONE));
		assertThrows(ArithmeticException.class, () -> flow.encode((batch, out) -> Arrays.fill(out, Float.NaN), Shape.vectors(1, 3),
			new float[3], Batch.unlabelled(1), Monitor.NONE));
	}
}
