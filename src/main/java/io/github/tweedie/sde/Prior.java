package io.github.tweedie.sde;

import java.util.List;

/**
 * A denoiser with what an image needs to know of it. {@code model} makes priors from ONNX files; tests make them from
 * closed forms.
 *
 * @param denoiser D(x, σ), for data in [low, high]
 * @param name name and version, for provenance
 * @param device what computes it: "cpu", "cuda:0", or "closed form"
 * @param channels number of channels C of a sample
 * @param low value that the darkest usual pixel has in the training data
 * @param high value that the brightest usual pixel has in the training data
 * @param sigmaMin smallest noise it knows, in the same units
 * @param sigmaMax largest noise it knows; there the data are lost in the noise, so that a run may begin
 * @param sizeStep extents in Y and X must be multiples of this
 * @param receptiveRadius largest distance in pixels, along an axis, at which an input pixel changes an output pixel;
 *        {@link #GLOBAL} if every pixel may change every other
 * @param classNames names of the classes, in the order of the labels; empty if the prior knows none
 * @param precision arithmetic of the network
 * @param trainingSize side in pixels of the images that it was trained on; 0 if that is not known
 * @param fixedSize whether it takes planes of that side only
 * @param classifier knows the same classes under noise, in the same order; null if there is none. Closed with the denoiser
 */
public record Prior(Denoiser denoiser, String name, String device, int channels, double low, double high,
	double sigmaMin, double sigmaMax, int sizeStep, int receptiveRadius, List<String> classNames, Precision precision,
	int trainingSize, boolean fixedSize, Classifier classifier)
	implements Denoiser, AutoCloseable
{

	/** The receptive radius of a network that is not local. */
	public static final int GLOBAL = Integer.MAX_VALUE;

	/** Arithmetic of a network. Methods that take differences of it need at least {@link #FLOAT32}. */
	public enum Precision {
		FLOAT64, FLOAT32, TF32, FLOAT16, INT8;

		/** @return whether differences of evaluations are derivatives and not rounding errors */
		public boolean supportsDifferences() {
			return this == FLOAT64 || this == FLOAT32;
		}
	}

	public Prior {
		if (channels < 1 || trainingSize < (fixedSize ? 1 : 0) || sizeStep < 1 || receptiveRadius < 0 || !(high > low)
			|| !(sigmaMin > 0) || !(sigmaMax > sigmaMin))
			throw new IllegalArgumentException("The prior '" + name + "' declares " + channels + " channels, a size step of "
				+ sizeStep + ", a receptive radius of " + receptiveRadius + ", a data range of [" + low + ", " + high
				+ "] and noise from " + sigmaMin + " to " + sigmaMax + "; all must be positive and the ranges not empty.");
		classNames = List.copyOf(classNames);
	}

	/** Of planes of any size, and without a classifier. */
	public Prior(Denoiser denoiser, String name, String device, int channels, double low, double high, double sigmaMin,
		double sigmaMax, int sizeStep, int receptiveRadius, List<String> classNames, Precision precision)
	{
		this(denoiser, name, device, channels, low, high, sigmaMin, sigmaMax, sizeStep, receptiveRadius, classNames, precision, 0,
			false, null);
	}

	/** A closed-form prior for vectors or images of one channel in [−1, 1], with no tiles to think of. */
	public static Prior of(String name, Denoiser denoiser) {
		return new Prior(denoiser, name, "closed form", 1, -1, 1, 0.01, 20, 1, GLOBAL, List.of(), Precision.FLOAT32);
	}

	/** The same knowledge about another denoiser, for example this one in tiles. The new prior closes the new denoiser only. */
	public Prior with(Denoiser other) {
		return new Prior(other, name, device, channels, low, high, sigmaMin, sigmaMax, sizeStep, receptiveRadius, classNames,
			precision, trainingSize, fixedSize, classifier);
	}

	/** The smallest extent in Y or X, not below the given one, that a canvas for this prior may have. */
	public int extent(int least) {
		int extent = (least + sizeStep - 1) / sizeStep * sizeStep;
		return fixedSize ? Math.max(trainingSize, extent) : extent;
	}

	@Override
	public void denoise(Batch batch, float[] out) {
		denoiser.denoise(batch, out);
	}

	/** Releases what the denoiser holds outside of the Java heap. */
	@Override
	public void close() {
		if (denoiser instanceof AutoCloseable closeable) {
			try {
				closeable.close();
			}
			catch (Exception e) {
				throw new IllegalStateException("The prior '" + name + "' could not be closed: " + e.getMessage(), e);
			}
		}
	}
}
