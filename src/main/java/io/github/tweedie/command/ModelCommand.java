package io.github.tweedie.command;

import java.util.ArrayList;
import java.util.List;

import org.scijava.plugin.Parameter;

import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/**
 * What the commands share that ask a network. The options {@code model} and {@code device} are fields of each command, since the
 * order of the fields is that of the dialog and of the recorded macro line; here is what is said and done with them.
 */
abstract class ModelCommand extends ImageCommand {

	static final String AUTO = "auto", CPU = "cpu", CUDA = "cuda";

	static final String ABOUT_MODEL = "The network, named after the kind of images it was trained on. A macro may also give the path"
		+ " of a model package.";
	static final String ABOUT_DEVICE = "What computes: auto takes an NVIDIA card if there is one that works, else the processor.";

	/** More would be a slip of the pen: hours of computing, for digits that nobody sees. */
	static final int MOST_SAMPLES = 10_000, MOST_STEPS = 1000;

	@Parameter
	private PriorService priors;

	private final List<Prior> borrowed = new ArrayList<>();

	@Override
	protected void offerChoices() {
		getInfo().getMutableInput("model", String.class).setChoices(priors.names());
	}

	/** Refuses numbers that no run should have, before a model is looked for. */
	static void requireSampling(int fewestSamples, int samples, int steps) {
		requireWithin("samples", samples, fewestSamples, MOST_SAMPLES);
		requireWithin("steps", steps, 2, MOST_STEPS);
	}

	/** Refuses a device of another name, before anything is computed. */
	static void requireDevice(String device) {
		requireKnown("device", device, AUTO, CPU, CUDA);
	}

	/** Side in micrometres of the pixels on which a model was trained, or NaN if it does not tell. */
	double pixelSize(String model) {
		return priors.pixelSize(model);
	}

	/**
	 * To be used until the command ends, and not closed by it.
	 *
	 * @throws IllegalArgumentException if there is no such model, or it cannot run on the device
	 */
	Prior open(String model, String device, Monitor monitor) {
		Prior prior = priors.open(model, device, monitor);
		borrowed.add(prior);
		return prior;
	}

	@Override
	void ended() {
		try {
			borrowed.forEach(Prior::close);
		}
		finally {
			borrowed.clear();
		}
	}
}
