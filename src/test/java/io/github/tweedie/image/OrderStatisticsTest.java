package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;

import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;
import org.apache.commons.rng.UniformRandomProvider;
import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;

class OrderStatisticsTest {

	@Test
	void percentilesLieBetweenNeighbours() {
		OrderStatistics four = new OrderStatistics(new float[] { 4, 1, 3, 2 });
		assertEquals(1, four.percentile(0));
		assertEquals(2.5, four.percentile(50));
		assertEquals(3.25, four.percentile(75));
		assertEquals(4, four.percentile(100));
		assertEquals(7, new OrderStatistics(new float[] { 7 }).percentile(30));
	}

	/** Of both signs, of all magnitudes, many of them equal. */
	@Test
	void orderIsThatOfSorting() {
		UniformRandomProvider random = new Noise(1).generator(Purpose.PROBE, 0, 0, 0);
		float[] values = new float[3000];
		for (int i = 0; i < values.length; i++)
			values[i] = switch (i % 3) {
				case 0 -> random.nextInt(20) - 10;
				case 1 -> (float) ((random.nextFloat() - 0.5) * Math.pow(10, random.nextInt(60) - 30));
				default -> 1000 + random.nextFloat();
			};
		values[5] = Float.NEGATIVE_INFINITY;
		values[6] = Float.POSITIVE_INFINITY;
		float[] sorted = values.clone(), before = values.clone();
		Arrays.sort(sorted);
		OrderStatistics statistics = new OrderStatistics(values);
		for (int rank = 0; rank < values.length; rank++)
			assertEquals(sorted[rank], statistics.at(rank), 0f, "rank " + rank);
		assertEquals(Arrays.toString(before), Arrays.toString(values));
	}

	@Test
	void percentilesAreThoseOfTheUsualDefinition() {
		float[] values = new float[1001];
		double[] same = new double[values.length];
		UniformRandomProvider random = new Noise(2).generator(Purpose.PROBE, 0, 0, 0);
		for (int i = 0; i < values.length; i++)
			same[i] = values[i] = random.nextFloat();
		Percentile usual = new Percentile().withEstimationType(EstimationType.R_7);
		usual.setData(same);
		OrderStatistics statistics = new OrderStatistics(values);
		for (double percent : new double[] { 0.03, 1, 37.77, 99.8, 100 })
			assertEquals(usual.evaluate(percent), statistics.percentile(percent), 1e-12);
	}

	// -- What is made of them --

	/** All differences of a chessboard are its contrast d: of Gaussian noise that were 0.6573·√2 standard deviations. */
	@Test
	void aChessboardIsTakenForNoise() {
		float[] board = new float[60 * 40];
		for (int i = 0; i < board.length; i++)
			board[i] = (i % 60 + i / 60) % 2 * 3;
		IntensityScale scale = IntensityScale.robust(board, 60, new boolean[board.length]);
		assertEquals(0, scale.low());
		assertEquals(16 * Math.sqrt(9 / (2 * 0.6573 * 0.6573) + 9 / 12.0), scale.high(), 1e-6);
	}

	/** At a corner 3×3 of the 5×5 pixels are left: of a plane that grows by 1 a column and 10 a row the darkest mean is 11. */
	@Test
	void meansAtTheBorderAreThoseOfFewerPixels() {
		float[] plane = new float[9 * 7], means = new float[plane.length];
		for (int i = 0; i < plane.length; i++)
			plane[i] = i % 9 + 10 * (i / 9);
		for (int i = 0; i < means.length; i++)
			means[i] = (float) (middle(i % 9, 9) + 10 * middle(i / 9, 7));
		assertEquals(11, means[0]);
		assertEquals(new OrderStatistics(means).percentile(1), IntensityScale.darkest(plane, 9), 1e-5);
	}

	/** Beads of nine pixels are less than a percentile sees; the data range is [-1, 1]. */
	@Test
	void whatIsSmallAndFarBrighterIsAtThreeInTheDataRange() {
		float[] plane = new float[512 * 512];
		for (int i = 0; i < plane.length; i++)
			plane[i] = i % 512 % 10;
		for (int x = 100; x < 103; x++)
			for (int y = 100; y < 103; y++)
				plane[y * 512 + x] = 1000;
		float[] data = IntensityScale.ofNoisy(plane, 512, 0.01).toData(plane, -1, 1);
		assertEquals(3, data[101 * 512 + 101], 0.01);
		assertEquals(-1, data[0], 0.05);
	}

	/** Of large planes some pixels are enough; of narrow ones these lie in every row or column. */
	@Test
	void edgesOfNarrowPlanesDoNotStandForAll() {
		int length = 1_000_000;
		for (int width : new int[] { 3, 5, length }) {
			float[] plane = new float[width == length ? 3 * length : width * length];
			for (int i = 0; i < plane.length; i++)
				plane[i] = (width == length ? i < width : i % width == 0) ? 0 : 1000;
			assertEquals(1000, IntensityScale.ofNoisy(plane, width, 1).high(), 3, width + " wide");
		}
	}

	/** Of a plane whose darkest means lie anywhere, at the border or not; odd sides, so that nothing is symmetric. */
	@Test
	void meansAreThoseOfTheFiveTimesFivePixelsAround() {
		int width = 37, height = 23;
		UniformRandomProvider random = new Noise(3).generator(Purpose.PROBE, 0, 0, 0);
		float[] plane = new float[width * height], means = new float[plane.length];
		for (int i = 0; i < plane.length; i++)
			plane[i] = random.nextFloat();
		for (int darkest = 0; darkest < 5; darkest++) {
			int at = (8 + darkest) * width + 11;
			plane[at] -= 20;
			for (int i = 0; i < means.length; i++)
				means[i] = (float) around(plane, width, i % width, i / width);
			assertEquals(new OrderStatistics(means).percentile(1), IntensityScale.darkest(plane, width), 1e-5, "row " + darkest);
		}
	}

	private static double around(float[] plane, int width, int x, int y) {
		double sum = 0;
		int count = 0;
		for (int v = Math.max(0, y - 2); v <= Math.min(plane.length / width - 1, y + 2); v++)
			for (int u = Math.max(0, x - 2); u <= Math.min(width - 1, x + 2); u++, count++)
				sum += plane[v * width + u];
		return sum / count;
	}

	private static double middle(int at, int extent) {
		return (Math.max(0, at - 2) + Math.min(extent - 1, at + 2)) / 2.0;
	}
}
