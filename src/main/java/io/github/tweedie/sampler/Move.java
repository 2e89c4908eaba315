package io.github.tweedie.sampler;

import java.util.function.Supplier;

import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Runs;
import io.github.tweedie.sde.Shape;

/** One move of the loop as a {@link Predictor} sees it: where from, where to, and the (conditional) denoiser to ask. */
public final class Move {

	/** E[x0 | x_t = x, condition] at any level; each call costs network evaluations. */
	@FunctionalInterface
	public interface Estimate {

		/** @return a new array of the shape of x */
		float[] denoised(Level level, float[] x);
	}

	private final Level from, to;
	private final Shape shape;
	private float[] x;
	private final Estimate estimate;
	private final Supplier<float[]> noise;
	private Move previous;
	private float[] denoised;

	Move(Level from, Level to, Shape shape, float[] x, Estimate estimate, Move previous, Supplier<float[]> noise) {
		this.from = from;
		this.to = to;
		this.shape = shape;
		this.x = x;
		this.estimate = estimate;
		this.previous = previous;
		this.noise = noise;
		// NB: a chain of all moves would hold every state that the run went through, and a large plane is not held once too often.
		if (previous != null) {
			previous.previous = null;
			previous.x = null;
		}
	}

	public Level from() {
		return from;
	}

	public Level to() {
		return to;
	}

	public Shape shape() {
		return shape;
	}

	/** The state at {@link #from()}, N·C·Z·Y·X values; not to be changed. A {@link #previous} move holds its estimate alone, null here. */
	public float[] x() {
		return x;
	}

	/** The estimate at the start of the move, evaluated once. */
	public float[] denoised() {
		if (denoised == null)
			denoised = estimate.denoised(from, x);
		return denoised;
	}

	/** The estimate anywhere else. */
	public float[] denoised(Level level, float[] state) {
		return estimate.denoised(level, state);
	}

	/** The move before this one, for multistep methods; null at the start and wherever the path or a corrector broke the line. */
	public Move previous() {
		return previous;
	}

	/** Standard normal noise of this move for methods that need more than the loop's own draw; the same at every call. */
	public float[] noise() {
		return noise.get();
	}

	/** The score (α·D − x) / σ² at the start of the move. */
	public float[] score() {
		return score(from, x, denoised());
	}

	static float[] score(Level level, float[] x, float[] denoised) {
		double variance = level.sigma() * level.sigma();
		float a = (float) (level.alpha() / variance), b = (float) (1 / variance);
		float[] score = new float[x.length];
		Runs.of(x.length, (from, to) -> {
			for (int i = from; i < to; i++)
				score[i] = a * denoised[i] - b * x[i];
		});
		return score;
	}
}
