package io.github.tweedie.model;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import java.util.zip.ZipError;
import java.util.zip.ZipException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

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
	private final int trainingSize;
	private final boolean learnedVariance;
	private final Convention convention;
	private final List<String> inputs;
	private final String output;
	private final String checksum;
	private final Source network;
	private final Source classifier;
	private final List<String> classifierInputs;
	private final List<Source> testInputs;
	private final Source testOutput;

	/** A file of the package and the checksum that the description states for it, null if none. */
	private record Source(String file, String sha256) {}

	private ModelPackage(Path location, Fields rdf) throws IOException {
		this.location = location;
		checksum = sha256(rdf.map().toString().getBytes(StandardCharsets.UTF_8));
		String format = rdf.text("format_version");
		if (!format.startsWith("0.5"))
			throw rdf.wrong("format_version", format, "0.5");
		name = rdf.text("name");
		Fields config = rdf.child("config").child("tweedie");
		version = rdf.has("version") ? rdf.text("version") : "";
		description = rdf.has("description") ? rdf.text("description") : "";
		licence = rdf.has("license") ? rdf.text("license") : "";
		precision = config.word(Prior.Precision.class, "precision");
		range = config.range("data_range");
		convention = Convention.read(config, range[1] - range[0]);
		trainingSize = config.has("training_size") ? config.integer("training_size", 1) : 0;
		learnedVariance = config.has("variance_type") && config.text("variance_type").startsWith("learned");
		pixelSize = config.has("pixel_size") ? config.positive("pixel_size") : null;
		sizeStep = config.integer("size_step", 1);
		receptiveRadius = config.has("receptive_radius") ? config.integer("receptive_radius", 0) : Prior.GLOBAL;
		classNames = config.has("class_names") ? config.list("class_names").stream().map(String::valueOf).toList() : List.of();
		nullClass = config.has("null_class") ? config.integer("null_class", 0) : -1;
		List<Fields> in = rdf.children("inputs"), out = rdf.children("outputs");
		Fields described = config.has("classifier") ? config.child("classifier") : null;
		// NB: a network that takes no class may have classes nonetheless, those of its classifier.
		int expected = classNames.isEmpty() || described != null && in.size() == 2 ? 2 : 3;
		if (in.size() != expected || out.isEmpty())
			throw new IOException(rdf.where() + " describes " + in.size() + " inputs and " + out.size()
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
		output = out.get(0).text("id");
		testOutput = testTensor(out.get(0));
		classifier = described == null ? null : new Source(described.text("source"), described.text("sha256"));
		classifierInputs = described != null && described.has("inputs")
			? described.list("inputs").stream().map(String::valueOf).toList() : OnnxClassifier.INPUTS;
		if (described != null && (classNames.isEmpty() || classifierInputs.size() != 3))
			throw described.wrong("inputs", classifierInputs + " for the classes " + classNames,
				"the names of image, noise level and class, and class_names beside the classifier");
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

	/** A checksum of the description, which states those of the networks: what differs in nothing is the same model. */
	String checksum() {
		return checksum;
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
		OnnxClassifier guide = null;
		try {
			if (classifier != null)
				guide = OnnxClassifier.open(content(classifier), name, classifierInputs, channels, classNames.size(), convention.sigmaMin(),
					denoiser.smallest(64).y(), denoiser.device().equals(Devices.CPU) ? Devices.CPU : Devices.CUDA);
		}
		finally {
			if (classifier != null && guide == null)
				denoiser.close();
		}
		int fixed = denoiser.fixedSize();
		return new Prior(guide == null ? denoiser : new Guided(denoiser, guide), (name + " " + version).strip(), denoiser.device(),
			channels, range[0], range[1], convention.sigmaMin(), convention.sigmaMax(), sizeStep, receptiveRadius, classNames,
			denoiser.isHalf() ? Prior.Precision.FLOAT16 : precision, fixed > 0 ? fixed : trainingSize, fixed > 0, guide);
	}

	/** Closes the classifier with the denoiser. */
	private record Guided(OnnxDenoiser denoiser, OnnxClassifier classifier) implements Denoiser, AutoCloseable {

		@Override
		public void denoise(Batch batch, float[] out) {
			denoiser.denoise(batch, out);
		}

		@Override
		public void close() {
			denoiser.close();
			classifier.close();
		}
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
			float[] time = OnnxGraph.floats(tensor(manager, testInputs.get(1))), expected = OnnxGraph.floats(tensor(manager, testOutput));
			float[] label = inputs.size() < 3 ? null : OnnxGraph.floats(tensor(manager, testInputs.get(2)));
			long[] extents = x.getShape().getShape();
			if (extents.length != 4 || time.length != extents[0] || expected.length != x.size() * (learnedVariance ? 2 : 1)
				|| label != null && label.length != extents[0])
				throw new IOException("The test tensors of " + location + " have " + x.getShape() + " and " + time.length
					+ " and " + expected.length + " values; expected are N×C×Y×X, N and N·C·Y·X. Get the package again.");
			float[] output = denoiser.run(Shape.planes((int) extents[0], (int) extents[1], (int) extents[2], (int) extents[3]),
				OnnxGraph.floats(x), time, label);
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

	/** Holds what the network answers against what is declared; a complaint is thrown if strict, else told. */
	void check(boolean strict, Monitor monitor) throws IOException {
		try (OnnxDenoiser denoiser = denoiser(Devices.CPU, Monitor.NONE)) {
			ModelImport.judge(new DeclarationCheck(denoiser, range[0], range[1], monitor).complaint(), strict, monitor);
		}
		catch (CancellationException e) {
			// NB: one of the illegal states, to Java.
			throw e;
		}
		catch (IllegalStateException | IllegalArgumentException e) {
			throw new IOException(e.getMessage(), e);
		}
	}

	/** Copies all files of the package into a folder, the description last. */
	void copy(Path folder) throws IOException {
		inside(location, root -> {
			List<Path> files;
			try (Stream<Path> all = Files.walk(root)) {
				files = all.filter(Files::isRegularFile).sorted(Comparator.comparing(f -> DESCRIPTIONS.contains(f.getFileName().toString())))
					.toList();
			}
			for (Path file : files) {
				Path target = within(folder, root.relativize(file).toString());
				Files.createDirectories(target.getParent());
				Files.copy(file, target);
			}
			return null;
		});
	}

	/** Name, version and place, for lists. */
	@Override
	public String toString() {
		return (name + " " + version).strip() + " (" + location + ")";
	}

	private OnnxDenoiser denoiser(String device, Monitor monitor) throws IOException {
		OnnxDenoiser denoiser = OnnxDenoiser.open(content(network), new OnnxDenoiser.Network(name, inputs, output, channels, sizeStep,
			inputs.size() < 3 ? 0 : classNames.size(), nullClass, learnedVariance), convention, device, monitor);
		try {
			denoiser.requireFinite();
			return denoiser;
		}
		catch (IOException e) {
			denoiser.close();
			throw e;
		}
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

	static String sha256(byte[] content) {
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
			.orElseThrow(() -> new IOException("There is no rdf.yaml in " + location
				+ "; a model package is a folder or zip file that holds one.")));
		return Fields.read(file, "The file " + file.getFileName() + " of " + location,
			"the description of a model in the bioimage.io format 0.5");
	}
}
