package io.github.tweedie.image;

import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Power spectra of square blocks of planes that overlap by half. A plane is taken from each, and it fades out towards its border with a
 * sin² window along each axis (Welch 1967), so that structure of low frequencies does not leak to high ones. Only the frequencies
 * of at most one period in the block lose to the plane. Kept is the mean over both signs of a frequency along Y, for 0, 1, …
 * side/2 periods along each axis; white noise has its variance everywhere.
 *
 * @param side of a block, pixels, even
 */
record BlockSpectra(int side) {

	/** More blocks would make it slower but hardly better. */
	private static final int MOST = 2048;

	/** Part of the pixels of a block: fewer cut off no more of the noise than its strength is uncertain by. */
	private static final double MOST_CLIPPED = 0.02;

	/** Grey levels between which a pixel is not clipped. */
	record Range(float low, float high) {

		boolean holds(float value) {
			return value > low && value < high;
		}
	}

	/**
	 * @param part to which a block belongs when parts are left out; see {@link NoiseFit}
	 * @param level mean grey level
	 * @param power of each cell, one cell for each frequency along Y, then along X
	 */
	record Block(int part, double level, double[] power) {}

	/** Of all blocks with hardly a clipped pixel, or of as many, evenly spread. */
	Block[] of(int count, IntFunction<float[]> planes, IntFunction<Range> ranges, int width) {
		Tables tables = new Tables(side);
		return IntStream.range(0, count).boxed().flatMap(p -> {
			float[] plane = planes.apply(p);
			int step = side / 2, columns = (width - side) / step + 1, rows = (plane.length / width - side) / step + 1;
			long all = width < side || plane.length / width < side ? 0 : (long) columns * rows;
			long used = Math.min(all, Math.max(1, MOST / count));
			return IntStream.range(0, (int) used).parallel().mapToObj(i -> {
				long at = (i * all + p * all / count) / used;
				int left = (int) (at % columns) * step, top = (int) (at / columns) * step;
				int part = NoiseFit.part(top / (2 * side) * 4096 + left / (2 * side));
				return tables.block(plane, top * width + left, width, ranges.apply(p), part);
			}).toList().stream();
		}).filter(Objects::nonNull).toArray(Block[]::new);
	}

	// -- Cells --

	int cells() {
		return (side / 2 + 1) * (side / 2 + 1);
	}

	/** Periods in a block along X; along Y it is the quotient. */
	int alongX(int cell) {
		return cell % (side / 2 + 1);
	}

	int alongY(int cell) {
		return cell / (side / 2 + 1);
	}

	/** Periods in a block, along the wave. */
	double frequency(int cell) {
		return Math.hypot(alongX(cell), alongY(cell));
	}

	/** Of the plane that was taken away, and of all that varies no faster. */
	boolean flat(int cell) {
		return alongX(cell) <= 1 && alongY(cell) <= 1;
	}

	/** How many of the side×side frequencies a cell stands for. */
	int weight(int cell) {
		return (alongX(cell) % (side / 2) == 0 ? 1 : 2) * (alongY(cell) % (side / 2) == 0 ? 1 : 2);
	}

	/** Relative variance of the mean over cells of what white noise has there. */
	double spread(int[] cells) {
		double sum = 0, all = 0;
		for (int cell : cells) {
			all += weight(cell);
			sum += weight(cell) * covariance(cell, cells);
		}
		return sum / all;
	}

	/**
	 * Relative covariance of what white noise has in one cell with its mean over some: two signs of a frequency are one number, whose
	 * power has a relative variance of 1, and the window makes the amplitudes of neighbours along an axis alike by 2/3, those of the
	 * next by 1/6.
	 */
	double covariance(int cell, int[] cells) {
		double sum = 0, all = 0;
		for (int other : cells) {
			all += weight(other);
			sum += weight(other) * (alike(alongX(cell) - alongX(other)) + alike(alongX(cell) + alongX(other)))
				* (alike(alongY(cell) - alongY(other)) + alike(alongY(cell) + alongY(other))) / 2;
		}
		return sum / all;
	}

	/** Squared correlation of the amplitudes of frequencies that so many periods lie between, along an axis. */
	private double alike(int periods) {
		int distance = Math.min(Math.abs(periods), side - Math.abs(periods));
		return distance < ALIKE.length ? ALIKE[distance] : 0;
	}

	private static final double[] ALIKE = { 1, 4 / 9.0, 1 / 36.0 };

	/**
	 * Autocovariance of what has this mean power, up to a distance: that of the windowed block, over the window's own, which is what
	 * the window takes of each distance. A taper lets it fade, so that chance at large distances counts little.
	 *
	 * @param reach distance along either axis from which on it is 0, at most half of the side
	 */
	double[][] covariance(double[] power, int reach) {
		double[][] quadrant = new double[side / 2 + 1][side / 2 + 1];
		for (int cell = 0; cell < power.length; cell++)
			quadrant[alongY(cell)][alongX(cell)] = power[cell] / ((double) side * side);
		double[][] seen = new Cosines(side).transformed(quadrant), out = new double[reach][reach];
		Tables tables = new Tables(side);
		for (int dy = 0; dy < reach; dy++)
			for (int dx = 0; dx < reach; dx++)
				out[dy][dx] = seen[dy][dx] * taper(dx, reach) * taper(dy, reach) / (tables.kept(dx) * tables.kept(dy));
		return out;
	}

	/** 1 up to half of the reach, and from there to 0. */
	static double taper(int distance, int reach) {
		double c = Math.cos(Math.PI * Math.max(0, distance - reach / 2) / (2.0 * (reach - reach / 2)));
		return c * c;
	}

	/** Of a block's side. */
	private static final class Tables {

		private final int side, half;
		private final double middle, sum, squares, inertia;
		private final double[] window;
		private final double[][] cos, sin;

		Tables(int side) {
			this.side = side;
			half = side / 2;
			middle = (side - 1) / 2.0;
			window = IntStream.range(0, side).mapToDouble(i -> Math.pow(Math.sin(Math.PI * (i + 0.5) / side), 2)).toArray();
			sum = IntStream.range(0, side).mapToDouble(i -> window[i]).sum();
			squares = IntStream.range(0, side).mapToDouble(i -> window[i] * window[i]).sum();
			inertia = IntStream.range(0, side).mapToDouble(i -> window[i] * (i - middle) * (i - middle)).sum() / sum;
			cos = waves(Math::cos);
			sin = waves(Math::sin);
		}

		private double[][] waves(DoubleUnaryOperator wave) {
			return IntStream.rangeClosed(0, half).mapToObj(k -> IntStream.range(0, side)
				.mapToDouble(i -> wave.applyAsDouble(2 * Math.PI * k * i / side)).toArray()).toArray(double[][]::new);
		}

		/** Part of the products of two pixels at a distance along an axis that the window lets pass. */
		double kept(int distance) {
			return IntStream.range(0, side - distance).mapToDouble(i -> window[i] * window[i + distance]).sum() / squares;
		}

		/** @return null if too many pixels are clipped, one is not a number, or all are the same and have no noise */
		Block block(float[] plane, int from, int width, Range range, int part) {
			double[][] z = new double[side][side];
			double mean = 0, slopeX = 0, slopeY = 0;
			int clipped = 0;
			float first = plane[from];
			boolean constant = true;
			for (int y = 0; y < side; y++)
				for (int x = 0; x < side; x++) {
					float value = plane[from + y * width + x];
					clipped += range.holds(value) ? 0 : 1;
					constant &= value == first;
					double w = window[x] * window[y] / (sum * sum);
					z[y][x] = value;
					mean += w * value;
					slopeX += w * value * (x - middle) / inertia;
					slopeY += w * value * (y - middle) / inertia;
				}
			if (constant || !Double.isFinite(mean) || clipped > MOST_CLIPPED * side * side)
				return null;
			for (int y = 0; y < side; y++)
				for (int x = 0; x < side; x++)
					z[y][x] = window[x] * window[y] / squares * (z[y][x] - mean - slopeX * (x - middle) - slopeY * (y - middle));
			return new Block(part, mean, power(z));
		}

		private double[] power(double[][] z) {
			double[][] even = products(cos, z), odd = products(sin, z);
			double[] power = new double[(half + 1) * (half + 1)];
			for (double[][] along : new double[][][] { products(cos, even), products(sin, even), products(cos, odd), products(sin, odd) })
				for (int i = 0; i < power.length; i++)
					power[i] += along[i / (half + 1)][i % (half + 1)] * along[i / (half + 1)][i % (half + 1)];
			return power;
		}

		/** Products of each wave with each line; the line becomes the last index, so that the next product is along the other axis. */
		private double[][] products(double[][] waves, double[][] lines) {
			double[][] out = new double[waves.length][lines.length];
			for (int k = 0; k < waves.length; k++)
				for (int line = 0; line < lines.length; line++) {
					double product = 0;
					for (int i = 0; i < side; i++)
						product += waves[k][i] * lines[line][i];
					out[k][line] = product;
				}
			return out;
		}
	}
}
