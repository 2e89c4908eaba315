package io.github.tweedie.image;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Runs;

/**
 * A denoiser for noise that is small beside the range of the image: one bright cell among dim ones, or an average of many exposures.
 * Two things make a network fail there. It knows no noise below σ_min. And what lies far below the brightest pixel is contrast that
 * it never saw so faint, and takes for noise.
 * <p>
 * For σ below σ_min/2, Tweedie's formula with the score of σ_min/2, which D(x, σ_min) is taken for: D(x, σ) ≈ x + (2σ/σ_min)²·(D(x, σ_min)
 * − x), so that less is taken away than there is noise. For the dim parts, layers: the same plane stretched by a factor over the dark end
 * of the range, under as much stronger noise. Of what is too bright for the range the estimate of the layer before is cut off, and not
 * the noise, since no network knows places without any. Where the estimate of the layer before lies within the range of the stretched
 * one, the stretched one is taken instead. Each layer is one more call.
 *
 * @param inner knows noise from sigmaMin on
 * @param low value of the darkest usual pixel
 * @param high value of the brightest usual pixel
 * @param sigmaMin smallest noise that the inner denoiser knows
 * @param layers number of stretched layers, ≥ 0; each is stretched by {@link #STRETCH} over the one before
 */
public record WideRangeDenoiser(Denoiser inner, double low, double high, double sigmaMin, int layers) implements Denoiser {

	/** Of a layer over the one before. */
	public static final int STRETCH = 4;

	/** Noise over half of the range from which on no layer is needed. */
	private static final double ENOUGH = 0.006;
	/** Part of σ_min down to which what is known of σ_min is nearer to the truth than a part of it. */
	private static final double CLOSE = 0.5;
	private static final int MOST_LAYERS = 8;
	/** Where a stretched plane is cut off, and the estimates between which it gives way to the layer before, in halves of the range. */
	private static final double CUT = 3, FADES = 2.3, GONE = 2.7;

	/**
	 * Only where it is needed.
	 *
	 * @param inner the denoiser over planes
	 * @param prior of which it is one
	 * @param sigma noise of the image in the prior's units
	 */
	public static Denoiser over(Denoiser inner, Prior prior, double sigma) {
		double half = (prior.high() - prior.low()) / 2;
		int layers = 0;
		for (double s = sigma; s < ENOUGH * half && layers < MOST_LAYERS; s *= STRETCH)
			layers++;
		return layers == 0 && sigma >= prior.sigmaMin() ? inner
			: new WideRangeDenoiser(inner, prior.low(), prior.high(), prior.sigmaMin(), layers);
	}

	@Override
	public void denoise(Batch batch, float[] out) {
		known(batch, out);
		float factor = 1;
		float[] stretched = new float[layers == 0 ? 0 : out.length], estimate = new float[stretched.length];
		for (int layer = 1; layer <= layers; layer++) {
			factor *= STRETCH;
			float by = factor, zero = (float) low, cut = (float) (low + CUT * half());
			Runs.of(out.length, (from, to) -> {
				for (int i = from; i < to; i++)
					stretched[i] = Math.min(cut, zero + by * (out[i] - zero)) + by * (batch.x()[i] - out[i]);
			});
			double[] sigma = new double[batch.sigma().length];
			for (int s = 0; s < sigma.length; s++)
				sigma[s] = factor * batch.sigma()[s];
			known(new Batch(batch.shape(), stretched, sigma, batch.label()), estimate);
			Runs.of(out.length, (from, to) -> {
				for (int i = from; i < to; i++)
					out[i] += weight(zero + by * (out[i] - zero)) * (zero + (estimate[i] - zero) / by - out[i]);
			});
		}
	}

	private double half() {
		return (high - low) / 2;
	}

	/** 1 for what a layer shows, 0 for what is too bright for it. */
	private float weight(float value) {
		double level = (value - low) / half();
		return (float) Math.max(0, Math.min(1, (GONE - level) / (GONE - FADES)));
	}

	/** For any noise above 0. */
	private void known(Batch batch, float[] out) {
		double[] sigma = batch.sigma().clone();
		boolean small = false;
		for (int s = 0; s < sigma.length; s++) {
			small |= sigma[s] < sigmaMin;
			sigma[s] = Math.max(sigmaMin, sigma[s]);
		}
		if (!small) {
			inner.denoise(batch, out);
			return;
		}
		inner.denoise(new Batch(batch.shape(), batch.x(), sigma, batch.label()), out);
		int size = batch.shape().sampleSize();
		Runs.of(out.length, (from, to) -> {
			for (int i = from; i < to; i++) {
				double share = Math.min(1, batch.sigma()[i / size] / (CLOSE * sigmaMin));
				out[i] = (float) (batch.x()[i] + share * share * ((double) out[i] - batch.x()[i]));
			}
		});
	}
}
