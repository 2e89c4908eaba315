package io.github.tweedie.command;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;

import ij.ImagePlus;
import ij.measure.Calibration;

/** Whether the pixels of an image are of about the size of those on which a model was trained. */
final class PixelSize {

	/** A network sees structures of half and of twice the size in its training, too. */
	private static final double MOST = 2;

	private static final Map<String, Double> MICROMETRES = Map.of("µm", 1.0, "μm", 1.0, "um", 1.0, "micron", 1.0, "microns", 1.0,
		"micrometer", 1.0, "micrometre", 1.0, "nm", 1e-3, "mm", 1e3);

	private PixelSize() {}

	/** Side of a pixel in micrometres, of an oblong one the mean; NaN if the unit is no length that a microscope would have. */
	static double micrometres(Calibration calibration) {
		double unit = MICROMETRES.getOrDefault(String.valueOf(calibration.getUnit()).strip().toLowerCase(Locale.ROOT), Double.NaN);
		return unit * Math.sqrt(Math.abs(calibration.pixelWidth * calibration.pixelHeight));
	}

	/**
	 * How many pixels along each side are to be averaged to one, so that they come nearest to a model's; 1 if none are.
	 *
	 * @param model side of the model's pixels in micrometres, NaN if it is not known
	 * @throws IllegalArgumentException if one of the sizes is not known, or the image would have no pixel left
	 */
	static int bin(ImagePlus image, double model) {
		double own = micrometres(image.getCalibration());
		if (!(own > 0))
			throw new IllegalArgumentException("'" + image.getTitle() + "' does not tell how large its pixels are, so it cannot be resampled;"
				+ " say it in Image > Properties..., with a unit such as µm, or ask for resample=no.");
		if (!(model > 0))
			throw new IllegalArgumentException("The model does not tell on pixels of which size it was trained, so nothing can be resampled"
				+ " for it; ask for resample=no.");
		long bin = Math.max(1, Math.round(model / own));
		if (bin > Math.min(image.getWidth(), image.getHeight()))
			throw new IllegalArgumentException("To resample '" + image.getTitle() + "', " + bin + "×" + bin + " pixels would be averaged to one,"
				+ " and it has " + image.getWidth() + "×" + image.getHeight() + "; check its pixel size, or ask for resample=no.");
		return (int) bin;
	}

	/**
	 * What to tell of an image whose pixels are far from a model's.
	 *
	 * @param model side of the model's pixels in micrometres, NaN if it is not known; asked only if the image's is
	 */
	static Optional<String> remark(Calibration calibration, DoubleSupplier model) {
		double own = micrometres(calibration), trained = own > 0 ? model.getAsDouble() : Double.NaN, larger = trained / own;
		if (!(trained > 0) || larger <= MOST && larger >= 1 / MOST) return Optional.empty();
		String seen = String.format(Locale.ROOT, "Its pixels measure %.3g µm, those on which the model was trained %.3g µm, so"
			+ " structures look %.3g times as large to the network; ", own, trained, larger);
		return Optional.of(seen + (larger > 1
			? "ask for resample=yes, which averages " + Math.round(larger) + "×" + Math.round(larger) + " pixels to one and keeps the noise"
				+ " independent, or take a model that was trained on such pixels."
			: "take a model that was trained on such pixels; to enlarge the image would make its noise alike in neighbouring pixels."));
	}
}
