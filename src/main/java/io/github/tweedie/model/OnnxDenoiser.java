package io.github.tweedie.model;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

import ai.onnxruntime.OnnxJavaType;
import io.github.tweedie.model.OnnxGraph.Feed;
import io.github.tweedie.model.OnnxGraph.Tensor;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Runs;
import io.github.tweedie.sde.Shape;

/**
 * D(x, σ) by a network in an ONNX file. Whatever the network predicts, however it is told of σ, and whatever types and fixed
 * extents it has, this is its {@link Denoiser}. Opened through {@link ModelPackage#open}.
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
	 * @param output name of the output; null for the first
	 * @param channels C
	 * @param sizeStep Y and X are multiples of it
	 * @param classes number of classes, 0 if the network takes no label
	 * @param nullClass label that stands for {@link Batch#NO_CLASS}, or −1 if there is none
	 * @param learnedVariance whether the output has 2·C channels, of which the second half tells a variance that nobody needs here
	 */
	record Network(String name, List<String> inputs, String output, int channels, int sizeStep, int classes, int nullClass,
		boolean learnedVariance)
	{}

	private final Network network;
	private final Convention convention;
	private final OnnxGraph graph;
	private final Tensor image, time;

	/**
	 * Opens a network and calls it once, so that what does not work is told now.
	 *
	 * @throws IOException in a sentence, if the file or the device does not work
	 */
	static OnnxDenoiser open(byte[] onnx, Network network, Convention convention, String device, Monitor monitor)
		throws IOException
	{
		return new OnnxDenoiser(network, convention,
			OnnxGraph.open(onnx, network.name, device, monitor, graph -> tryOnce(graph, network, convention)));
	}

	/** @throws IOException in a sentence, if the network cannot be right whatever it is given */
	void requireFinite() throws IOException {
		float[] output = empty();
		if (!Runs.finite(output, output.length))
			throw new IOException("The model '" + network.name + "' gives values that are not finite numbers, even for an empty image;"
				+ " its weights are damaged, or it is told the noise level in another way than declared: get it again.");
	}

	/** What the network makes of an image of zeros. */
	private float[] empty() {
		Shape shape = smallest(64);
		Level level = convention.seen(Math.min(0.5, convention.sigmaMax()), countsWhole());
		return run(shape, new float[shape.size()], new float[] { convention.timeOf(level) },
			network.classes == 0 ? null : new float[1]);
	}

	private OnnxDenoiser(Network network, Convention convention, OnnxGraph graph) {
		this.network = network;
		this.convention = convention;
		this.graph = graph;
		image = graph.input(network.inputs.get(0));
		time = graph.input(network.inputs.get(1));
	}

	/** What really computes: "cpu" or "cuda:0". */
	public String device() {
		return graph.device();
	}

	/** The only extent in Y and X that the network takes, in pixels; 0 if it takes others. */
	int fixedSize() {
		return (int) Math.max(0, image.extent(2));
	}

	/** Whether the network takes and gives numbers of 16 bits. */
	boolean isHalf() {
		return image.type() == OnnxJavaType.FLOAT16;
	}

	/** Whether the network can be told whole numbers only. */
	boolean countsWhole() {
		return time.type() == OnnxJavaType.INT64 || time.type() == OnnxJavaType.INT32;
	}

	Convention convention() {
		return convention;
	}

	Network network() {
		return network;
	}

	/**
	 * @throws IllegalArgumentException if the batch has other channels than the network, sides that it does not take,
	 *         several slices, values that are not finite, more noise than it was trained on or unknown labels
	 * @throws IllegalStateException if the denoiser is closed or the network gives values that are not finite
	 */
	@Override
	public void denoise(Batch batch, float[] out) {
		Shape shape = batch.shape();
		check(batch, out);
		Level[] seen = Arrays.stream(batch.sigma()).mapToObj(s -> convention.seen(s, countsWhole())).toArray(Level[]::new);
		float[] output = mean(shape, run(shape, scaled(batch, seen), times(seen), labels(batch)));
		for (int s = 0; s < shape.n(); s++)
			convention.denoise(batch.x(), output, batch.sigma()[s], seen[s], s * shape.sampleSize(), (s + 1) * shape.sampleSize(), out);
		if (Runs.finite(out, shape.size()))
			return;
		if (!Runs.finite(batch.x(), shape.size()))
			throw new IllegalArgumentException("The image given to the model '" + network.name
				+ "' holds values that are not finite numbers; replace NaN and infinite pixels first.");
		throw new IllegalStateException("The model '" + network.name
			+ "' gave a value that is not a finite number, at noise levels "
			+ Arrays.toString(batch.sigma()) + " on " + device() + "; try another model or device.");
	}

	/** Waits for a call that is under way, then releases the native memory. Closing twice does nothing. */
	@Override
	public void close() {
		graph.close();
	}

	/** What the network is to see: α·x. */
	static float[] scaled(Batch batch, Level[] seen) {
		if (Arrays.stream(seen).allMatch(level -> level.alpha() == 1))
			return batch.x();
		int size = batch.shape().sampleSize();
		float[] scaled = new float[batch.x().length];
		for (int s = 0; s < seen.length; s++) {
			double alpha = seen[s].alpha();
			Runs.of(s * size, (s + 1) * size, (from, to) -> {
				for (int i = from; i < to; i++)
					scaled[i] = (float) (alpha * batch.x()[i]);
			});
		}
		return scaled;
	}

	private float[] times(Level[] seen) {
		float[] times = new float[seen.length];
		for (int s = 0; s < times.length; s++)
			times[s] = convention.timeOf(seen[s]);
		return times;
	}

	/**
	 * The output of the network as it is.
	 *
	 * @param x N×C×Y×X, as the network is to see it
	 * @param times what the network is told of σ, N values
	 * @param label N labels, or null for a network without classes
	 * @return N×C×Y×X, or N×2C×Y×X with a learned variance
	 */
	float[] run(Shape shape, float[] x, float[] times, float[] label) {
		if (shape.n() == 1 || !oneByOne(times, label))
			return runOnce(shape, x, times, label);
		int size = shape.sampleSize();
		float[] all = null;
		for (int s = 0; s < shape.n(); s++) {
			float[] one = runOnce(shape.withN(1), Arrays.copyOfRange(x, s * size, (s + 1) * size), new float[] { times[s] },
				label == null ? null : new float[] { label[s] });
			if (all == null)
				all = new float[shape.n() * one.length];
			System.arraycopy(one, 0, all, s * one.length, one.length);
		}
		return all;
	}

	/** Whether the samples of a batch cannot share a call. */
	private boolean oneByOne(float[] times, float[] label) {
		return image.extent(0) == 1 || time.single() && IntStream.range(1, times.length).anyMatch(i -> times[i] != times[0])
			|| label != null && graph.input(network.inputs.get(2)).single();
	}

	private float[] runOnce(Shape shape, float[] x, float[] times, float[] label) {
		List<Feed> feeds = new ArrayList<>();
		feeds.add(new Feed(image.name(), x, shape.n(), shape.c(), shape.y(), shape.x()));
		feeds.add(vector(time, times));
		if (label != null)
			feeds.add(vector(graph.input(network.inputs.get(2)), label));
		List<OnnxGraph.Output> outputs = graph.run(feeds);
		OnnxGraph.Output output = outputs.stream().filter(o -> o.name().equals(network.output)).findFirst().orElse(outputs.get(0));
		int factor = network.learnedVariance ? 2 : 1;
		if (output.values().length != factor * shape.size())
			throw new IllegalStateException("The model '" + network.name + "' made an output of shape "
				+ Arrays.toString(output.shape()) + " of an input of shape " + shape + "; it must keep the shape"
				+ (output.values().length == 2 * shape.size() ? ", or declare variance_type: learned if it has twice the channels."
					: factor == 2 ? " with twice the channels, since it declares a learned variance." : "."));
		return output.values();
	}

	/** One value per sample, or the one value that they share. */
	private static Feed vector(Tensor input, float[] values) {
		if (input.shape().length == 0)
			return new Feed(input.name(), new float[] { values[0] });
		return input.single() ? new Feed(input.name(), new float[] { values[0] }, 1) : new Feed(input.name(), values, values.length);
	}

	/** The first C channels of an output. */
	float[] mean(Shape shape, float[] output) {
		if (!network.learnedVariance)
			return output;
		int size = shape.sampleSize();
		float[] mean = new float[shape.size()];
		for (int s = 0; s < shape.n(); s++)
			System.arraycopy(output, 2 * s * size, mean, s * size, size);
		return mean;
	}

	private static void tryOnce(OnnxGraph graph, Network network, Convention convention) throws IOException {
		List<String> names = graph.inputs().stream().map(Tensor::name).toList();
		if (!new HashSet<>(names).equals(new HashSet<>(network.inputs)))
			throw new IOException("The ONNX file of the model '" + network.name + "' takes the inputs " + names
				+ ", but it is declared to take " + network.inputs + "; name the same inputs in both.");
		if (network.output != null && graph.outputs().stream().noneMatch(o -> o.name().equals(network.output)))
			throw new IOException("The ONNX file of the model '" + network.name + "' gives the outputs " + graph.outputs()
				+ ", but it is declared to give '" + network.output + "'; name the same output in both.");
		OnnxDenoiser denoiser = new OnnxDenoiser(network, convention, graph);
		denoiser.requireExtents();
		denoiser.empty();
	}

	private void requireExtents() throws IOException {
		String said = "The ONNX file of the model '" + network.name + "' takes " + image + ", where ";
		if (image.shape().length != 4)
			throw new IOException(said + "N×C×Y×X is expected; export it for planes.");
		if (image.extent(0) > 1)
			throw new IOException(said + "N must be dynamic or 1; export it with another batch size.");
		if (image.extent(1) > 0 && image.extent(1) != network.channels)
			throw new IOException(said + "C is expected to be " + network.channels + ", as declared; correct the declaration.");
		if (image.extent(2) != image.extent(3) && Math.max(image.extent(2), image.extent(3)) > 0)
			throw new IOException(said + "Y and X must be dynamic, or both fixed and equal; export it with other extents.");
		if (time.shape().length > 1)
			throw new IOException(said.replace(image.toString(), time.toString())
				+ "a scalar or one value per sample is expected; export it so.");
	}

	/** A batch of one of the smallest extent that the network takes and that is not below the given one. */
	Shape smallest(int side) {
		int extent = fixedSize() > 0 ? fixedSize() : (side + network.sizeStep - 1) / network.sizeStep * network.sizeStep;
		return Shape.planes(1, network.channels, extent, extent);
	}

	private void check(Batch batch, float[] out) {
		Shape shape = batch.shape();
		if (shape.c() != network.channels || shape.z() != 1)
			throw new IllegalArgumentException("The model '" + network.name + "' takes planes of " + network.channels
				+ " channels; a batch of " + shape.c() + " channels and " + shape.z() + " slices was given.");
		if (fixedSize() > 0 && (shape.y() != fixedSize() || shape.x() != fixedSize()))
			throw new IllegalArgumentException("The model '" + network.name + "' takes planes of " + fixedSize() + "×" + fixedSize()
				+ " pixels only; " + shape.x() + "×" + shape.y() + " pixels were given: cut the image into tiles of that size.");
		if (shape.y() % network.sizeStep != 0 || shape.x() % network.sizeStep != 0)
			throw new IllegalArgumentException("The model '" + network.name + "' takes planes whose sides are multiples of "
				+ network.sizeStep + "; " + shape.x() + "×" + shape.y() + " pixels were given.");
		if (out.length < shape.size())
			throw new IllegalArgumentException("An output of " + out.length + " values was given for a batch of " + shape.size()
				+ "; it must be as long.");
	}

	/** What the network takes as labels; null if it takes none. */
	float[] labels(Batch batch) {
		if (network.classes == 0) {
			if (Arrays.stream(batch.label()).anyMatch(label -> label != Batch.NO_CLASS))
				throw new IllegalArgumentException("The model '" + network.name + "' knows no classes; labels "
					+ Arrays.toString(batch.label()) + " were given: leave the class out, or choose a model with classes.");
			return null;
		}
		float[] labels = new float[batch.label().length];
		for (int s = 0; s < labels.length; s++) {
			int label = batch.label()[s], given = label == Batch.NO_CLASS ? network.nullClass : label;
			if (given < 0 || label >= network.classes)
				throw new IllegalArgumentException("The model '" + network.name + "' was asked for "
					+ (label == Batch.NO_CLASS ? "no class in particular, which it was not trained for" : "class " + label)
					+ "; give a class from 0 to " + (network.classes - 1) + ".");
			labels[s] = given;
		}
		return labels;
	}
}
