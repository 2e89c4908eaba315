package io.github.tweedie.command;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.scijava.ItemIO;
import org.scijava.command.Command;
import org.scijava.plugin.Menu;
import org.scijava.plugin.Parameter;
import org.scijava.plugin.Plugin;
import org.scijava.widget.NumberWidget;

import ij.IJ;
import ij.ImagePlus;
import ij.ImageStack;
import ij.WindowManager;
import ij.gui.Overlay;
import ij.gui.Plot;
import ij.gui.Roi;
import ij.process.ImageProcessor;
import io.github.tweedie.image.DarkFrame;
import io.github.tweedie.image.NoiseEstimate;
import io.github.tweedie.image.NoiseEstimator;
import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.restore.Denoising;
import io.github.tweedie.restore.Footprint;
import io.github.tweedie.restore.Residual;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/**
 * Takes the camera's noise out of an image, of which it finds the strength by itself. Every plane is denoised on its own, every
 * channel and every colour has its own noise; slices are read one after the other, and results may go to the disk one after the
 * other. The field names are the keys of a macro, so they are part of the interface.
 */
@Plugin(type = Command.class, headless = true, initializer = "offerChoices",
	menu = { @Menu(label = "Plugins"), @Menu(label = "Tweedie"), @Menu(label = Denoise.TITLE, weight = 0) })
public class Denoise extends ModelCommand {

	static final String TITLE = "Tweedie Denoise...";

	private static final String ESTIMATED = "estimated", GAUSSIAN = "gaussian", CAMERA = "camera";
	private static final String NO = "no", YES = "yes", WHOLE = "whole image", SELECTION = "selection";
	/** Planes of a channel from which its noise is estimated. */
	private static final int PLANES_FOR_NOISE = 8;
	/**
	 * Of standard deviations: if the noise of a plane differs more from that of all, each has one of its own. Estimates differ by 1.1,
	 * those of correlated noise by more, and those of smaller planes tell too little each by itself.
	 */
	private static final double MOST_DIFFERENT = 1.25, MOST_CORRELATED = 2;
	private static final int SMALL = 128 * 128;
	/** Below, the stabilised noise is far from normal. */
	private static final double FEW_PHOTONS = 3;
	/** Grey levels that a float can hold the square of. */
	private static final double MOST_TOLD = 1e18;
	/** Of the span of all grey levels: noise told to be stronger is not this image's, since it would spread them farther. */
	private static final double MOST_SPANS = 100;
	/** Of standard deviations: what is measured beside what the user told. */
	private static final double MOST_BESIDE_TOLD = 1.5;

	@Parameter(label = "Image")
	private ImagePlus image;

	@Parameter(label = "Noise (of the camera)", choices = { ESTIMATED, GAUSSIAN, CAMERA }, persist = false,
		description = "Estimated from the image, for each channel; Gaussian of the standard deviation 'sd'; or that of a camera of which "
			+ "offset and readnoise are known, or a dark frame, and the gain is known, too, or measured in the image.")
	private String noise = ESTIMATED;

	@Parameter(label = "SD (grey levels, if gaussian)", min = "0", persist = false,
		description = "Standard deviation of Gaussian noise in grey levels.")
	private Double sd = 0.0;

	@Parameter(label = "Gain (grey levels per photon, if camera)", min = "0", persist = false,
		description = "From the camera's data sheet; for a camera that states electrons per grey level, one divided by that. 0: measured in "
			+ "the image, far better than without offset and readnoise.")
	private Double gain = 0.0;

	@Parameter(label = "Offset (grey levels, if camera)", persist = false, description = "Mean grey level of a frame without light.")
	private Double offset = 0.0;

	@Parameter(label = "Readnoise (SD in grey levels, if camera)", min = "0", persist = false,
		description = "Standard deviation of a pixel over frames without light.")
	private Double readnoise = 0.0;

	@Parameter(label = "Dark (image or file without light, if camera)", style = FILE, persist = false,
		description = "In place of offset and readnoise: the title of an open image, or a file, of one or more frames that were taken with "
			+ "the shutter closed; with the exposure time, the binning and the temperature of the image.")
	private String dark = "";

	@Parameter(label = "Samples (0: nearest to the truth, 1: sharpest)", min = "0", max = "199", style = NumberWidget.SLIDER_STYLE,
		persist = false,
		description = "0: the expectation of the clean image, in one call of the network, the fastest and on average nearest to the "
			+ "truth. 1: one possible clean image, as sharp as a real one. More: the mean of that many, which come nearer to the "
			+ "expectation, and how far they agree.")
	private Integer samples = 0;

	@Parameter(label = "Uncertainty (map, needs samples)", choices = { NO, YES }, persist = false,
		description = "A second image: for each pixel, the standard deviation of the samples in grey levels.")
	private String uncertainty = NO;

	@Parameter(label = "Interval (percent, needs samples, 0 for none)", min = "0", max = "99", persist = false,
		description = "Two more images: for each pixel a lower and an upper grey level, between which the clean one lies with this "
			+ "probability, as far as the model knows such images. 90 needs 19 samples or more.")
	private Integer interval = 0;

	@Parameter(label = "Residual (what was taken away)", choices = { NO, YES }, persist = false,
		description = "Another image: the input minus the result. It should look like noise; structure in it was lost.")
	private String residual = NO;

	@Parameter(label = "Plot (of the noise)", choices = { NO, YES }, persist = false,
		description = "Variance against grey level, as measured, and the line that was fitted; for each channel.")
	private String plot = NO;

	@Parameter(label = "Region (to denoise)", choices = { WHOLE, SELECTION }, persist = false,
		description = "The whole image, or what lies inside the selection; outside of it the input is kept.")
	private String region = WHOLE;

	@Parameter(label = "Resample (to the model's pixels)", choices = { NO, YES }, persist = false,
		description = "If the pixels of the image are smaller than those on which the model was trained, as many are averaged to one as "
			+ "come nearest, and the results have these larger pixels. Both sizes must be known.")
	private String resample = NO;

	@Parameter(label = "Save (folder, empty for none)", style = DIRECTORY, persist = false,
		description = "A folder for results that are too large for the memory: each plane goes to the disk as soon as it is denoised, "
			+ "and the TIFF files are opened as virtual stacks. While it writes, it needs twice the room on the disk.")
	private String save = "";

	@Parameter(label = "Model (kind of image)", persist = false, description = ABOUT_MODEL)
	private String model = "fluorescence";

	@Parameter(label = "Models (one for each channel, empty for one)", persist = false,
		description = "Where channels show different things: the name of a model for each channel, separated by commas. A colour image"
			+ " has the channels red, green and blue.")
	private String models = "";

	@Parameter(label = "Steps (for samples)", min = "2", persist = false,
		description = "Number of steps from the noisy image to a sample.")
	private Integer steps = 12;

	@Parameter(label = "Seed", persist = false, description = "The same seed gives the same samples.")
	private Long seed = 1L;

	@Parameter(label = "Device", choices = { AUTO, CPU, CUDA }, persist = false, description = ABOUT_DEVICE)
	private String device = AUTO;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus plotted;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus removed;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus lower;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus upper;

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
	void compute(Monitor monitor) {
		requireOptions();
		List<String> names = modelNames(new GreyPlanes(image, 1));
		GreyPlanes planes = new GreyPlanes(image, resample.equals(YES) ? PixelSize.bin(image, pixelSize(names)) : 1);
		Roi selection = region.equals(SELECTION) ? areaSelection(image, "denoised, or ask for region=[" + WHOLE + "]") : null;
		ImageProcessor inside = selection == null ? null
			: Stacks.mask(planes.placed(selection), planes.width(), planes.height());
		if (inside != null && inside.getStats().max == 0)
			throw new IllegalArgumentException("The selection holds no pixel" + (planes.binned() ? " of those that are left after resampling"
				: "") + "; draw a larger one, or ask for region=[" + WHOLE + "].");
		requireRoom(planes);
		List<DarkFrame> frames = darkFrames(planes);
		requirePlausible(planes, frames);
		try (Result result = new Result(planes, monitor)) {
			requireFinite(planes, inside, monitor);
			// NB: a model opens on one processor and takes as long as many estimates; meanwhile the others find out about the noise.
			CompletableFuture<List<Camera>> noisy = CompletableFuture.supplyAsync(
				() -> IntStream.range(0, planes.channels()).mapToObj(c -> camera(planes, c, frames.get(c), monitor)).toList());
			List<Prior> priors = opened(names, noisy, monitor);
			List<Camera> cameras = done(noisy);
			List<Denoising> channels = IntStream.range(0, cameras.size()).mapToObj(c -> denoising(priors.get(c), cameras.get(c))).toList();
			denoise(planes, priors, channels, cameras, frames, inside, result, monitor);
			show(planes, result, channels, cameras, selection);
		}
	}

	/** The model of each channel. */
	private List<String> modelNames(GreyPlanes planes) {
		if (models.isBlank())
			return Collections.nCopies(planes.channels(), model);
		List<String> names = Stream.of(models.split(",", -1)).map(String::strip).toList();
		if (names.size() != planes.channels() || names.contains(""))
			throw new IllegalArgumentException("The option models=[" + models + "] must name a model for each channel, separated by commas, and '"
				+ image.getTitle() + "' has " + planes.channels() + " channel(s); give as many, or leave models= out and give one model=.");
		return names;
	}

	/** Of models of one size of pixels. */
	private double pixelSize(List<String> names) {
		double[] sizes = names.stream().distinct().mapToDouble(this::pixelSize).distinct().toArray();
		// NB: that of a model that does not tell is asked for in another sentence.
		if (DoubleStream.of(sizes).anyMatch(Double::isNaN))
			return Double.NaN;
		if (sizes.length > 1)
			throw new IllegalArgumentException("The models of the channels were trained on pixels of " + Arrays.toString(sizes)
				+ " µm, so no resampling suits all; ask for resample=" + NO + ", or split the channels.");
		return sizes[0];
	}

	private Denoising denoising(Prior prior, Camera camera) {
		return Denoising.with(prior).samples(samples).steps(steps).seed(seed).quantiles(ends()).correlation(camera.correlation()).build();
	}

	/** NB: nothing reads the image any more when this fails. */
	private List<Prior> opened(List<String> names, CompletableFuture<?> meanwhile, Monitor monitor) {
		try {
			Map<String, Prior> opened = new HashMap<>();
			return names.stream().map(name -> opened.computeIfAbsent(name, n -> open(n, device, monitor))).toList();
		}
		catch (RuntimeException | Error e) {
			meanwhile.handle((found, failure) -> null).join();
			throw e;
		}
	}

	private void requireOptions() {
		requireImage(image, "denoise");
		requireKnown("noise", noise, ESTIMATED, GAUSSIAN, CAMERA);
		requireKnown("uncertainty", uncertainty, NO, YES);
		requireKnown("residual", residual, NO, YES);
		requireKnown("plot", plot, NO, YES);
		requireKnown("region", region, WHOLE, SELECTION);
		requireKnown("resample", resample, NO, YES);
		requireDevice(device);
		requireUsed(GAUSSIAN, "sd", sd);
		requireUsed(CAMERA, "gain", gain);
		requireUsed(CAMERA, "offset", offset);
		requireUsed(CAMERA, "readnoise", readnoise);
		requireNoise();
		requireSampling(0, samples, steps);
		if (uncertainty.equals(YES) && samples < 2)
			throw new IllegalArgumentException("The uncertainty is how far samples differ, and " + samples
				+ " were asked for; ask for samples=2 or more, or for uncertainty=" + NO + ".");
		if (interval < 0 || interval > 99)
			throw new IllegalArgumentException("The option interval=" + interval + " is a probability from 1 to 99 percent, or 0 for none.");
		int fewest = interval > 0 ? (int) Denoising.fewest(ends()[0]) : 0;
		if (interval > 0 && samples < fewest)
			throw new IllegalArgumentException("An interval of " + interval + " % needs at least " + fewest + " samples, and " + samples
				+ " were asked for; ask for samples=" + fewest + " or for interval=0.");
		if (plot.equals(YES) && !measured())
			throw new IllegalArgumentException("There is a plot only of noise that was estimated; ask for noise=" + ESTIMATED
				+ " or plot=" + NO + ".");
	}

	/** Whether the image tells the noise, or some of it. */
	private boolean measured() {
		return noise.equals(ESTIMATED) || noise.equals(CAMERA) && gain == 0;
	}

	private void requireNoise() {
		if (noise.equals(GAUSSIAN))
			positive("sd", sd);
		notNegative("gain", gain);
		finite("offset", offset);
		notNegative("readnoise", readnoise);
		boolean frame = offset != 0 || readnoise != 0, whole = offset != 0 && readnoise != 0;
		if (!dark.isBlank() && (frame || !noise.equals(CAMERA)))
			throw new IllegalArgumentException("The option dark=[" + dark + "] is for noise=" + CAMERA
				+ " in place of offset and readnoise; ask for noise=" + CAMERA + " and leave these out, or leave dark= out.");
		if (noise.equals(CAMERA) && gain == 0 && dark.isBlank() && !whole)
			throw new IllegalArgumentException("Too little was told of the camera: without gain=, which the image then tells, dark= is needed,"
				+ " or both offset= and readnoise=; give these, or ask for noise=" + ESTIMATED + ".");
	}

	private void requireUsed(String by, String key, double value) {
		if (value != 0 && !noise.equals(by))
			throw new IllegalArgumentException("The option " + key + "=" + value + " is for noise=" + by + ", and noise=" + noise
				+ " was asked for; ask for noise=" + by + ", or leave " + key + "= out.");
	}

	/** Orders of the quantiles at the ends of the interval; none without one. */
	private double[] ends() {
		return interval == 0 ? new double[0] : new double[] { 0.5 - interval / 200.0, 0.5 + interval / 200.0 };
	}

	// -- Room --

	private void requireRoom(GreyPlanes planes) {
		int maps = (uncertainty.equals(YES) ? 1 : 0) + (residual.equals(YES) ? 1 : 0) + ends().length;
		Footprint whole = Footprint.of((long) planes.width() * planes.height(), planes.averaged(), planes.slices(), planes.colours(), maps,
			samples, ends().length > 0);
		Footprint needed = save.isBlank() ? whole : whole.saved();
		long free = Footprint.free(needed.bytes());
		if (free < needed.bytes())
			throw new IllegalArgumentException(noRoom(needed, free, samples, image.getStackSize() + " slice(s) of " + image.getWidth()
				+ "×" + image.getHeight() + " pixels"));
		if (!save.isBlank() && DiskStack.free(folder()) < whole.disk())
			throw new IllegalArgumentException(noRoom(whole, DiskStack.free(folder()), folder()));
	}

	/** What is missing, and what helps: what is kept may go to the disk, what is worked with cannot. */
	static String noRoom(Footprint needed, long free, int samples, String image) {
		String help = needed.results() > 0 && needed.work() <= free
			? "give save= a folder, so that each plane goes to the disk as soon as it is denoised, "
			: samples > 1 ? "crop the image, ask for fewer samples, " : "crop the image, ";
		return "Denoising " + image + " takes " + atLeast(needed.bytes()) + " of Java's memory, of which " + (free >> 20)
			+ " MB are free; " + help + "close other images, or give Java more in Edit > Options > Memory & Threads.";
	}

	static String noRoom(Footprint needed, long free, Path folder) {
		return "The results need " + atLeast(needed.disk()) + " in " + folder + " while they are written, and "
			+ (free < 1 << 20 ? (free >> 10) + " KB" : (free >> 20) + " MB") + " are free there; make room, or give save= another folder.";
	}

	/** So many bytes, rounded up. */
	private static String atLeast(long bytes) {
		return bytes < 1 << 20 ? (bytes + 1023 >> 10) + " KB" : (bytes + (1 << 20) - 1 >> 20) + " MB";
	}

	// -- Noise --

	/** What was worked out in another thread, or what it failed with. */
	private static <T> T done(CompletableFuture<T> work) {
		try {
			return work.join();
		}
		catch (CompletionException e) {
			if (e.getCause() instanceof Error error)
				throw error;
			throw e.getCause() instanceof RuntimeException known ? known : e;
		}
	}

	private void requireFinite(GreyPlanes planes, ImageProcessor inside, Monitor monitor) {
		if (!planes.mayHaveHoles()) return;
		monitor.say("Looking for pixels that are no numbers");
		for (int i = 0; i < planes.count(); i++) {
			if (monitor.cancelled())
				throw new CancellationException("Cancelled before the first plane was denoised.");
			Denoising.requireFinite(filled(planes.plane(i), inside), planes.width(), i);
		}
	}

	/**
	 * The noise of a channel.
	 *
	 * @param estimate what the image tells of it; null if the user told it
	 * @param differing by which factor the standard deviation in one of the planes differs most from the one in all of them, above 1
	 * @param beside what the image tells of a noise that the user told; null if it was not told
	 */
	private record Camera(NoiseModel noise, NoiseEstimate estimate, double differing, NoiseEstimate beside) {

		static Camera of(NoiseEstimate estimate, double differing) {
			return new Camera(estimate.model(), estimate, differing, null);
		}

		/** Whether each plane has a noise of its own. */
		boolean changing() {
			return differing > (correlation().found() ? MOST_CORRELATED : MOST_DIFFERENT);
		}

		/** The noise of a plane. NB: what is correlated in some planes only is rather texture than noise. */
		Camera ofPlane(Supplier<NoiseEstimate> plane) {
			if (!changing())
				return this;
			NoiseEstimate own = plane.get();
			return isLike(own) ? of(own, 1) : this;
		}

		/** The noise of a plane that may not have been among those that told this one; this one, unless it differs or the user told it. */
		Camera apart(Supplier<NoiseEstimate> plane) {
			if (estimate == null)
				return this;
			NoiseEstimate alone = plane.get();
			return beside(alone) > MOST_DIFFERENT ? of(alone, 1) : this;
		}

		/** By which factor the noise of a plane differs, at least 1. */
		double beside(NoiseEstimate plane) {
			double factor = isLike(plane) ? plane.over(noise) : 1;
			return Math.max(factor, 1 / factor);
		}

		private boolean isLike(NoiseEstimate plane) {
			return plane.correlation().found() == correlation().found();
		}

		/** Of the noise of neighbouring pixels. */
		NoiseEstimate.Correlation correlation() {
			return estimate == null ? NoiseEstimate.Correlation.UNKNOWN : estimate.correlation();
		}

		/** @param averaged whether pixels were averaged since they hold few photons */
		List<String> remarks(boolean averaged) {
			List<String> remarks = new ArrayList<>(estimate == null ? beside.warningsBesideTold() : estimate.warnings());
			if (changing())
				remarks.add(String.format(Locale.ROOT, "The noise of its planes differs (by a factor of %.1f from that of all of them), as when"
					+ " the gain changes or bleaching is corrected, so it was measured in each plane by itself.", differing));
			double photons = noise.a() != 0 && estimate != null ? estimate.points().stream()
				.mapToDouble(point -> point.variance() / (noise.a() * noise.a())).max().orElse(FEW_PHOTONS) : FEW_PHOTONS;
			if (noise.a() < 0)
				remarks.add("The noise falls with brightness, as in inverted and logarithmic images, so it was taken out in the negative.");
			String wrong = noise.a() < 0 ? "too dark" : "too bright";
			if (averaged)
				remarks.add("Less than a photon falls on a pixel even where it is brightest, so pixels were averaged and the result was"
					+ " interpolated: what is finer was not to be told, and the result is " + wrong + " by up to a tenth.");
			else if (photons < FEW_PHOTONS)
				remarks.add(String.format(Locale.ROOT, "A pixel holds %.2g photons where most fall, so few that the result is %s by up to a"
					+ " tenth; sum exposures, or scale the image down with averaging.", photons, wrong));
			double stronger = beside == null ? 1 : beside.over(noise);
			if (Math.max(stronger, 1 / stronger) > MOST_BESIDE_TOLD)
				remarks.add(String.format(Locale.ROOT, "In the image the noise looks %.3g times as strong as it was told; unless that is fine"
					+ " texture, give other values, or ask for noise=%s.", stronger, ESTIMATED));
			return remarks;
		}
	}

	/** @param frame without light, or null */
	private Camera camera(GreyPlanes planes, int channel, DarkFrame frame, Monitor monitor) {
		if (noise.equals(CAMERA))
			requireLight(planes, channel, frame);
		if (measured()) {
			int[] some = planes.some(channel, PLANES_FOR_NOISE);
			IntFunction<float[]> plane = k -> {
				if (monitor.cancelled())
					throw new CancellationException("Cancelled while the noise was measured.");
				return planes.plane(some[k]);
			};
			Camera all = Camera.of(NoiseEstimator.estimate(some.length, planes.width(), frame, plane), 1);
			if (some.length == 1 || planes.width() * planes.height() < SMALL)
				return all;
			return Camera.of(all.estimate(), IntStream.range(0, some.length)
				.mapToDouble(k -> all.beside(ofPlane(plane.apply(k), planes, frame))).max().orElse(1));
		}
		NoiseModel told = told(planes, frame);
		int first = planes.some(channel, 1)[0];
		return new Camera(told, null, 1, NoiseEstimator.estimate(planes.plane(first), planes.width()));
	}

	private static NoiseEstimate ofPlane(float[] grey, GreyPlanes planes, DarkFrame frame) {
		return NoiseEstimator.estimate(1, planes.width(), frame, index -> grey);
	}

	/** Of the pixels of the planes. */
	private NoiseModel told(GreyPlanes planes, DarkFrame frame) {
		return noise.equals(GAUSSIAN) ? NoiseModel.gaussian(sd).averaged(planes.averaged())
			: NoiseModel.camera(gain / planes.averaged(), frame.offset(), frame.readNoise());
	}

	/** What is known of a frame without light, for each channel, with pixels like those of the planes; null where nothing is. */
	private List<DarkFrame> darkFrames(GreyPlanes planes) {
		if (!noise.equals(CAMERA))
			return Collections.nCopies(planes.channels(), null);
		if (dark.isBlank())
			return Collections.nCopies(planes.channels(), new DarkFrame(offset, readnoise).averaged(planes.averaged()));
		GreyPlanes frames = new GreyPlanes(darkImage(), 1);
		boolean each = frames.channels() == planes.channels();
		return IntStream.range(0, planes.channels()).mapToObj(c -> {
			int[] some = each ? frames.some(c, PLANES_FOR_NOISE)
				: IntStream.range(0, frames.channels()).flatMap(k -> IntStream.of(frames.some(k, PLANES_FOR_NOISE))).toArray();
			return DarkFrame.of(some.length, k -> frames.plane(some[k])).averaged(planes.averaged());
		}).toList();
	}

	private ImagePlus darkImage() {
		ImagePlus shown = WindowManager.getImage(dark);
		if (shown == image)
			throw new IllegalArgumentException("The option dark=[" + dark + "] is the image that is to be denoised; give another, which was taken"
				+ " without light.");
		if (shown != null)
			return shown;
		String problem = ImageFile.problem(dark);
		ImagePlus read = problem.isEmpty() ? ImageFile.read(dark) : null;
		if (read == null)
			throw new IllegalArgumentException("The option dark=[" + dark + "] is the title of no open image, and as a file: "
				+ (problem.isEmpty() ? "ImageJ cannot open it" : problem) + "; give a frame that was taken without light.");
		return read;
	}

	/** Refuses a noise that is none of this image's; of an image of one grey level nothing is known. */
	private void requirePlausible(GreyPlanes planes, List<DarkFrame> frames) {
		if (measured()) return;
		double low = Double.POSITIVE_INFINITY, high = Double.NEGATIVE_INFINITY;
		double most = 0;
		for (int channel = 0; channel < planes.channels(); channel++)
			for (int index : planes.some(channel, PLANES_FOR_NOISE)) {
				for (float grey : planes.plane(index))
					if (Float.isFinite(grey)) {
						low = Math.min(low, grey);
						high = Math.max(high, grey);
					}
				// NB: as a rule the first plane says so, and no other is read.
				most = told(planes, frames.get(channel)).deviation(high);
				if (most <= MOST_SPANS * (high - low)) return;
			}
		if (high > low)
			throw new IllegalArgumentException("By the option" + (noise.equals(GAUSSIAN) ? " sd=" + sd
				: "s gain=" + gain + ", " + (dark.isBlank() ? "offset=" + offset + " and readnoise=" + readnoise : "dark=[" + dark + "]"))
				+ " the noise has a standard deviation of " + (float) most + " grey levels, and those of '" + image.getTitle() + "' lie from " + (float) low + " to "
				+ (float) high + ", which such noise would not leave so close together; give what this image has, or ask for noise="
				+ ESTIMATED + ".");
	}

	/** Refuses an offset below which most pixels lie, farther than by a photon and what the read noise explains. */
	private void requireLight(GreyPlanes planes, int channel, DarkFrame frame) {
		double least = frame.offset() - 3 * frame.readNoise() - gain;
		long below = 0, count = 0;
		for (int index : planes.some(channel, PLANES_FOR_NOISE))
			for (float grey : planes.plane(index)) {
				below += grey < least ? 1 : 0;
				count++;
			}
		if (below > count / 2)
			throw new IllegalArgumentException((dark.isBlank() ? "The option offset=" + offset + " is the mean grey level of a frame without"
				+ " light" : "The mean grey level of dark=[" + dark + "] is " + (float) frame.offset()) + ", but " + 100 * below / count
				+ " % of the pixels are darker than that; give the offset that this image has.");
	}

	private static double positive(String key, double value) {
		if (!(value > 0 && value <= MOST_TOLD))
			throw new IllegalArgumentException("The option " + key + "=" + value + " must be above 0 and at most " + MOST_TOLD
				+ "; give it in grey levels, or ask for noise=" + ESTIMATED + ".");
		return value;
	}

	private static double finite(String key, double value) {
		if (!(Math.abs(value) <= MOST_TOLD))
			throw new IllegalArgumentException("The option " + key + "=" + value + " must be a number from -" + MOST_TOLD + " to "
				+ MOST_TOLD + "; give it in grey levels.");
		return value;
	}

	private static double notNegative(String key, double value) {
		if (!(value >= 0 && value <= MOST_TOLD))
			throw new IllegalArgumentException("The option " + key + "=" + value + " must be 0 or more and at most " + MOST_TOLD
				+ "; give it in grey levels.");
		return value;
	}

	// -- Planes --

	/** What became of the planes, in memory or on the disk. */
	private final class Result implements AutoCloseable {

		private final List<DiskStack> unfinished = new ArrayList<>();
		private final Map<Residual.Verdict, Integer> verdicts = new EnumMap<>(Residual.Verdict.class);
		private final Monitor monitor;
		private final ImageStack clean, spread, rest, low, high;
		private long evaluations, replaced, even, different;
		private int averaged = 1;
		/** Of the first plane of each channel. */
		private final List<String> ranges = new ArrayList<>();
		private double seconds;

		/** What was not asked for is null. */
		Result(GreyPlanes planes, Monitor monitor) {
			this.monitor = monitor;
			clean = stack(planes, "denoised", planes.colour());
			spread = uncertainty.equals(YES) ? stack(planes, "uncertainty", false) : null;
			rest = residual.equals(YES) ? stack(planes, "residual", false) : null;
			low = interval > 0 ? stack(planes, "lower", false) : null;
			high = interval > 0 ? stack(planes, "upper", false) : null;
		}

		private ImageStack stack(GreyPlanes planes, String kind, boolean colour) {
			if (save.isBlank()) return new ImageStack(planes.width(), planes.height());
			try {
				DiskStack stack = new DiskStack(planes.width(), planes.height(), colour, file(kind), monitor);
				unfinished.add(stack);
				return stack;
			}
			catch (IllegalArgumentException e) {
				close();
				throw e;
			}
		}

		/** Removes what was not finished. */
		@Override
		public void close() {
			unfinished.forEach(DiskStack::close);
		}
	}

	/** The file of a result: the title of the image without an extension, and what it is. */
	private Path file(String kind) {
		String name = image.getTitle().replaceFirst("\\.[A-Za-z0-9]{1,5}$", "").replaceAll("[\\\\/:*?\"<>|\\p{Cntrl}]", "_");
		if (name.isBlank()) name = "image";
		return folder().resolve(name + "-" + kind + ".tif");
	}

	private Path folder() {
		try {
			return Path.of(save.strip());
		}
		catch (InvalidPathException e) {
			throw new IllegalArgumentException("The option save=[" + save + "] is no name of a folder (" + e.getReason() + ").", e);
		}
	}

	/** Reads, denoises and keeps one slice after the other. */
	private void denoise(GreyPlanes planes, List<Prior> priors, List<Denoising> channels, List<Camera> cameras,
		List<DarkFrame> frames, ImageProcessor inside, Result result, Monitor monitor)
	{
		long start = System.nanoTime();
		boolean[] counted = inside == null ? null : selected(inside);
		for (int slice = 0; slice < planes.slices(); slice++) {
			float[][] greys = planes.read(slice);
			for (int k = 0; k < greys.length; k++) {
				int index = slice * greys.length + k, c = index % channels.size();
				float[] grey = greys[k];
				Camera all = cameras.get(c), own = all.ofPlane(() -> ofPlane(grey, planes, frames.get(c)));
				Monitor part = monitor.part(index, 1, planes.count());
				Denoising.Plane plane = (own == all ? channels.get(c) : denoising(priors.get(c), own)).plane(filled(grey, inside), planes.width(),
					own.noise(), index, counted, part);
				// NB: only some planes told the noise of all; this one may be of another sort.
				boolean asked = own == all && planes.count() > channels.size() * PLANES_FOR_NOISE && grey.length >= SMALL;
				Camera alone = asked && plane.residual().verdict() != Residual.Verdict.AS_EXPECTED
					? all.apart(() -> ofPlane(grey, planes, frames.get(c))) : all;
				if (alone != all) {
					plane = denoising(priors.get(c), alone).plane(filled(grey, inside), planes.width(), alone.noise(), index, counted, part);
					result.different++;
				}
				if (inside != null)
					keepOutside(inside, plane, grey);
				if (result.spread != null)
					result.spread.addSlice(null, plane.deviation());
				if (result.rest != null)
					result.rest.addSlice(null, difference(grey, plane.mean()));
				if (interval > 0) {
					result.low.addSlice(null, plane.quantiles()[0]);
					result.high.addSlice(null, plane.quantiles()[1]);
				}
				greys[k] = plane.mean();
				result.verdicts.merge(plane.residual().verdict(), 1, Integer::sum);
				result.evaluations = Math.max(result.evaluations, plane.evaluations());
				result.replaced += plane.replaced();
				result.even += plane.even();
				if (index < channels.size())
					result.ranges.add(plane.range());
				result.averaged = Math.max(result.averaged, plane.averaged());
			}
			result.clean.addSlice(null, planes.colour() ? GreyPlanes.packed(greys) : greys[0]);
		}
		result.seconds = (System.nanoTime() - start) * 1e-9;
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

	private static boolean[] selected(ImageProcessor inside) {
		boolean[] selected = new boolean[inside.getPixelCount()];
		for (int i = 0; i < selected.length; i++)
			selected[i] = inside.get(i) != 0;
		return selected;
	}

	private static void keepOutside(ImageProcessor inside, Denoising.Plane plane, float[] grey) {
		for (int i = 0; i < grey.length; i++)
			if (inside.get(i) == 0) {
				plane.mean()[i] = grey[i];
				if (plane.deviation() != null)
					plane.deviation()[i] = 0;
				for (float[] quantile : plane.quantiles())
					quantile[i] = grey[i];
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

	private void show(GreyPlanes planes, Result result, List<Denoising> channels, List<Camera> cameras, Roi selection) {
		Set<String> remarks = remarks(planes, result, cameras);
		Map<String, String> origin = origin(planes, result, channels, cameras, selection, remarks);
		denoised = finished(dressed(planes, "denoised of ", result.clean), origin);
		if (result.spread != null)
			deviation = finished(Stacks.uncertainty(bare(planes, "uncertainty of ", result.spread), image), origin);
		if (interval > 0) {
			lower = finished(bound(planes, "lower", result.low), origin);
			upper = finished(bound(planes, "upper", result.high), origin);
		}
		if (result.rest != null) {
			removed = Stacks.arranged(bare(planes, "residual of ", result.rest), image);
			removed.resetDisplayRange();
			removed = finished(removed, origin);
		}
		if (plot.equals(YES))
			plotted = plot(planes, cameras);
		remarks.forEach(remark -> IJ.log(image.getTitle() + ": " + remark));
	}

	/** An end of the interval, to be looked at like the image; that of a colour image has its colours in channels. */
	private ImagePlus bound(GreyPlanes planes, String which, ImageStack stack) {
		String prefix = which + " bound of ";
		return planes.colour() ? Stacks.arranged(bare(planes, prefix, stack), image) : dressed(planes, prefix, stack);
	}

	/** To be looked at like the image; what is drawn over it lies where it lay. */
	private ImagePlus dressed(GreyPlanes planes, String prefix, ImageStack stack) {
		ImagePlus dressed = Stacks.dressed(bare(planes, prefix, stack), image);
		if (planes.binned() && image.getOverlay() != null) {
			Overlay placed = new Overlay();
			image.getOverlay().forEach(roi -> placed.add(planes.placed(roi)));
			dressed.setOverlay(placed);
		}
		return dressed;
	}

	private ImagePlus finished(ImagePlus made, Map<String, String> origin) {
		describe(made, origin, image);
		if (made.getStack() instanceof DiskStack disk)
			disk.save(made);
		return made;
	}

	private Set<String> remarks(GreyPlanes planes, Result result, List<Camera> cameras) {
		Set<String> remarks = new LinkedHashSet<>();
		if (GreyPlanes.palette(image))
			remarks.add("It is an 8-bit colour image and was taken for the RGB image of its colours; few colours change the noise, so give"
				+ " the image from before they were chosen.");
		for (String name : new LinkedHashSet<>(modelNames(planes)))
			PixelSize.remark(planes.calibration(), () -> pixelSize(name)).ifPresent(remarks::add);
		for (int c = 0; c < cameras.size(); c++) {
			String where = cameras.size() > 1 ? planes.channel(c) + ": " : "";
			cameras.get(c).remarks(result.averaged > 1).forEach(remark -> remarks.add(where + remark));
			if (noise.equals(CAMERA) && Double.isNaN(cameras.get(c).noise().readNoise()))
				remarks.add(where + "What is known of a frame without light was not used: the image is too small to tell the gain, or its noise is"
					+ " alike in neighbouring pixels, or does not grow with brightness as that of a camera.");
		}
		if (result.replaced > 0)
			remarks.add(result.replaced + " hot or dead pixel(s) were replaced by what their surroundings say.");
		if (result.different > 0)
			remarks.add("In " + result.different + " of " + planes.count() + " plane(s) the noise differs from that of the others, so it was"
				+ " measured there again.");
		if (result.even > 0)
			remarks.add(result.even + " pixel(s) lie in areas of one grey level or are darker than noise explains, and came back as they"
				+ " were.");
		result.verdicts.forEach((verdict, count) -> {
			if (verdict != Residual.Verdict.AS_EXPECTED)
				remarks.add("In " + count + " of " + planes.count() + " plane(s) " + verdict.sentence());
		});
		return remarks;
	}

	private Map<String, String> origin(GreyPlanes planes, Result result, List<Denoising> channels, List<Camera> cameras, Roi selection,
		Set<String> remarks)
	{
		Map<String, String> origin = new LinkedHashMap<>();
		for (int c = 0; c < channels.size(); c++) {
			String where = channels.size() > 1 ? planes.channel(c) + ", " : "";
			channels.get(c).provenance(cameras.get(c).noise(), result.evaluations, result.seconds)
				.forEach((key, value) -> origin.put(key.startsWith("noise") || key.equals("model") && !models.isBlank() ? where + key : key, value));
			origin.put(where + "grey levels of the model's range", result.ranges.get(c));
			NoiseModel model = cameras.get(c).noise();
			if (!Double.isNaN(model.readNoise()) && model.a() > 0)
				origin.put(where + "camera", String.format(Locale.ROOT, "gain %.4g, offset %.4g, read noise %.4g grey levels",
					model.a() * planes.averaged(), (model.readNoise() * model.readNoise() - model.b()) / model.a(),
					model.readNoise() * Math.sqrt(planes.averaged())));
			if (cameras.get(c).changing())
				origin.computeIfPresent(where + "noise variance", (key, value) -> "of each plane by itself; of all of them " + value);
		}
		if (planes.colour())
			origin.put("rounding", "to whole levels from 0 to 255 of red, green and blue; uncertainty and residual are not rounded");
		if (selection != null)
			origin.put("selection", String.valueOf(selection.getBounds()));
		if (planes.binned())
			origin.put("resampled", "from " + image.getWidth() + "×" + image.getHeight() + " to " + planes.width() + "×"
				+ planes.height() + " pixels");
		if (interval > 0)
			origin.put("interval", interval + " % between the lower and the upper bound");
		origin.put("macro", macroLine());
		if (!remarks.isEmpty())
			origin.put("remarks", String.join(" ", remarks));
		return origin;
	}

	private ImagePlus bare(GreyPlanes planes, String prefix, ImageStack stack) {
		return Stacks.image(prefix + image.getTitle(), stack, planes.calibration());
	}

	private ImagePlus plot(GreyPlanes planes, List<Camera> cameras) {
		ImageStack pages = null;
		for (int c = 0; c < cameras.size(); c++) {
			NoiseEstimate estimate = cameras.get(c).estimate();
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
			pages.addSlice(planes.channel(c), drawn);
		}
		return new ImagePlus("noise of " + image.getTitle(), pages);
	}
}
