package io.github.tweedie.bench;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * A linear map of blocks of 8×8 pixels, the same along rows and columns, in which white noise of variance 1 has the variance 1;
 * and Haar's wavelets across stacks of such blocks.
 */
final class BlockTransform {

	static final int SIDE = 8, AREA = SIDE * SIDE;

	/** Cosines of the second kind; orthonormal. */
	static final BlockTransform COSINE = new BlockTransform(cosines());
	/** Biorthogonal spline wavelets 1.5 on three scales, periodic; each row of unit norm. */
	static final BlockTransform WAVELET = new BlockTransform(wavelets());

	private static final float ROOT = (float) Math.sqrt(0.5);

	private final float[] forward = new float[AREA], inverse = new float[AREA];

	/** @param rows each makes one coefficient of eight numbers */
	private BlockTransform(double[][] rows) {
		RealMatrix there = new Array2DRowRealMatrix(rows), back = new LUDecomposition(there).getSolver().getInverse();
		for (int i = 0; i < AREA; i++) {
			forward[i] = (float) there.getEntry(i / SIDE, i % SIDE);
			inverse[i] = (float) back.getEntry(i / SIDE, i % SIDE);
		}
	}

	private static double[][] cosines() {
		double[][] rows = new double[SIDE][SIDE];
		for (int k = 0; k < SIDE; k++)
			for (int i = 0; i < SIDE; i++)
				rows[k][i] = Math.sqrt((k == 0 ? 1.0 : 2.0) / SIDE) * Math.cos(Math.PI * (i + 0.5) * k / SIDE);
		return rows;
	}

	private static double[][] wavelets() {
		double[][] rows = new double[SIDE][SIDE];
		for (int i = 0; i < SIDE; i++)
			rows[i][i] = 1;
		for (int n = SIDE; n > 1; n /= 2)
			split(rows, n);
		for (double[] row : rows) {
			double norm = Math.sqrt(Arrays.stream(row).map(v -> v * v).sum());
			for (int i = 0; i < SIDE; i++)
				row[i] /= norm;
		}
		return rows;
	}

	/** The first n numbers, each given by its row, become n/2 smooth ones and n/2 details, but for factors. */
	private static void split(double[][] rows, int n) {
		double[] smooth = { 3, -3, -22, 22, 128, 128, 22, -22, -3, 3 };
		double[][] out = new double[n][SIDE];
		for (int k = 0; k < n / 2; k++)
			for (int i = 0; i < SIDE; i++) {
				for (int j = 0; j < smooth.length; j++)
					out[k][i] += smooth[j] * rows[Math.floorMod(2 * k + j - 4, n)][i];
				out[n / 2 + k][i] = rows[2 * k][i] - rows[2 * k + 1][i];
			}
		System.arraycopy(out, 0, rows, 0, n);
	}

	/** Coefficients of all blocks, 64 of each, in the order of their upper left pixels. */
	float[] ofBlocks(float[] image, int width, int height) {
		int across = width - SIDE + 1, down = height - SIDE + 1;
		float[] all = new float[across * down * AREA];
		IntStream.range(0, down).parallel().forEach(y -> {
			float[] pixels = new float[AREA], out = new float[AREA];
			for (int x = 0; x < across; x++) {
				for (int row = 0; row < SIDE; row++)
					System.arraycopy(image, (y + row) * width + x, pixels, row * SIDE, SIDE);
				apply(forward, pixels, 0, out);
				System.arraycopy(out, 0, all, (y * across + x) * AREA, AREA);
			}
		});
		return all;
	}

	/** Pixels of the block whose coefficients begin at an index. */
	void inverse(float[] coefficients, int from, float[] pixels) {
		apply(inverse, coefficients, from, pixels);
	}

	/** M·B·Mᵀ. */
	private static void apply(float[] matrix, float[] block, int from, float[] out) {
		float[] half = new float[AREA];
		for (int r = 0; r < SIDE; r++)
			for (int k = 0; k < SIDE; k++) {
				float m = matrix[r * SIDE + k];
				for (int c = 0; c < SIDE; c++)
					half[r * SIDE + c] += m * block[from + k * SIDE + c];
			}
		for (int r = 0; r < SIDE; r++)
			for (int c = 0; c < SIDE; c++) {
				float sum = 0;
				for (int k = 0; k < SIDE; k++)
					sum += half[r * SIDE + k] * matrix[c * SIDE + k];
				out[r * SIDE + c] = sum;
			}
	}

	/** Across a stack of n blocks, n a power of two; in place, orthonormal: the means first, details from coarse to fine behind. */
	static void haar(float[] stack, int n) {
		float[] details = new float[n / 2 * AREA];
		for (int half = n / 2; half > 0; half /= 2) {
			for (int k = 0; k < half * AREA; k++) {
				int pair = k + k / AREA * AREA;
				float a = stack[pair], b = stack[pair + AREA];
				stack[k] = ROOT * (a + b);
				details[k] = ROOT * (a - b);
			}
			System.arraycopy(details, 0, stack, half * AREA, half * AREA);
		}
	}

	/** Undoes {@link #haar}. */
	static void inverseHaar(float[] stack, int n) {
		float[] out = new float[n * AREA];
		for (int half = 1; half < n; half *= 2) {
			for (int k = 0; k < half * AREA; k++) {
				int pair = k + k / AREA * AREA;
				float a = stack[k], b = stack[k + half * AREA];
				out[pair] = ROOT * (a + b);
				out[pair + AREA] = ROOT * (a - b);
			}
			System.arraycopy(out, 0, stack, 0, 2 * half * AREA);
		}
	}
}
