package io.github.tweedie.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * A convolution with a small kernel that is even along both axes, as the sum of few filters that are each a product of one along X
 * and one along Y: the singular value decomposition of the kernel. The border is mirrored. Immutable and safe in any number of threads.
 */
final class EvenFilter {

	/** Of the largest singular value, and of the largest number of the kernel, what is left out. */
	private static final double NEGLIGIBLE = 1e-6;

	private record Product(float[] alongX, float[] alongY) {}

	private final List<Product> products = new ArrayList<>();

	/** @param quadrant of the kernel, by distance along Y, then along X, both from 0 on */
	EvenFilter(double[][] quadrant) {
		SingularValueDecomposition svd = new SingularValueDecomposition(new Array2DRowRealMatrix(quadrant));
		double[] values = svd.getSingularValues();
		for (int i = 0; i < values.length && values[i] > NEGLIGIBLE * values[0]; i++) {
			double root = Math.sqrt(values[i]);
			products.add(new Product(scaled(svd.getV().getColumn(i), root), scaled(svd.getU().getColumn(i), root)));
		}
	}

	private static float[] scaled(double[] taps, double factor) {
		double most = Arrays.stream(taps).map(Math::abs).max().orElse(0);
		int count = taps.length;
		while (count > 1 && Math.abs(taps[count - 1]) < NEGLIGIBLE * most)
			count--;
		float[] out = new float[count];
		for (int i = 0; i < count; i++)
			out[i] = (float) (factor * taps[i]);
		return out;
	}

	/** @param plane Y×X, unchanged */
	float[] applied(float[] plane, int width) {
		int height = plane.length / width;
		float[] out = new float[plane.length], between = new float[plane.length];
		for (Product product : products) {
			IntStream.range(0, height).parallel().forEach(y -> alongRow(plane, y * width, width, product.alongX, between));
			IntStream.range(0, height).parallel().forEach(y -> {
				for (int k = 0; k < product.alongY.length; k++) {
					add(between, mirrored(y - k, height) * width, product.alongY[k], out, y * width, width);
					if (k > 0)
						add(between, mirrored(y + k, height) * width, product.alongY[k], out, y * width, width);
				}
			});
		}
		return out;
	}

	private static void alongRow(float[] plane, int from, int width, float[] taps, float[] out) {
		int reach = taps.length - 1;
		float[] row = new float[width + 2 * reach], sum = new float[width];
		for (int i = 0; i < row.length; i++)
			row[i] = plane[from + mirrored(i - reach, width)];
		for (int k = 0; k <= reach; k++) {
			add(row, reach - k, taps[k], sum, 0, width);
			if (k > 0)
				add(row, reach + k, taps[k], sum, 0, width);
		}
		System.arraycopy(sum, 0, out, from, width);
	}

	private static void add(float[] from, int start, float factor, float[] to, int at, int count) {
		for (int i = 0; i < count; i++)
			to[at + i] += factor * from[start + i];
	}

	/** The pixel beyond the border is the one before it, and so on, to and fro. */
	private static int mirrored(int i, int count) {
		int j = Math.floorMod(i, 2 * count);
		return j < count ? j : 2 * count - 1 - j;
	}
}
