package io.github.tweedie.command;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.scijava.ItemIO;
import org.scijava.command.Command;
import org.scijava.plugin.Menu;
import org.scijava.plugin.Parameter;
import org.scijava.plugin.Plugin;

import ij.ImagePlus;
import ij.WindowManager;
import io.github.tweedie.restore.Morphed;
import io.github.tweedie.restore.Morphing;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import net.imglib2.img.Img;
import net.imglib2.type.numeric.real.FloatType;
import net.imglib2.view.Views;

/**
 * Turns one image into another through images that the model finds plausible. The field names are the keys of a macro, so they are part
 * of the interface.
 */
@Plugin(type = Command.class, headless = true, initializer = "offerChoices",
	menu = { @Menu(label = "Plugins"), @Menu(label = "Tweedie"), @Menu(label = Morph.TITLE, weight = 6) })
public class Morph extends ModelCommand {

	static final String TITLE = "Tweedie Morph...";

	private static final String STACK = "second plane";
	private static final int MOST_FRAMES = 1000;

	@Parameter(label = "Image")
	private ImagePlus image;

	@Parameter(label = "To", persist = false,
		description = "Where the way ends: at the second plane of the image, if that is a stack of two, or at another open image.")
	private String to = STACK;

	@Parameter(label = "Model (kind of image)", persist = false, description = ABOUT_MODEL)
	private String model = "nuclei";

	@Parameter(label = "Frames (with both ends)", min = "2", persist = false,
		description = "Number of frames of the result. The first and the last are the two images, as the model gives them back.")
	private Integer frames = 9;

	@Parameter(label = "Device", choices = { AUTO, CPU, CUDA }, persist = false, description = ABOUT_DEVICE)
	private String device = AUTO;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus morph;

	/**
	 * Runs the command for a macro that must go on after a failure:
	 * {@code problem = call("io.github.tweedie.command.Morph.attempt", "to=other frames=9");}
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
		List<String> ends = new ArrayList<>(List.of(STACK));
		for (String title : WindowManager.getImageTitles())
			if (image == null || !title.equals(image.getTitle())) ends.add(title);
		getInfo().getMutableInput("to", String.class).setChoices(ends);
	}

	@Override
	void compute(Monitor monitor) {
		requireGrey(image, "begin with");
		requireDevice(device);
		requireWithin("frames", frames, 2, MOST_FRAMES);
		ImagePlus other = to.equals(STACK) ? image : other();
		if (to.equals(STACK) && image.getStackSize() != 2)
			throw new IllegalArgumentException("'" + image.getTitle() + "' has " + image.getStackSize() + " plane(s); give to= the title of "
				+ "another open image, or an image of two planes.");
		Img<FloatType> first = Stacks.floats(image), second = Stacks.floats(other);
		Prior prior = open(model, device, monitor);
		Morphing morphing = Morphing.with(prior).frames(frames).monitor(monitor).build();
		Morphed result = other == image ? morphing.between(Views.hyperSlice(first, 2, 0), Views.hyperSlice(first, 2, 1))
			: morphing.between(first, second);
		show(result, other);
	}

	private ImagePlus other() {
		ImagePlus found = WindowManager.getImage(to);
		if (found == null)
			throw new IllegalArgumentException("No open image has the title '" + to + "'; the option to is '" + STACK
				+ "' or the title of an open image.");
		if (found == image)
			throw new IllegalArgumentException("'" + to + "' is the image itself; the way must end at another one.");
		requireGrey(found, "end with");
		return found;
	}

	private void show(Morphed result, ImagePlus other) {
		morph = Stacks.image("morph of " + image.getTitle(), result.frames(), image.getCalibration());
		morph.setDimensions(1, 1, frames);
		String start = name(image, 1), end = name(other, other == image ? 2 : 1);
		for (int f = 0; f < frames; f++)
			morph.getStack().setSliceLabel(f == 0 ? start : f == frames - 1 ? end
				: String.format(Locale.ROOT, "%.0f %% of the way", 100.0 * f / (frames - 1)), f + 1);
		morph.getProcessor().setColorModel(image.getProcessor().getColorModel());
		morph.getStack().setColorModel(image.getProcessor().getColorModel());
		double[] range = Stacks.calibratedRange(image);
		morph.setDisplayRange(range[0], range[1]);
		Map<String, String> origin = new LinkedHashMap<>(result.provenance());
		origin.put("macro", macroLine());
		describe(morph, origin, image);
	}

	private static String name(ImagePlus image, int plane) {
		String label = image.getStack().getSliceLabel(plane);
		return label == null ? image.getTitle() + (image.getStackSize() > 1 ? ", plane " + plane : "") : label.split("\n")[0];
	}
}
