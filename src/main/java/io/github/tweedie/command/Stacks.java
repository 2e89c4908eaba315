package io.github.tweedie.command;

import java.util.Iterator;
import java.util.stream.IntStream;

import ij.CompositeImage;
import ij.ImagePlus;
import ij.ImageStack;
import ij.gui.Roi;
import ij.measure.Calibration;
import ij.plugin.LutLoader;
import ij.process.ByteProcessor;
import ij.process.ImageProcessor;
import ij.process.LUT;
import net.imglib2.RandomAccessibleInterval;
import net.imglib2.img.Img;
import net.imglib2.img.array.ArrayImgs;
import net.imglib2.img.basictypeaccess.array.FloatArray;
import net.imglib2.img.planar.PlanarImg;
import net.imglib2.img.planar.PlanarImgFactory;
import net.imglib2.type.numeric.integer.UnsignedByteType;
import net.imglib2.type.numeric.real.FloatType;
import net.imglib2.view.Views;

/** The passage between ImageJ's images and ImgLib2's: pixels copied, so that no input is ever changed. */
final class Stacks {

	private Stacks() {}

	/** X×Y×planes in the order of ImageJ's stack, in calibrated grey levels. */
	static Img<FloatType> floats(ImagePlus image) {
		return floats(image, IntStream.rangeClosed(1, image.getStackSize()).toArray());
	}

	/** X×Y×planes: those of the given indices, which begin at 1, in calibrated grey levels. */
	static Img<FloatType> floats(ImagePlus image, int... indices) {
		PlanarImg<FloatType, FloatArray> planes = (PlanarImg<FloatType, FloatArray>) new PlanarImgFactory<>(new FloatType())
			.create(image.getWidth(), image.getHeight(), indices.length);
		for (int i = 0; i < indices.length; i++)
			planes.setPlane(i, new FloatArray(plane(image, indices[i])));
		return planes;
	}

	/** Y×X, in calibrated grey levels; a copy. */
	static float[] plane(ImagePlus image, int index) {
		ImageProcessor plane = image.getStack().getProcessor(index).duplicate();
		plane.setCalibrationTable(image.getCalibration().getCTable());
		return (float[]) plane.convertToFloatProcessor().getPixels();
	}

	/** X×Y, 255 inside of the selection. */
	static Img<UnsignedByteType> inside(Roi selection, int width, int height) {
		return ArrayImgs.unsignedBytes((byte[]) mask(selection, width, height).getPixels(), width, height);
	}

	/** X×Y, 255 inside of the selection. */
	static ByteProcessor mask(Roi selection, int width, int height) {
		ByteProcessor mask = new ByteProcessor(width, height);
		mask.setValue(255);
		mask.fill(selection);
		return mask;
	}

	/** X×Y×planes, 1 where the image is not a number. */
	static Img<UnsignedByteType> notNumbers(Img<FloatType> image) {
		Img<UnsignedByteType> mask = ArrayImgs.unsignedBytes(image.dimensionsAsLongArray());
		Iterator<UnsignedByteType> out = mask.iterator();
		for (FloatType value : Views.flatIterable(image))
			out.next().set(Float.isNaN(value.get()) ? 1 : 0);
		return mask;
	}

	/** A 32-bit image of X×Y or X×Y×planes; further dimensions count on as planes. */
	static ImagePlus image(String title, RandomAccessibleInterval<FloatType> planes, Calibration calibration) {
		int width = (int) planes.dimension(0), height = (int) planes.dimension(1), size = width * height;
		ImageStack stack = new ImageStack(width, height);
		Iterator<FloatType> values = Views.flatIterable(planes).iterator();
		while (values.hasNext()) {
			float[] plane = new float[size];
			for (int i = 0; i < size; i++)
				plane[i] = values.next().get();
			stack.addSlice(null, plane);
		}
		return image(title, stack, calibration);
	}

	/** An image around a stack, with pixel sizes and units, but grey levels as they are. */
	static ImagePlus image(String title, ImageStack stack, Calibration calibration) {
		ImagePlus image = new ImagePlus(title, stack);
		Calibration copy = calibration.copy();
		String unit = copy.getValueUnit();
		copy.disableDensityCalibration();
		copy.setValueUnit(unit);
		image.setCalibration(copy);
		return image;
	}

	/**
	 * Gives an image the channels, slices, frames and slice labels of another; three planes in place of one are channels, the
	 * colours of that plane.
	 */
	static ImagePlus arranged(ImagePlus bare, ImagePlus like) {
		int colours = bare.getStackSize() / like.getStackSize();
		bare.setDimensions(colours * like.getNChannels(), like.getNSlices(), like.getNFrames());
		for (int i = 0; i < bare.getStackSize(); i++)
			bare.getStack().setSliceLabel(GreyPlanes.label(i, colours, like.getStack().getSliceLabel(i / colours + 1)), i + 1);
		bare.setOpenAsHyperStack(like.isHyperStack() || colours > 1);
		return bare;
	}

	/** A map of the pixels of another image, arranged like it, from black over red to white. */
	static ImagePlus map(ImagePlus bare, ImagePlus like, String unit) {
		ImagePlus map = arranged(bare, like);
		map.setLut(new LUT(LutLoader.getLut("fire"), 0, 1));
		map.getCalibration().setValueUnit(unit);
		return map;
	}

	/** The map of a standard deviation, black where there is none. */
	static ImagePlus uncertainty(ImagePlus bare, ImagePlus like) {
		ImagePlus map = map(bare, like, "SD (grey levels)");
		map.setDisplayRange(0, Math.max(maximum(map), 1e-6));
		return map;
	}

	/** Gives an image the channels, slices, frames, slice labels, overlay, lookup tables and display ranges of another. */
	static ImagePlus dressed(ImagePlus bare, ImagePlus like) {
		ImagePlus image = arranged(bare, like);
		if (like instanceof CompositeImage composite) {
			CompositeImage dressed = new CompositeImage(bare, composite.getMode());
			dressed.setLuts(calibrated(composite.getLuts(), like.getCalibration()));
			boolean[] active = composite.getActiveChannels(), shown = dressed.getActiveChannels();
			System.arraycopy(active, 0, shown, 0, Math.min(active.length, shown.length));
			image = dressed;
		}
		else if (bare.getType() != ImagePlus.COLOR_RGB) {
			image.getProcessor().setColorModel(like.getProcessor().getColorModel());
			image.getStack().setColorModel(like.getProcessor().getColorModel());
			double[] range = calibratedRange(like);
			image.setDisplayRange(range[0], range[1]);
		}
		image.setOpenAsHyperStack(like.isHyperStack());
		if (like.getOverlay() != null) image.setOverlay(like.getOverlay().duplicate());
		image.setPosition(like.getC(), like.getZ(), like.getT());
		return image;
	}

	/** ImageJ keeps the display range of a density-calibrated image in raw values. */
	static double[] calibratedRange(ImagePlus image) {
		return calibratedRange(image.getDisplayRangeMin(), image.getDisplayRangeMax(), image.getCalibration());
	}

	private static double[] calibratedRange(double low, double high, Calibration calibration) {
		if (!calibration.calibrated())
			return new double[] { low, high };
		double a = calibration.getCValue(low), b = calibration.getCValue(high);
		return new double[] { Math.min(a, b), Math.max(a, b) };
	}

	/** Lookup tables, changed to display ranges in calibrated grey levels. */
	private static LUT[] calibrated(LUT[] tables, Calibration calibration) {
		for (LUT table : tables) {
			double[] range = calibratedRange(table.min, table.max, calibration);
			table.min = range[0];
			table.max = range[1];
		}
		return tables;
	}

	/** The largest value of a stack. */
	static double maximum(ImagePlus image) {
		double max = 0;
		for (int i = 1; i <= image.getStackSize(); i++)
			for (float value : (float[]) image.getStack().getPixels(i))
				max = Math.max(max, value);
		return max;
	}
}
