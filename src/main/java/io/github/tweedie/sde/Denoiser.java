package io.github.tweedie.sde;

/**
 * The one port through which a trained network, or a closed form, enters: D(x, σ) = E[x0 | x0 + σ·z = x], the
 * minimum mean square error estimate of the clean sample. By Tweedie's formula the score of the noisy density is
 * (D(x, σ) − x) / σ²; the scaling D(x/α, σ/α) carries it to every other
 * SDE, with the score (α·D − x) / σ².
 */
@FunctionalInterface
public interface Denoiser {

	/**
	 * Writes D(x, σ) of every sample of the batch.
	 *
	 * @param batch N×C×(Z×)Y×X, unchanged on return
	 * @param out receives N·C·Z·Y·X values; never the array of the batch
	 */
	void denoise(Batch batch, float[] out);
}
