package io.github.tweedie.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.NoiseEstimate;
import io.github.tweedie.image.NoiseEstimator;
import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.image.VarianceStabilizer;
import io.github.tweedie.restore.Denoising;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

/**
 * A picture as a camera sees it, and what the camera's picture alone tells of its noise.
 *
 * @param grey Y×X whole grey levels of 16 bits
 * @param truth Y×X grey levels without noise
 * @param noise as it was estimated
 * @param correlation of the noise of neighbouring pixels, as it was estimated
 */
record Exposure(Setting setting, Shape shape, float[] grey, float[] truth, NoiseModel noise,
	NoiseEstimate.Correlation correlation)
{

	/**
	 * A camera and its light.
	 *
	 * @param kind of noise
	 * @param strength for people
	 * @param contrast grey levels between the dark and the bright end of a picture
	 */
	record Setting(String kind, String strength, Camera camera, double contrast) {

		static final String GAUSSIAN = "Gaussian", POISSON = "Poisson–Gaussian";
		static final double[] PERCENT = { 2.5, 5, 10, 20, 40 };
		static final int[] PHOTONS = { 1000, 300, 100, 30, 10 };
		static final double[] COUNTS = { 3, 1, 0.3 };
		/** Of the contrast; no specimen is quite dark. */
		private static final double BACKGROUND = 0.1;

		/** Of a standard deviation in percent of the contrast, which is 1000 grey levels. */
		static Setting gaussian(double percent) {
			// NB: an offset of five standard deviations of the strongest noise, so that nothing is cut off at 0.
			return new Setting(GAUSSIAN, String.format(Locale.ROOT, "σ = %s %%", percent == 2.5 ? "2.5" : (int) percent),
				new Camera(0, 2000, 10 * percent), 1000);
		}

		/** Of a contrast in photons, two grey levels each, with a read noise of 1.5 of them. */
		static Setting poisson(int photons) {
			return new Setting(POISSON, photons + " photons", new Camera(2, 100, 3), 2 * photons);
		}

		/** Of a contrast in photons, each of which is one grey level, without any other noise. */
		static Setting counted(double photons) {
			return new Setting("Counted photons", String.valueOf((float) photons), new Camera(1, 0, 0), photons);
		}

		static List<Setting> all() {
			List<Setting> all = new ArrayList<>();
			for (double percent : PERCENT)
				all.add(gaussian(percent));
			for (int photons : PHOTONS)
				all.add(poisson(photons));
			return all;
		}

		/** Expected grey levels above the offset. */
		private float[] light(float[] clean) {
			float[] light = new float[clean.length];
			for (int i = 0; i < light.length; i++)
				light[i] = (float) (contrast * Math.max(0, 0.5 * (clean[i] + 1) + BACKGROUND));
			return light;
		}

		/** Grey levels in the picture's own range, [−1, 1] but for its brightest and darkest pixels. */
		float[] data(float[] grey) {
			float[] data = new float[grey.length];
			for (int i = 0; i < data.length; i++)
				data[i] = (float) (2 * ((grey[i] - camera.offset()) / contrast - BACKGROUND) - 1);
			return data;
		}

		/** From 0, at −1, to a share of the contrast, at 1. */
		float[] uncertainty(float[] deviation, double white) {
			float[] shown = new float[deviation.length];
			for (int i = 0; i < shown.length; i++)
				shown[i] = (float) (2 * deviation[i] / (white * contrast) - 1);
			return shown;
		}

		@Override
		public String toString() {
			return kind + ", " + strength;
		}
	}

	static Exposure of(Picture picture, Setting setting, long seed) {
		float[] light = setting.light(picture.clean()), truth = light.clone();
		for (int i = 0; i < truth.length; i++)
			truth[i] += (float) setting.camera.offset();
		float[] grey = rounded(setting.camera.expose(light, seed));
		NoiseEstimate estimate = NoiseEstimator.estimate(grey, picture.shape().x());
		return new Exposure(setting, picture.shape(), grey, truth, estimate.model(), estimate.correlation());
	}

	/** As a camera of 16 bits writes it. */
	static float[] rounded(float[] grey) {
		for (int i = 0; i < grey.length; i++)
			grey[i] = (float) Math.max(0, Math.min(65535, Math.rint(grey[i])));
		return grey;
	}

	/** As the command does it, with some options. */
	Denoising.Plane denoised(Prior prior, UnaryOperator<Denoising.Builder> options) {
		return options.apply(Denoising.with(prior).correlation(correlation)).build().plane(grey, width(), noise, 0, Monitor.NONE);
	}

	/** As a method sees it that was told the camera. */
	Exposure told() {
		return new Exposure(setting, shape, grey, truth, setting.camera.noise(), NoiseEstimate.Correlation.UNKNOWN);
	}

	int width() {
		return shape.x();
	}

	/** dB, of the picture's range. */
	double psnr(float[] restored) {
		return DenoisingTable.psnr(setting.data(restored), setting.data(truth));
	}

	double ssim(float[] restored) {
		return Ssim.of(shape, setting.data(restored), setting.data(truth), 2);
	}

	/**
	 * With noise of the same strength everywhere, in [−1, 1]: what the network is given, too.
	 *
	 * @param data Y×X
	 * @param sigma standard deviation of the noise in the units of data
	 */
	record Stabilised(VarianceStabilizer stabilizer, IntensityScale scale, float[] data, double sigma) {

		/** Back to grey levels, without bias. */
		float[] grey(float[] restored) {
			float[] grey = scale.toGrey(restored, -1, 1);
			stabilizer.inverse(grey, grey);
			return grey;
		}
	}

	Stabilised stabilised() {
		VarianceStabilizer stabilizer = VarianceStabilizer.of(noise, IntensityScale.darkest(grey, width()));
		float[] stable = new float[grey.length];
		stabilizer.forward(grey, stable);
		IntensityScale scale = IntensityScale.ofNoisy(stable, width(), 1);
		return new Stabilised(stabilizer, scale, scale.toData(stable, -1, 1), scale.toData(1, -1, 1));
	}
}
