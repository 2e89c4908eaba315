package io.github.tweedie.bench;

import io.github.tweedie.sde.Shape;

/**
 * Denoising by total variation (Rudin, Osher and Fatemi 1992): the minimiser u of ½·‖u − f‖² + λ·TV(u), by the projection of
 * Chambolle (2004, eq. 9): u = f − λ·div p, with p ← (p + τ·∇(div p − f/λ)) / (1 + τ·|∇(div p − f/λ)|). TV is the sum over the
 * pixels of the length of the gradient of all channels together, with differences to the right and below, none across the border.
 */
final class TotalVariation {

	private static final double STEP = 0.25;

	private final Shape shape;
	private final float[] image, right, down, divergence;

	/**
	 * @param shape 1×C×Y×X
	 * @param image f, C·Y·X values, unchanged
	 */
	TotalVariation(Shape shape, float[] image) {
		this.shape = shape;
		this.image = image;
		right = new float[image.length];
		down = new float[image.length];
		divergence = new float[image.length];
	}

	/**
	 * Goes on from the p of the last call, which is near if λ is.
	 *
	 * @param lambda λ &gt; 0, in the units of the image
	 * @param iterations at most; ends before when p changes by less than {@code tolerance} anywhere
	 */
	float[] denoise(double lambda, int iterations, double tolerance) {
		for (int k = 0; k < iterations; k++)
			if (iterate(lambda) < tolerance)
				break;
		diverge();
		float[] out = new float[image.length];
		for (int i = 0; i < out.length; i++)
			out[i] = (float) (image[i] - lambda * divergence[i]);
		return out;
	}

	/** @return the largest change of p */
	private double iterate(double lambda) {
		diverge();
		int w = shape.x(), h = shape.y(), pixels = w * h;
		float inverse = (float) (1 / lambda);
		float[] gx = new float[shape.c()], gy = new float[shape.c()];
		double largest = 0;
		for (int i = 0; i < pixels; i++) {
			boolean last = i % w == w - 1, lowest = i / w == h - 1;
			double square = 0;
			for (int c = 0, j = i; c < gx.length; c++, j += pixels) {
				float here = divergence[j] - image[j] * inverse;
				gx[c] = last ? 0 : divergence[j + 1] - image[j + 1] * inverse - here;
				gy[c] = lowest ? 0 : divergence[j + w] - image[j + w] * inverse - here;
				square += gx[c] * gx[c] + gy[c] * gy[c];
			}
			float scale = (float) (1 / (1 + STEP * Math.sqrt(square)));
			for (int c = 0, j = i; c < gx.length; c++, j += pixels) {
				float x = (float) (right[j] + STEP * gx[c]) * scale, y = (float) (down[j] + STEP * gy[c]) * scale;
				largest = Math.max(largest, Math.max(Math.abs(x - right[j]), Math.abs(y - down[j])));
				right[j] = x;
				down[j] = y;
			}
		}
		return largest;
	}

	/** The negative adjoint of the gradient. */
	private void diverge() {
		int w = shape.x(), pixels = w * shape.y();
		for (int i = 0; i < image.length; i++) {
			float d = right[i] + down[i];
			if (i % w > 0)
				d -= right[i - 1];
			if (i % pixels >= w)
				d -= down[i - w];
			divergence[i] = d;
		}
	}
}
