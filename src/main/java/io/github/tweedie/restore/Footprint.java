package io.github.tweedie.restore;

/**
 * What a run will hold in Java's memory, to be known before it starts. The network itself is not in it: its memory lies outside of
 * Java's heap.
 *
 * @param results bytes that stay until the end
 * @param work bytes that are needed while one slice is denoised, and then given back
 */
public record Footprint(long results, long work) {

	/** Float copies of a plane in one call of the network: the plane as read, stabilised, scaled, continued, clean and blended. */
	static final int ONE_CALL = 7;
	/** Running mean and standard deviation in double, in grey levels and stabilised, the two as floats, and a sample. */
	static final int STATISTICS = 11;
	/** What the steps of a sampler hold of each pixel of a batch. */
	static final int SAMPLER = 6;
	/** Percentiles, tiles and the noise estimate, which do not grow with the plane, in bytes. */
	static final long CONSTANT = 48L << 20;

	/**
	 * @param pixels of a plane
	 * @param samples as in {@link Denoising.Builder#samples}
	 * @return bytes that {@link Denoising#plane} needs besides what it is given
	 */
	public static long ofPlane(long pixels, int samples) {
		long copies = samples == 0 ? ONE_CALL : ONE_CALL + STATISTICS + (long) SAMPLER * WholePlanes.batch(samples, pixels);
		return CONSTANT + Float.BYTES * copies * pixels;
	}

	public long bytes() {
		return Math.addExact(results, work);
	}

	/** Bytes that Java may still take. What was used and is not any more is collected first if that decides. */
	public static long free(long needed) {
		return free() >= needed ? free() : collected();
	}

	private static long collected() {
		System.gc();
		return free();
	}

	private static long free() {
		Runtime java = Runtime.getRuntime();
		return java.maxMemory() - java.totalMemory() + java.freeMemory();
	}
}
