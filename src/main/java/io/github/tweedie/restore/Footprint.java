package io.github.tweedie.restore;

/**
 * What a run of denoising will hold in Java's memory, to be known before it starts. The network itself is not in it: its memory
 * lies outside of Java's heap.
 *
 * @param results bytes of all results, which stay until the end
 * @param largest bytes of the largest of them
 * @param work bytes that are needed while one slice is denoised, and then given back
 */
public record Footprint(long results, long largest, long work) {

	/** Float copies of a plane in one call of the network, at most: 4 were seen, of 25 million pixels. */
	static final int ONE_CALL = 6;
	/** Running mean and standard deviation in grey levels, and running mean of what the prior sees. */
	static final int STATISTICS = 3;
	/** What the steps of a sampler hold of each pixel of a batch: 11 copies in all were seen, of 25 million pixels. */
	static final int SAMPLER = 6;
	/** Percentiles, tiles and the noise estimate, which do not grow with the plane, in bytes. */
	static final long CONSTANT = 48L << 20;

	/**
	 * Of an image that is denoised slice by slice.
	 *
	 * @param pixels of a plane
	 * @param read pixels of the image that are averaged to one when a slice is read; 1 if none are
	 * @param slices of the image
	 * @param colours planes of a slice; the denoised ones are kept together in 4 bytes a pixel
	 * @param maps results besides the denoised image, which have a plane for each colour
	 * @param samples as in {@link Denoising.Builder#samples}
	 * @param kept whether the samples of a plane are kept until it is done, for {@link Denoising.Builder#quantiles}
	 */
	public static Footprint of(long pixels, int read, int slices, int colours, int maps, int samples, boolean kept) {
		long plane = Float.BYTES * pixels, each = slices * plane;
		// NB: a slice as it is read and a copy of it, its planes, and those of the results.
		long work = ofPlane(pixels, samples) + plane * (colours + 1 + maps + (kept ? samples : 0)) + 2 * read * plane;
		return new Footprint(each * (1 + maps * colours), each * (maps > 0 ? colours : 1), work);
	}

	/** With results that go to the disk. */
	public Footprint saved() {
		return new Footprint(0, 0, work);
	}

	/** Bytes on the disk while the results are saved: each file is written beside the planes of which it is made. */
	public long disk() {
		return Math.addExact(results, largest);
	}

	/**
	 * @param pixels of a plane
	 * @param samples as in {@link Denoising.Builder#samples}
	 * @return bytes that {@link Denoising#plane} needs besides what it is given
	 */
	public static long ofPlane(long pixels, int samples) {
		long copies = samples == 0 ? ONE_CALL : ONE_CALL + STATISTICS + (long) SAMPLER * WholePlanes.batch(samples, pixels);
		return CONSTANT + Float.BYTES * copies * pixels;
	}

	/** Bytes in Java's memory. */
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
