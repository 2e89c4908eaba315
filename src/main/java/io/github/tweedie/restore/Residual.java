package io.github.tweedie.restore;

/**
 * What was taken out of a noisy plane, in units of the noise that was expected: of noise alone it has a standard deviation of
 * about 1 and neighbours that know nothing of each other.
 *
 * @param deviation standard deviation, 1 if as much was taken as the noise holds
 * @param correlation of horizontal and vertical neighbours, 0 for noise that is independent from pixel to pixel
 */
public record Residual(double deviation, double correlation) {

	/** Of an image without noise nothing is taken away. */
	static final Residual NONE = new Residual(1, 0);

	private static final double LEAST = 0.75, MOST = 1.15, ALIKE = 0.15;

	/**
	 * @param noisy Y×X, in units in which the noise is the same everywhere
	 * @param clean Y×X, in the same units
	 * @param width X
	 * @param deviation standard deviation of the noise in these units
	 */
	static Residual of(float[] noisy, float[] clean, int width, double deviation) {
		double sum = 0, squares = 0, products = 0;
		long pairs = 0;
		for (int i = 0; i < noisy.length; i++)
			sum += noisy[i] - clean[i];
		double mean = sum / noisy.length;
		for (int i = 0; i < noisy.length; i++) {
			double r = noisy[i] - clean[i] - mean;
			squares += r * r;
			if ((i + 1) % width != 0) {
				products += r * (noisy[i + 1] - clean[i + 1] - mean);
				pairs++;
			}
			if (i + width < noisy.length) {
				products += r * (noisy[i + width] - clean[i + width] - mean);
				pairs++;
			}
		}
		double variance = squares / noisy.length;
		return new Residual(Math.sqrt(variance) / deviation, variance == 0 || pairs == 0 ? 0 : products / pairs / variance);
	}

	/** What a residual says of the result. */
	public enum Verdict {
		AS_EXPECTED(""),
		TOO_MUCH("more was taken away than the noise explains: structure was lost, or the noise is stronger than was thought; "
			+ "look at the residual."),
		CORRELATED("what was taken away is alike in neighbouring pixels: structure was lost, or the noise is not independent from "
			+ "pixel to pixel; look at the residual."),
		TOO_LITTLE("less was taken away than the noise explains: noise was left, or it is weaker than was thought.");

		private final String sentence;

		Verdict(String sentence) {
			this.sentence = sentence;
		}

		/** The end of a sentence for the user; empty if all is as expected. */
		public String sentence() {
			return sentence;
		}
	}

	public Verdict verdict() {
		return deviation > MOST ? Verdict.TOO_MUCH : correlation > ALIKE ? Verdict.CORRELATED : deviation < LEAST ? Verdict.TOO_LITTLE
			: Verdict.AS_EXPECTED;
	}
}
