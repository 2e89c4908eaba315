package io.github.tweedie.inverse;

import java.util.Arrays;

import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;

/**
 * Sampling of a class with a prior that was trained with and without labels (Ho and Salimans 2022): the estimate becomes
 * D(x) + s·(D(x | y) − D(x)), which takes a second evaluation unless s = 1.
 * <p>
 * It may be kept to a range of noise levels, outside of which the conditional prior stays as it is (Kynkäänniemi et al. 2024,
 * 'Applying Guidance in a Limited Interval'): where noise hides everything, exaggeration takes away variety, and where hardly
 * any is left, it costs evaluations only.
 *
 * @param scale s; 1 is the conditional prior, more exaggerates the class, 0 ignores it. Theirs is w = s − 1
 * @param from σ in the data's units, beyond which it acts
 * @param to σ in the data's units, up to which it acts
 */
public record ClassifierFreeGuidance(double scale, double from, double to) implements Conditioner {

	public ClassifierFreeGuidance {
		if (!(scale >= 0 && scale < Double.POSITIVE_INFINITY))
			throw new IllegalArgumentException("The guidance scale must be 0 or more; seen was " + scale + ".");
		if (!(from >= 0 && to >= from))
			throw new IllegalArgumentException("Guidance acts between two noise levels, the first at least 0 and the second no lower; "
				+ "seen were " + from + " and " + to + ".");
	}

	/** At every noise level. */
	public ClassifierFreeGuidance(double scale) {
		this(scale, 0, Double.POSITIVE_INFINITY);
	}

	private boolean acts(double sigma) {
		return sigma > from && sigma <= to;
	}

	@Override
	public void denoised(Denoiser prior, Batch batch, float[] estimate) {
		if (scale == 1 || Arrays.stream(batch.sigma()).noneMatch(this::acts))
			return;
		float[] without = new float[estimate.length];
		prior.denoise(new Batch(batch.shape(), batch.x(), batch.sigma(), Batch.unlabelled(batch.shape().n())), without);
		int d = batch.shape().sampleSize();
		for (int i = 0; i < estimate.length; i++)
			if (acts(batch.sigma()[i / d]))
				estimate[i] = (float) (without[i] + scale * (estimate[i] - without[i]));
	}
}
