package io.github.tweedie.inverse;

/**
 * A linear measurement y = A·x of one sample. Implementations are immutable; every one meets the same property tests
 * (adjointness, pseudo-inverse).
 */
public interface LinearOperator {

	/** Number of values of a sample, C·(Z·)Y·X. */
	int inputSize();

	/** Number of values of a measurement. */
	int outputSize();

	/**
	 * y = A·x.
	 *
	 * @param x samples behind one another
	 * @param xFrom where the sample begins
	 * @param y receives the measurement
	 * @param yFrom where it begins
	 */
	void apply(float[] x, int xFrom, float[] y, int yFrom);

	/** x = Aᵀ·y, overwriting x. */
	void adjoint(float[] y, int yFrom, float[] x, int xFrom);

	/** The number c of A·Aᵀ = c·I, or NaN if the operator is not of this kind. */
	double gain();
}
