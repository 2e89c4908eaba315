package io.github.tweedie.command;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.scijava.ItemIO;
import org.scijava.command.Command;
import org.scijava.plugin.Menu;
import org.scijava.plugin.Parameter;
import org.scijava.plugin.Plugin;

import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.Roi;
import ij.process.FloatPolygon;
import io.github.tweedie.restore.Footprint;
import io.github.tweedie.restore.Inpainting;
import io.github.tweedie.restore.Restored;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import net.imglib2.RandomAccessibleInterval;
import net.imglib2.img.Img;
import net.imglib2.type.numeric.RealType;
import net.imglib2.type.numeric.real.FloatType;

/**
 * Restores the pixels under a mask, and says how sure it is of each. Every plane of a stack is restored on its own. The
 * field names are the keys of a macro, so they are part of the interface.
 */
@Plugin(type = Command.class, headless = true, initializer = "offerChoices",
	menu = { @Menu(label = "Plugins"), @Menu(label = "Tweedie"), @Menu(label = Inpaint.TITLE, weight = 1) })
public class Inpaint extends ModelCommand {

	static final String TITLE = "Tweedie Inpaint...";

	static final String SELECTION = "selection";
	static final String NOT_A_NUMBER = "NaN pixels";

	private static final String RESTORED = "restored";
	private static final String UNCERTAINTY = "restored and uncertainty";
	private static final String SAMPLES = "restored, uncertainty and samples";

	/** Mean and standard deviation, as they are computed and as they are shown. */
	private static final int RESULTS = 4;

	@Parameter(label = "Image")
	private ImagePlus image;

	@Parameter(label = "Mask (what to restore)", persist = false,
		description = "Which pixels are to be restored: those inside the selection, those that are NaN, "
			+ "or the white (non-zero) pixels of an open mask image.")
	private String mask = SELECTION;

	@Parameter(label = "Model (kind of image)", persist = false, description = ABOUT_MODEL)
	private String model = "nuclei";

	@Parameter(label = "Show", choices = { RESTORED, UNCERTAINTY, SAMPLES }, persist = false,
		description = "The uncertainty is, for each pixel, the standard deviation of the samples in grey levels.")
	private String show = UNCERTAINTY;

	@Parameter(label = "Samples (to average)", min = "1", persist = false,
		description = "Number of plausible images that are drawn; the restored image is their mean. "
			+ "One is fastest; the uncertainty needs at least two and gets more reliable with more.")
	private Integer samples = 8;

	@Parameter(label = "Steps (more is slower)", min = "2", persist = false,
		description = "Number of steps from noise to image. Too few steps make the uncertainty too small.")
	private Integer steps = 20;

	@Parameter(label = "Method", choices = { "moment matching", "replacement" }, persist = false,
		description = "Moment matching is the more accurate one; replacement needs noise-free known pixels.")
	private String method = "moment matching";

	@Parameter(label = "Noise (SD in grey levels)", min = "0", persist = false,
		description = "Standard deviation of the noise in the known pixels, if it is known. With 0 they come back unchanged.")
	private Double noise = 0.0;

	@Parameter(label = "Seed", persist = false,
		description = "The same seed gives the same result. Another seed gives other, equally plausible samples.")
	private Long seed = 1L;

	@Parameter(label = "Device", choices = { AUTO, CPU, CUDA }, persist = false, description = ABOUT_DEVICE)
	private String device = AUTO;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus draws;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus uncertainty;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus restored;

	/**
	 * Runs the command for a macro that must go on after a failure, as one over many files does:
	 * {@code problem = call("io.github.tweedie.command.Inpaint.attempt", "mask=[NaN pixels]");}
	 *
	 * @param options as for {@code run}
	 * @return the sentence that tells what failed; empty if nothing did
	 */
	public static String attempt(String options) {
		return attempt(TITLE, options);
	}

	@Override
	String title() {
		return TITLE;
	}

	@Override
	protected void offerChoices() {
		super.offerChoices();
		List<String> masks = new ArrayList<>(List.of(SELECTION, NOT_A_NUMBER));
		for (String title : WindowManager.getImageTitles())
			if (image == null || !title.equals(image.getTitle())) masks.add(title);
		getInfo().getMutableInput("mask", String.class).setChoices(masks);
	}

	@Override
	void compute(Monitor monitor) {
		requireGrey(image, "restore");
		requireKnown("show", show, RESTORED, UNCERTAINTY, SAMPLES);
		requireDevice(device);
		requireSampling(1, samples, steps);
		if (!show.equals(RESTORED) && samples == 1)
			throw new IllegalArgumentException("One sample has no uncertainty; ask for samples=2 or more, or for show=" + RESTORED + ".");
		Inpainting.Method chosen = method();
		requireRoom();
		Img<FloatType> pixels = Stacks.floats(image);
		Roi selection = mask.equals(SELECTION) ? areaSelection(image, "restored, or name a mask image") : null;
		RandomAccessibleInterval<? extends RealType<?>> hidden = hidden(pixels, selection);
		Prior prior = open(model, device, monitor);
		Inpainting inpainting = Inpainting.with(prior).method(chosen).steps(steps).samples(samples).seed(seed).noise(noise)
			.monitor(monitor).build();
		show(restore(inpainting, pixels, hidden), prior, selection);
	}

	@SuppressWarnings({ "unchecked", "rawtypes" })
	private static Restored restore(Inpainting inpainting, Img<FloatType> pixels, RandomAccessibleInterval hidden) {
		return inpainting.restore(pixels, hidden);
	}

	/** NB: all samples are kept, and those to be shown are copied. */
	private void requireRoom() {
		long copies = samples * (show.equals(SAMPLES) ? 2L : 1L) + RESULTS;
		long needed = copies * Float.BYTES * image.getWidth() * image.getHeight() * image.getStackSize(), free = Footprint.free(needed);
		if (free < needed)
			throw new IllegalArgumentException("The option samples=" + samples + " takes " + (needed + (1 << 20) - 1 >> 20)
				+ " MB of Java's memory for '" + image.getTitle() + "', of which " + (free >> 20) + " MB are free; ask for fewer samples,"
				+ " crop the image, close other images, or give Java more in Edit > Options > Memory & Threads.");
	}

	// -- The mask --

	private RandomAccessibleInterval<? extends RealType<?>> hidden(Img<FloatType> pixels, Roi selection) {
		return switch (mask) {
			case SELECTION -> Stacks.inside(selection, image.getWidth(), image.getHeight());
			case NOT_A_NUMBER -> Stacks.notNumbers(pixels);
			default -> Stacks.floats(maskImage());
		};
	}

	private ImagePlus maskImage() {
		ImagePlus found = WindowManager.getImage(mask);
		if (found == null)
			throw new IllegalArgumentException("No open image has the title '" + mask + "'; a mask is '" + SELECTION + "', '"
				+ NOT_A_NUMBER + "' or the title of an open image that is white where pixels are to be restored.");
		if (found == image)
			throw new IllegalArgumentException("'" + mask + "' is the image itself; a mask is another image, white where pixels are to be restored.");
		if (found.getType() == ImagePlus.COLOR_RGB)
			throw new IllegalArgumentException("The mask '" + mask + "' is an RGB image; convert it with Image > Type > 8-bit.");
		if (found.getWidth() != image.getWidth() || found.getHeight() != image.getHeight()
			|| found.getStackSize() != 1 && found.getStackSize() != image.getStackSize())
			throw new IllegalArgumentException("The mask '" + mask + "' has " + extents(found) + ", the image " + extents(image)
				+ "; a mask has the size of the image, and one plane or as many.");
		return found;
	}

	private static String extents(ImagePlus image) {
		return image.getWidth() + "×" + image.getHeight() + "×" + image.getStackSize() + " pixels";
	}

	private Inpainting.Method method() {
		for (Inpainting.Method candidate : Inpainting.Method.values())
			if (word(candidate).equals(method)) return candidate;
		throw unknown("method", method, Stream.of(Inpainting.Method.values()).map(Inpaint::word).toArray(String[]::new));
	}

	private static String word(Inpainting.Method method) {
		return method.name().toLowerCase(Locale.ROOT).replace('_', ' ');
	}

	// -- The results --

	private void show(Restored result, Prior prior, Roi selection) {
		Map<String, String> origin = origin(result, prior, selection);
		String title = image.getTitle();
		restored = Stacks.dressed(Stacks.image("restored of " + title, result.mean(), image.getCalibration()), image);
		describe(restored, origin, image);
		if (!show.equals(RESTORED)) {
			uncertainty = Stacks.uncertainty(Stacks.image("uncertainty of " + title, result.deviation(), image.getCalibration()), image);
			describe(uncertainty, origin, image);
		}
		if (show.equals(SAMPLES)) {
			draws = Stacks.image("samples of " + title, result.samples(), image.getCalibration());
			draws.setDisplayRange(restored.getDisplayRangeMin(), restored.getDisplayRangeMax());
			if (image.getStackSize() > 1) draws.setDimensions(1, image.getStackSize(), samples);
			else draws.setDimensions(1, 1, samples);
			draws.setOpenAsHyperStack(true);
			describe(draws, origin, image);
		}
	}

	/** Where the images came from. */
	private Map<String, String> origin(Restored result, Prior prior, Roi selection) {
		Map<String, String> origin = new LinkedHashMap<>(result.provenance());
		origin.put("model", prior.name());
		origin.put("device", prior.device());
		origin.put("evaluations", Long.toString(result.evaluations()));
		origin.put("seconds", String.format(Locale.ROOT, "%.2f", result.seconds()));
		if (selection != null) origin.put("selection", selectionLine(selection));
		origin.put("macro", macroLine());
		return origin;
	}

	/** The line of a macro that makes a selection. Composite selections have none; save them as .roi files. */
	private static String selectionLine(Roi selection) {
		String bounds = "(" + selection.getXBase() + ", " + selection.getYBase() + ", " + selection.getFloatWidth() + ", "
			+ selection.getFloatHeight() + ");";
		return switch (selection.getType()) {
			case Roi.RECTANGLE -> "makeRectangle" + bounds;
			case Roi.OVAL -> "makeOval" + bounds;
			case Roi.COMPOSITE -> "// a composite selection of " + selection.getStatistics().pixelCount + " pixels";
			default -> {
				FloatPolygon outline = selection.getFloatPolygon();
				yield "makeSelection(\"" + selection.getTypeAsString() + "\", newArray(" + joined(outline.xpoints, outline.npoints)
					+ "), newArray(" + joined(outline.ypoints, outline.npoints) + "));";
			}
		};
	}

	private static String joined(float[] values, int count) {
		return Stream.iterate(0, i -> i < count, i -> i + 1).map(i -> String.valueOf(values[i])).collect(Collectors.joining(","));
	}
}
