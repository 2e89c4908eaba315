package io.github.tweedie.restore;

import java.util.Arrays;
import java.util.BitSet;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

import io.github.tweedie.image.HotPixels;
import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.image.Plateaus;
import io.github.tweedie.image.VarianceStabilizer;
import io.github.tweedie.image.Whitening;
import io.github.tweedie.inverse.Mask;
import io.github.tweedie.inverse.MomentMatching;
import io.github.tweedie.inverse.MomentMatching.Difference;
import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

/**
 * A noisy plane as the prior is to see it, a sample of the forward diffusion at one level σ, and the way back to grey levels.
 *
 * @param data Y×X in the prior's data range: the clean plane plus noise of standard deviation σ
 * @param low grey level that became the lower end of that range
 * @param high grey level that became the upper end of that range
 * @param sigma σ in the prior's units
 * @param condition what the level σ does not tell of the noise
 * @param stable from a clean plane in the prior's data range, Y×X, to a new one in which the noise of the camera is the same
 *        everywhere
 * @param back from there to grey levels; may use the same array
 * @param judge of what was taken away
 * @param replaced indices of the pixels that were taken for hot or dead ones, and replaced
 * @param even indices of the pixels that keep their grey level: in areas of one, or too dark for a camera
 */
record NoisyPlane(float[] data, double low, double high, double sigma, Conditioner condition, UnaryOperator<float[]> stable,
	UnaryOperator<float[]> back, Judge judge, int[] replaced, int[] even)
{

	/** Judges what was taken away. */
	interface Judge {

		/**
		 * @param clean Y×X in the prior's data range
		 * @param stable what {@link NoisyPlane#stable} makes of it
		 * @param inside Y×X, the pixels that count; null for all
		 */
		Residual apply(float[] clean, float[] stable, boolean[] inside);
	}

	/** Pixels side by side that are dead. */
	private static final int MOST_DEAD = 6;
	/** Of the mean variance: no pixel is known better, since its estimate may be wrong. */
	private static final double LEAST_SHARE = 1e-2;

	/**
	 * Stabilised: the noise of every pixel has the same strength, and is white after {@link Whitening}; {@link Plateaus} get such noise,
	 * too, and their own grey levels back.
	 *
	 * @param grey Y×X grey levels; unchanged
	 * @param inflation factor by which the noise is taken for stronger
	 */
	static NoisyPlane stabilised(Prior prior, float[] grey, int width, NoiseModel noise, Whitening whitening, double inflation) {
		BitSet even = even(grey, width, noise);
		float[] seen = lifted(grey, even), raw = new float[grey.length];
		VarianceStabilizer stabilizer = VarianceStabilizer.of(noise, IntensityScale.darkest(seen, width));
		stabilizer.forward(seen, raw);
		int[] hot = HotPixels.find(raw, width);
		float[] stable = whitening.whitened(HotPixels.without(raw, width, hot), width);
		double unit = whitening.deviation();
		if (!even.isEmpty())
			makeNoisy(stable, raw, width, even, unit);
		IntensityScale scale = IntensityScale.ofNoisy(stable, width, unit);
		float[] data = scale.toData(stable, prior.low(), prior.high());
		double sigma = inflation * scale.toData(unit, prior.low(), prior.high());
		return new NoisyPlane(data, stabilizer.inverse(scale.low()), stabilizer.inverse(scale.high()), sigma, Conditioner.NONE,
			clean -> whitening.coloured(scale.toGrey(clean, prior.low(), prior.high()), width), out -> {
			stabilizer.inverse(out, out);
			even.stream().forEach(i -> out[i] = grey[i]);
			return out;
		}, (clean, means, inside) -> {
			boolean[] judged = without(even, inside, data.length);
			double deviation = unit * stabilizer.deviation(some(means, judged));
			return Residual.of(data, clean, width, scale.toData(deviation, prior.low(), prior.high()), judged);
		}, hot, even.stream().toArray());
	}

	/** The pixels that keep their grey level: in areas of one, or too dark for a camera. */
	static BitSet even(float[] grey, int width, NoiseModel noise) {
		BitSet even = Plateaus.find(grey, width);
		for (int i : even.stream().toArray())
			if (photonsAreRare(noise, grey[i]))
				even.clear(i);
		if (noise.a() > 0)
			addUnexplained(even, grey, width, noise);
		return even;
	}

	/**
	 * A canvas far from all that was measured would take the range of the prior for itself: what comes back as it was counts as dark
	 * at the least, and as the brightest of the rest at most.
	 */
	private static float[] lifted(float[] grey, BitSet even) {
		if (even.isEmpty() || even.cardinality() == grey.length)
			return grey;
		boolean[] hidden = new boolean[grey.length];
		even.stream().forEach(i -> hidden[i] = true);
		float dark = (float) IntensityScale.darkest(grey, hidden), bright = dark;
		for (int i = even.nextClearBit(0); i < grey.length; i = even.nextClearBit(i + 1))
			bright = Math.max(bright, grey[i]);
		float most = bright;
		float[] lifted = grey.clone();
		even.stream().forEach(i -> lifted[i] = Math.min(most, Math.max(dark, grey[i])));
		return lifted;
	}

	/** Of plateaus nothing is taken away. */
	private static boolean[] without(BitSet even, boolean[] inside, int count) {
		if (even.isEmpty())
			return inside;
		boolean[] rest = new boolean[count];
		for (int i = 0; i < count; i++)
			rest[i] = (inside == null || inside[i]) && !even.get(i);
		return rest;
	}

	/** @param which null for all */
	private static float[] some(float[] values, boolean[] which) {
		if (which == null)
			return values;
		float[] some = new float[values.length];
		int count = 0;
		for (int i = 0; i < values.length; i++)
			if (which[i])
				some[count++] = values[i];
		return Arrays.copyOf(some, count);
	}

	/** Whether so few photons come that pixels without any lie side by side; no dark end that was cleared or cut off does. */
	private static boolean photonsAreRare(NoiseModel noise, float level) {
		return noise.a() * level + noise.b() >= 0 && noise.deviation(level) < noise.a() / 2;
	}

	/**
	 * Adds what is too dark for a camera, unless it is as small as dead pixels are: the canvas that a registered image left free, its
	 * narrow corners where an image was turned, and where its border mixed with the canvas. Without light grey levels are N(o, r²), and
	 * the variance is a·o + b = r²; six standard deviations below o it is r² − 6·a·r by the model, which is −9·a² at least.
	 */
	private static void addUnexplained(BitSet even, float[] grey, int width, NoiseModel noise) {
		float least = (float) (-9 * noise.a() - noise.b() / noise.a());
		BitSet left = new BitSet();
		for (int i = 0; i < grey.length; i++)
			if (grey[i] < least)
				left.set(i);
		int[] area = new int[left.cardinality()];
		for (int first = left.nextSetBit(0); first >= 0; first = left.nextSetBit(first)) {
			int size = takeConnected(left, first, width, grey.length / width, area);
			if (size > MOST_DEAD)
				IntStream.of(area).limit(size).forEach(even::set);
		}
	}

	/** Takes what is reached from a pixel of a set by steps to the eight neighbours out of it; the number of pixels. */
	private static int takeConnected(BitSet set, int first, int width, int height, int[] taken) {
		int size = 0;
		set.clear(first);
		taken[size++] = first;
		for (int n = 0; n < size; n++) {
			int row = taken[n] / width, column = taken[n] % width;
			for (int y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++)
				for (int x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++)
					if (set.get(y * width + x)) {
						set.clear(y * width + x);
						taken[size++] = y * width + x;
					}
		}
		return size;
	}

	/** Where there is no noise, it is added: without, pixels are what no denoiser was made for. */
	private static void makeNoisy(float[] plane, float[] without, int width, BitSet where, double deviation) {
		float[] noise = new float[plane.length];
		new Noise(1).fill(Noise.Purpose.PLATEAU, 0, new int[] { 0 }, Shape.planes(1, 1, plane.length / width, width), noise);
		// NB: whitening has spread noise from beside these pixels over them.
		where.stream().forEach(i -> plane[i] = without[i] + (float) deviation * noise[i]);
	}

	/**
	 * In linear units, where the noise of each pixel i has its own standard deviation s_i. The noisy plane is taken for a sample at
	 * σ = max s_i; what the quieter pixels know beyond that, a precision of 1/s_i² − 1/σ², is a second measurement of the same values,
	 * with which {@link MomentMatching} conditions the prior. Since N(y; x, s²) is N(y; x, σ²) times a normal density of that
	 * precision around the same y, nothing is counted twice; it is exact for a Gaussian prior.
	 *
	 * @param grey Y×X grey levels; unchanged
	 * @param estimate of the clean plane, Y×X grey levels, which tells the variances
	 * @param iterations of the conjugate gradients
	 */
	static NoisyPlane linear(Prior prior, float[] grey, int width, NoiseModel noise, float[] estimate, int[] replaced, double inflation,
		int iterations)
	{
		double darkest = IntensityScale.darkest(grey, width), mean = 0;
		double[] variance = new double[grey.length];
		for (int i = 0; i < grey.length; i++) {
			variance[i] = noise.variance(Math.max(darkest, estimate[i]));
			mean += variance[i] / grey.length;
		}
		IntensityScale scale = IntensityScale.ofNoisy(grey, width, Math.sqrt(mean));
		double unit = inflation * scale.toData(1, prior.low(), prior.high()), most = 0, least = LEAST_SHARE * mean;
		float[] deviation = new float[grey.length], rest = new float[grey.length];
		for (int i = 0; i < grey.length; i++) {
			deviation[i] = (float) (unit * Math.sqrt(Math.max(least, variance[i])));
			most = Math.max(most, deviation[i]);
		}
		double sigma = most;
		for (int i = 0; i < grey.length; i++)
			rest[i] = (float) (1 / (1 / ((double) deviation[i] * deviation[i]) - 1 / (sigma * sigma)));
		float[] data = scale.toData(grey, prior.low(), prior.high());
		Conditioner matching = new MomentMatching(new Mask(new boolean[grey.length]), data, rest, iterations, Difference.FORWARD);
		return new NoisyPlane(data, scale.low(), scale.high(), sigma, matching, clean -> scale.toGrey(clean, prior.low(), prior.high()), out -> out,
			(clean, means, inside) -> {
			float[] a = new float[data.length], b = new float[data.length];
			for (int i = 0; i < data.length; i++) {
				a[i] = (float) inflation * data[i] / deviation[i];
				b[i] = (float) inflation * clean[i] / deviation[i];
			}
			return Residual.of(a, b, width, 1, inside);
		}, replaced, new int[0]);
	}
}
