package io.github.tweedie.inverse;

import java.util.Arrays;

/** The mean of the channels, a grey image of a colour one: A·Aᵀ = I/C. What colouring undoes. */
public final class ChannelMean implements LinearOperator {

	private final int channels, pixels;

	/**
	 * @param channels C
	 * @param pixels values of a channel, (Z·)Y·X
	 */
	public ChannelMean(int channels, int pixels) {
		if (channels < 1 || pixels < 1)
			throw new IllegalArgumentException("A channel mean needs at least 1 channel of 1 pixel; seen were " + channels + " of " + pixels + ".");
		this.channels = channels;
		this.pixels = pixels;
	}

	@Override
	public int inputSize() {
		return channels * pixels;
	}

	@Override
	public int outputSize() {
		return pixels;
	}

	@Override
	public void apply(float[] x, int xFrom, float[] y, int yFrom) {
		Arrays.fill(y, yFrom, yFrom + pixels, 0);
		for (int i = 0; i < inputSize(); i++)
			y[yFrom + i % pixels] += x[xFrom + i] / channels;
	}

	@Override
	public void adjoint(float[] y, int yFrom, float[] x, int xFrom) {
		for (int i = 0; i < inputSize(); i++)
			x[xFrom + i] = y[yFrom + i % pixels] / channels;
	}

	@Override
	public double gain() {
		return 1.0 / channels;
	}
}
