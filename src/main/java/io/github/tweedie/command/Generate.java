package io.github.tweedie.command;

import java.awt.Color;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.scijava.ItemIO;
import org.scijava.command.Command;
import org.scijava.plugin.Menu;
import org.scijava.plugin.Parameter;
import org.scijava.plugin.Plugin;

import ij.CompositeImage;
import ij.IJ;
import ij.ImagePlus;
import ij.measure.Calibration;
import ij.process.LUT;
import io.github.tweedie.restore.Generated;
import io.github.tweedie.restore.Generation;
import io.github.tweedie.restore.Generation.Guidance;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/**
 * Draws images that look like those on which a model was trained, of a class or of none in particular. Not to be confused with
 * {@link Sample}, which opens a simulated specimen. The field names are the keys of a macro, so they are part of the interface.
 */
@Plugin(type = Command.class, headless = true, initializer = "offerChoices",
	menu = { @Menu(label = "Plugins"), @Menu(label = "Tweedie"), @Menu(label = Generate.TITLE, weight = 10) })
public class Generate extends ImageCommand {

	static final String TITLE = "Tweedie Generate...";

	private static final List<String> GUIDANCE = List.of("none", "classifier-free", "classifier");

	@Parameter
	private PriorService priors;

	@Parameter(label = "Model (kind of image)", persist = false,
		description = "The network, named after the kind of images it was trained on. A macro may also give the path of a package.")
	private String model = "nuclei";

	@Parameter(label = "Classes", persist = false,
		description = "Which kinds of image: names separated by commas, 'all' for each that the model knows, or 'any' for none "
			+ "in particular.")
	private String classes = Generation.ALL;

	@Parameter(label = "Count (of each class)", min = "1", persist = false, description = "Number of images of each class.")
	private Integer count = 4;

	@Parameter(label = "Size (pixels)", min = "0", persist = false,
		description = "Width and height. With 0 it is that of the images on which the model was trained, or 128 if it does not tell.")
	private Integer size = 0;

	@Parameter(label = "Guidance", choices = { "none", "classifier-free", "classifier" }, persist = false,
		description = "How the class is brought out: the model is told it; or it is told it, and what this changes is exaggerated "
			+ "while the image takes shape; or a classifier pulls towards it. The last two need a model that was trained for them.")
	private String guidance = "none";

	@Parameter(label = "Scale (of the guidance)", min = "0", persist = false,
		description = "1 follows the training images, more prefers what is typical of the class. Without guidance it has no meaning.")
	private Double scale = 2.0;

	@Parameter(label = "Steps (more is slower)", min = "2", persist = false, description = "Number of steps from noise to image.")
	private Integer steps = 32;

	@Parameter(label = "Seed", persist = false,
		description = "The same seed gives the same images, however many and of whichever other classes. Another seed gives others.")
	private Long seed = 1L;

	@Parameter(label = "Device", choices = { "auto", "cpu", "cuda" }, persist = false,
		description = "What computes: auto takes an NVIDIA card if there is one that works, else the processor.")
	private String device = "auto";

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus generated;

	/**
	 * Runs the command for a macro that must go on after a failure:
	 * {@code problem = call("io.github.tweedie.command.Generate.attempt", "model=nuclei count=9");}
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
		requireKnown("device", device, "auto", "cpu", "cuda");
		requireKnown("guidance", guidance, GUIDANCE.toArray(String[]::new));
		if (size < 0)
			throw new IllegalArgumentException("Images of " + size
				+ " pixels were asked for; the size must be positive, or 0 for the model's own.");
		Prior prior = priors.open(model, device, monitor);
		String[] names = Stream.of(classes.split(",")).map(String::strip).filter(name -> !name.isEmpty()).toArray(String[]::new);
		Generated result = Generation.with(prior).classes(names).count(count).size(size, size)
			.guidance(Guidance.values()[GUIDANCE.indexOf(guidance)], scale).steps(steps).seed(seed).monitor(monitor).build().generate();
		result.warnings().forEach(IJ::log);
		generated = image(result, prior);
	}

	/** A stack with one slice an image, in as many channels as the model has; three are shown as red, green and blue. */
	private ImagePlus image(Generated result, Prior prior) {
		int channels = prior.channels();
		ImagePlus image = Stacks.image("generated by " + prior.name(), result.images(), new Calibration());
		image.setDimensions(channels, result.names().size(), 1);
		for (int i = 1; i <= image.getStackSize(); i++)
			image.getStack().setSliceLabel(result.names().get((i - 1) / channels), i);
		if (channels == 1)
			image.setDisplayRange(prior.low(), prior.high());
		else {
			CompositeImage composite = new CompositeImage(image, CompositeImage.COMPOSITE);
			Color[] colours = { Color.RED, Color.GREEN, Color.BLUE };
			for (int c = 1; c <= channels; c++) {
				LUT lut = LUT.createLutFromColor(channels == 3 ? colours[c - 1] : Color.WHITE);
				lut.min = prior.low();
				lut.max = prior.high();
				composite.setChannelLut(lut, c);
			}
			composite.setOpenAsHyperStack(true);
			image = composite;
		}
		Map<String, String> origin = new LinkedHashMap<>(result.provenance());
		origin.put("evaluations", Long.toString(result.evaluations()));
		origin.put("macro", macroLine());
		describe(image, origin, null);
		return image;
	}
}
