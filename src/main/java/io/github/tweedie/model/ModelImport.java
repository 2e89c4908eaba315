package io.github.tweedie.model;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.tweedie.sde.Monitor;

/**
 * Makes a model package of what others trained: a package (folder or zip file), a diffusers folder ({@code unet/model.onnx}
 * beside {@code scheduler/scheduler_config.json}), or a bare ONNX file and a declaration of what its input and output mean.
 * Whatever it is, the network is run, and what it answers is held against what is declared ({@link DeclarationCheck}).
 *
 * <pre>
 * new ModelImport(Path.of("net.onnx"), "mine", Map.of("sde", "vp", "beta_min", 0.1, "beta_max", 20, "prediction_type", "epsilon",
 * 	"time_input", "t", "data_range", List.of(-1, 1)), true).into(ModelLibrary.userFolder(), Monitor.NONE);
 * </pre>
 *
 * @param source a file or folder
 * @param name of the model; empty for the name that the source has
 * @param declaration fields of {@code config: tweedie}, in its words. For a bare ONNX file all that are needed; for the others
 *        those that they leave open
 * @param strict whether a declaration that looks wrong is refused, and not only spoken of
 */
public record ModelImport(Path source, String name, Map<String, ?> declaration, boolean strict) {

	public ModelImport {
		Objects.requireNonNull(source, "Import needs a file or folder.");
		name = name == null ? "" : name.strip();
		declaration = Map.copyOf(declaration);
	}

	/**
	 * Writes the package. It appears in the folder all at once, or not at all.
	 *
	 * @param folder that holds packages, see {@link ModelLibrary#userFolder()}; made if it is not there
	 * @param monitor told what looks wrong, if that is no failure
	 * @return the package that was written
	 * @throws IOException in a sentence, if the source cannot be read or run, is not fully declared, does not answer as declared, if
	 *         the package cannot be written, or if the folder, or another that the library searches, holds a model of that name
	 * @throws CancellationException when the monitor says so, which is asked before each reading of the check
	 */
	public ModelPackage into(Path folder, Monitor monitor) throws IOException {
		return into(folder, ModelLibrary.shared(), monitor);
	}

	/** {@link #into(Path, Monitor)} with a library in which the model must be found by its name, if it searches the folder. */
	ModelPackage into(Path folder, ModelLibrary library, Monitor monitor) throws IOException {
		Path file = source.toAbsolutePath().normalize(), place = folder.toAbsolutePath().normalize();
		try {
			Files.createDirectories(place);
			// NB: a temporary directory would be the user's alone, and the model with it.
			Path writing = Files.createDirectory(place.resolve(".importing-" + UUID.randomUUID()));
			try {
				Path target = free(called(file), place, library);
				write(file, writing, monitor);
				ModelPackage.read(writing).verify();
				return ModelPackage.read(moved(writing, target));
			}
			finally {
				delete(writing);
			}
		}
		catch (FileSystemException e) {
			String at = String.valueOf(e.getFile());
			throw new IOException("The model " + file + " could not be imported: " + at + " could not be "
				+ (Path.of(at).startsWith(place) ? "written" : "read") + ": " + why(e) + "; make that possible, or give another folder.", e);
		}
	}

	/** What is wrong with a file, in words, since the message of most such exceptions is the path alone. */
	static String why(FileSystemException e) {
		if (e instanceof FileAlreadyExistsException)
			return "a file of that name is there already";
		if (e instanceof AccessDeniedException)
			return "access is denied";
		if (e instanceof NoSuchFileException)
			return "it is not there";
		if (e instanceof DirectoryNotEmptyException)
			return "the folder is not empty";
		return e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
	}

	/** Where a model of that name goes, if it can be asked for by that name. */
	private static Path free(String name, Path folder, ModelLibrary library) throws IOException {
		if (name.isEmpty() || name.startsWith("."))
			throw new IOException("A model cannot be called '" + name + "'; names that begin with a dot, and none at all, are passed over"
				+ " in the folder of models: give another name.");
		Path target = folder.resolve(name.replaceAll("[^\\p{L}\\p{N}._-]+", "-"));
		if (Files.exists(target))
			throw exists(target, null);
		Path other = library.holder(name, folder);
		if (other != null)
			throw new IOException("There is a model called '" + name + "' at " + other + ", and a second one of that name could not be"
				+ " asked for; give another name, or remove that one first.");
		return target;
	}

	private String called(Path file) throws IOException {
		if (!Files.exists(file))
			throw new IOException("There is nothing at " + file + "; give a model package, a diffusers folder or an ONNX file.");
		return isPackage(file) ? ModelPackage.read(file).name() : named(file);
	}

	private static boolean isPackage(Path file) {
		return Files.isDirectory(file) ? ModelPackage.described(file)
			: String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(".zip");
	}

	private void write(Path file, Path folder, Monitor monitor) throws IOException {
		if (isPackage(file))
			copied(file, folder, monitor);
		else
			draft(file).write(folder, strict, monitor);
	}

	private Draft draft(Path file) throws IOException {
		if (Files.isDirectory(file))
			return new Draft(DiffusersFolder.network(file), named(file), with(DiffusersFolder.declaration(file)));
		if (!String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(".onnx"))
			throw new IOException("The file " + file + " is no model that is known; expected is a zip file of a model package, a"
				+ " folder that holds rdf.yaml or a diffusers model, or a file .onnx.");
		return new Draft(file, named(file), with(Map.of()));
	}

	private String named(Path file) {
		return name.isEmpty() ? file.getFileName().toString().replaceFirst("(?i)\\.onnx$", "") : name;
	}

	/** What the source declares, and what the user adds or says otherwise. */
	private Map<String, Object> with(Map<String, ?> stated) {
		Map<String, Object> all = new LinkedHashMap<>(stated);
		all.putAll(declaration);
		return all;
	}

	private void copied(Path file, Path folder, Monitor monitor) throws IOException {
		if (!declaration.isEmpty() || !name.isEmpty())
			throw new IOException("The model package " + file + " says itself what it is; leave out " + (name.isEmpty()
				? String.join(", ", declaration.keySet()) : "the name") + ", or import its ONNX file alone.");
		ModelPackage found = ModelPackage.read(file);
		found.verify();
		found.check(strict, monitor);
		found.copy(folder);
	}

	private static Path moved(Path from, Path to) throws IOException {
		try {
			return Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
		}
		catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
			throw exists(to, e);
		}
	}

	private static IOException exists(Path target, Exception cause) {
		return new IOException("There is already a model at " + target + "; give another name, or delete that folder first.", cause);
	}

	private static void delete(Path folder) throws IOException {
		if (!Files.exists(folder))
			return;
		try (Stream<Path> files = Files.walk(folder)) {
			for (Path file : files.sorted(Comparator.reverseOrder()).toList())
				Files.delete(file);
		}
	}

	/** Tells the complaint, or throws it. */
	static void judge(String complaint, boolean strict, Monitor monitor) throws IOException {
		if (complaint.isEmpty())
			return;
		if (strict)
			throw new IOException(complaint);
		monitor.say(complaint);
	}

	/** Where diffusers keeps what. */
	private static final class DiffusersFolder {

		private static final String CONFIG = "scheduler_config.json";

		private DiffusersFolder() {}

		static Path network(Path folder) throws IOException {
			for (String inner : List.of("vae", "vae_decoder"))
				if (Files.isDirectory(folder.resolve(inner)))
					throw new IOException("The folder " + folder + " holds a latent diffusion model (there is a '" + inner
						+ "'), whose network does not see pixels; expected is a model of pixels, such as a DDPM.");
			Path unet = folder.resolve("unet");
			for (String second : List.of("model.onnx_data", "weights.pb", "model.onnx.data"))
				if (Files.exists(unet.resolve(second)))
					throw new IOException("The network in " + unet + " keeps its weights in a second file, '" + second
						+ "'; save it again as one file, without external data.");
			return find(folder, "unet/model.onnx", "model.onnx");
		}

		private static Path find(Path folder, String... places) throws IOException {
			for (String place : places)
				if (Files.isRegularFile(folder.resolve(place)))
					return folder.resolve(place);
			throw new IOException("The folder " + folder + " holds neither rdf.yaml nor " + String.join(" or ", places)
				+ "; expected is a model package, or a diffusers model that was exported to ONNX.");
		}

		static Map<String, Object> declaration(Path folder) throws IOException {
			Path config = find(folder, "scheduler/" + CONFIG, CONFIG);
			Fields scheduler = Fields.read(config, "The file " + config, "the configuration of a diffusers scheduler");
			Map<String, Object> declared = new LinkedHashMap<>(Map.of("data_range", List.of(-1.0, 1.0)));
			if (scheduler.has("_class_name") && scheduler.text("_class_name").equals("ScoreSdeVeScheduler")) {
				declared.putAll(Map.of("sde", "ve", "prediction_type", "score", "time_input", "sigma", "sigma_min",
					scheduler.positive("sigma_min"), "sigma_max", scheduler.positive("sigma_max")));
				return declared;
			}
			if (scheduler.has("rescale_betas_zero_snr") && scheduler.text("rescale_betas_zero_snr").equals("true"))
				throw scheduler.wrong("rescale_betas_zero_snr", true, "false, since at its last step nothing of the image is left");
			declared.putAll(Map.of("sde", "ddpm", "time_input", "index", "num_train_timesteps",
				scheduler.integer("num_train_timesteps", 2), "prediction_type",
				scheduler.has("prediction_type") ? scheduler.text("prediction_type") : "epsilon"));
			if (scheduler.has("trained_betas"))
				declared.putAll(Map.of("beta_schedule", "listed", "betas", scheduler.list("trained_betas")));
			else
				declared.put("beta_schedule", scheduler.text("beta_schedule"));
			for (String key : List.of("beta_start", "beta_end", "variance_type"))
				if (scheduler.has(key))
					declared.put(key, scheduler.text(key));
			classes(folder, declared);
			return declared;
		}

		private static void classes(Path folder, Map<String, Object> declared) throws IOException {
			for (String place : List.of("unet/config.json", "config.json"))
				if (Files.isRegularFile(folder.resolve(place))) {
					Fields unet = Fields.read(folder.resolve(place), "The file " + folder.resolve(place),
						"the configuration of a diffusers network");
					if (unet.has("num_class_embeds"))
						declared.put("class_names", IntStream.range(0, unet.integer("num_class_embeds", 1))
							.mapToObj(i -> "class " + i).toList());
					return;
				}
		}
	}
}
