package io.github.tweedie.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

import ai.onnxruntime.platform.Fp16Conversions;
import io.github.tweedie.model.OnnxGraph.Tensor;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Shape;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/**
 * A package in the making: an ONNX file and what was declared of it. What the file tells itself (names, channels, extents, types,
 * a doubled output, the multiple that its sides must be) is found by looking and by running it.
 */
final class Draft {

	private static final int LARGEST_STEP = 64;

	private final Path file;
	private final String name;
	private final Map<String, Object> declared;
	private final byte[] onnx;

	/** @param declared fields of {@code config: tweedie} */
	Draft(Path file, String name, Map<String, ?> declared) throws IOException {
		this.file = file;
		this.name = name;
		this.declared = new LinkedHashMap<>(declared);
		onnx = Files.readAllBytes(file);
	}

	/** Writes the package, the description last. */
	void write(Path folder, boolean strict, Monitor monitor) throws IOException {
		declared.putIfAbsent("precision", "float32");
		Fields fields = new Fields("The declaration of " + file, "", declared);
		double[] range = fields.range("data_range");
		Convention convention = Convention.read(fields, range[1] - range[0]);
		List<Tensor> inputs = new ArrayList<>(), outputs = new ArrayList<>();
		OnnxGraph.open(onnx, name, Devices.CPU, Monitor.NONE, graph -> {
			inputs.addAll(sorted(graph.inputs()));
			outputs.addAll(graph.outputs());
		}).close();
		OnnxDenoiser.Network network = network(fields, inputs, outputs.get(0), convention);
		try (OnnxDenoiser denoiser = OnnxDenoiser.open(onnx, network, convention, Devices.CPU, Monitor.NONE)) {
			if (denoiser.isHalf())
				declared.put("precision", "float16");
			ModelImport.judge(new DeclarationCheck(denoiser, range[0], range[1], monitor).complaint(), strict, monitor);
			Files.write(folder.resolve("model.onnx"), onnx);
			Files.writeString(folder.resolve("README.md"), card(convention));
			Map<String, Object> rdf = description(denoiser, inputs, outputs.get(0), testTensors(denoiser, range, folder));
			DumperOptions options = new DumperOptions();
			options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
			// NB: last, since a folder without it is no package.
			Files.writeString(folder.resolve("rdf.yaml"), new Yaml(options).dump(rdf));
		}
		catch (CancellationException e) {
			// NB: one of the illegal states, to Java.
			throw e;
		}
		catch (IllegalArgumentException | IllegalStateException e) {
			throw new IOException(e.getMessage(), e);
		}
	}

	// -- What the file tells --

	/** Image, noise level and perhaps class, in this order. */
	private List<Tensor> sorted(List<Tensor> inputs) throws IOException {
		List<Tensor> images = inputs.stream().filter(t -> t.shape().length == 4).toList(),
			others = new ArrayList<>(inputs.stream().filter(t -> t.shape().length <= 1).toList());
		others.sort((a, b) -> Boolean.compare(isLabel(a), isLabel(b)));
		if (images.size() != 1 || others.isEmpty() || others.size() > 2 || images.size() + others.size() != inputs.size()
			|| others.size() == 2 && (isLabel(others.get(0)) || !isLabel(others.get(1))))
			throw new IOException("The ONNX file " + file + " takes the inputs " + inputs
				+ "; expected are an image N×C×Y×X, a noise level or time, and perhaps a class whose name holds 'label' or 'class'. A network"
				+ " that asks for more, such as a text, cannot be used.");
		List<Tensor> sorted = new ArrayList<>(images);
		sorted.addAll(others);
		return sorted;
	}

	private static boolean isLabel(Tensor input) {
		String lower = input.name().toLowerCase(Locale.ROOT);
		return lower.contains("label") || lower.contains("class");
	}

	private OnnxDenoiser.Network network(Fields fields, List<Tensor> inputs, Tensor output, Convention convention)
		throws IOException
	{
		int stated = fields.has("channels") ? fields.integer("channels", 1) : 1;
		int channels = inputs.get(0).extent(1) > 0 ? (int) inputs.get(0).extent(1) : stated;
		declared.remove("channels");
		boolean learned = output.extent(1) == 2L * channels
			|| fields.has("variance_type") && fields.text("variance_type").startsWith("learned");
		declared.remove("variance_type");
		if (learned)
			declared.put("variance_type", "learned");
		List<?> classes = fields.has("class_names") ? fields.list("class_names") : List.of();
		if (classes.isEmpty() == (inputs.size() == 3))
			throw fields.wrong("class_names", classes, inputs.size() == 3 ? "a name for each class that the input '" + inputs.get(2).name()
				+ "' tells" : "no name, since the inputs " + inputs + " tell no class");
		int nullClass = fields.has("null_class") ? fields.integer("null_class", 0) : -1;
		OnnxDenoiser.Network network = new OnnxDenoiser.Network(name, inputs.stream().map(Tensor::name).toList(), output.name(),
			channels, 1, classes.size(), nullClass, learned);
		int step = fields.has("size_step") ? fields.integer("size_step", 1) : sizeStep(network, convention);
		declared.put("size_step", step);
		return new OnnxDenoiser.Network(name, network.inputs(), network.output(), channels, step, classes.size(), nullClass, learned);
	}

	/** The least power of two of which the sides must be multiples, by trial; 1 for a network of one size. */
	private int sizeStep(OnnxDenoiser.Network network, Convention convention) throws IOException {
		try (OnnxDenoiser denoiser = OnnxDenoiser.open(onnx, network, convention, Devices.CPU, Monitor.NONE)) {
			if (denoiser.fixedSize() > 0)
				return 1;
			float[] time = { convention.timeOf(convention.seen(Math.min(1, convention.sigmaMax()), denoiser.countsWhole())) };
			for (int step = 1;; step *= 2) {
				int side = LARGEST_STEP + step;
				Shape shape = Shape.planes(1, network.channels(), side, side);
				try {
					denoiser.run(shape, new float[shape.size()], time, network.classes() == 0 ? null : new float[1]);
					return step;
				}
				catch (IllegalStateException e) {
					if (step == LARGEST_STEP)
						throw e;
				}
			}
		}
	}

	// -- The test tensors --

	/** A noisy picture, what the network is told, and its answer. */
	private static List<Map<String, Object>> testTensors(OnnxDenoiser denoiser, double[] range, Path folder) throws IOException {
		Convention convention = denoiser.convention();
		Shape shape = denoiser.smallest(64);
		float[] x = DeclarationCheck.picture(shape, (range[0] + range[1]) / 2, convention.sigmaData()), noise = new float[x.length];
		double sigma = Math.max(convention.sigmaMin(), Math.min(convention.sigmaMax(), convention.sigmaData()));
		new Noise(3).fill(Noise.Purpose.PROBE, 0, new int[1], shape, noise);
		for (int i = 0; i < x.length; i++)
			x[i] += (float) (sigma * noise[i]);
		Level level = convention.seen(sigma, denoiser.countsWhole());
		float[] seen = OnnxDenoiser.scaled(Batch.of(shape, x, sigma), new Level[] { level }).clone();
		float[] time = { convention.timeOf(level) }, label = denoiser.network().classes() == 0 ? null : new float[1];
		if (denoiser.isHalf())
			for (int i = 0; i < seen.length; i++)
				seen[i] = Fp16Conversions.fp16ToFloat(Fp16Conversions.floatToFp16(seen[i]));
		float[] output = denoiser.run(shape, seen, time, label);
		List<Map<String, Object>> tensors = new ArrayList<>();
		tensors.add(npy(folder, "test_input.npy", "<f4", seen, 1, shape.c(), shape.y(), shape.x()));
		tensors.add(npy(folder, "test_time.npy", denoiser.countsWhole() ? "<i8" : "<f4", time, 1));
		if (label != null)
			tensors.add(npy(folder, "test_label.npy", "<i8", label, 1));
		tensors.add(npy(folder, "test_output.npy", "<f4", output, 1, output.length / shape.y() / shape.x(), shape.y(), shape.x()));
		return tensors;
	}

	/** Writes an array in NumPy's format 1.0. */
	private static Map<String, Object> npy(Path folder, String file, String type, float[] values, int... extents)
		throws IOException
	{
		String shape = Arrays.toString(extents).replace('[', '(').replace("]", ",)");
		String header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
		int padded = (10 + header.length() + 1 + 63) / 64 * 64;
		int width = type.endsWith("8") ? 8 : 4;
		ByteBuffer buffer = ByteBuffer.allocate(padded + width * values.length).order(ByteOrder.LITTLE_ENDIAN);
		buffer.put(new byte[] { (byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0 }).putShort((short) (padded - 10));
		buffer.put((header + " ".repeat(padded - 11 - header.length()) + "\n").getBytes(StandardCharsets.US_ASCII));
		for (float value : values)
			if (width == 8)
				buffer.putLong(Math.round((double) value));
			else
				buffer.putFloat(value);
		Files.write(folder.resolve(file), buffer.array());
		return new LinkedHashMap<>(Map.of("source", file, "sha256", ModelPackage.sha256(buffer.array())));
	}

	// -- The description --

	private Map<String, Object> description(OnnxDenoiser denoiser, List<Tensor> inputs, Tensor output,
		List<Map<String, Object>> tensors)
	{
		Map<String, Object> rdf = ordered("format_version", "0.5.4", "type", "model", "name", name, "version", "0.1.0",
			"description", text("description", "Imported from " + file.getFileName() + "."), "documentation", "README.md");
		if (declared.containsKey("license"))
			rdf.put("license", String.valueOf(declared.get("license")));
		rdf.put("authors", List.of(ordered("name", text("author", "not stated"))));
		rdf.put("tags", List.of("diffusion", "2d"));
		List<Map<String, Object>> in = new ArrayList<>();
		for (int i = 0; i < inputs.size(); i++)
			in.add(tensor(inputs.get(i), i == 0 ? axes(denoiser, denoiser.network().channels()) : List.of(ordered("type", "batch")),
				tensors.get(i)));
		rdf.put("inputs", in);
		int channels = denoiser.network().channels() * (denoiser.network().learnedVariance() ? 2 : 1);
		rdf.put("outputs", List.of(tensor(output, axes(denoiser, channels), tensors.get(inputs.size()))));
		rdf.put("weights", ordered("onnx",
			ordered("source", "model.onnx", "sha256", ModelPackage.sha256(onnx), "opset_version", opset(onnx))));
		Map<String, Object> config = new LinkedHashMap<>(declared);
		List.of("description", "author", "license").forEach(config::remove);
		config.putIfAbsent("class_names", List.of());
		rdf.put("config", ordered("tweedie", config));
		return rdf;
	}

	private String text(String key, String otherwise) {
		return declared.containsKey(key) ? String.valueOf(declared.get(key)) : otherwise;
	}

	private static Map<String, Object> tensor(Tensor tensor, List<?> axes, Map<String, Object> test) {
		String type = switch (tensor.type()) {
			case INT64 -> "int64";
			case INT32 -> "int32";
			case FLOAT16 -> "float16";
			case DOUBLE -> "float64";
			default -> "float32";
		};
		return ordered("id", tensor.name(), "axes", axes, "data", ordered("type", type), "test_tensor", test);
	}

	private static List<Map<String, Object>> axes(OnnxDenoiser denoiser, int channels) {
		Object size = denoiser.fixedSize() > 0 ? (Object) denoiser.fixedSize()
			: ordered("min", denoiser.network().sizeStep(), "step", denoiser.network().sizeStep());
		List<String> names = channels == 1 ? List.of("intensity") : channels == 3 ? List.of("red", "green", "blue")
			: IntStream.range(0, channels).mapToObj(i -> "channel" + i).toList();
		return List.of(ordered("type", "batch"), ordered("type", "channel", "channel_names", names),
			ordered("type", "space", "id", "y", "size", size), ordered("type", "space", "id", "x", "size", size));
	}

	private static Map<String, Object> ordered(Object... keysAndValues) {
		Map<String, Object> map = new LinkedHashMap<>();
		for (int i = 0; i < keysAndValues.length; i += 2)
			map.put((String) keysAndValues[i], keysAndValues[i + 1]);
		return map;
	}

	private String card(Convention convention) {
		return "# " + name + "\n\n" + text("description", "A diffusion prior.") + "\n\nImported into Tweedie from `"
			+ file.getFileName() + "`, which predicts `" + convention.prediction() + "` and is told `" + convention.time()
			+ "`. `rdf.yaml` states under `config: tweedie` how it is read. Licence: " + text("license", "not stated")
			+ ".\n\nThe test tensors are a computed pattern"
			+ " with noise, and the network's answer on the machine that imported it.\n";
	}

	/**
	 * Version of the standard operators that an ONNX file states: field 2 of field 8 of its protocol buffer; 0 if it states none.
	 */
	static long opset(byte[] onnx) {
		ByteBuffer model = ByteBuffer.wrap(onnx);
		while (model.hasRemaining()) {
			long key = varint(model);
			if ((key & 7) == 0)
				varint(model);
			else if ((key & 7) == 2) {
				int length = (int) varint(model);
				if (key >> 3 == 8) {
					ByteBuffer entry = model.slice(model.position(), length);
					String domain = "";
					long version = 0;
					while (entry.hasRemaining())
						if (varint(entry) >> 3 == 1) {
							byte[] text = new byte[(int) varint(entry)];
							entry.get(text);
							domain = new String(text, StandardCharsets.UTF_8);
						}
						else
							version = varint(entry);
					if (domain.isEmpty() || domain.equals("ai.onnx"))
						return version;
				}
				model.position(model.position() + length);
			}
			else
				return 0;
		}
		return 0;
	}

	private static long varint(ByteBuffer buffer) {
		long value = 0;
		for (int shift = 0;; shift += 7) {
			byte next = buffer.get();
			value |= (next & 0x7fL) << shift;
			if (next >= 0)
				return value;
		}
	}
}
