package io.github.tweedie.inverse;

import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Classifier;
import io.github.tweedie.sde.Denoiser;

/**
 * Sampling of a class with a classifier of noisy samples: the score of the posterior is the prior's plus ∇log p(y | x, σ) (Song et al.
 * 2021, eq. 14), so the estimate becomes D + s·σ²·∇log p(y | x, σ). The class is the label of each sample; the prior itself is asked
 * without it.
 *
 * @param classifier knows the classes
 * @param scale s; 1 is Bayes' rule, more prefers what is typical of the class (Dhariwal and Nichol 2021), 0 is the prior
 */
public record ClassifierGuidance(Classifier classifier, double scale) implements Conditioner {

	public ClassifierGuidance {
		if (!(scale >= 0 && scale < Double.POSITIVE_INFINITY))
			throw new IllegalArgumentException("The guidance scale must be 0 or more; seen was " + scale + ".");
	}

	@Override
	public void denoised(Denoiser prior, Batch batch, float[] estimate) {
		float[] gradient = new float[estimate.length];
		classifier.logProbability(batch, new double[batch.shape().n()], gradient);
		int d = batch.shape().sampleSize();
		for (int i = 0; i < estimate.length; i++) {
			double sigma = batch.sigma()[i / d];
			estimate[i] += (float) (scale * sigma * sigma * gradient[i]);
		}
	}
}
