package io.github.tweedie.command;

import java.util.List;
import java.util.stream.IntStream;

import ij.CompositeImage;
import ij.ImagePlus;
import ij.gui.Roi;
import ij.measure.Calibration;
import ij.plugin.Binner;
import ij.plugin.RoiScaler;
import ij.process.ColorProcessor;
import ij.process.FloatProcessor;
import ij.process.ImageProcessor;

/**
 * An image as grey planes, of which those of one slice are read at a time, so that a virtual stack is never whole in memory. A
 * slice of grey levels is one plane; one of a colour image is three, red, green and blue. The planes are counted through from 0:
 * the colour fastest, then the channel, as in ImageJ's stack.
 */
final class GreyPlanes {

	private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

	/** In the order of {@link ColorProcessor#toFloat}. */
	private static final List<String> COLOURS = List.of("red", "green", "blue");

	private final ImagePlus image;
	private final int bin, colours;

	/** @param bin so many pixels along X and along Y are averaged to one, as they are read; 1 for the image as it is */
	GreyPlanes(ImagePlus image, int bin) {
		this.image = image;
		this.bin = bin;
		colours = image.getType() == ImagePlus.COLOR_RGB || palette(image) ? COLOURS.size() : 1;
	}

	/** Whether the pixels are numbers of colours in a table, and no grey levels: as ImageJ itself decides for its menu. */
	static boolean palette(ImagePlus image) {
		if (image.getType() == ImagePlus.COLOR_256) return true;
		if (image.getType() != ImagePlus.GRAY8 || image instanceof CompositeImage) return false;
		ImageProcessor shown = image.getProcessor();
		return shown.isColorLut() && !shown.isPseudoColorLut();
	}

	boolean colour() {
		return colours > 1;
	}

	/** Planes of a slice. */
	int colours() {
		return colours;
	}

	int slices() {
		return image.getStackSize();
	}

	int count() {
		return slices() * colours;
	}

	/** Sorts of plane that have a noise of their own. */
	int channels() {
		return image.getNChannels() * colours;
	}

	/** What a plane of the channel, from 0, is called in a sentence; empty if there is one channel only. */
	String channel(int index) {
		String of = image.getNChannels() > 1 ? "channel " + (index / colours + 1) : "";
		return colours == 1 ? of : of.isEmpty() ? COLOURS.get(index % colours) : of + " " + COLOURS.get(index % colours);
	}

	int width() {
		return image.getWidth() / bin;
	}

	int height() {
		return image.getHeight() / bin;
	}

	/** Pixel sizes of the planes. */
	Calibration calibration() {
		Calibration calibration = image.getCalibration().copy();
		calibration.pixelWidth *= bin;
		calibration.pixelHeight *= bin;
		calibration.xOrigin /= bin;
		calibration.yOrigin /= bin;
		return calibration;
	}

	/** A selection of the image, where it lies on the planes. */
	Roi placed(Roi selection) {
		if (!binned()) return selection;
		Roi placed = RoiScaler.scale(selection, 1.0 / bin, 1.0 / bin, false);
		// NB: scaled, it has forgotten its slice.
		if (selection.hasHyperStackPosition())
			placed.setPosition(selection.getCPosition(), selection.getZPosition(), selection.getTPosition());
		else
			placed.setPosition(selection.getPosition());
		return placed;
	}

	boolean binned() {
		return bin > 1;
	}

	/** Pixels of the image that are averaged to one. */
	int averaged() {
		return bin * bin;
	}

	/** Whether a pixel may be NaN or infinite, which whole numbers cannot be. */
	boolean mayHaveHoles() {
		return image.getBitDepth() == 32 || image.getCalibration().calibrated();
	}

	/** The planes of a slice, colours of Y×X each, in calibrated grey levels; copies. The slice counts from 0. */
	float[][] read(int slice) {
		if (!colour()) return new float[][] { binned(Stacks.plane(image, slice + 1)) };
		ColorProcessor rgb = rgb(slice);
		return IntStream.range(0, colours).mapToObj(c -> colour(rgb, c)).toArray(float[][]::new);
	}

	private ColorProcessor rgb(int slice) {
		return (ColorProcessor) image.getStack().getProcessor(slice + 1).convertToRGB();
	}

	private float[] colour(ColorProcessor rgb, int colour) {
		return binned((float[]) rgb.toFloat(colour, null).getPixels());
	}

	private float[] binned(float[] plane) {
		if (!binned()) return plane;
		FloatProcessor whole = new FloatProcessor(image.getWidth(), image.getHeight(), plane);
		return (float[]) new Binner().shrink(whole, bin, bin, Binner.AVERAGE).getPixels();
	}

	/** Indices of at most so many planes of a channel, spread over the stack without a period, since planes may differ by turns. */
	int[] some(int channel, int most) {
		int each = count() / channels(), used = Math.min(each, most);
		return IntStream.range(0, used).map(k -> (int) ((k + k * GOLDEN % 1) * each / used) * channels() + channel).toArray();
	}

	/** One plane, Y×X. */
	float[] plane(int index) {
		return colour() ? colour(rgb(index / colours), index % colours) : read(index)[0];
	}

	/** Grey levels of a slice as a colour image has them: rounded, and from 0 to 255. */
	static int[] packed(float[][] planes) {
		int[] rgb = new int[planes[0].length];
		for (int i = 0; i < rgb.length; i++)
			rgb[i] = 0xff000000 | level(planes[0][i]) << 16 | level(planes[1][i]) << 8 | level(planes[2][i]);
		return rgb;
	}

	private static int level(float grey) {
		return Math.max(0, Math.min(255, Math.round(grey)));
	}

	/** What a plane of each colour is called in a stack that has them apart. */
	static String label(int plane, int colours, String slice) {
		if (colours == 1) return slice;
		return slice == null ? COLOURS.get(plane % colours) : COLOURS.get(plane % colours) + " of " + slice;
	}
}
