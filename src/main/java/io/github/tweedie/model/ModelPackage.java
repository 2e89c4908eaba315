package io.github.tweedie.model;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipError;
import java.util.zip.ZipException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.tweedie.model.Convention.Prediction;
import io.github.tweedie.model.Convention.TimeInput;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * A network with its description: a folder or a zip file in the bioimage.io model format 0.5, where {@code rdf.yaml}
 * states under {@code config: tweedie} what the format has no words for.
 * <p>
 * Reading checks the description; {@link #open} reads the network and checks its sha256; {@link #verify} runs it on the
 * test tensors. Every failure is an {@link IOException} of one sentence: what was seen, what was expected, what to do.
 */
public final class ModelPackage {

	/** File names that the description may have. */
	static final List<String> DESCRIPTIONS = List.of("rdf.yaml", "bioimageio.yaml");

	private final Path location;
	private final String name;
	private final String version;
	private final String description;
	private final String licence;
	private final int channels;
	private final double[] range;
	private final Double pixelSize;
	private final int sizeStep;
	private final int receptiveRadius;
	private final List<String> classNames;
	private final int nullClass;
	private final Prior.Precision precision;
	private final Convention convention;
	private final List<String> inputs;
	private final Source network;
	private final List<Source> testInputs;
	private final Source testOutput;

	/** A file of the package and the checksum that the description states for it, null if none. */
	private record Source(String file, String sha256) {}

	private ModelPackage(Path location, Fields rdf) throws IOException {
		this.location = location;
		String format = rdf.text("format_version");
		if (!format.startsWith("0.5"))
			throw rdf.wrong("format_version", format, "0.5");
		name = rdf.text("name");
		Fields config = rdf.child("config").child("tweedie");
		version = rdf.has("version") ? rdf.text("version") : "";
		description = rdf.has("description") ? rdf.text("description") : "";
		licence = rdf.has("license") ? rdf.text("license") : "";
		String sde = config.text("sde");
		if (!sde.equals("edm") && !sde.equals("ve"))
			throw config.wrong("sde", sde, "edm or ve, the kinds that are supported");
		double sigmaMin = config.positive("sigma_min"), sigmaMax = config.positive("sigma_max");
		if (!(sigmaMin < sigmaMax))
			throw config.wrong("sigma_max", sigmaMax, "more than sigma_min, " + sigmaMin);
		convention = new Convention(config.word(Prediction.class, "prediction_type"), config.word(TimeInput.class, "time_input"),
			sigmaMin, sigmaMax);
		precision = config.word(Prior.Precision.class, "precision");
		range = config.range("data_range");
		pixelSize = config.has("pixel_size") ? config.positive("pixel_size") : null;
		sizeStep = config.integer("size_step", 1);
		receptiveRadius = config.has("receptive_radius") ? config.integer("receptive_radius", 0) : Prior.GLOBAL;
		classNames = config.has("class_names") ? config.list("class_names").stream().map(String::valueOf).toList() : List.of();
		nullClass = config.has("null_class") ? config.integer("null_class", 0) : -1;
		List<Fields> in = rdf.children("inputs"), out = rdf.children("outputs");
		int expected = classNames.isEmpty() ? 2 : 3;
		if (in.size() != expected || out.isEmpty())
			throw new IOException(rdf.where + " describes " + in.size() + " inputs and " + out.size()
				+ " outputs; expected are the image, the noise level" + (expected == 3 ? ", the class" : "")
				+ " and one output.");
		Map<String, Fields> axes = new HashMap<>();
		for (Fields axis : in.get(0).children("axes"))
			axes.put(axis.text("type"), axis);
		channels = axes.containsKey("channel") ? axes.get("channel").list("channel_names").size() : 1;
		Fields onnx = rdf.child("weights").child("onnx");
		network = new Source(onnx.text("source"), onnx.text("sha256"));
		inputs = new ArrayList<>();
		testInputs = new ArrayList<>();
		for (Fields input : in) {
			inputs.add(input.text("id"));
			testInputs.add(testTensor(input));
		}
		testOutput = testTensor(out.get(0));
	}

	private static Source testTensor(Fields tensor) throws IOException {
		Fields test = tensor.child("test_tensor");
		return new Source(test.text("source"), test.has("sha256") ? test.text("sha256") : null);
	}

	/**
	 * Reads and checks the description of a package.
	 *
	 * @param folderOrZip a folder that holds rdf.yaml, or a zip file that holds it at its root or in its only folder
	 * @throws IOException if there is none, or a field is missing or wrong
	 */
	public static ModelPackage read(Path folderOrZip) throws IOException {
		Path location = folderOrZip.toAbsolutePath().normalize();
		return inside(location, root -> new ModelPackage(location, rdf(location, root)));
	}

	/** Whether the package has a tweedie block at all, or was made for other programs. */
	static boolean isForTweedie(Path folderOrZip) throws IOException {
		return inside(folderOrZip, root -> {
			Fields rdf = rdf(folderOrZip, root);
			return rdf.has("config") && rdf.child("config").has("tweedie");
		});
	}

	public String name() {
		return name;
	}

	/** As the package states it; empty if it does not. */
	public String version() {
		return version;
	}

	/** One sentence of what the model knows; empty if the package has none. */
	public String description() {
		return description;
	}

	/** SPDX name of the licence; empty if the package states none. */
	public String licence() {
		return licence;
	}

	/** The folder or zip file, absolute. */
	public Path location() {
		return location;
	}

	/** Size of a pixel of the training images in µm; NaN if the package states none. */
	public double pixelSize() {
		return pixelSize == null ? Double.NaN : pixelSize;
	}

	/** sha256 of the network, in lower-case hexadecimal digits: the one thing that tells two networks apart. */
	public String sha256() {
		return network.sha256.toLowerCase(Locale.ROOT);
	}

	/** {@link #open(String, Monitor)} in silence. */
	public Prior open(String device) throws IOException {
		return open(device, Monitor.NONE);
	}

	/**
	 * Opens the network. The caller closes the prior.
	 *
	 * @param device one of {@link Devices#choices()}; the prior states the device that was really taken
	 * @param monitor told in a sentence if the device "auto" became the CPU
	 * @throws IOException if the network is missing, not the one described, or does not run on the device
	 * @throws IllegalArgumentException if the device is none of the choices
	 */
	public Prior open(String device, Monitor monitor) throws IOException {
		OnnxDenoiser denoiser = denoiser(device, monitor);
		return new Prior(denoiser, (name + " " + version).strip(), denoiser.device(), channels, range[0], range[1],
			convention.sigmaMin(), convention.sigmaMax(), sizeStep, receptiveRadius, classNames, precision);
	}

	/** {@link #verify(String)} on the CPU. */
	public double verify() throws IOException {
		return verify(Devices.CPU);
	}

	/**
	 * Runs the network on the test tensors of the package.
	 *
	 * @return the largest difference from the expected output, in units of the data range
	 * @throws IOException if it is more than 1e-4 of the range on a CPU or 1e-3 on a GPU, or a test tensor is damaged
	 */
	public double verify(String device) throws IOException {
		Devices.check(device);
		try (OnnxDenoiser denoiser = denoiser(device, Monitor.NONE); NDManager manager = Devices.engine().newBaseManager()) {
			NDArray x = tensor(manager, testInputs.get(0));
			float[] time = tensor(manager, testInputs.get(1)).toFloatArray(), expected = tensor(manager, testOutput).toFloatArray();
			long[] label = inputs.size() < 3 ? null : tensor(manager, testInputs.get(2)).toLongArray(),
				extents = x.getShape().getShape();
			if (extents.length != 4 || time.length != extents[0] || expected.length != x.size()
				|| label != null && label.length != extents[0])
				throw new IOException("The test tensors of " + location + " have " + x.getShape() + " and " + time.length
					+ " and " + expected.length + " values; expected are N×C×Y×X, N and N·C·Y·X. Get the package again.");
			float[] output = denoiser.run(Shape.planes((int) extents[0], (int) extents[1], (int) extents[2], (int) extents[3]),
				x.toFloatArray(), time, label);
			double largest = 0;
			for (int i = 0; i < output.length; i++)
				largest = Math.max(largest, Float.isNaN(output[i]) ? Double.POSITIVE_INFINITY : Math.abs(output[i] - expected[i]));
			double accepted = (denoiser.device().equals(Devices.CPU) ? 1e-4 : 1e-3) * (range[1] - range[0]);
			if (!(largest <= accepted))
				throw new IOException("On this machine (" + denoiser.device() + ") the model '" + name
					+ "' differs from its own test output by " + (float) largest + ", where at most " + (float) accepted
					+ " is accepted; get the package again, or choose another device.");
			return largest;
		}
		catch (IllegalStateException | IllegalArgumentException e) {
			throw new IOException(e.getMessage(), e);
		}
	}

	/** Name, version and place, for lists. */
	@Override
	public String toString() {
		return (name + " " + version).strip() + " (" + location + ")";
	}

	private OnnxDenoiser denoiser(String device, Monitor monitor) throws IOException {
		return OnnxDenoiser.open(content(network), new OnnxDenoiser.Network(name, inputs, channels, sizeStep,
			classNames.size(), nullClass, convention), device, monitor);
	}

	private NDArray tensor(NDManager manager, Source source) throws IOException {
		byte[] content = content(source);
		try {
			return NDList.decode(manager, content).get(0);
		}
		catch (RuntimeException e) {
			throw new IOException("The test tensor '" + source.file + "' of " + location + " cannot be read ("
				+ Devices.reason(e) + "); expected is a .npy file. Get the package again.", e);
		}
	}

	private byte[] content(Source source) throws IOException {
		byte[] content = inside(location, root -> {
			Path file = within(root, source.file);
			if (!Files.isRegularFile(file))
				throw new IOException("The file '" + source.file + "' that the description of " + location
					+ " names is not there; get the whole package again.");
			return Files.readAllBytes(file);
		});
		String seen = sha256(content);
		if (source.sha256 != null && !source.sha256.equalsIgnoreCase(seen))
			throw new IOException("The file '" + source.file + "' of " + location + " has the sha256 " + seen
				+ ", but its description states " + source.sha256 + "; the file was damaged or exchanged: get the package again.");
		return content;
	}

	private Path within(Path root, String file) throws IOException {
		try {
			Path path = root.resolve(file).normalize();
			if (path.startsWith(root) && !file.contains("://"))
				return path;
		}
		catch (InvalidPathException e) {
			// said below
		}
		throw new IOException("The description of " + location + " names the file '" + file
			+ "'; files must lie within the package: download what is missing and name it relative to the description.");
	}

	private static String sha256(byte[] content) {
		try {
			return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
		}
		catch (NoSuchAlgorithmException e) {
			throw new AssertionError("Every Java has SHA-256.", e);
		}
	}

	@FunctionalInterface
	private interface Reading<T> {

		T read(Path root) throws IOException;
	}

	/** Reads within the folder, or the zip file, that holds the description. */
	private static <T> T inside(Path location, Reading<T> reading) throws IOException {
		if (Files.isDirectory(location))
			return reading.read(location);
		if (!Files.isRegularFile(location))
			throw new IOException("There is no model package at " + location
				+ "; give a folder that holds rdf.yaml, or a zip file of one.");
		try (FileSystem zip = FileSystems.newFileSystem(location, (ClassLoader) null)) {
			Path root = zip.getPath("/");
			if (!described(root))
				try (Stream<Path> entries = Files.list(root)) {
					root = entries.filter(ModelPackage::described).findFirst().orElse(root);
				}
			return reading.read(root.normalize());
		}
		catch (ProviderNotFoundException | ZipException | ZipError | IllegalArgumentException e) {
			throw new IOException("The file " + location + " is not a zip file that can be read (" + Devices.reason(e)
				+ "); get the package again, or give a folder that holds rdf.yaml.", e);
		}
	}

	static boolean described(Path folder) {
		return DESCRIPTIONS.stream().anyMatch(file -> Files.isRegularFile(folder.resolve(file)));
	}

	private static Fields rdf(Path location, Path root) throws IOException {
		Path file = root.resolve(DESCRIPTIONS.stream().filter(f -> Files.isRegularFile(root.resolve(f))).findFirst()
			.orElseThrow(() -> new NoSuchFileException("There is no rdf.yaml in " + location
				+ "; a model package is a folder or zip file that holds one.")));
		Object content;
		try {
			content = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file));
		}
		catch (YAMLException | CharacterCodingException e) {
			throw new IOException("The file " + file.getFileName() + " of " + location + " is not YAML that can be read ("
				+ Devices.reason(e) + "); repair it or get the package again.", e);
		}
		if (!(content instanceof Map<?, ?> map))
			throw new IOException("The file " + file.getFileName() + " of " + location
				+ " holds no fields; expected is the description of a model in the bioimage.io format 0.5.");
		return new Fields("The file " + file.getFileName() + " of " + location, "", map);
	}

	/** Some fields of the description, and where they stand in it. */
	private record Fields(String where, String path, Map<?, ?> map) {

		boolean has(String key) {
			return map.get(key) != null;
		}

		IOException wrong(String key, Object seen, String expected) {
			return new IOException(where + " states " + path + key + ": " + seen + "; expected is " + expected
				+ ". Correct the field, or get a package that was made for Tweedie.");
		}

		private Object get(String key, String expected) throws IOException {
			Object value = map.get(key);
			if (value == null)
				throw new IOException(where + " lacks the field " + path + key + "; expected is " + expected
					+ ". Add the field, or get a package that was made for Tweedie.");
			return value;
		}

		private <T> T get(Class<T> type, String key, String expected) throws IOException {
			Object value = get(key, expected);
			if (!type.isInstance(value))
				throw wrong(key, value, expected);
			return type.cast(value);
		}

		Fields child(String key) throws IOException {
			return new Fields(where, path + key + ".", get(Map.class, key, "a block of fields"));
		}

		List<?> list(String key) throws IOException {
			return get(List.class, key, "a list");
		}

		List<Fields> children(String key) throws IOException {
			List<Fields> children = new ArrayList<>();
			for (Object child : list(key)) {
				if (!(child instanceof Map<?, ?> fields))
					throw wrong(key, child, "a list of blocks of fields");
				children.add(new Fields(where, path + key + "[" + children.size() + "].", fields));
			}
			return children;
		}

		String text(String key) throws IOException {
			Object value = get(key, "a text");
			if (value instanceof Map || value instanceof List || value.toString().isBlank())
				throw wrong(key, value, "a text");
			return value.toString();
		}

		double positive(String key) throws IOException {
			double value = get(Number.class, key, "a positive number").doubleValue();
			if (!(value > 0 && value < Double.POSITIVE_INFINITY))
				throw wrong(key, value, "a positive number");
			return value;
		}

		int integer(String key, int least) throws IOException {
			String expected = "a whole number of at least " + least;
			int value = get(Integer.class, key, expected);
			if (value < least)
				throw wrong(key, value, expected);
			return value;
		}

		double[] range(String key) throws IOException {
			String expected = "a list of two numbers, the lower one first";
			List<?> list = get(List.class, key, expected);
			if (list.size() == 2 && list.get(0) instanceof Number low && list.get(1) instanceof Number high
				&& low.doubleValue() < high.doubleValue())
				return new double[] { low.doubleValue(), high.doubleValue() };
			throw wrong(key, list, expected);
		}

		<E extends Enum<E>> E word(Class<E> type, String key) throws IOException {
			List<String> words = Stream.of(type.getEnumConstants()).map(e -> e.name().toLowerCase(Locale.ROOT)).toList();
			String value = text(key);
			if (!words.contains(value))
				throw wrong(key, value, "one of " + String.join(", ", words) + ", which are supported");
			return Enum.valueOf(type, value.toUpperCase(Locale.ROOT));
		}
	}
}
