package io.github.tweedie.command;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

import org.scijava.ItemIO;
import org.scijava.command.Command;
import org.scijava.plugin.Menu;
import org.scijava.plugin.Parameter;
import org.scijava.plugin.Plugin;

import ij.IJ;
import ij.ImagePlus;
import ij.ImageStack;
import ij.gui.Plot;
import ij.gui.Roi;
import ij.plugin.LutLoader;
import ij.process.ImageProcessor;
import ij.process.LUT;
import io.github.tweedie.image.NoiseEstimate;
import io.github.tweedie.image.NoiseEstimator;
import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.restore.Denoising;
import io.github.tweedie.restore.Residual;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/**
 * Takes the camera's noise out of an image, of which it finds the strength by itself. Every plane is denoised on its own, every
 * channel has its own noise; planes are read one after the other. The field names are the keys of a macro, so they are part of
 * the interface.
 */
@Plugin(type = Command.class, headless = true, initializer = "offerChoices",
	menu = { @Menu(label = "Plugins"), @Menu(label = "Tweedie"), @Menu(label = Denoise.TITLE, weight = 0) })
public class Denoise extends ImageCommand {

	static final String TITLE = "Tweedie Denoise...";

	private static final String ESTIMATED = "estimated", GAUSSIAN = "gaussian", CAMERA = "camera";
	private static final String NO = "no", YES = "yes", WHOLE = "whole image", SELECTION = "selection";
	/** Planes of a channel from which its noise is estimated. */
	private static final int PLANES_FOR_NOISE = 8;

	@Parameter
	private PriorService priors;

	@Parameter(label = "Image")
	private ImagePlus image;

	@Parameter(label = "Noise (of the camera)", choices = { ESTIMATED, GAUSSIAN, CAMERA }, persist = false,
		description = "Estimated from the image, for each channel; Gaussian of the standard deviation 'sd'; or that of a camera whose "
			+ "gain, offset and readnoise are known.")
	private String noise = ESTIMATED;

	@Parameter(label = "SD (grey levels, if gaussian)", min = "0", persist = false,
		description = "Standard deviation of Gaussian noise in grey levels.")
	private Double sd = 0.0;

	@Parameter(label = "Gain (grey levels per photon, if camera)", min = "0", persist = false,
		description = "From the camera's data sheet; for a camera that states electrons per grey level, one divided by that.")
	private Double gain = 0.0;

	@Parameter(label = "Offset (grey levels, if camera)", persist = false, description = "Mean grey level of a frame without light.")
	private Double offset = 0.0;

	@Parameter(label = "Readnoise (SD in grey levels, if camera)", min = "0", persist = false,
		description = "Standard deviation of a pixel over frames without light.")
	private Double readnoise = 0.0;

	@Parameter(label = "Samples (to average, 0 for one call)", min = "0", persist = false,
		description = "0: the expectation of the clean image, in one call of the network, the fastest and on average nearest to the "
			+ "truth. 1: one possible clean image, as sharp as a real one. More: the mean of that many, which come nearer to the "
			+ "expectation, and how far they agree.")
	private Integer samples = 0;

	@Parameter(label = "Uncertainty (map, needs samples)", choices = { NO, YES }, persist = false,
		description = "A second image: for each pixel, the standard deviation of the samples in grey levels.")
	private String uncertainty = NO;

	@Parameter(label = "Residual (what was taken away)", choices = { NO, YES }, persist = false,
		description = "Another image: the input minus the result. It should look like noise; structure in it was lost.")
	private String residual = NO;

	@Parameter(label = "Plot (of the noise)", choices = { NO, YES }, persist = false,
		description = "Variance against grey level, as measured, and the line that was fitted; for each channel.")
	private String plot = NO;

	@Parameter(label = "Region (to denoise)", choices = { WHOLE, SELECTION }, persist = false,
		description = "The whole image, or what lies inside the selection; outside of it the input is kept.")
	private String region = WHOLE;

	@Parameter(label = "Model (kind of image)", persist = false,
		description = "The network, named after the kind of images it was trained on. A macro may also give the path of a model "
			+ "package.")
	private String model = "fluorescence";

	@Parameter(label = "Steps (for samples)", min = "2", persist = false,
		description = "Number of steps from the noisy image to a sample.")
	private Integer steps = 12;

	@Parameter(label = "Seed", persist = false, description = "The same seed gives the same samples.")
	private Long seed = 1L;

	@Parameter(label = "Device", choices = { "auto", "cpu", "cuda" }, persist = false,
		description = "What computes: auto takes an NVIDIA card if there is one that works, else the processor.")
	private String device = "auto";

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus plotted;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus removed;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus deviation;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus denoised;

	/**
	 * Runs the command for a macro that must go on after a failure, as one over many files does:
	 * {@code problem = call("io.github.tweedie.command.Denoise.attempt", "samples=0");}
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
		getInfo().getMutableInput("model", String.class).setChoices(priors.names());
	}

	@Override
	void compute(Monitor monitor) {
		requireGrey(image, "denoise");
		requireKnown("noise", noise, ESTIMATED, GAUSSIAN, CAMERA);
		requireKnown("uncertainty", uncertainty, NO, YES);
		requireKnown("residual", residual, NO, YES);
		requireKnown("plot", plot, NO, YES);
		requireKnown("region", region, WHOLE, SELECTION);
		requireKnown("device", device, "auto", "cpu", "cuda");
		if (uncertainty.equals(YES) && samples < 2)
			throw new IllegalArgumentException("The uncertainty is how far samples differ, and " + samples
				+ " were asked for; ask for samples=2 or more, or for uncertainty=" + NO + ".");
		if (plot.equals(YES) && !noise.equals(ESTIMATED))
			throw new IllegalArgumentException("There is a plot only of noise that was estimated; ask for noise=" + ESTIMATED
				+ " or plot=" + NO + ".");
		Roi selection = region.equals(SELECTION) ? areaSelection(image) : null;
		ImageProcessor inside = selection == null ? null : Stacks.mask(selection, image.getWidth(), image.getHeight());
		for (int i = 1; i <= image.getStackSize(); i++)
			Denoising.requireFinite(filled(Stacks.plane(image, i), inside), image.getWidth(), i - 1);
		Set<String> remarks = new LinkedHashSet<>();
		List<NoiseEstimate> estimates = new ArrayList<>();
		NoiseModel[] models = new NoiseModel[image.getNChannels()];
		NoiseEstimate.Correlation[] correlations = new NoiseEstimate.Correlation[models.length];
		for (int c = 0; c < models.length; c++) {
			correlations[c] = NoiseEstimate.Correlation.UNKNOWN;
			models[c] = switch (noise) {
				case GAUSSIAN -> NoiseModel.gaussian(positive("sd", sd));
				case CAMERA -> NoiseModel.camera(positive("gain", gain), finite("offset", offset), notNegative("readnoise", readnoise));
				default -> {
					NoiseEstimate estimate = NoiseEstimator.estimate(Stacks.floats(image, planesOf(c)));
					estimates.add(estimate);
					remarks.addAll(estimate.warnings());
					correlations[c] = estimate.correlation();
					yield estimate.model();
				}
			};
		}
		Prior prior = priors.open(model, device, monitor);
		long start = System.nanoTime();
		ImageStack clean = stack(), spread = uncertainty.equals(YES) ? stack() : null, rest = residual.equals(YES) ? stack() : null;
		Map<Residual.Verdict, Integer> verdicts = new EnumMap<>(Residual.Verdict.class);
		long evaluations = 0, replaced = 0;
		int count = image.getStackSize();
		for (int i = 1; i <= count; i++) {
			int c = (i - 1) % models.length;
			Denoising denoising = Denoising.with(prior).samples(samples).steps(steps).seed(seed).correlation(correlations[c]).build();
			float[] grey = Stacks.plane(image, i);
			Denoising.Plane plane = denoising.plane(filled(grey, inside), image.getWidth(), models[c], i - 1,
				monitor.part(i - 1, 1, count));
			float[] mean = plane.mean();
			if (inside != null)
				keepOutside(inside, mean, grey, plane.deviation());
			clean.setPixels(mean, i);
			if (spread != null)
				spread.setPixels(plane.deviation(), i);
			if (rest != null)
				rest.setPixels(difference(grey, mean), i);
			verdicts.merge(plane.residual().verdict(), 1, Integer::sum);
			evaluations = Math.max(evaluations, plane.evaluations());
			replaced += plane.replaced();
		}
		verdicts.remove(Residual.Verdict.AS_EXPECTED);
		verdicts.forEach((verdict, planes) -> remarks.add("In " + planes + " of " + count + " plane(s) " + verdict.sentence()));
		if (replaced > 0)
			remarks.add(replaced + " hot or dead pixel(s) were replaced by what their surroundings say.");
		double seconds = (System.nanoTime() - start) * 1e-9;
		show(clean, spread, rest, estimates, remarks, origin(prior, models, correlations, evaluations, seconds, remarks));
	}

	// -- Noise --

	/** Indices of some planes of a channel, spread over the stack, from 1. */
	private int[] planesOf(int channel) {
		int channels = image.getNChannels(), each = image.getStackSize() / channels, used = Math.min(each, PLANES_FOR_NOISE);
		return IntStream.range(0, used).map(k -> k * each / used * channels + channel + 1).toArray();
	}

	private static double positive(String key, double value) {
		if (!(value > 0 && value < Double.POSITIVE_INFINITY))
			throw new IllegalArgumentException("The option " + key + "=" + value + " must be above 0; give it, or ask for noise="
				+ ESTIMATED + ".");
		return value;
	}

	private static double finite(String key, double value) {
		if (!Double.isFinite(value))
			throw new IllegalArgumentException("The option " + key + "=" + value + " must be a number; give it in grey levels.");
		return value;
	}

	private static double notNegative(String key, double value) {
		if (!(value >= 0 && value < Double.POSITIVE_INFINITY))
			throw new IllegalArgumentException("The option " + key + "=" + value + " must be 0 or more; give it in grey levels.");
		return value;
	}

	// -- Planes --

	private ImageStack stack() {
		return ImageStack.create(image.getWidth(), image.getHeight(), image.getStackSize(), 32);
	}

	private static Roi areaSelection(ImagePlus image) {
		Roi selection = image.getRoi();
		if (selection == null || !selection.isArea())
			throw new IllegalArgumentException("'" + image.getTitle() + "' has no area selection; draw one around what is to be denoised,"
				+ " or ask for region=[" + WHOLE + "].");
		return selection;
	}

	/** What the network is to see of a plane: what is no number outside of the selection gives way to the median of the rest. */
	private static float[] filled(float[] grey, ImageProcessor inside) {
		if (inside == null || IntStream.range(0, grey.length).allMatch(i -> Float.isFinite(grey[i])))
			return grey;
		double[] numbers = IntStream.range(0, grey.length).mapToDouble(i -> grey[i]).filter(Double::isFinite).sorted().toArray();
		float median = numbers.length == 0 ? 0 : (float) numbers[numbers.length / 2];
		float[] out = grey.clone();
		for (int i = 0; i < out.length; i++)
			if (inside.get(i) == 0 && !Float.isFinite(out[i]))
				out[i] = median;
		return out;
	}

	private static void keepOutside(ImageProcessor inside, float[] mean, float[] grey, float[] spread) {
		for (int i = 0; i < mean.length; i++)
			if (inside.get(i) == 0) {
				mean[i] = grey[i];
				if (spread != null)
					spread[i] = 0;
			}
	}

	/** 0 also where both are NaN, or the same infinity. */
	private static float[] difference(float[] a, float[] b) {
		float[] out = new float[a.length];
		for (int i = 0; i < out.length; i++)
			out[i] = Float.compare(a[i], b[i]) == 0 ? 0 : a[i] - b[i];
		return out;
	}

	// -- The results --

	private Map<String, String> origin(Prior prior, NoiseModel[] models, NoiseEstimate.Correlation[] correlations, long evaluations,
		double seconds, Set<String> remarks)
	{
		Map<String, String> origin = new LinkedHashMap<>();
		for (int c = 0; c < models.length; c++) {
			Denoising each = Denoising.with(prior).samples(samples).steps(steps).seed(seed).correlation(correlations[c]).build();
			String where = models.length > 1 ? "channel " + (c + 1) + ", " : "";
			each.provenance(models[c], evaluations, seconds)
				.forEach((key, value) -> origin.put(key.startsWith("noise") ? where + key : key, value));
		}
		if (region.equals(SELECTION))
			origin.put("selection", String.valueOf(image.getRoi().getBounds()));
		origin.put("macro", macroLine());
		if (!remarks.isEmpty())
			origin.put("remarks", String.join(" ", remarks));
		return origin;
	}

	private void show(ImageStack clean, ImageStack spread, ImageStack rest, List<NoiseEstimate> estimates, Set<String> remarks,
		Map<String, String> origin)
	{
		denoised = Stacks.dressed(bare("denoised of ", clean), image);
		describe(denoised, origin, image.getInfoProperty());
		if (spread != null) {
			deviation = bare("uncertainty of ", spread);
			deviation.setLut(new LUT(LutLoader.getLut("fire"), 0, 1));
			deviation.setDisplayRange(0, Math.max(Stacks.maximum(deviation), 1e-6));
			deviation.getCalibration().setValueUnit("SD (grey levels)");
			describe(deviation, origin, image.getInfoProperty());
		}
		if (rest != null) {
			removed = bare("residual of ", rest);
			removed.resetDisplayRange();
			describe(removed, origin, image.getInfoProperty());
		}
		if (plot.equals(YES))
			plotted = plot(estimates);
		remarks.forEach(remark -> IJ.log(image.getTitle() + ": " + remark));
	}

	private ImagePlus bare(String prefix, ImageStack stack) {
		ImagePlus made = new ImagePlus(prefix + image.getTitle(), stack);
		made.setCalibration(image.getCalibration().copy());
		made.getCalibration().disableDensityCalibration();
		made.setDimensions(image.getNChannels(), image.getNSlices(), image.getNFrames());
		made.setOpenAsHyperStack(image.isHyperStack());
		return made;
	}

	private ImagePlus plot(List<NoiseEstimate> estimates) {
		ImageStack pages = null;
		for (int c = 0; c < estimates.size(); c++) {
			NoiseEstimate estimate = estimates.get(c);
			double[] z = estimate.points().stream().mapToDouble(NoiseEstimate.Point::level).toArray();
			double[] variance = estimate.points().stream().mapToDouble(NoiseEstimate.Point::variance).toArray();
			double[] error = estimate.points().stream().mapToDouble(NoiseEstimate.Point::error).toArray();
			double[] line = IntStream.range(0, z.length).mapToDouble(i -> estimate.model().variance(z[i])).toArray();
			Plot page = new Plot("noise of " + image.getTitle(), "grey level z", "variance of the noise");
			page.setColor("black");
			page.addPoints(z, variance, error, Plot.CIRCLE);
			page.setColor("red");
			page.addPoints(z, line, Plot.LINE);
			page.addLabel(0.05, 0.1, String.format(Locale.ROOT, "variance = %.4g z + %.4g", estimate.model().a(), estimate.model().b()));
			ImageProcessor drawn = page.getProcessor();
			if (pages == null)
				pages = new ImageStack(drawn.getWidth(), drawn.getHeight());
			pages.addSlice("channel " + (c + 1), drawn);
		}
		return new ImagePlus("noise of " + image.getTitle(), pages);
	}
}
