package io.github.tweedie.command;

import java.util.LinkedHashMap;
import java.util.Map;

import org.scijava.ItemIO;
import org.scijava.command.Command;
import org.scijava.plugin.Menu;
import org.scijava.plugin.Parameter;
import org.scijava.plugin.Plugin;

import ij.ImagePlus;
import ij.measure.ResultsTable;
import io.github.tweedie.restore.BitsPerDimension;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import net.imglib2.RandomAccessibleInterval;
import net.imglib2.type.numeric.real.FloatType;

/**
 * Tells how likely an image is under a model, in bits per dimension, and which pixels make it unlikely. Every plane of a stack is rated
 * on its own and gets a row in the table of results. The field names are the keys of a macro, so they are part of the interface.
 */
@Plugin(type = Command.class, headless = true, initializer = "offerChoices",
	menu = { @Menu(label = "Plugins"), @Menu(label = "Tweedie"), @Menu(label = Likelihood.TITLE, weight = 5) })
public class Likelihood extends ModelCommand {

	static final String TITLE = "Tweedie Likelihood...";

	private static final String MAP = "map", BOTH = "map and standard error", TABLE = "table";
	/** With so many, the standard error is a sixteenth of that of four. */
	private static final int MOST_PROBES = 1000;

	@Parameter(label = "Image")
	private ImagePlus image;

	@Parameter(label = "Low (grey level)", persist = false,
		description = "Grey level that becomes the dark end of the model's range: about the background. It must be the same for all images "
			+ "that are to be compared. 'auto' is 0, for 8-bit images only.")
	private String low = AUTO;

	@Parameter(label = "High (grey level)", persist = false,
		description = "Grey level that becomes the bright end of the model's range: about the brightest structures. It must be the same "
			+ "for all images that are to be compared. 'auto' is 255, for 8-bit images only.")
	private String high = AUTO;

	@Parameter(label = "Step (between grey levels)", persist = false,
		description = "Distance of neighbouring grey levels, the unit of the density. 'auto' is 1, for images of whole numbers only.")
	private String step = AUTO;

	@Parameter(label = "Model (kind of image)", persist = false, description = ABOUT_MODEL)
	private String model = "nuclei";

	@Parameter(label = "Show", choices = { MAP, BOTH, TABLE }, persist = false,
		description = "The map has the summand of each pixel, in bits; its mean is the value in the table.")
	private String show = MAP;

	@Parameter(label = "Probes (to average)", min = "1", persist = false,
		description = "Number of random probes for the trace of the network's Jacobian. Time grows with it, the standard error shrinks "
			+ "with its root; one probe has no standard error.")
	private Integer probes = 4;

	@Parameter(label = "Seed", persist = false, description = "The same seed gives the same result.")
	private Long seed = 1L;

	@Parameter(label = "Device", choices = { AUTO, CPU, CUDA }, persist = false, description = ABOUT_DEVICE)
	private String device = AUTO;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus error;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus map;

	/**
	 * Runs the command for a macro that must go on after a failure, as one over many files does:
	 * {@code problem = call("io.github.tweedie.command.Likelihood.attempt", "low=100 high=4095");}
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
	void compute(Monitor monitor) {
		requireGrey(image, "rate");
		requireKnown("show", show, MAP, BOTH, TABLE);
		requireDevice(device);
		requireWithin("probes", probes, 1, MOST_PROBES);
		if (show.equals(BOTH) && probes == 1)
			throw new IllegalArgumentException("One probe has no standard error; ask for probes=2 or more, or for show=" + MAP + ".");
		double dark = greyLevel("low", low, 0), bright = greyLevel("high", high, 255), distance = step();
		Prior prior = open(model, device, monitor);
		BitsPerDimension result = io.github.tweedie.restore.Likelihood.with(prior).scale(dark, bright).step(distance).probes(probes)
			.seed(seed).monitor(monitor).build().of(Stacks.floats(image));
		tabulate(result, prior);
		if (!show.equals(TABLE)) map = shown("bits of ", "bits", result.map(), result);
		if (show.equals(BOTH)) error = shown("standard error of bits of ", "SE (bits)", result.error(), result);
	}

	// -- Grey levels --

	/** NB: No guess from the pixels: two images of one experiment would get two scales, and their numbers could not be compared. */
	private double greyLevel(String key, String value, double ofBytes) {
		if (!value.equals(AUTO)) return number(key, value);
		if (image.getBitDepth() == 8 && !image.getCalibration().calibrated()) return ofBytes;
		throw new IllegalArgumentException("'" + image.getTitle() + "' is a " + kind() + " image, of which it is not known which grey levels "
			+ "are dark and bright to the model; give low= and high=, the same for all images that you compare, such as the usual "
			+ "background and the usual brightest structures of the experiment.");
	}

	private double step() {
		boolean whole = image.getBitDepth() < 32 && !image.getCalibration().calibrated();
		if (step.equals(AUTO)) {
			if (whole) return 1;
			throw new IllegalArgumentException("'" + image.getTitle() + "' is a " + kind() + " image, of which it is not known how far apart "
				+ "neighbouring grey levels are; give step=, for example 1 if the grey levels were whole numbers.");
		}
		double number = number("step", step);
		if (!(number > 0) || whole && number != Math.rint(number))
			throw new IllegalArgumentException("The step between grey levels of a " + kind() + " image must be "
				+ (whole ? "a whole number above 0" : "above 0") + "; seen was " + step + ".");
		return number;
	}

	private String kind() {
		return image.getBitDepth() + "-bit" + (image.getCalibration().calibrated() ? ", calibrated" : "");
	}

	private static double number(String key, String value) {
		try {
			return Double.parseDouble(value);
		}
		catch (NumberFormatException e) {
			throw new IllegalArgumentException("The option " + key + "=" + value + " should be a number, or '" + AUTO + "'.");
		}
	}

	// -- The results --

	/** A row a plane, in ImageJ's table of results: the one that macros read without a window, too. */
	private void tabulate(BitsPerDimension result, Prior prior) {
		ResultsTable table = ResultsTable.getResultsTable();
		for (int p = 0; p < result.planes().size(); p++) {
			BitsPerDimension.Plane plane = result.planes().get(p);
			table.incrementCounter();
			table.addLabel(image.getTitle());
			table.addValue("Plane", p + 1);
			table.addValue("BitsPerDim", plane.bits());
			table.addValue("BitsError", plane.error());
			table.addValue("Evaluations", plane.evaluations());
			table.addValue("Model", prior.name());
		}
		table.show("Results");
	}

	private ImagePlus shown(String prefix, String unit, RandomAccessibleInterval<FloatType> values, BitsPerDimension result) {
		ImagePlus shown = Stacks.map(Stacks.image(prefix + image.getTitle(), values, image.getCalibration()), image, unit);
		shown.resetDisplayRange();
		Map<String, String> origin = new LinkedHashMap<>(result.provenance());
		origin.put("macro", macroLine());
		describe(shown, origin, image);
		return shown;
	}
}
