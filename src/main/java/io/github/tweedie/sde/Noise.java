package io.github.tweedie.sde;

import java.util.Arrays;
import java.util.stream.IntStream;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.core.source64.Philox4x64;
import org.apache.commons.rng.sampling.distribution.ZigguratSampler;

/**
 * Standard normal noise that depends on its address alone: (seed, plane, sample, step, purpose, row). Each row of an image
 * is its own substream of the counter-based generator Philox 4×64 (Salmon et al. 2011), so neither the number of threads
 * nor the batch size nor the order of planes changes a bit of it.
 *
 * @param seed chosen by the user
 * @param plane index of the plane in its stack
 */
public record Noise(long seed, int plane) {

	/** What a draw is for. Two draws of one step never share a stream. */
	public enum Purpose {
		START, MOVE, CORRECT, CONDITION, WEIGHT, PROBE, MOMENTUM, STAGE, PLATEAU, WHITENING
	}

	/** Noise of the first plane. */
	public Noise(long seed) {
		this(seed, 0);
	}

	/** Independent noise for another plane. */
	public Noise forPlane(int index) {
		return new Noise(seed, index);
	}

	/**
	 * Fills a batch with independent standard normal numbers.
	 *
	 * @param purpose what they are for
	 * @param step index of the step within the run
	 * @param ids number of each sample within the run, N of them: sample 7 gets the same noise in a batch of 1 and of 19
	 * @param shape N×C×(Z×)Y×X
	 * @param out receives N·C·Z·Y·X values
	 */
	public void fill(Purpose purpose, int step, int[] ids, Shape shape, float[] out) {
		rows(purpose, step, ids, shape, (sample, from, gaussian) -> {
			for (int x = from; x < from + shape.x(); x++)
				out[x] = (float) gaussian.sample();
		});
	}

	/**
	 * Adds the numbers of {@link #fill}, times a deviation for each sample, without holding them all.
	 *
	 * @param deviation N values; samples with 0 are left as they are
	 * @param values N·C·Z·Y·X of them
	 */
	public void add(Purpose purpose, int step, int[] ids, Shape shape, double[] deviation, float[] values) {
		if (Arrays.stream(deviation).allMatch(d -> d == 0))
			return;
		rows(purpose, step, ids, shape, (sample, from, gaussian) -> {
			float d = (float) deviation[sample];
			for (int x = from; d != 0 && x < from + shape.x(); x++)
				values[x] += d * (float) gaussian.sample();
		});
	}

	/** Takes the random numbers of a row. */
	@FunctionalInterface
	private interface Row {

		void take(int sample, int from, ZigguratSampler.NormalizedGaussian gaussian);
	}

	private void rows(Purpose purpose, int step, int[] ids, Shape shape, Row row) {
		int rows = shape.rows();
		IntStream.range(0, shape.n() * rows).parallel().forEach(i -> row.take(i / rows, i * shape.x(),
			ZigguratSampler.NormalizedGaussian.of(generator(purpose, step, ids[i / rows], i % rows))));
	}

	/** The generator of one row: key (seed, plane and sample), counter (0, row, step, purpose). */
	public UniformRandomProvider generator(Purpose purpose, int step, int id, int row) {
		long planeAndSample = (long) plane << 32 | id & 0xffffffffL;
		return new Philox4x64(new long[] { seed, planeAndSample, 0, row, step, purpose.ordinal() });
	}
}
