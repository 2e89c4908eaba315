package io.github.tweedie.bench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.apache.commons.math3.special.Gamma;

import io.github.tweedie.sde.Shape;

/**
 * Denoising by collaborative filtering of similar blocks (BM3D; Dabov et al. 2007), with the parameters of Lebrun's analysis for
 * grey images (IPOL 2012): blocks of 8×8 pixels on every third row and column, searched for within 39×39 pixels. First step:
 * groups of at most 16, biorthogonal 1.5 wavelets in the blocks, hard thresholds of 2.7 σ. Second step: groups of at most 32,
 * matched in the result of the first, cosines in the blocks, Wiener's factors from the first result. Haar wavelets lie across the
 * group in both, and what overlaps is averaged with a Kaiser window.
 * <p>
 * The result does not depend on the number of threads: each row of reference blocks has its own sums, which are added in order.
 */
final class Bm3d {

	private static final int BLOCK = BlockTransform.SIDE, AREA = BlockTransform.AREA;
	private static final int STEP = 3, REACH = 19;
	private static final int HARD_GROUP = 16, WIENER_GROUP = 32;
	private static final double HARD_THRESHOLD = 2.7;
	private static final double KAISER = 2;
	/** On the scale of 255 grey levels, beyond which the noise is strong and similar blocks are harder to find. */
	private static final double STRONG = 40;
	private static final float[] WINDOW = window();

	private final int width, height, across, down;
	private final double sigma, unit;
	private final boolean strong;

	private Bm3d(Shape shape, double sigma, double range) {
		width = shape.x();
		height = shape.y();
		across = width - BLOCK + 1;
		down = height - BLOCK + 1;
		this.sigma = sigma;
		unit = range / 255;
		strong = sigma > STRONG * unit;
	}

	/**
	 * @param shape 1×1×Y×X, at least 8×8 pixels
	 * @param noisy Y·X values, 0 for black, unchanged; what hardly rises above the noise is drawn towards 0
	 * @param sigma standard deviation of the noise, in the units of the image
	 * @param range span of the image that stands for the 255 grey levels in which the paper measures distances
	 */
	static float[] denoise(Shape shape, float[] noisy, double sigma, double range) {
		Bm3d filter = new Bm3d(shape, sigma, range);
		return filter.wiener(noisy, filter.hard(noisy));
	}

	/** The first step alone. */
	private float[] hard(float[] noisy) {
		float[] cosines = BlockTransform.COSINE.ofBlocks(noisy, width, height);
		float[] wavelets = BlockTransform.WAVELET.ofBlocks(noisy, width, height);
		// NB: in strong noise, blocks are compared without what may be noise alone.
		if (strong)
			for (int i = 0; i < cosines.length; i++)
				if (Math.abs(cosines[i]) < 2 * sigma)
					cosines[i] = 0;
		double farthest = (strong ? 5000 : 2500) * unit * unit;
		return aggregate(noisy, y -> {
			Strip strip = new Strip(y);
			Group group = new Group(HARD_GROUP, cosines, farthest);
			float[] stack = new float[HARD_GROUP * AREA];
			for (int x : places(across)) {
				int n = group.find(y, x);
				group.read(wavelets, n, stack);
				BlockTransform.haar(stack, n);
				int kept = threshold(stack, n * AREA, (float) (HARD_THRESHOLD * sigma));
				BlockTransform.inverseHaar(stack, n);
				strip.add(group, n, stack, BlockTransform.WAVELET, 1.0 / Math.max(1, kept));
			}
			return strip;
		});
	}

	/** The second step, guided by the result of the first. */
	private float[] wiener(float[] noisy, float[] basic) {
		float[] guide = BlockTransform.COSINE.ofBlocks(basic, width, height);
		float[] cosines = BlockTransform.COSINE.ofBlocks(noisy, width, height);
		double farthest = (strong ? 3500 : 400) * unit * unit;
		return aggregate(noisy, y -> {
			Strip strip = new Strip(y);
			Group group = new Group(WIENER_GROUP, guide, farthest);
			float[] stack = new float[WIENER_GROUP * AREA], expected = new float[stack.length];
			for (int x : places(across)) {
				int n = group.find(y, x);
				group.read(cosines, n, stack);
				group.read(guide, n, expected);
				BlockTransform.haar(stack, n);
				BlockTransform.haar(expected, n);
				double squares = shrink(stack, expected, n * AREA);
				BlockTransform.inverseHaar(stack, n);
				strip.add(group, n, stack, BlockTransform.COSINE, 1 / Math.max(squares, 1e-6));
			}
			return strip;
		});
	}

	/** @return how many were kept */
	private static int threshold(float[] stack, int count, float least) {
		int kept = 0;
		for (int i = 0; i < count; i++)
			if (Math.abs(stack[i]) < least)
				stack[i] = 0;
			else
				kept++;
		return kept;
	}

	/** @return sum of the squared factors */
	private double shrink(float[] stack, float[] expected, int count) {
		float variance = (float) (sigma * sigma);
		double squares = 0;
		for (int i = 0; i < count; i++) {
			float energy = expected[i] * expected[i], factor = energy / (energy + variance);
			stack[i] *= factor;
			squares += factor * factor;
		}
		return squares;
	}

	/** Every third place, and the last. */
	private static int[] places(int count) {
		return IntStream.concat(IntStream.range(0, (count + STEP - 2) / STEP).map(i -> i * STEP), IntStream.of(count - 1)).toArray();
	}

	// -- groups --

	/** Blocks that are like a reference block, nearest first. */
	private final class Group {

		private final float[] features;
		private final double farthest;
		private final int[] at;
		private final float[] distance;

		/**
		 * @param most members
		 * @param features AREA numbers of each block
		 * @param farthest mean squared difference
		 */
		Group(int most, float[] features, double farthest) {
			this.features = features;
			this.farthest = farthest * AREA;
			at = new int[most];
			distance = new float[most];
		}

		/** @return the number of members, a power of two */
		int find(int y, int x) {
			int count = 1, reference = y * across + x;
			at[0] = reference;
			distance[0] = 0;
			float bound = (float) farthest;
			for (int v = Math.max(0, y - REACH); v <= Math.min(down - 1, y + REACH); v++)
				for (int u = Math.max(0, x - REACH); u <= Math.min(across - 1, x + REACH); u++) {
					int other = v * across + u;
					float d = other == reference ? Float.POSITIVE_INFINITY : distance(reference * AREA, other * AREA, bound);
					if (d >= bound)
						continue;
					count = Math.min(count + 1, at.length);
					insert(other, d, count);
					if (count == at.length)
						bound = Math.min(bound, distance[count - 1]);
				}
			return Integer.highestOneBit(count);
		}

		/** Or something above the bound. */
		private float distance(int a, int b, float bound) {
			float sum = 0;
			for (int row = 0; row < AREA && sum < bound; row += BLOCK)
				for (int i = row; i < row + BLOCK; i++) {
					float d = features[a + i] - features[b + i];
					sum += d * d;
				}
			return sum;
		}

		private void insert(int block, float d, int count) {
			int k = count - 1;
			for (; k > 1 && distance[k - 1] > d; k--) {
				distance[k] = distance[k - 1];
				at[k] = at[k - 1];
			}
			distance[k] = d;
			at[k] = block;
		}

		void read(float[] blocks, int count, float[] stack) {
			for (int k = 0; k < count; k++)
				System.arraycopy(blocks, at[k] * AREA, stack, k * AREA, AREA);
		}
	}

	// -- aggregation --

	@FunctionalInterface
	private interface Row {

		Strip filter(int y);
	}

	private float[] aggregate(float[] noisy, Row row) {
		List<Strip> strips = Arrays.stream(places(down)).parallel().mapToObj(row::filter).toList();
		double[] sums = new double[noisy.length], weights = new double[noisy.length];
		for (Strip strip : strips)
			for (int i = 0; i < strip.sums.length; i++) {
				sums[strip.first + i] += strip.sums[i];
				weights[strip.first + i] += strip.weights[i];
			}
		float[] out = new float[noisy.length];
		for (int i = 0; i < out.length; i++)
			out[i] = (float) (sums[i] / weights[i]);
		return out;
	}

	/** Weighted sums of the pixels that the blocks of a row of groups reach. */
	private final class Strip {

		private final int first;
		private final float[] sums, weights, pixels = new float[AREA];

		Strip(int y) {
			int top = Math.max(0, y - REACH), bottom = Math.min(height, y + REACH + BLOCK);
			first = top * width;
			sums = new float[(bottom - top) * width];
			weights = new float[sums.length];
		}

		void add(Group group, int count, float[] stack, BlockTransform transform, double weight) {
			for (int k = 0; k < count; k++) {
				transform.inverse(stack, k * AREA, pixels);
				int corner = group.at[k] / across * width + group.at[k] % across - first;
				for (int i = 0; i < AREA; i++) {
					int to = corner + i / BLOCK * width + i % BLOCK;
					float w = (float) weight * WINDOW[i];
					sums[to] += w * pixels[i];
					weights[to] += w;
				}
			}
		}
	}

	private static float[] window() {
		float[] window = new float[AREA];
		double[] side = IntStream.range(0, BLOCK).mapToDouble(i -> 2.0 * i / (BLOCK - 1) - 1)
			.map(t -> bessel(KAISER * Math.sqrt(1 - t * t)) / bessel(KAISER)).toArray();
		for (int i = 0; i < AREA; i++)
			window[i] = (float) (side[i / BLOCK] * side[i % BLOCK]);
		return window;
	}

	/** I₀ by its series. */
	private static double bessel(double x) {
		return IntStream.range(0, 30).mapToDouble(k -> Math.pow(x / 2, 2 * k) * Math.exp(-2 * Gamma.logGamma(k + 1.0))).sum();
	}
}
