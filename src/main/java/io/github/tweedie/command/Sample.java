package io.github.tweedie.command;

import org.scijava.ItemIO;
import org.scijava.command.Command;
import org.scijava.plugin.Menu;
import org.scijava.plugin.Parameter;
import org.scijava.plugin.Plugin;

import ij.ImagePlus;
import ij.measure.Calibration;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.sde.Monitor;

/** Opens a simulated picture of fluorescent nuclei, for a first try and for the demonstration. */
@Plugin(type = Command.class, headless = true,
	menu = { @Menu(label = "Plugins"), @Menu(label = "Tweedie"), @Menu(label = Sample.TITLE, weight = 20) })
public class Sample extends ImageCommand {

	static final String TITLE = "Tweedie Sample...";

	/** In pixels. */
	private static final int SMALLEST = 16, LARGEST = 1 << 14;

	@Parameter(label = "Width (pixels)", min = "16", persist = false)
	private Integer width = 512;

	@Parameter(label = "Height (pixels)", min = "16", persist = false)
	private Integer height = 512;

	@Parameter(label = "Seed", persist = false, description = "Another number gives another picture; the same number gives the same.")
	private Long seed = 1L;

	@Parameter(type = ItemIO.OUTPUT)
	private ImagePlus sample;

	@Override
	String title() {
		return TITLE;
	}

	@Override
	void compute(Monitor monitor) {
		requireWithin("width", width, SMALLEST, LARGEST);
		requireWithin("height", height, SMALLEST, LARGEST);
		sample = Stacks.image("nuclei", Specimen.nuclei(width, height, seed), new Calibration());
		sample.setProcessor(sample.getProcessor().convertToShort(false));
		sample.resetDisplayRange();
		sample.setProp("tweedie.macro", macroLine());
	}
}
