package io.github.tweedie.restore;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

import com.sun.management.OperatingSystemMXBean;

import io.github.tweedie.sde.Prior;

/**
 * The memory of the machine, and how much of it one call of a network may take: an eighth of all of it, so that the tiles are the
 * same in every run on a machine, or half of what is free where that is less.
 *
 * @param total bytes of physical memory, of the container if there is one
 * @param free bytes of it that can be had now
 */
record WorkingMemory(long total, long free) {

	/**
	 * What a network holds for each pixel that it sees. The bundled ones, measured by exec:java@benchmark, take 500 to 1000 bytes;
	 * those that are not local are larger, as a rule.
	 */
	private static final long BYTES_LOCAL = 1 << 10, BYTES_GLOBAL = 1 << 13;
	/** Sides of squares: larger tiles hardly spare work, smaller ones are mostly halo. */
	private static final int LARGEST = 1024;
	static final int SMALLEST = 512;
	private static final Path LINUX = Path.of("/proc/meminfo");

	static WorkingMemory now() {
		if (!(ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine))
			return new WorkingMemory(Long.MAX_VALUE, Long.MAX_VALUE);
		return new WorkingMemory(machine.getTotalMemorySize(), Math.max(machine.getFreeMemorySize(), available()));
	}

	/** NB: on Linux nearly all that is not free holds files and can be had at once. 0 where this is not told. */
	private static long available() {
		try {
			return Files.readAllLines(LINUX).stream().filter(line -> line.startsWith("MemAvailable:"))
				.mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElse(0);
		}
		catch (IOException | RuntimeException e) {
			return 0;
		}
	}

	/** Side in pixels of the largest square that the network should see in one piece. */
	int largestTile(Prior prior) {
		long bytes = prior.receptiveRadius() == Prior.GLOBAL ? BYTES_GLOBAL : BYTES_LOCAL;
		double side = Math.sqrt(Math.min(total / 8, free / 2) / (double) bytes);
		return (int) Math.max(SMALLEST, Math.min(LARGEST, side));
	}

	/**
	 * To be asked before the work begins.
	 *
	 * @param copies of the plane, as floats, that will be held at the same time, without those that are held already
	 * @throws IllegalArgumentException if Java may not have so much memory
	 */
	static void requireHeap(int width, int height, int copies) {
		long needed = (long) Float.BYTES * width * height * copies, left = Footprint.free(needed);
		if (needed > left)
			throw new IllegalArgumentException(String.format(Locale.ROOT, "A plane of %d×%d pixels needs %.1f GB of Java's memory, of"
				+ " which %.1f GB are left; give Java more (in ImageJ: Edit > Options > Memory & Threads), close images, or crop this one.",
				width, height, needed * 1e-9, left * 1e-9));
	}
}
