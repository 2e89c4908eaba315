package io.github.tweedie.inverse;

import java.util.ArrayList;
import java.util.List;

import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Runs;

/**
 * Moment matching posterior sampling (MMPS, Rozet et al. 2024): p(x0 | x_t) is taken for the Gaussian that has its exact mean
 * D0 = D(x, σ) and its exact covariance V = σ²·∇D(x, σ), so that E[x0 | x_t, y] = D0 + V·Aᵀ·z with
 * (Σ_y + A·V·Aᵀ)·z = y − A·D0, which a few conjugate gradient steps solve. Σ_y is σ_y²·I, or diagonal with a variance for each value of
 * the measurement; then both sides are divided by the standard deviations first, which leaves the answer as it is and lets the
 * iterations converge evenly over loud and quiet values.
 * <p>
 * No automatic differentiation is needed: ∇D is a covariance over σ², hence symmetric, so that its product with a vector is a
 * directional derivative, a difference of evaluations. V·Aᵀ·z is the running sum of the products that the conjugate gradients
 * make anyway. They stop early where a network's Jacobian, which is only nearly symmetric, is no longer
 * positive along a direction. Exact for Gaussian priors as far as the conjugate gradients run.
 * <p>
 * The iterations matter from the first step on, since the brightness of a large hole is decided where the noise is far stronger than
 * the image. Needs evaluations in float32: in bf16 or fp16 the differences are rounding errors.
 */
public final class MomentMatching implements Conditioner {

	/** How a directional derivative of the denoiser is taken. */
	public enum Difference {
		/** One evaluation a product, error of first order. */
		FORWARD,
		/** Two evaluations a product, error of second order. */
		CENTRAL
	}

	private final LinearOperator operator;
	private final float[] y;
	private final double sigmaY;
	/** One over the standard deviation of each value, y being divided by it already and σ_y 1; null where one σ_y is given for all. */
	private final float[] weights;
	private final int iterations;
	private final Difference difference;

	/**
	 * @param operator A
	 * @param y the measurement, the same for all samples, in the prior's units
	 * @param sigmaY standard deviation of the measurement's noise, ≥ 0
	 * @param iterations conjugate gradient steps per estimate, ≥ 1
	 * @param difference how products with ∇D are made
	 * @throws IllegalArgumentException if a number is out of its range or the measurement of another size
	 */
	public MomentMatching(LinearOperator operator, float[] y, double sigmaY, int iterations, Difference difference) {
		this(operator, y, sigmaY, null, iterations, difference);
		if (!(sigmaY >= 0))
			throw new IllegalArgumentException("Moment matching needs a noise not below 0; seen was " + sigmaY + ".");
	}

	/**
	 * With a variance for each value.
	 *
	 * @param operator A
	 * @param y the measurement, the same for all samples, in the prior's units
	 * @param variances of the noise of each value of the measurement, in the prior's units squared, above 0; a value of infinite
	 *            variance tells nothing
	 * @param iterations conjugate gradient steps per estimate, ≥ 1
	 * @param difference how products with ∇D are made
	 * @throws IllegalArgumentException if a number is out of its range or the measurement or the variances are of another size
	 */
	public MomentMatching(LinearOperator operator, float[] y, float[] variances, int iterations, Difference difference) {
		this(operator, divided(operator, y, variances), 1, weights(variances), iterations, difference);
	}

	private MomentMatching(LinearOperator operator, float[] y, double sigmaY, float[] weights, int iterations, Difference difference) {
		requireSize(operator, y);
		if (iterations < 1)
			throw new IllegalArgumentException("Moment matching needs at least 1 iteration; seen was " + iterations + ".");
		this.operator = operator;
		this.y = y;
		this.sigmaY = sigmaY;
		this.weights = weights;
		this.iterations = iterations;
		this.difference = difference;
	}

	private static float[] weights(float[] variances) {
		float[] weights = new float[variances.length];
		for (int i = 0; i < weights.length; i++) {
			if (!(variances[i] > 0))
				throw new IllegalArgumentException("A variance of " + variances[i] + " of the value " + i
					+ " was seen; moment matching with a variance for each value needs all of them above 0.");
			weights[i] = (float) (1 / Math.sqrt(variances[i]));
		}
		return weights;
	}

	private static float[] divided(LinearOperator operator, float[] y, float[] variances) {
		requireSize(operator, y);
		requireSize(operator, variances);
		float[] out = weights(variances);
		for (int i = 0; i < out.length; i++)
			out[i] *= y[i];
		return out;
	}

	static void requireSize(LinearOperator operator, float[] y) {
		if (y.length != operator.outputSize())
			throw new IllegalArgumentException("A measurement of " + y.length + " values was seen; the operator gives "
				+ operator.outputSize() + ".");
	}

	/** @throws IllegalArgumentException if differences of this prior are rounding errors */
	public static void requireDifferences(Prior prior) {
		if (!prior.precision().supportsDifferences())
			throw new IllegalArgumentException("The model '" + prior.name() + "' computes in " + prior.precision()
				+ "; moment matching takes differences of it and needs FLOAT32. Use the float32 model, or the method 'replacement'.");
	}

	@Override
	public void denoised(Denoiser prior, Batch batch, float[] estimate) {
		if (weights != null) {
			residuals(prior, batch, estimate);
			return;
		}
		int n = batch.shape().n(), d = operator.inputSize(), m = operator.outputSize();
		float[] base = estimate.clone(), residual = new float[n * m], p = new float[n * m];
		double[] rr = new double[n];
		boolean[] done = new boolean[n];
		for (int s = 0; s < n; s++) {
			operator.apply(base, s * d, residual, s * m);
			subtractFromMeasurement(residual, s * m);
			System.arraycopy(residual, s * m, p, s * m, m);
			rr[s] = dot(residual, residual, s * m, m);
			done[s] = rr[s] == 0;
		}
		float[] direction = new float[n * d], product = new float[n * d], g = new float[n * m];
		for (int k = 0; k < iterations && !all(done); k++) {
			for (int s = 0; s < n; s++)
				operator.adjoint(p, s * m, direction, s * d);
			covariance(prior, batch, base, direction, product);
			for (int s = 0; s < n; s++) {
				if (done[s])
					continue;
				operator.apply(product, s * d, g, s * m);
				add(g, sigmaY * sigmaY, p, s * m, m);
				double curvature = dot(p, g, s * m, m);
				if (!(curvature > 0)) {
					done[s] = true;
					continue;
				}
				double step = rr[s] / curvature;
				add(estimate, step, product, s * d, d);
				add(residual, -step, g, s * m, m);
				double next = dot(residual, residual, s * m, m);
				float keep = (float) (next / rr[s]);
				Runs.of(s * m, (s + 1) * m, (from, to) -> {
					for (int i = from; i < to; i++)
						p[i] = residual[i] + keep * p[i];
				});
				rr[s] = next;
				done[s] = next == 0;
			}
		}
	}

	/**
	 * Generalised conjugate residuals (Eisenstat et al. 1983, algorithm GCR): the same first step and the same answer in the end, but
	 * the residual cannot grow where the matrix is not quite symmetric. With weights that differ by much that is the rule: what the
	 * quiet values weigh up of a network's asymmetry makes conjugate gradients diverge.
	 */
	private void residuals(Denoiser prior, Batch batch, float[] estimate) {
		int n = batch.shape().n(), d = operator.inputSize(), m = operator.outputSize();
		float[] base = estimate.clone(), residual = new float[n * m], back = new float[m], direction = new float[n * d];
		for (int s = 0; s < n; s++) {
			operator.apply(base, s * d, residual, s * m);
			weigh(residual, s * m);
			subtractFromMeasurement(residual, s * m);
		}
		List<float[]> products = new ArrayList<>(), images = new ArrayList<>();
		boolean[] done = new boolean[n];
		for (int k = 0; k < iterations && !all(done); k++) {
			float[] product = new float[n * d], image = new float[n * m];
			for (int s = 0; s < n; s++) {
				System.arraycopy(residual, s * m, back, 0, m);
				weigh(back, 0);
				operator.adjoint(back, 0, direction, s * d);
			}
			covariance(prior, batch, base, direction, product);
			for (int s = 0; s < n; s++) {
				operator.apply(product, s * d, image, s * m);
				weigh(image, s * m);
				add(image, 1, residual, s * m, m);
				for (int j = 0; j < k; j++) {
					double square = dot(images.get(j), images.get(j), s * m, m);
					double along = square == 0 ? 0 : dot(image, images.get(j), s * m, m) / square;
					add(image, -along, images.get(j), s * m, m);
					add(product, -along, products.get(j), s * d, d);
				}
				double square = dot(image, image, s * m, m), step = done[s] || square == 0 ? 0 : dot(residual, image, s * m, m) / square;
				done[s] |= !(step > 0);
				add(estimate, done[s] ? 0 : step, product, s * d, d);
				add(residual, done[s] ? 0 : -step, image, s * m, m);
			}
			products.add(product);
			images.add(image);
		}
	}

	private static void add(float[] to, double factor, float[] what, int from, int size) {
		float by = (float) factor;
		Runs.of(from, from + size, (first, end) -> {
			for (int i = first; i < end; i++)
				to[i] += by * what[i];
		});
	}

	/** Turns what begins at {@code from} into what is left of the measurement without it. */
	private void subtractFromMeasurement(float[] what, int from) {
		Runs.of(y.length, (first, end) -> {
			for (int i = first; i < end; i++)
				what[from + i] = y[i] - what[from + i];
		});
	}

	/** Divides the measurement that begins at {@code from} by its standard deviations. */
	private void weigh(float[] measurement, int from) {
		if (weights != null)
			Runs.of(weights.length, (first, end) -> {
				for (int i = first; i < end; i++)
					measurement[from + i] *= weights[i];
			});
	}

	/** V·v = σ²·∇D·v for every sample. */
	private void covariance(Denoiser prior, Batch batch, float[] base, float[] v, float[] out) {
		prior.derivative(batch, v, difference == Difference.FORWARD ? base : null, out);
		int d = operator.inputSize();
		for (int s = 0; s < batch.shape().n(); s++) {
			float variance = (float) (batch.sigma()[s] * batch.sigma()[s]);
			Runs.of(s * d, (s + 1) * d, (from, to) -> {
				for (int i = from; i < to; i++)
					out[i] *= variance;
			});
		}
	}

	private static double dot(float[] a, float[] b, int from, int size) {
		return Runs.sum(from, from + size, (first, end) -> {
			double sum = 0;
			for (int i = first; i < end; i++)
				sum += (double) a[i] * b[i];
			return sum;
		});
	}

	private static boolean all(boolean[] flags) {
		for (boolean f : flags)
			if (!f)
				return false;
		return true;
	}
}
