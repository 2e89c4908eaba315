package io.github.tweedie.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Shape;

/** Structural similarity and the Fréchet distance, against closed forms. */
class MeasuresTest {

	// -- SSIM --

	private static float[] wave(Shape shape, double shift) {
		float[] image = new float[shape.size()];
		for (int i = 0; i < image.length; i++)
			image[i] = (float) (Math.sin(0.3 * (i % shape.x()) + shift) * Math.cos(0.2 * (i / shape.x())));
		return image;
	}

	@Test
	void anImageIsLikeItself() {
		Shape shape = Shape.planes(1, 1, 30, 25);
		assertEquals(1, Ssim.of(shape, wave(shape, 0), wave(shape, 0), 2), 1e-12);
	}

	/** Of constant images only the term of the means is left: (2ab + C₁)/(a² + b² + C₁), the mean of the channels. */
	@Test
	void constantImagesDifferByTheirMeans() {
		Shape shape = Shape.planes(1, 2, 12, 13);
		float[] a = new float[shape.size()], b = new float[shape.size()];
		Arrays.fill(a, 0.5f);
		Arrays.fill(b, 0, 156, 0.1f);
		Arrays.fill(b, 156, 312, 0.5f);
		double c1 = 0.02 * 0.02, first = (2 * 0.05 + c1) / (0.25 + 0.01 + c1);
		assertEquals((first + 1) / 2, Ssim.of(shape, a, b, 2), 1e-6);
	}

	/** What scikit-image's structural_similarity gives (gaussian_weights, sigma 1.5, without sample covariance, range 2). */
	@Test
	void wavesAreAsSimilarAsAnotherProgramSays() {
		Shape shape = Shape.planes(1, 1, 30, 25);
		assertEquals(SCIKIT_IMAGE, Ssim.of(shape, wave(shape, 0), wave(shape, 0.4), 2), 1e-5);
	}

	private static final double SCIKIT_IMAGE = 0.6671900;

	// -- Fréchet distance --

	/** Points at ±s on each axis have a covariance that is known: of two such sets, Σ (s₁ − s₂)² times what s² is divided by. */
	@Test
	void frechetDistanceOfKnownMeansAndCovariances() {
		double[][] a = cross(new double[] { 1, 2, 3 }, new double[] { 0, 0, 0 });
		double[][] b = cross(new double[] { 2, 2, 1 }, new double[] { 1, -1, 0.5 });
		double[] ones = new double[6];
		Arrays.fill(ones, 1);
		// Each axis holds two of the six points: the variance is 2·s²/(6 − 1).
		double expected = 2.25 + 2.0 / 5 * (1 + 0 + 4);
		assertEquals(expected, Frechet.distance(a, ones, b, ones), 1e-9);
		assertEquals(0, Frechet.distance(a, ones, a, ones), 1e-9);
	}

	private static double[][] cross(double[] s, double[] centre) {
		double[][] points = new double[6][];
		for (int i = 0; i < 6; i++) {
			points[i] = centre.clone();
			points[i][i / 2] += i % 2 == 0 ? s[i / 2] : -s[i / 2];
		}
		return points;
	}

	/** Covariances that do not commute: against tr (AB)^½ = √(tr AB + 2·√det AB), which holds in two dimensions. */
	@Test
	void frechetDistanceOfTurnedCovariances() {
		float[] z = new float[80];
		new Noise(5).fill(Purpose.PROBE, 0, new int[1], Shape.vectors(1, 80), z);
		double[][] a = new double[20][], b = new double[20][];
		for (int i = 0; i < 20; i++) {
			a[i] = new double[] { z[i], 0.7 * z[i] + 0.3 * z[20 + i] };
			b[i] = new double[] { 2 * z[40 + i], 0.4 * z[60 + i] - z[40 + i] };
		}
		double[] ones = new double[20];
		Arrays.fill(ones, 1);
		double[] p = moments(a), q = moments(b);
		double trace = p[2] * q[2] + 2 * p[3] * q[3] + p[4] * q[4];
		double root = Math.sqrt(trace + 2 * Math.sqrt((p[2] * p[4] - p[3] * p[3]) * (q[2] * q[4] - q[3] * q[3])));
		double expected = Math.pow(p[0] - q[0], 2) + Math.pow(p[1] - q[1], 2) + p[2] + p[4] + q[2] + q[4] - 2 * root;
		assertEquals(expected, Frechet.distance(a, ones, b, ones), 1e-9);
	}

	/** Means, then xx, xy and yy of the covariance. */
	private static double[] moments(double[][] x) {
		double[] m = new double[5];
		for (double[] v : x) {
			m[0] += v[0] / x.length;
			m[1] += v[1] / x.length;
		}
		for (double[] v : x) {
			m[2] += Math.pow(v[0] - m[0], 2) / (x.length - 1);
			m[3] += (v[0] - m[0]) * (v[1] - m[1]) / (x.length - 1);
			m[4] += Math.pow(v[1] - m[1], 2) / (x.length - 1);
		}
		return m;
	}

	/** A vector that counts twice is a vector that is there twice, but for the size of the sample. */
	@Test
	void weightsCountLikeRepetitions() {
		double[][] a = new double[400][], twice = new double[600][], b = { { 0 }, { 1 }, { 3 } };
		double[] weights = new double[400], ones = new double[600];
		for (int i = 0; i < 400; i++) {
			a[i] = new double[] { Math.sin(i) };
			weights[i] = i < 200 ? 2 : 1;
		}
		for (int i = 0; i < 600; i++)
			twice[i] = a[i < 400 ? i / 2 : i - 200];
		Arrays.fill(ones, 1);
		double[] three = { 1, 1, 1 };
		assertEquals(Frechet.distance(twice, ones, b, three), Frechet.distance(a, weights, b, three), 2e-3);
	}
}
