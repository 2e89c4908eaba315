package io.github.tweedie.bench;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.PoissonSampler;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler.NormalizedGaussian;

import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;

/**
 * A camera with Poisson–Gaussian noise; with a gain of 0, Gaussian noise alone.
 *
 * @param gain grey levels per photon
 * @param offset grey level without light
 * @param readNoise standard deviation, grey levels
 */
public record Camera(double gain, double offset, double readNoise) {

	/** Its true noise. */
	public NoiseModel noise() {
		return NoiseModel.camera(gain, offset, readNoise);
	}

	/**
	 * @param light expected grey levels above the offset
	 * @return noisy grey levels, not rounded
	 */
	public float[] expose(float[] light, long seed) {
		UniformRandomProvider random = new Noise(seed).generator(Purpose.PROBE, 1, 0, 0);
		NormalizedGaussian gaussian = NormalizedGaussian.of(random);
		float[] grey = new float[light.length];
		for (int i = 0; i < grey.length; i++) {
			double counted = gain > 0 ? gain * photons(light[i] / gain, random, gaussian) : light[i];
			grey[i] = (float) (counted + offset + readNoise * gaussian.sample());
		}
		return grey;
	}

	private static double photons(double mean, UniformRandomProvider random, NormalizedGaussian gaussian) {
		// NB: the sampler counts up to the mean; for so many photons a normal number is as good.
		return mean > 5000 ? mean + Math.sqrt(mean) * gaussian.sample() : mean > 0 ? PoissonSampler.of(random, mean).sample() : 0;
	}
}
