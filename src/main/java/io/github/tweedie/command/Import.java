package io.github.tweedie.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.scijava.ItemIO;
import org.scijava.command.Command;
import org.scijava.plugin.Menu;
import org.scijava.plugin.Parameter;
import org.scijava.plugin.Plugin;

import ij.IJ;
import io.github.tweedie.model.ModelImport;
import io.github.tweedie.model.ModelLibrary;
import io.github.tweedie.model.ModelPackage;
import io.github.tweedie.sde.Monitor;

/**
 * Makes a network that others trained one of Tweedie's models. A package and a diffusers folder tell what they are; of a bare
 * ONNX file the questions must be answered. The field names are the keys of a macro, and the words of a package's
 * {@code config: tweedie}, which is why some have underscores.
 */
@Plugin(type = Command.class, headless = true,
	menu = { @Menu(label = "Plugins"), @Menu(label = "Tweedie"), @Menu(label = Import.TITLE, weight = 30) })
public class Import extends ImageCommand {

	static final String TITLE = "Tweedie Import Model...";

	/** Stands for no answer. */
	private static final String UNSAID = "as the source says";
	private static final String STOP = "stop", IGNORE = "import nonetheless";

	@Parameter(label = "Source (file or folder)", persist = false,
		description = "A model package (folder or zip file), a diffusers folder with unet/model.onnx and "
			+ "scheduler/scheduler_config.json, or a file .onnx. For the first two nothing else needs to be said.")
	private String source = "";

	@Parameter(label = "Name", persist = false, description = "Name of the model; empty for that of the source.")
	private String name = "";

	@Parameter(label = "SDE", choices = { UNSAID, "edm", "ve", "vp", "subvp", "ddpm" }, persist = false,
		description = "How the noise was added in training: edm or ve (the image itself plus noise of standard deviation sigma), vp "
			+ "or subvp (continuous time), ddpm (a table of betas, as in diffusers).")
	private String sde = UNSAID;

	@Parameter(label = "Prediction type", choices = { UNSAID, "epsilon", "v_prediction", "sample", "score", "denoised" },
		persist = false,
		description = "What the network's output is: epsilon (the noise), v_prediction, sample or denoised (the clean image), "
			+ "or score.")
	private String prediction_type = UNSAID;

	@Parameter(label = "Time input", choices = { UNSAID, "index", "index_reversed", "t", "t999", "sigma", "c_noise" },
		persist = false,
		description = "What the network is told of the noise: index (0 the least noise, as in diffusers), index_reversed, t from "
			+ "0 to 1, t999 (t times 999), sigma, or c_noise (a quarter of the logarithm of sigma).")
	private String time_input = UNSAID;

	@Parameter(label = "Beta schedule (ddpm)", choices = { UNSAID, "linear", "scaled_linear", "squaredcos_cap_v2" }, persist = false,
		description = "How the betas grow.")
	private String beta_schedule = UNSAID;

	@Parameter(label = "Steps of the training (ddpm)", persist = false,
		description = "Number of betas; 0 if not needed. Usual are 1000.")
	private Integer num_train_timesteps = 0;

	@Parameter(label = "Beta start and end (ddpm)", persist = false, description = "First and last beta, such as 0.0001, 0.02.")
	private String beta_range = "";

	@Parameter(label = "Beta min and max (vp, subvp)", persist = false, description = "beta(0) and beta(1), such as 0.1, 20.")
	private String beta_limits = "";

	@Parameter(label = "Sigma min and max", persist = false,
		description = "Smallest and largest noise of the training, in units of the data range, such as 0.01, 20. edm and ve need it.")
	private String sigma_limits = "";

	@Parameter(label = "Data range", persist = false,
		description = "Values of the darkest and brightest usual pixel in the training data, such as -1, 1.")
	private String data_range = "";

	@Parameter(label = "Standard deviation of the data", persist = false,
		description = "Of the training data, in units of the data range; 0 if it is not known.")
	private Double sigma_data = 0.0;

	@Parameter(label = "Classes", persist = false,
		description = "Names of the classes, separated by commas, in the order of their labels.")
	private String class_names = "";

	@Parameter(label = "Label of no class", persist = false,
		description = "Label that stands for no class in particular; -1 if there is none.")
	private Integer null_class = -1;

	@Parameter(label = "Licence", persist = false, description = "SPDX name of the model's licence, such as CC-BY-4.0.")
	private String license = "";

	@Parameter(label = "If it looks wrong", choices = { STOP, IGNORE }, persist = false,
		description = "What to do if the network does not answer as the declaration makes one expect.")
	private String check = STOP;

	@Parameter(label = "Into (folder)", persist = false, description = "Folder of models; empty for yours, where Tweedie looks.")
	private String into = "";

	@Parameter(type = ItemIO.OUTPUT)
	private String model;

	/**
	 * Runs the command for a macro that must go on after a failure:
	 * {@code problem = call("io.github.tweedie.command.Import.attempt", "source=net.onnx sde=edm");}
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
		if (source.isBlank())
			throw new IllegalArgumentException("No source was named; give the path of a model package, a diffusers folder or an ONNX"
				+ " file.");
		requireKnown("check", check, STOP, IGNORE);
		try {
			Path folder = into.isBlank() ? ModelLibrary.userFolder() : Path.of(into.strip());
			ModelPackage written = new ModelImport(Path.of(source.strip()), name, declaration(), check.equals(STOP)).into(folder,
				logging(monitor));
			model = written.name();
			IJ.log("The model '" + model + "' was imported to " + written.location() + ".");
		}
		catch (IOException e) {
			throw new IllegalArgumentException(e.getMessage(), e);
		}
	}

	/** What looks wrong with a model is worth more than a line that the next one replaces. */
	static Monitor logging(Monitor monitor) {
		return new Monitor() {

			@Override
			public void progress(int done, int total) {
				monitor.progress(done, total);
			}

			@Override
			public void say(String sentence) {
				IJ.log(sentence);
			}

			@Override
			public boolean cancelled() {
				return monitor.cancelled();
			}
		};
	}

	/** The answers, in the words of a package. */
	private Map<String, Object> declaration() {
		Map<String, Object> said = new LinkedHashMap<>();
		Map<String, String> words = Map.of("sde", sde, "prediction_type", prediction_type, "time_input", time_input, "beta_schedule",
			beta_schedule);
		words.forEach((key, answer) -> {
			if (!answer.equals(UNSAID) && !answer.isBlank())
				said.put(key, answer);
		});
		if (num_train_timesteps != 0)
			said.put("num_train_timesteps", num_train_timesteps);
		pair("beta_range", beta_range, said, "beta_start", "beta_end");
		pair("beta_limits", beta_limits, said, "beta_min", "beta_max");
		pair("sigma_limits", sigma_limits, said, "sigma_min", "sigma_max");
		if (!data_range.isBlank())
			said.put("data_range", numbers("data_range", data_range));
		if (sigma_data != 0)
			said.put("sigma_data", sigma_data);
		List<String> names = Stream.of(class_names.split(",")).map(String::strip).filter(n -> !n.isEmpty()).toList();
		if (!names.isEmpty())
			said.put("class_names", names);
		if (null_class != -1)
			said.put("null_class", null_class);
		if (!license.isBlank())
			said.put("license", license.strip());
		return said;
	}

	private static void pair(String option, String answer, Map<String, Object> said, String first, String second) {
		if (answer.isBlank())
			return;
		List<Double> numbers = numbers(option, answer);
		said.put(first, numbers.get(0));
		said.put(second, numbers.get(1));
	}

	private static List<Double> numbers(String option, String answer) {
		List<Double> numbers = new ArrayList<>();
		try {
			for (String word : answer.strip().split("[\\s,]+"))
				numbers.add(Double.valueOf(word));
		}
		catch (NumberFormatException e) {
			numbers.clear();
		}
		if (numbers.size() != 2)
			throw new IllegalArgumentException("The option " + option + "=[" + answer
				+ "] should be two numbers, separated by a comma, such as -1, 1.");
		return numbers;
	}
}
