package io.github.tweedie.inverse;

import java.util.Arrays;

/** Means over square blocks of pixels, as a camera bins them: A·Aᵀ = I/f². What super-resolution undoes. */
public final class BlockMean implements LinearOperator {

	private final int planes, height, width, factor;

	/**
	 * @param planes number of planes of a sample, C·Z
	 * @param height Y of a sample, a multiple of the factor
	 * @param width X of a sample, a multiple of the factor
	 * @param factor f, extent of a block along Y and X
	 * @throws IllegalArgumentException if the blocks do not fill the planes
	 */
	public BlockMean(int planes, int height, int width, int factor) {
		if (planes < 1 || factor < 1 || height < factor || width < factor || height % factor != 0 || width % factor != 0)
			throw new IllegalArgumentException("Blocks of " + factor + "×" + factor + " pixels do not fill planes of " + width + "×" + height
				+ "; width and height must be multiples of the block.");
		this.planes = planes;
		this.height = height;
		this.width = width;
		this.factor = factor;
	}

	@Override
	public int inputSize() {
		return planes * height * width;
	}

	@Override
	public int outputSize() {
		return inputSize() / (factor * factor);
	}

	@Override
	public void apply(float[] x, int xFrom, float[] y, int yFrom) {
		Arrays.fill(y, yFrom, yFrom + outputSize(), 0);
		float weight = 1f / (factor * factor);
		for (int i = 0; i < inputSize(); i++)
			y[yFrom + block(i)] += weight * x[xFrom + i];
	}

	@Override
	public void adjoint(float[] y, int yFrom, float[] x, int xFrom) {
		float weight = 1f / (factor * factor);
		for (int i = 0; i < inputSize(); i++)
			x[xFrom + i] = weight * y[yFrom + block(i)];
	}

	/** The block of a pixel. */
	private int block(int i) {
		int row = i / width;
		return row / factor * (width / factor) + i % width / factor;
	}

	@Override
	public double gain() {
		return 1.0 / (factor * factor);
	}
}
