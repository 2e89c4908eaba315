package io.github.tweedie.inverse;

import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;

/**
 * Sampling of a class with a prior that was trained with and without labels (Ho and Salimans 2022): the estimate becomes
 * D(x) + s·(D(x | y) − D(x)), which takes a second evaluation unless s = 1.
 *
 * @param scale s; 1 is the conditional prior, more exaggerates the class, 0 ignores it. Theirs is w = s − 1
 */
public record ClassifierFreeGuidance(double scale) implements Conditioner {

	public ClassifierFreeGuidance {
		if (!(scale >= 0 && scale < Double.POSITIVE_INFINITY))
			throw new IllegalArgumentException("The guidance scale must be 0 or more; seen was " + scale + ".");
	}

	@Override
	public void denoised(Denoiser prior, Batch batch, float[] estimate) {
		if (scale == 1)
			return;
		float[] without = new float[estimate.length];
		prior.denoise(new Batch(batch.shape(), batch.x(), batch.sigma(), Batch.unlabelled(batch.shape().n())), without);
		for (int i = 0; i < estimate.length; i++)
			estimate[i] = (float) (without[i] + scale * (estimate[i] - without[i]));
	}
}
