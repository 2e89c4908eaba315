package io.github.tweedie.model;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.TensorInfo;
import ai.onnxruntime.platform.Fp16Conversions;
import io.github.tweedie.sde.Monitor;

/**
 * A graph in an ONNX file, ready to run on a device, floats in and floats out whatever its own types are.
 * <p>
 * Thread-safe: calls from several threads are computed one after the other, each with all threads of the machine. What ONNX
 * Runtime holds outside of the Java heap is released by {@link #close}, which waits for a call that is under way.
 */
final class OnnxGraph implements AutoCloseable {

	/**
	 * An input or output as the file declares it.
	 *
	 * @param shape extents, −1 where any will do; empty for a scalar
	 */
	record Tensor(String name, OnnxJavaType type, long[] shape) {

		/** Extent of an axis; −1 if any will do or there is no such axis. */
		long extent(int axis) {
			return axis < shape.length ? shape[axis] : -1;
		}

		/** Whether it holds one value for all samples: a scalar, or a vector of one. */
		boolean single() {
			return shape.length == 0 || shape.length == 1 && shape[0] == 1;
		}

		@Override
		public String toString() {
			return name + " " + Arrays.toString(shape).replace("-1", "?");
		}
	}

	/** A value for an input; float holds labels and indices exactly, up to 2²⁴. */
	record Feed(String input, float[] values, long... shape) {}

	/** A value of an output. */
	record Output(String name, float[] values, long[] shape) {}

	/** A first call of a graph that was just opened. */
	@FunctionalInterface
	interface Trial {

		/** @throws IOException in a sentence, if it is not the graph that was expected */
		void on(OnnxGraph graph) throws IOException;
	}

	private final String name;
	private final String device;
	private final SessionOptions options;
	private final Model model;
	private final Predictor<NDList, NDList> predictor;
	private final List<Tensor> inputs, outputs;
	private boolean closed;

	/**
	 * Opens a graph and tries it, so that what does not work is told now.
	 *
	 * @param name for messages
	 * @param device one of {@link Devices#choices()}
	 * @param monitor told in a sentence if the device "auto" became the CPU
	 * @throws IOException in a sentence, if the file or the device does not work
	 */
	static OnnxGraph open(byte[] onnx, String name, String device, Monitor monitor, Trial trial) throws IOException {
		Devices.check(device);
		if (!device.equals(Devices.AUTO)) {
			try {
				return new OnnxGraph(onnx, name, device, trial);
			}
			catch (DeviceException e) {
				// NB: a damaged file must not be taken for a missing graphics card.
				new OnnxGraph(onnx, name, Devices.CPU, trial).close();
				throw new IOException("The device '" + device + "' cannot be used: " + e.getMessage() + "; or choose the device '"
					+ Devices.CPU + "'.", e);
			}
		}
		try {
			return new OnnxGraph(onnx, name, Devices.CUDA, trial);
		}
		catch (DeviceException e) {
			OnnxGraph fallback = new OnnxGraph(onnx, name, Devices.CPU, trial);
			monitor.say("The model '" + name + "' is computed on the CPU: " + e.getMessage() + ".");
			return fallback;
		}
	}

	private OnnxGraph(byte[] onnx, String name, String device, Trial trial) throws IOException {
		this.name = name;
		Devices.engine();
		try {
			options = Devices.options(device);
		}
		catch (IOException e) {
			throw new DeviceException(e.getMessage(), e);
		}
		Model opened = null;
		boolean works = false;
		try {
			// NB: the model lies on the CPU for DJL: it would otherwise add CUDA a second time, with options of its own.
			model = opened = Model.newInstance(name, Device.cpu(), "OnnxRuntime");
			load(onnx);
			this.device = device.equals(Devices.CUDA) ? "cuda:0" : device;
			inputs = new ArrayList<>();
			outputs = new ArrayList<>();
			describe(onnx);
			predictor = model.newPredictor(new NoopTranslator());
			trial.on(this);
			works = true;
		}
		catch (MalformedModelException | OrtException | RuntimeException e) {
			if (device.equals(Devices.CUDA))
				throw new DeviceException(Devices.missing(e), e);
			throw new IOException("The ONNX file of the model '" + name + "' cannot be run (" + Devices.reason(e)
				+ "); export it again as one file, with N, Y and X dynamic, with operators that ONNX Runtime "
				+ OrtEnvironment.getEnvironment().getVersion() + " knows.", e);
		}
		finally {
			if (!works) {
				if (opened != null)
					opened.close();
				options.close();
			}
		}
	}

	private void load(byte[] onnx) throws IOException, MalformedModelException {
		try {
			model.load(new ByteArrayInputStream(onnx), Map.of("sessionOptions", options));
		}
		finally {
			// NB: DJL makes an empty temporary folder for a model without one, and would keep it until Java ends.
			if (model.getModelPath() != null)
				Files.deleteIfExists(model.getModelPath());
		}
	}

	/** NB: DJL tells the names of the inputs alone, so a second session that computes nothing is asked for types and shapes. */
	private void describe(byte[] onnx) throws OrtException, IOException {
		try (SessionOptions plain = new SessionOptions()) {
			plain.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
			plain.setOptimizationLevel(SessionOptions.OptLevel.NO_OPT);
			try (OrtSession session = OrtEnvironment.getEnvironment().createSession(onnx, plain)) {
				for (NodeInfo node : session.getInputInfo().values())
					inputs.add(tensor(node));
				for (NodeInfo node : session.getOutputInfo().values())
					outputs.add(tensor(node));
			}
		}
	}

	private Tensor tensor(NodeInfo node) throws IOException {
		if (node.getInfo() instanceof TensorInfo tensor)
			return new Tensor(node.getName(), tensor.type, tensor.getShape());
		throw new IOException("The ONNX file of the model '" + name + "' has '" + node.getName() + "', which is no tensor; expected are"
			+ " an image, a noise level and perhaps a class, and an image. Export the network alone.");
	}

	/** What really computes: "cpu" or "cuda:0". */
	String device() {
		return device;
	}

	List<Tensor> inputs() {
		return List.copyOf(inputs);
	}

	List<Tensor> outputs() {
		return List.copyOf(outputs);
	}

	/** @throws IllegalArgumentException if there is none of that name */
	Tensor input(String wanted) {
		return inputs.stream().filter(t -> t.name.equals(wanted)).findFirst().orElseThrow(() -> new IllegalArgumentException(
			"The ONNX file of the model '" + name + "' has no input '" + wanted + "'; its inputs are " + inputs + "."));
	}

	/**
	 * All outputs, in the order of the file.
	 *
	 * @throws IllegalStateException in a sentence, if the graph is closed or does not run
	 */
	synchronized List<Output> run(List<Feed> feeds) {
		if (closed)
			throw new IllegalStateException("The model '" + name + "' is closed; open it again.");
		try (NDManager manager = model.getNDManager().newSubManager()) {
			NDList in = new NDList();
			for (Feed feed : feeds)
				in.add(array(manager, feed));
			try (NDList out = predictor.predict(in)) {
				return out.stream().map(OnnxGraph::output).toList();
			}
		}
		catch (TranslateException e) {
			throw new IllegalStateException("The model '" + name + "' failed on an input of shape " + shape(feeds.get(0).shape) + " on "
				+ device + " (" + Devices.reason(e) + "); if memory ran out, crop the image, or choose the processor as device.", e);
		}
	}

	private static String shape(long[] extents) {
		return Arrays.toString(extents).replaceAll("[\\[\\] ]", "").replace(",", "×");
	}

	/** Waits for a call that is under way, then releases the native memory. Closing twice does nothing. */
	@Override
	public synchronized void close() {
		if (closed)
			return;
		closed = true;
		predictor.close();
		model.close();
		options.close();
	}

	// -- Types --

	private NDArray array(NDManager manager, Feed feed) {
		Shape shape = new Shape(feed.shape);
		float[] values = feed.values;
		NDArray array = switch (input(feed.input).type) {
			case FLOAT -> manager.create(values, shape);
			case DOUBLE -> manager.create(doubles(values), shape);
			case INT64 -> manager.create(longs(values), shape);
			case INT32 -> manager.create(Arrays.stream(longs(values)).mapToInt(Math::toIntExact).toArray(), shape);
			case FLOAT16 -> manager.create(halves(values), shape, DataType.FLOAT16);
			default -> throw new IllegalArgumentException("The ONNX file of the model '" + name + "' takes '" + feed.input + "' as "
				+ input(feed.input).type + ", which is not supported; export it with float, double, float16, int32 or int64 values.");
		};
		array.setName(feed.input);
		return array;
	}

	private static double[] doubles(float[] values) {
		double[] out = new double[values.length];
		for (int i = 0; i < out.length; i++)
			out[i] = values[i];
		return out;
	}

	private static long[] longs(float[] values) {
		long[] out = new long[values.length];
		for (int i = 0; i < out.length; i++)
			out[i] = Math.round((double) values[i]);
		return out;
	}

	private static ByteBuffer halves(float[] values) {
		ByteBuffer buffer = ByteBuffer.allocateDirect(2 * values.length).order(ByteOrder.nativeOrder());
		for (float value : values)
			buffer.putShort(Fp16Conversions.floatToFp16(value));
		return buffer.rewind();
	}

	private static Output output(NDArray array) {
		return new Output(array.getName(), floats(array), array.getShape().getShape());
	}

	/** The values of an array of any type of number. */
	static float[] floats(NDArray array) {
		if (array.getDataType() == DataType.FLOAT32)
			return array.toFloatArray();
		float[] out = new float[Math.toIntExact(array.size())];
		if (array.getDataType() == DataType.FLOAT16) {
			ShortBuffer halves = array.toByteBuffer().order(ByteOrder.nativeOrder()).asShortBuffer();
			for (int i = 0; i < out.length; i++)
				out[i] = Fp16Conversions.fp16ToFloat(halves.get(i));
			return out;
		}
		Number[] numbers = array.toArray();
		for (int i = 0; i < out.length; i++)
			out[i] = numbers[i].floatValue();
		return out;
	}

	/** Says that a device, not a file, is at fault. */
	private static final class DeviceException extends IOException {

		private static final long serialVersionUID = 1;

		DeviceException(String message, Throwable cause) {
			super(message, cause);
		}
	}
}
