package io.github.tweedie.sampler;

import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Shape;

/**
 * What the loop carries: the samples of a run, all at one level of noise. Mutable, owned by one run; a {@link Conditioner}
 * may change {@link #x} and {@link #logWeight}.
 */
public final class State {

	/** N×C×(Z×)Y×X. */
	public final Shape shape;
	/** x_t, N·C·Z·Y·X values. */
	public final float[] x;
	/** Class of each sample. */
	public final int[] label;
	/** Number of each sample within the whole run: the address of its noise. */
	public final int[] id;
	/** Logarithm of each sample's importance weight, not normalised; 0 unless a conditioner weighs. */
	public final double[] logWeight;
	/** Calls of the denoiser so far, each of all samples; those of a {@link Conditioner} are among them. */
	public int evaluations;
	/** Where x lies. */
	public Level level;

	State(Shape shape, int[] id, int[] label, Level level) {
		if (id.length != shape.n() || label.length != shape.n())
			throw new IllegalArgumentException("A run of " + shape.n() + " samples needs as many numbers and labels; seen were "
				+ id.length + " and " + label.length + ".");
		this.shape = shape;
		this.id = id;
		this.label = label;
		this.level = level;
		x = new float[shape.size()];
		logWeight = new double[shape.n()];
	}
}
