package io.github.tweedie.sde;

import java.util.Arrays;

/**
 * Noisy samples x = x0 + σ·z as a {@link Denoiser} takes them: values, one noise level and one class per sample.
 * The arrays are shared with the caller, not copied; a denoiser reads them and changes none.
 *
 * @param shape N×C×(Z×)Y×X
 * @param x values in the data range of the prior, plus noise; N·C·Z·Y·X of them
 * @param sigma standard deviation of the noise of each sample, in the units of x; N of them, ≥ 0
 * @param label class of each sample, N of them; {@link #NO_CLASS} stands for "any"
 */
public record Batch(Shape shape, float[] x, double[] sigma, int[] label) {

	/** The label of a sample whose class is not given. */
	public static final int NO_CLASS = -1;

	/** @throws IllegalArgumentException if an array has another length than the shape asks for, or a σ is negative or not finite */
	public Batch {
		if (x.length != shape.size() || sigma.length != shape.n() || label.length != shape.n())
			throw new IllegalArgumentException("A batch of shape " + shape + " needs " + shape.size() + " values, "
				+ shape.n() + " noise levels and as many labels; seen were " + x.length + ", " + sigma.length + " and "
				+ label.length + ".");
		for (double s : sigma)
			if (!(s >= 0 && s < Double.POSITIVE_INFINITY))
				throw new IllegalArgumentException("A noise level of " + s + " was seen; it must be finite and not negative.");
	}

	/** All samples at one noise level, no classes. */
	public static Batch of(Shape shape, float[] x, double sigma) {
		return of(shape, x, sigma, unlabelled(shape.n()));
	}

	/** All samples at one noise level. */
	public static Batch of(Shape shape, float[] x, double sigma, int[] label) {
		double[] sigmas = new double[shape.n()];
		Arrays.fill(sigmas, sigma);
		return new Batch(shape, x, sigmas, label);
	}

	/** The same noise levels and classes with other values. */
	public Batch with(float[] values) {
		return new Batch(shape, values, sigma, label);
	}

	/** n times {@link #NO_CLASS}. */
	public static int[] unlabelled(int n) {
		int[] labels = new int[n];
		Arrays.fill(labels, NO_CLASS);
		return labels;
	}
}
