package io.github.tweedie.model;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/**
 * The model packages of a machine, by name, and the priors that are open.
 * <p>
 * Looked for are folders that hold rdf.yaml, and zip files, in: the folders of the system property
 * {@code tweedie.models} (a path list); {@code models} beside or above the folder of Tweedie's jar, as in
 * {@code Fiji.app/models}; {@code models} in the working directory; {@code .tweedie/models} in the user's home. Where
 * two packages have one name the first is taken. Packages for other programs are passed over.
 * <p>
 * Opening a network takes longer than calling it, so a library keeps what it opened, and <b>the library closes it</b>:
 * a prior of {@link #open} is borrowed, and closing it does nothing. What is still open when Java ends goes with the
 * process. Thread-safe.
 */
public final class ModelLibrary implements AutoCloseable {

	/** How far above the jar {@code models} may lie: Fiji.app/plugins/jars/tweedie.jar → Fiji.app/models, and one to spare. */
	private static final int LEVELS = 4;

	private final List<Path> places;
	private final Map<List<String>, Prior> open = new HashMap<>();

	/** @param places folders whose entries are packages; those that do not exist are passed over */
	public ModelLibrary(List<Path> places) {
		this.places = List.copyOf(places);
	}

	/** The library of this Java machine, shared by all who ask. */
	public static ModelLibrary shared() {
		return Shared.LIBRARY;
	}

	private static final class Shared {

		static final ModelLibrary LIBRARY = new ModelLibrary(standardPlaces());
	}

	/** The folders that {@link #shared()} searches, in this order, whether they exist or not. */
	public static List<Path> standardPlaces() {
		Set<Path> places = new LinkedHashSet<>();
		String property = System.getProperty("tweedie.models", "");
		for (String folder : property.split(Pattern.quote(System.getProperty("path.separator"))))
			if (!folder.isBlank())
				places.add(Path.of(folder.strip()));
		CodeSource source = ModelLibrary.class.getProtectionDomain().getCodeSource();
		if (source != null && source.getLocation() != null)
			try {
				places.addAll(above(Path.of(source.getLocation().toURI())));
			}
			catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
				// Tweedie was not loaded from a file: there is nothing beside it.
			}
		places.add(Path.of("models"));
		places.add(Path.of(System.getProperty("user.home"), ".tweedie", "models"));
		return places.stream().map(p -> p.toAbsolutePath().normalize()).distinct().toList();
	}

	/** Where a user's own packages belong: the first folder of {@code tweedie.models}, else that in the user's home. */
	public static Path userFolder() {
		String property = System.getProperty("tweedie.models", "").split(Pattern.quote(System.getProperty("path.separator")))[0];
		return property.isBlank() ? Path.of(System.getProperty("user.home"), ".tweedie", "models").toAbsolutePath()
			: Path.of(property.strip()).toAbsolutePath().normalize();
	}

	/** Folders called models, beside the file and above it. */
	static List<Path> above(Path file) {
		List<Path> places = new ArrayList<>();
		Path folder = file.toAbsolutePath().getParent();
		for (int level = 0; level < LEVELS && folder != null; level++, folder = folder.getParent())
			if (Files.isDirectory(folder.resolve("models")))
				places.add(folder.resolve("models"));
		return places;
	}

	/** Names of the packages found, in the order of the places. Packages that cannot be read are not among them. */
	public List<String> names() {
		List<String> names = new ArrayList<>();
		for (ModelPackage found : packages().values())
			if (!names.contains(found.name()))
				names.add(found.name());
		return Collections.unmodifiableList(names);
	}

	/**
	 * The package of that name, else that lies in a folder or zip file of that name, else that lies at that path.
	 *
	 * @throws IOException if there is none, naming those there are, or if the package is damaged
	 */
	public ModelPackage find(String nameOrPath) throws IOException {
		if (nameOrPath == null || nameOrPath.isBlank())
			throw new IOException("No model was named; " + listed());
		String name = nameOrPath.strip();
		Map<Path, ModelPackage> packages = packages();
		for (ModelPackage found : packages.values())
			if (found.name().equals(name))
				return found;
		for (ModelPackage found : packages.values())
			if (found.name().equalsIgnoreCase(name))
				return found;
		for (Path entry : entries())
			if (baseName(entry).equals(name))
				return ModelPackage.read(entry);
		try {
			Path path = Path.of(name);
			if (Files.exists(path))
				return ModelPackage.read(path);
		}
		catch (InvalidPathException e) {
			// then it is not a path
		}
		throw new IOException("There is no model '" + name + "'; " + listed());
	}

	/** {@link #open(String, String, Monitor)} in silence. */
	public Prior open(String nameOrPath, String device) throws IOException {
		return open(nameOrPath, device, Monitor.NONE);
	}

	/**
	 * A prior that is opened once and then shared, until the library is closed or the network in the package changes.
	 *
	 * @param device one of {@link Devices#choices()}
	 * @param monitor told, when the network is opened, if the device "auto" became the CPU
	 * @return a prior that this library closes
	 * @throws IOException as in {@link #find} and {@link ModelPackage#open}
	 */
	public Prior open(String nameOrPath, String device, Monitor monitor) throws IOException {
		ModelPackage found = find(nameOrPath);
		synchronized (open) {
			List<String> key = List.of(found.location().toString(), found.sha256(), device);
			Prior prior = open.get(key);
			if (prior == null)
				open.put(key, prior = found.open(device, monitor));
			return prior.with(prior.denoiser()::denoise);
		}
	}

	/**
	 * Closes all that was opened; waits for calls that are under way. Priors of this library fail afterwards in words, and
	 * {@link #open} opens anew.
	 */
	@Override
	public void close() {
		synchronized (open) {
			open.values().forEach(Prior::close);
			open.clear();
		}
	}

	/** Where a package of that name lies already, if models of the folder are found by name; else null. */
	Path holder(String name, Path folder) {
		if (places.stream().noneMatch(place -> place.toAbsolutePath().normalize().equals(folder)))
			return null;
		return packages().values().stream().filter(found -> found.name().equals(name)).map(ModelPackage::location).findFirst()
			.orElse(null);
	}

	private Map<Path, ModelPackage> packages() {
		Map<Path, ModelPackage> packages = new LinkedHashMap<>();
		for (Path entry : entries())
			try {
				if (ModelPackage.isForTweedie(entry))
					packages.put(entry, ModelPackage.read(entry));
			}
			catch (IOException e) {
				// NB: one damaged package must not hide the others; find() by the name of its folder tells what is wrong.
			}
		return packages;
	}

	private List<Path> entries() {
		List<Path> entries = new ArrayList<>();
		for (Path place : places)
			if (Files.isDirectory(place))
				try (Stream<Path> files = Files.list(place)) {
					// NB: an import that is under way, or was cut off, has a name with a dot.
					files.filter(file -> !file.getFileName().toString().startsWith("."))
						.filter(file -> ModelPackage.described(file) || isZip(file)).sorted().forEach(entries::add);
				}
				catch (IOException e) {
					// a folder that may not be read is as good as none
				}
		return entries;
	}

	private String listed() {
		List<String> names = names();
		return (names.isEmpty() ? "no models were found" : "found were " + String.join(", ", names)) + " in "
			+ String.join(", ", places.stream().map(Path::toString).toList())
			+ ". Put the folder of a model package into one of these, or give its path.";
	}

	private static boolean isZip(Path file) {
		return Files.isRegularFile(file) && file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".zip");
	}

	private static String baseName(Path entry) {
		String name = entry.getFileName().toString();
		return isZip(entry) ? name.substring(0, name.length() - 4) : name;
	}
}
