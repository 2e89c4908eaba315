package io.github.tweedie.sde;

/** A classifier of noisy samples, log p(y | x, σ) with x = x0 + σ·z, and its gradient (Song et al. 2021, section 5). */
public interface Classifier {

	/** @return number of classes; labels run from 0 */
	int classes();

	/**
	 * Evaluates log p(y | x, σ) for the label y of each sample.
	 *
	 * @param batch N×C×(Z×)Y×X with a label ≥ 0 for each sample
	 * @param logProbability receives N natural logarithms
	 * @param gradient receives ∇ₓ log p(y | x, σ), N·C·Z·Y·X values
	 */
	void logProbability(Batch batch, double[] logProbability, float[] gradient);
}
