package io.github.tweedie.bench;

import java.util.Locale;
import java.util.function.BiConsumer;

import io.github.tweedie.sde.Shape;

/**
 * Classical denoisers, each tuned by an oracle: of all results on a grid of parameters, the one nearest to the truth, of each
 * image by itself. So they are shown better than anyone could use them, and never worse for a wrong setting.
 */
enum Classical {

	/**
	 * Patches of 3×3, 5×5 and 7×7 pixels, beyond σ = 0.25 of 5×5, 7×7 and 11×11; searches of 11×11 and 21×21; h = 1.6 σ, divided by
	 * √2 up to four times.
	 */
	NON_LOCAL_MEANS("non-local means") {

		@Override
		void variants(Shape shape, float[] noisy, double sigma, BiConsumer<String, float[]> each) {
			for (int patch : sigma > 0.25 ? new int[] { 2, 3, 5 } : new int[] { 1, 2, 3 })
				for (int search : new int[] { 5, 10 }) {
					float[][] out = NonLocalMeans.denoise(shape, noisy, sigma, patch, search, 1.6 * sigma, 5);
					for (int k = 0; k < out.length; k++)
						each.accept(label("patch %d, search %d, h %.2f sigma", patch, search, 1.6 / Math.pow(2, k / 2.0)), out[k]);
				}
		}
	},

	/** Standard deviations from 0.35 to 5 pixels. */
	GAUSSIAN("Gaussian") {

		@Override
		void variants(Shape shape, float[] noisy, double sigma, BiConsumer<String, float[]> each) {
			for (double width = 0.35; width < 5.1; width *= 1.16)
				each.accept(label("%.2f pixels", width), GaussianBlur.denoise(shape, noisy, width));
		}
	},

	/** λ from 0.15 to 4 σ. */
	TOTAL_VARIATION("total variation") {

		@Override
		void variants(Shape shape, float[] noisy, double sigma, BiConsumer<String, float[]> each) {
			TotalVariation variation = new TotalVariation(shape, noisy);
			for (double factor = 0.15; factor < 4.1; factor *= 1.3)
				each.accept(label("lambda %.2f sigma", factor), variation.denoise(factor * sigma, 150, 0.005));
		}
	},

	/** Windows of 3×3, 5×5 and 7×7 pixels. */
	MEDIAN("median") {

		@Override
		void variants(Shape shape, float[] noisy, double sigma, BiConsumer<String, float[]> each) {
			for (int radius = 1; radius <= 3; radius++)
				each.accept(label("radius %d", radius), Median.denoise(shape, noisy, radius));
		}
	};

	/** Name in tables. */
	final String title;

	Classical(String title) {
		this.title = title;
	}

	/** What the oracle chose: the image, how it was made, and its sum of squared errors. */
	record Tuned(float[] image, String parameters, double squares) {}

	/**
	 * All results on the grid.
	 *
	 * @param shape 1×C×Y×X
	 * @param noisy unchanged
	 * @param sigma standard deviation of its noise
	 * @param each told of the parameters and the result
	 */
	abstract void variants(Shape shape, float[] noisy, double sigma, BiConsumer<String, float[]> each);

	/** The result with the least squared error. */
	Tuned best(Shape shape, float[] noisy, double sigma, float[] truth) {
		Tuned[] best = { null };
		variants(shape, noisy, sigma, (parameters, image) -> {
			double squares = 0;
			for (int i = 0; i < image.length; i++)
				squares += Math.pow((double) image[i] - truth[i], 2);
			if (best[0] == null || squares < best[0].squares)
				best[0] = new Tuned(image, parameters, squares);
		});
		return best[0];
	}

	private static String label(String format, Object... values) {
		return String.format(Locale.ROOT, format, values);
	}
}
