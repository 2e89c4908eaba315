package io.github.tweedie.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

import ij.IJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.io.FileInfo;
import ij.io.FileSaver;
import ij.io.TiffDecoder;

/**
 * What a macro over files asks of them: {@code problem = call("io.github.tweedie.command.ImageFile.open", path);}. ImageJ's own
 * functions open a dialog, or an editor, where something is wrong with a file; these give the sentence, or its end.
 */
public final class ImageFile {

	private static final String TIFF_LITTLE = "II*\0", TIFF_BIG = "MM\0*";
	/** How the files begin that ImageJ, or Fiji for the large TIFF files, opens as an image without a question. */
	private static final List<String> BEGINNINGS = List.of(TIFF_LITTLE, TIFF_BIG, "II+\0", "MM\0+", "BM", "GIF8", "P5", "\u0089PNG",
		"\u00ff\u00d8");

	private ImageFile() {}

	/**
	 * Opens an image, without a dialog, under a title with which that of no other open image ends: so its results are found by it, and
	 * may be closed with it. It has no brackets and no wildcards, which mean something in a macro.
	 *
	 * @return what keeps it from being opened; empty if it is open, and in front
	 */
	public static String open(String path) {
		String problem = problem(path);
		if (!problem.isEmpty())
			return problem;
		int before = WindowManager.getImageCount();
		String message = quietly(() -> IJ.open(path));
		if (WindowManager.getImageCount() == before)
			return "the image cannot be read" + (message == null ? "" : " (" + message + ")");
		ImagePlus image = WindowManager.getCurrentImage();
		String name = Path.of(path).getFileName().toString().replaceAll("[\\[\\]*?]", "_"), title = name;
		for (int i = 2; taken(title, image); i++)
			title = name + " " + i;
		image.setTitle(title);
		return "";
	}

	/** Reads an image without showing it; null if ImageJ cannot. */
	static ImagePlus read(String path) {
		ImagePlus[] read = new ImagePlus[1];
		quietly(() -> read[0] = IJ.openImage(path));
		return read[0];
	}

	/** NB: a macro closes images by their titles without regard to case. */
	private static boolean taken(String title, ImagePlus by) {
		return IntStream.of(WindowManager.getIDList()).mapToObj(WindowManager::getImage)
			.anyMatch(other -> other != null && other != by && other.getTitle().toLowerCase(Locale.ROOT)
				.endsWith(title.toLowerCase(Locale.ROOT)));
	}

	/** What keeps a file from being opened as an image; empty if nothing is known of that sort. */
	static String problem(String path) {
		Path file;
		try {
			file = Path.of(path);
		}
		catch (InvalidPathException e) {
			return "that is no name of a file (" + e.getReason() + ")";
		}
		if (!Files.exists(file))
			return "there is no such file";
		try (InputStream in = Files.newInputStream(file)) {
			String head = new String(in.readNBytes(4), StandardCharsets.ISO_8859_1);
			if (BEGINNINGS.stream().noneMatch(head::startsWith))
				return "it is no TIFF, PNG, JPEG, GIF, BMP or PGM file";
			long missing = head.equals(TIFF_LITTLE) || head.equals(TIFF_BIG) ? missing(file) : 0;
			return missing == 0 ? "" : "the file is cut off, " + missing + " bytes are missing at its end";
		}
		catch (IOException | RuntimeException e) {
			// NB: what ImageJ throws at a broken file would stop the macro.
			return "the file cannot be read (" + e + ")";
		}
	}

	/** Bytes that a TIFF file lacks of those that it announces. NB: ImageJ puts zeros in their place. */
	private static long missing(Path file) throws IOException {
		Path there = file.toAbsolutePath();
		FileInfo[] images = new TiffDecoder(there.getParent() + "/", there.getFileName().toString()).getTiffInfo();
		long end = 0;
		for (FileInfo image : images == null ? new FileInfo[0] : images)
			end = Math.max(end, end(image));
		return Math.max(0, end - Files.size(file));
	}

	private static long end(FileInfo image) {
		// NB: of pixels of 1, 12 or 24 bits the decoder tells other sizes than they have in the file.
		boolean packed = image.fileType == FileInfo.BITMAP || image.fileType == FileInfo.GRAY12_UNSIGNED
			|| image.fileType == FileInfo.GRAY24_UNSIGNED;
		if (image.compression <= FileInfo.COMPRESSION_NONE && !packed)
			return image.getOffset() + (long) image.nImages * image.width * image.height * image.getBytesPerPixel();
		long end = 0;
		for (int i = 0; image.stripOffsets != null && i < image.stripOffsets.length; i++)
			end = Math.max(end, (image.stripOffsets[i] & 0xffffffffL) + image.stripLengths[i]);
		return end;
	}

	/** Whether two paths lead to one file that is there: {@code "true"} or {@code "false"}. */
	public static String same(String path, String other) throws IOException {
		Path a = Path.of(path), b = Path.of(other);
		return String.valueOf(Files.exists(a) && Files.exists(b) && Files.isSameFile(a, b));
	}

	/** Whether a path leads into a folder, or to it: {@code "true"} or {@code "false"}. */
	public static String within(String path, String folder) throws IOException {
		return String.valueOf(Path.of(real(path)).startsWith(real(folder)));
	}

	/** The path without links and detours; what is not there yet stays as it is. */
	public static String real(String path) throws IOException {
		return Path.of(path).toFile().getCanonicalPath();
	}

	/**
	 * Saves an open image as TIFF; a file of that name is replaced.
	 *
	 * @return the sentence that tells what failed, and then there is no file; empty if nothing did
	 */
	public static String save(String title, String path) {
		try {
			ImagePlus image = WindowManager.getImage(title);
			if (image == null)
				return "There is no image '" + title + "' to be saved.";
			write(image, Path.of(path));
			return "";
		}
		catch (IOException | InvalidPathException e) {
			return "The file " + path + " could not be written (" + e + ").";
		}
	}

	/** @throws IOException if the file cannot be written; then there is none */
	static void write(ImagePlus image, Path file) throws IOException {
		// NB: tells why a folder cannot be written to. FileSaver would open a message box, and stop a macro with it.
		Files.newByteChannel(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE).close();
		boolean[] saved = { false };
		try {
			String error = quietly(() -> saved[0] = new FileSaver(image).saveAsTiff(file.toString()));
			if (!saved[0])
				throw new IOException(String.valueOf(error));
		}
		finally {
			// NB: also where memory has run out.
			if (!saved[0])
				Files.deleteIfExists(file);
		}
	}

	/**
	 * Runs what would open a message box where something fails.
	 *
	 * @return the message, in one line; null if there was none
	 */
	private static String quietly(Runnable action) {
		boolean redirecting = IJ.redirectingErrorMessages();
		IJ.redirectErrorMessages(true);
		String message;
		try {
			action.run();
		}
		catch (RuntimeException aborted) {
			// NB: ImageJ stops the macro after a message, but the macro is to go on.
		}
		finally {
			message = IJ.getErrorMessage();
			IJ.redirectErrorMessages(redirecting);
		}
		return message == null ? null : message.replaceAll("\\s+", " ");
	}
}
