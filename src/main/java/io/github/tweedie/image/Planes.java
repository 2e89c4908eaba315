package io.github.tweedie.image;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import net.imglib2.Cursor;
import net.imglib2.RandomAccessibleInterval;
import net.imglib2.img.array.ArrayImgs;
import net.imglib2.img.basictypeaccess.array.FloatArray;
import net.imglib2.img.planar.PlanarImg;
import net.imglib2.type.numeric.RealType;
import net.imglib2.type.numeric.real.FloatType;
import net.imglib2.util.Fraction;
import net.imglib2.view.Views;

/**
 * The planes of an image of any dimension and real type, as arrays of floats: the first two dimensions are X and Y, all further
 * ones are counted through, the third fastest.
 */
public final class Planes {

	private final RandomAccessibleInterval<? extends RealType<?>> image;

	/** @throws IllegalArgumentException if the image has fewer than two dimensions, or planes of more than 2³¹ pixels */
	public Planes(RandomAccessibleInterval<? extends RealType<?>> image) {
		if (image.numDimensions() < 2)
			throw new IllegalArgumentException("An image of " + image.numDimensions() + " dimension was seen; two are needed, X and Y.");
		if (image.dimension(0) * image.dimension(1) > Integer.MAX_VALUE - 8)
			throw new IllegalArgumentException("A plane of " + image.dimension(0) + "×" + image.dimension(1)
				+ " pixels is more than one array can hold; crop the image first.");
		this.image = image;
	}

	/** X. */
	public int width() {
		return (int) image.dimension(0);
	}

	/** Y. */
	public int height() {
		return (int) image.dimension(1);
	}

	public int count() {
		return Math.toIntExact(IntStream.range(2, image.numDimensions()).mapToLong(image::dimension).reduce(1, Math::multiplyExact));
	}

	/** Grey levels of a plane, Y×X, a fresh array. */
	public float[] read(int plane) {
		RandomAccessibleInterval<? extends RealType<?>> slice = image;
		for (int d = image.numDimensions() - 1; d >= 2; d--) {
			long before = IntStream.range(2, d).mapToLong(image::dimension).reduce(1, (a, b) -> a * b);
			slice = Views.hyperSlice(slice, d, image.min(d) + plane / before % image.dimension(d));
		}
		float[] out = new float[width() * height()];
		Cursor<? extends RealType<?>> cursor = Views.flatIterable(slice).cursor();
		for (int i = 0; i < out.length; i++)
			out[i] = cursor.next().getRealFloat();
		return out;
	}

	/** An image of the same dimensions around the given planes, without a copy; all together may exceed what one array can hold. */
	public RandomAccessibleInterval<FloatType> like(float[][] planes) {
		return like(planes, image.dimensionsAsLongArray());
	}

	/** An image of the given dimensions around the given planes, without a copy. */
	public static RandomAccessibleInterval<FloatType> like(float[][] planes, long... dimensions) {
		if (planes.length == 1)
			return ArrayImgs.floats(planes[0], dimensions);
		List<FloatArray> arrays = Arrays.stream(planes).map(FloatArray::new).toList();
		PlanarImg<FloatType, FloatArray> image = new PlanarImg<>(arrays, dimensions, new Fraction());
		image.setLinkedType(new FloatType(image));
		return image;
	}

	/**
	 * The beginning of a sentence about a grey level that cannot be used.
	 *
	 * @param grey Y×X
	 * @param width X
	 * @param i index of the pixel
	 * @param plane index of the plane in its image, from 0
	 */
	public static String pixel(float[] grey, int width, int i, int plane) {
		return "The pixel (" + i % width + ", " + i / width + ") of plane " + (plane + 1) + " is " + grey[i];
	}

	/** All grey levels times -1, in a new array. */
	public static float[] negative(float[] plane) {
		float[] negative = new float[plane.length];
		for (int i = 0; i < plane.length; i++)
			negative[i] = -plane[i];
		return negative;
	}
}
