package io.github.tweedie.model;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession.SessionOptions;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Shape;

/**
 * D(x, σ) by a network in an ONNX file. Whatever the network predicts and however it is told of σ, this is its
 * {@link Denoiser}. Opened through {@link ModelPackage#open}.
 * <p>
 * Thread-safe: calls from several threads are computed one after the other, each with all threads of the machine. What
 * ONNX Runtime holds outside of the Java heap is released by {@link #close}, which waits for a call that is under way.
 */
public final class OnnxDenoiser implements Denoiser, AutoCloseable {

	/**
	 * What must be known of a network to run it.
	 *
	 * @param name for messages
	 * @param inputs names of the inputs of the graph: image, noise level and, if there are classes, label
	 * @param channels C
	 * @param sizeStep Y and X are multiples of it
	 * @param nullClass label that stands for {@link Batch#NO_CLASS}, or −1 if there is none
	 * @param classes number of classes, 0 if the network takes no label
	 */
	record Network(String name, List<String> inputs, int channels, int sizeStep, int classes, int nullClass,
		Convention convention)
	{}

	private final Network network;
	private final String device;
	private final SessionOptions options;
	private final Model model;
	private final Predictor<NDList, NDList> predictor;
	private boolean closed;

	/**
	 * Opens a network and calls it once, so that what does not work is told now.
	 *
	 * @throws IOException in a sentence, if the file or the device does not work
	 */
	static OnnxDenoiser open(byte[] onnx, Network network, String device, Monitor monitor) throws IOException {
		Devices.check(device);
		if (!device.equals(Devices.AUTO)) {
			try {
				return new OnnxDenoiser(onnx, network, device);
			}
			catch (DeviceException e) {
				// NB: a damaged file must not be taken for a missing graphics card.
				new OnnxDenoiser(onnx, network, Devices.CPU).close();
				throw new IOException("The device '" + device + "' cannot be used: " + e.getMessage() + "; or choose the device '"
					+ Devices.CPU + "'.", e);
			}
		}
		try {
			return new OnnxDenoiser(onnx, network, Devices.CUDA);
		}
		catch (DeviceException e) {
			OnnxDenoiser fallback = new OnnxDenoiser(onnx, network, Devices.CPU);
			monitor.say("The model '" + network.name + "' is computed on the CPU: " + e.getMessage() + ".");
			return fallback;
		}
	}

	private OnnxDenoiser(byte[] onnx, Network network, String device) throws IOException {
		this.network = network;
		Devices.engine();
		try {
			options = Devices.options(device);
		}
		catch (IOException e) {
			throw new DeviceException(e.getMessage(), e);
		}
		// NB: the model lies on the CPU for DJL: it would otherwise add CUDA a second time, with options of its own.
		model = Model.newInstance(network.name, Device.cpu(), "OnnxRuntime");
		boolean works = false;
		try {
			load(onnx);
			List<String> inputs = model.getBlock().describeInput().keys();
			if (!new HashSet<>(inputs).equals(new HashSet<>(network.inputs)))
				throw new IOException("The ONNX file of the model '" + network.name + "' takes the inputs " + inputs
					+ ", but its rdf.yaml declares " + network.inputs + "; name the same inputs in both.");
			predictor = model.newPredictor(new NoopTranslator());
			this.device = device.equals(Devices.CUDA) ? "cuda:0" : device;
			tryOnce();
			works = true;
		}
		catch (MalformedModelException | RuntimeException e) {
			if (device.equals(Devices.CUDA))
				throw new DeviceException(Devices.missing(e), e);
			throw new IOException("The ONNX file of the model '" + network.name + "' cannot be run (" + Devices.reason(e)
				+ "); export it again with N, Y and X dynamic and float32 values, for a version of ONNX that ONNX Runtime "
				+ OrtEnvironment.getEnvironment().getVersion() + " reads.", e);
		}
		finally {
			if (!works)
				release();
		}
	}

	/** What really computes: "cpu" or "cuda:0". */
	public String device() {
		return device;
	}

	/**
	 * @throws IllegalArgumentException if the batch has other channels than the network, sides that are no multiples of
	 *         its size step, several slices, values that are not finite, more noise than it was trained on or unknown labels
	 * @throws IllegalStateException if the denoiser is closed or the network gives values that are not finite
	 */
	@Override
	public void denoise(Batch batch, float[] out) {
		Shape shape = batch.shape();
		check(batch, out);
		float[] time = new float[shape.n()];
		for (int s = 0; s < time.length; s++)
			time[s] = network.convention.time().of(network.convention.seen(batch.sigma()[s]));
		float[] output = run(shape, batch.x(), time, labels(batch));
		for (int s = 0; s < shape.n(); s++)
			network.convention.denoise(batch.x(), output, batch.sigma()[s], s * shape.sampleSize(),
				(s + 1) * shape.sampleSize(), out);
		if (finite(out, shape.size()))
			return;
		if (!finite(batch.x(), shape.size()))
			throw new IllegalArgumentException("The image given to the model '" + network.name
				+ "' holds values that are not finite numbers; replace NaN and infinite pixels first.");
		throw new IllegalStateException("The model '" + network.name
			+ "' gave a value that is not a finite number, at noise levels "
			+ Arrays.toString(batch.sigma()) + " on " + device + "; try another model or device.");
	}

	/** Waits for a call that is under way, then releases the native memory. Closing twice does nothing. */
	@Override
	public synchronized void close() {
		if (closed)
			return;
		closed = true;
		predictor.close();
		release();
	}

	/**
	 * The output of the network as it is.
	 *
	 * @param x N×C×Y×X
	 * @param time what the network is told of σ, N values
	 * @param label N labels, or null for a network without classes
	 * @return N×C×Y×X
	 */
	synchronized float[] run(Shape shape, float[] x, float[] time, long[] label) {
		if (closed)
			throw new IllegalStateException("The model '" + network.name + "' is closed; open it again.");
		try (NDManager manager = model.getNDManager().newSubManager()) {
			NDList inputs = new NDList(
				named(0, manager.create(x, new ai.djl.ndarray.types.Shape(shape.n(), shape.c(), shape.y(), shape.x()))),
				named(1, manager.create(time, new ai.djl.ndarray.types.Shape(time.length))));
			if (label != null)
				inputs.add(named(2, manager.create(label, new ai.djl.ndarray.types.Shape(label.length))));
			try (NDList outputs = predictor.predict(inputs)) {
				NDArray first = outputs.get(0);
				if (first.size() != shape.size())
					throw new IllegalStateException("The model '" + network.name + "' made an output of shape " + first.getShape()
						+ " of an input of shape " + shape + "; it must keep the shape.");
				return first.toFloatArray();
			}
		}
		catch (TranslateException e) {
			throw new IllegalStateException("The model '" + network.name + "' failed on an input of shape " + shape + " on "
				+ device + " (" + Devices.reason(e) + "); use smaller tiles if memory ran out.", e);
		}
	}

	private NDArray named(int input, NDArray array) {
		array.setName(network.inputs.get(input));
		return array;
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

	private void tryOnce() {
		int side = (64 + network.sizeStep - 1) / network.sizeStep * network.sizeStep;
		Shape shape = Shape.planes(1, network.channels, side, side);
		float time = network.convention.time().of(network.convention.seen(Math.min(0.5, network.convention.sigmaMax())));
		run(shape, new float[shape.size()], new float[] { time }, network.classes == 0 ? null : new long[1]);
	}

	private void check(Batch batch, float[] out) {
		Shape shape = batch.shape();
		if (shape.c() != network.channels || shape.z() != 1)
			throw new IllegalArgumentException("The model '" + network.name + "' takes planes of " + network.channels
				+ " channels; a batch of " + shape.c() + " channels and " + shape.z() + " slices was given.");
		if (shape.y() % network.sizeStep != 0 || shape.x() % network.sizeStep != 0)
			throw new IllegalArgumentException("The model '" + network.name + "' takes planes whose sides are multiples of "
				+ network.sizeStep + "; " + shape.x() + "×" + shape.y() + " pixels were given.");
		if (out.length < shape.size())
			throw new IllegalArgumentException("An output of " + out.length + " values was given for a batch of " + shape.size()
				+ "; it must be as long.");
	}

	/** What the network takes as labels; null if it takes none. */
	private long[] labels(Batch batch) {
		if (network.classes == 0) {
			if (Arrays.stream(batch.label()).anyMatch(label -> label != Batch.NO_CLASS))
				throw new IllegalArgumentException("The model '" + network.name + "' knows no classes; labels "
					+ Arrays.toString(batch.label()) + " were given: leave the class out, or choose a model with classes.");
			return null;
		}
		return Arrays.stream(batch.label()).mapToLong(label -> {
			int given = label == Batch.NO_CLASS ? network.nullClass : label;
			if (given < 0 || label >= network.classes)
				throw new IllegalArgumentException("The model '" + network.name + "' was asked for "
					+ (label == Batch.NO_CLASS ? "no class in particular, which it was not trained for" : "class " + label)
					+ "; give a class from 0 to " + (network.classes - 1) + ".");
			return given;
		}).toArray();
	}

	private void release() {
		model.close();
		options.close();
	}

	private static boolean finite(float[] values, int count) {
		for (int i = 0; i < count; i++)
			if (!Float.isFinite(values[i]))
				return false;
		return true;
	}

	/** Says that a device, not a file, is at fault. */
	private static final class DeviceException extends IOException {

		private static final long serialVersionUID = 1;

		DeviceException(String message, Throwable cause) {
			super(message, cause);
		}
	}
}
