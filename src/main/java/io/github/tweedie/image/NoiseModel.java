package io.github.tweedie.image;

/**
 * The noise of a camera: variance = a·z + b at the expected grey level z (Foi et al. 2008, eq. 2). For grey levels gain·photons +
 * offset with read noise σ, a is the gain and b = σ² − gain·offset, which may be negative. a = 0 is Gaussian noise.
 *
 * @param a grey levels per photon; below 0 in an inverted image, whose noise falls with brightness
 * @param b grey levels squared
 * @param readNoise σ in grey levels, or NaN where it is not known: a and b do not tell it
 */
public record NoiseModel(double a, double b, double readNoise) {

	/**
	 * @throws IllegalArgumentException if a is 0 and b negative, or either is not a number, or the read noise is negative
	 */
	public NoiseModel {
		if (!Double.isFinite(a) || !Double.isFinite(b) || a == 0 && b < 0)
			throw new IllegalArgumentException("A noise variance of " + a + "·z + " + b
				+ " was seen; both must be numbers, and with a slope of 0 the variance must not be negative.");
		if (readNoise < 0 || Double.isInfinite(readNoise))
			throw new IllegalArgumentException("A read noise of " + readNoise + " grey levels was seen; it must be 0 or more.");
	}

	/** Of unknown read noise. */
	public NoiseModel(double a, double b) {
		this(a, b, Double.NaN);
	}

	/** Gaussian noise of a standard deviation in grey levels. */
	public static NoiseModel gaussian(double sigma) {
		return new NoiseModel(0, sigma * sigma);
	}

	/** Noise of a camera whose data sheet, or a dark frame, tells the gain, the offset and the read noise, all in grey levels. */
	public static NoiseModel camera(double gain, double offset, double readNoise) {
		return new NoiseModel(gain, readNoise * readNoise - gain * offset, readNoise);
	}

	/** That of the means of so many pixels each, whose noise is independent. */
	public NoiseModel averaged(int pixels) {
		return new NoiseModel(a / pixels, b / pixels, readNoise / Math.sqrt(pixels));
	}

	/** That of the same image with all grey levels times -1. */
	public NoiseModel inverted() {
		return new NoiseModel(-a, b, readNoise);
	}

	/** With so much more variance everywhere, such as that of rounding. */
	NoiseModel plus(double variance) {
		return new NoiseModel(a, b + variance, Math.sqrt(readNoise * readNoise + variance));
	}

	/** Variance at an expected grey level, in grey levels squared; 0 beyond the level where the model ends. */
	public double variance(double z) {
		return Math.max(0, a * z + b);
	}

	/** Standard deviation at an expected grey level, in grey levels. */
	public double deviation(double z) {
		return Math.sqrt(variance(z));
	}
}
