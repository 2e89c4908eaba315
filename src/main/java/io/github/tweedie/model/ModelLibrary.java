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
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
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
 * Opening a network takes longer than calling it, so a library keeps what it opened, and <b>the library closes it</b>: a
 * prior of {@link #open} is borrowed, and closing it gives it back. Where a package that was replaced or changed is
 * opened anew, the old network is closed as soon as all who borrowed it have given it back; with one who never does, it
 * stays. What is still open when Java ends goes with the process. Thread-safe.
 */
public final class ModelLibrary implements AutoCloseable {

	/** How far above the jar {@code models} may lie: Fiji.app/plugins/jars/tweedie.jar → Fiji.app/models, and one to spare. */
	private static final int LEVELS = 4;

	private final List<Path> places;
	/** By place, checksum and device; a device "auto" has that of the device which it became. Guards all that is open. */
	private final Map<List<String>, Session> open = new HashMap<>();
	/** Whose networks were replaced while somebody had borrowed them. */
	private final Set<Session> replaced = new HashSet<>();

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
	 * A prior that is opened once and then shared, until the library is closed or the network in the package changes. To be
	 * given back by closing it, when its last call has ended.
	 *
	 * @param device one of {@link Devices#choices()}
	 * @param monitor told, when the network is opened, if the device "auto" became the CPU
	 * @return a prior that this library closes
	 * @throws IOException as in {@link #find} and {@link ModelPackage#open}
	 */
	public Prior open(String nameOrPath, String device, Monitor monitor) throws IOException {
		ModelPackage found = find(nameOrPath);
		synchronized (open) {
			retireOthers(found);
			Session session = open.get(key(found, device));
			return (session == null ? opened(found, device, monitor) : session).lend();
		}
	}

	/** NB: only the attempt tells which device "auto" is. */
	private Session opened(ModelPackage found, String device, Monitor monitor) throws IOException {
		Prior prior = found.open(device, monitor);
		List<String> key = key(found, prior.device().equals(Devices.CPU) ? Devices.CPU : Devices.CUDA);
		if (open.containsKey(key))
			prior.close();
		else
			open.put(key, new Session(prior));
		open.put(key(found, device), open.get(key));
		return open.get(key);
	}

	private static List<String> key(ModelPackage found, String device) {
		return List.of(found.location().toString(), found.checksum(), device);
	}

	/** What was opened at the place of a package and is another network. */
	private void retireOthers(ModelPackage found) {
		List<String> current = key(found, "");
		List.copyOf(open.keySet()).stream().filter(key -> key.get(0).equals(current.get(0)) && !key.get(1).equals(current.get(1)))
			.forEach(key -> replaced.add(open.remove(key)));
		closeUnused();
	}

	private void closeUnused() {
		replaced.removeIf(session -> {
			if (session.borrowers == 0)
				session.prior.close();
			return session.borrowers == 0;
		});
	}

	/** A network that is open, and how many have borrowed it. */
	private final class Session {

		private final Prior prior;
		private int borrowers;

		Session(Prior prior) {
			this.prior = prior;
		}

		Prior lend() {
			borrowers++;
			return prior.with(new Loan(this));
		}
	}

	/** What a borrower calls, and closes when it is done. */
	private final class Loan implements Denoiser, AutoCloseable {

		private final Session session;
		private boolean returned;

		Loan(Session session) {
			this.session = session;
		}

		@Override
		public void denoise(Batch batch, float[] out) {
			session.prior.denoise(batch, out);
		}

		@Override
		public void close() {
			synchronized (open) {
				if (returned)
					return;
				returned = true;
				session.borrowers--;
				closeUnused();
			}
		}
	}

	/**
	 * Closes all that was opened; waits for calls that are under way. Priors of this library fail afterwards in words, and
	 * {@link #open} opens anew.
	 */
	@Override
	public void close() {
		synchronized (open) {
			replaced.addAll(open.values());
			open.clear();
			replaced.forEach(session -> session.prior.close());
			replaced.clear();
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
