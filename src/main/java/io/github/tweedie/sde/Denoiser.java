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

	/**
	 * ∇D·v of every sample, as a difference of evaluations that is a root mean square of 0.03·σ long. On a trained network in float32
	 * results are the same from 0.003·σ to 0.1·σ and get worse at 0.3·σ. The exact ∇D is Cov[x0 | x]/σ², hence symmetric, so that this is
	 * also vᵀ·∇D.
	 *
	 * @param batch where to take the derivative; σ &gt; 0
	 * @param v direction of each sample, N·C·Z·Y·X values; where it is zero, so is the derivative
	 * @param base D(x, σ), for a forward difference of one evaluation; null for a central difference of two
	 * @param out receives N·C·Z·Y·X values
	 */
	default void derivative(Batch batch, float[] v, float[] base, float[] out) {
		int n = batch.shape().n(), d = batch.shape().sampleSize();
		double[] width = new double[n];
		float[] x = batch.x(), ahead = new float[v.length], behind = base == null ? new float[v.length] : x;
		for (int s = 0; s < n; s++) {
			double square = Runs.sum(s * d, (s + 1) * d, (from, to) -> {
				double sum = 0;
				for (int i = from; i < to; i++)
					sum += (double) v[i] * v[i];
				return sum;
			});
			double step = square == 0 ? 0 : 0.03 * batch.sigma()[s] * Math.sqrt(d / square);
			double along = Runs.sum(s * d, (s + 1) * d, (from, to) -> {
				double sum = 0;
				for (int i = from; i < to; i++) {
					ahead[i] = (float) (x[i] + step * v[i]);
					if (base == null)
						behind[i] = (float) (x[i] - step * v[i]);
					sum += ((double) ahead[i] - behind[i]) * v[i];
				}
				return sum;
			});
			// NB: at small σ floats round the step, so what counts is how far it really went.
			width[s] = square == 0 ? 0 : along / square;
		}
		denoise(batch.with(ahead), out);
		float[] other = base == null ? new float[v.length] : base;
		if (base == null)
			denoise(batch.with(behind), other);
		for (int s = 0; s < n; s++) {
			double by = width[s];
			Runs.of(s * d, (s + 1) * d, (from, to) -> {
				for (int i = from; i < to; i++)
					out[i] = by == 0 ? 0 : (float) (((double) out[i] - other[i]) / by);
			});
		}
	}
}
