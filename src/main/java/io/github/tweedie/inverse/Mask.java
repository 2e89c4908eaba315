package io.github.tweedie.inverse;

import java.util.Arrays;
import java.util.stream.IntStream;

import io.github.tweedie.sde.Runs;

/** Keeps the known values of a sample and drops the hidden ones: A·Aᵀ = I. */
public final class Mask implements LinearOperator {

	private final int inputSize;
	private final int[] known;

	/**
	 * @param hidden true where a value is to be restored, C·(Z·)Y·X of them
	 * @throws IllegalArgumentException if no value is known
	 */
	public Mask(boolean[] hidden) {
		inputSize = hidden.length;
		known = IntStream.range(0, hidden.length).filter(i -> !hidden[i]).toArray();
		if (known.length == 0)
			throw new IllegalArgumentException("The mask hides all " + inputSize + " values; at least one must be known.");
	}

	@Override
	public int inputSize() {
		return inputSize;
	}

	@Override
	public int outputSize() {
		return known.length;
	}

	@Override
	public void apply(float[] x, int xFrom, float[] y, int yFrom) {
		Runs.of(known.length, (from, to) -> {
			for (int i = from; i < to; i++)
				y[yFrom + i] = x[xFrom + known[i]];
		});
	}

	@Override
	public void adjoint(float[] y, int yFrom, float[] x, int xFrom) {
		Arrays.fill(x, xFrom, xFrom + inputSize, 0);
		Runs.of(known.length, (from, to) -> {
			for (int i = from; i < to; i++)
				x[xFrom + known[i]] = y[yFrom + i];
		});
	}

	@Override
	public double gain() {
		return 1;
	}
}
