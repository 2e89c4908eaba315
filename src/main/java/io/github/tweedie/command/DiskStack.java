package io.github.tweedie.command;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CancellationException;

import io.github.tweedie.sde.Monitor;

import ij.ImagePlus;
import ij.VirtualStack;
import ij.plugin.FileInfoVirtualStack;
import ij.process.ColorProcessor;
import ij.process.FloatProcessor;
import ij.process.ImageProcessor;

/**
 * A stack whose planes go to the disk as they are added, and are read from there one at a time. They wait in a file of their own,
 * since what is to be told of an image stands at the beginning of a TIFF file and is known at the end of a run. {@link #save}
 * makes the TIFF file; {@link #close} removes what is not finished.
 */
final class DiskStack extends VirtualStack implements AutoCloseable {

	private static final int CHUNK = 1 << 14;

	private final boolean colour;
	private final Path target;
	private final FileChannel planes, reserved;
	private final List<String> labels = new ArrayList<>();
	private final ByteBuffer chunk = ByteBuffer.allocate(Float.BYTES * CHUNK);
	private final Monitor monitor;
	private boolean finished, writing;

	/**
	 * @param colour whether the planes are int[] of RGB colours, otherwise float[]
	 * @param target the TIFF file that is to be made
	 * @param monitor that is asked before each plane of the file is written
	 * @throws IllegalArgumentException if there is such a file, or its folder cannot be written to
	 */
	DiskStack(int width, int height, boolean colour, Path target, Monitor monitor) {
		super(width, height);
		this.colour = colour;
		this.target = target;
		this.monitor = monitor;
		setBitDepth(colour ? 24 : 32);
		try {
			Files.createDirectories(folder());
			planes = FileChannel.open(target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".part"),
				StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
			reserved = reserved();
		}
		catch (IOException e) {
			throw new IllegalArgumentException("The folder " + folder() + " cannot be written to (" + e.getMessage()
				+ "); give save= another folder.", e);
		}
	}

	/**
	 * An empty file, locked, keeps a run beside this one from writing there, too. One that nobody has locked was left by a run that was
	 * killed.
	 */
	private FileChannel reserved() throws IOException {
		try {
			boolean left = Files.exists(target) && Files.size(target) == 0;
			FileChannel file = FileChannel.open(target, StandardOpenOption.WRITE, left ? StandardOpenOption.WRITE : StandardOpenOption.CREATE_NEW);
			if (locks(file) || !left)
				return file;
			file.close();
			throw new FileAlreadyExistsException(target.toString());
		}
		catch (IOException | RuntimeException e) {
			planes.close();
			if (!(e instanceof FileAlreadyExistsException))
				throw e;
			throw new IllegalArgumentException("The file " + target + " exists already and is not overwritten; remove it, or give"
				+ " save= another folder.", e);
		}
	}

	/** Whether a file could be locked: another run may have done so, and some disks of clusters know no locks. */
	private static boolean locks(FileChannel file) {
		try {
			return file.tryLock() != null;
		}
		catch (IOException | OverlappingFileLockException e) {
			return false;
		}
	}

	/** Bytes that are free on the disk of a folder which may not be there yet. */
	static long free(Path folder) {
		Path there = folder.toAbsolutePath();
		while (there != null && !Files.exists(there))
			there = there.getParent();
		return there == null ? 0 : there.toFile().getUsableSpace();
	}

	@Override
	public void addSlice(String label, Object pixels) {
		try {
			long at = size() * bytes();
			for (int from = 0; from < getWidth() * getHeight(); from += CHUNK) {
				int count = Math.min(CHUNK, getWidth() * getHeight() - from);
				chunk.clear();
				if (colour) chunk.asIntBuffer().put((int[]) pixels, from, count);
				else chunk.asFloatBuffer().put((float[]) pixels, from, count);
				chunk.limit(count * Float.BYTES);
				while (chunk.hasRemaining())
					at += planes.write(chunk, at);
			}
		}
		catch (IOException e) {
			throw failed(e.getMessage(), e);
		}
		labels.add(label);
	}

	@Override
	public ImageProcessor getProcessor(int n) {
		if (writing && monitor.cancelled())
			throw cancelled();
		int[] colours = colour ? new int[getWidth() * getHeight()] : null;
		float[] greys = colour ? null : new float[getWidth() * getHeight()];
		try {
			long at = (n - 1) * bytes();
			for (int from = 0; from < getWidth() * getHeight(); from += CHUNK) {
				int count = Math.min(CHUNK, getWidth() * getHeight() - from);
				chunk.clear().limit(count * Float.BYTES);
				while (chunk.hasRemaining()) {
					int read = planes.read(chunk, at);
					if (read < 0)
						throw new EOFException("its file has been cut off");
					at += read;
				}
				chunk.flip();
				if (colour) chunk.asIntBuffer().get(colours, from, count);
				else chunk.asFloatBuffer().get(greys, from, count);
			}
		}
		catch (IOException e) {
			throw new UncheckedIOException("A plane of the result cannot be read back: " + e.getMessage(), e);
		}
		return colour ? new ColorProcessor(getWidth(), getHeight(), colours)
			: new FloatProcessor(getWidth(), getHeight(), greys, getColorModel());
	}

	@Override
	public int size() {
		return labels.size();
	}

	@Override
	public int getSize() {
		return labels.size();
	}

	@Override
	public void setSliceLabel(String label, int n) {
		labels.set(n - 1, label);
	}

	@Override
	public String getSliceLabel(int n) {
		return labels.get(n - 1);
	}

	/**
	 * Writes the TIFF file with all that the image tells of itself. The image stays as it is, but that its planes come from that
	 * file, and what was here is gone.
	 *
	 * @param image whose stack this is
	 * @throws IllegalStateException if the file cannot be written; then there is none
	 * @throws CancellationException when the monitor says so; then there is none, either
	 */
	void save(ImagePlus image) {
		String title = image.getTitle();
		writing = true;
		try {
			// NB: where locks bind, the file cannot be written beside them.
			reserved.close();
			ImageFile.write(image, target);
			finished = true;
			double low = image.getDisplayRangeMin(), high = image.getDisplayRangeMax();
			image.setStack(FileInfoVirtualStack.openVirtual(target.toString()).getStack());
			image.setTitle(title);
			// NB: a new stack takes the range of its first plane; a colour image has none, and would change.
			if (!colour) image.setDisplayRange(low, high);
		}
		catch (IOException e) {
			throw monitor.cancelled() ? cancelled() : failed(e.getMessage(), e);
		}
		close();
	}

	private CancellationException cancelled() {
		return new CancellationException("Cancelled while " + target + " was written; nothing of it is left.");
	}

	private IllegalStateException failed(String why, Exception cause) {
		return new IllegalStateException("The file " + target + " could not be written (" + why + "), and "
			+ (free(folder()) >> 20) + " MB are free there; make room, or give save= another folder.", cause);
	}

	private Path folder() {
		return target.toAbsolutePath().getParent();
	}

	@Override
	public void close() {
		try {
			boolean first = planes.isOpen();
			planes.close();
			reserved.close();
			if (first && !finished) Files.deleteIfExists(target);
		}
		catch (IOException e) {
			throw new UncheckedIOException("The file beside " + target + " could not be removed: " + e.getMessage(), e);
		}
	}

	private long bytes() {
		return (long) Float.BYTES * getWidth() * getHeight();
	}
}
