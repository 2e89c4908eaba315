package io.github.tweedie.model;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

import io.github.tweedie.model.OnnxGraph.Feed;
import io.github.tweedie.model.OnnxGraph.Output;
import io.github.tweedie.model.OnnxGraph.Tensor;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Classifier;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Runs;
import io.github.tweedie.sde.Shape;

/**
 * log p(y | x, σ) and its gradient by a graph in an ONNX file, in which the backward pass is written out, since ONNX Runtime
 * gives no gradients: from {@code x} (N×C×Y×X), {@code sigma} (N) and {@code label} (N) to {@code gradient} (N×C×Y×X) of
 * log p(label | x, σ) and {@code log_probability} (N×K), the natural logarithms of all classes' probabilities. Here x = x0 + σ·z,
 * whatever SDE the prior beside it was trained for.
 * <p>
 * Thread-safe as {@link OnnxDenoiser} is, and closed like it.
 */
public final class OnnxClassifier implements Classifier, AutoCloseable {

	/** Names of the inputs, in the order image, noise level, class, unless the package states others. */
	static final List<String> INPUTS = List.of("x", "sigma", "label");
	/** Names of the outputs. */
	static final String GRADIENT = "gradient", LOG_PROBABILITY = "log_probability";

	private final String name;
	private final List<String> inputs;
	private final int channels, classes;
	private final double sigmaMin;
	private final OnnxGraph graph;

	private OnnxClassifier(OnnxGraph graph, String name, List<String> inputs, int channels, int classes, double sigmaMin) {
		this.graph = graph;
		this.name = name;
		this.inputs = inputs;
		this.channels = channels;
		this.classes = classes;
		this.sigmaMin = sigmaMin;
	}

	/**
	 * Opens a classifier and calls it once.
	 *
	 * @param sigmaMin smallest noise level of its training; for less it is told this one
	 * @param side extent in Y and X of the first call
	 * @throws IOException in a sentence, if the file or the device does not work
	 */
	static OnnxClassifier open(byte[] onnx, String name, List<String> inputs, int channels, int classes, double sigmaMin, int side,
		String device) throws IOException
	{
		OnnxGraph graph = OnnxGraph.open(onnx, name, device, Monitor.NONE, opened -> {
			List<String> names = opened.inputs().stream().map(Tensor::name).toList();
			if (!new HashSet<>(names).equals(new HashSet<>(inputs)))
				throw new IOException("The ONNX file of the classifier '" + name + "' takes the inputs " + names
					+ ", but it is declared to take " + inputs + "; name the same inputs in both.");
			for (String output : List.of(GRADIENT, LOG_PROBABILITY))
				if (opened.outputs().stream().noneMatch(o -> o.name().equals(output)))
					throw new IOException("The ONNX file of the classifier '" + name + "' gives the outputs " + opened.outputs()
						+ "; expected are " + GRADIENT + " and " + LOG_PROBABILITY + ". Export it again.");
			int extent = opened.input(inputs.get(0)).extent(2) > 0 ? (int) opened.input(inputs.get(0)).extent(2) : side;
			Shape shape = Shape.planes(1, channels, extent, extent);
			new OnnxClassifier(opened, name, inputs, channels, classes, sigmaMin).logProbability(
				Batch.of(shape, new float[shape.size()], 0.5, new int[1]), new double[1], new float[shape.size()]);
		});
		return new OnnxClassifier(graph, name, inputs, channels, classes, sigmaMin);
	}

	@Override
	public int classes() {
		return classes;
	}

	/**
	 * @throws IllegalArgumentException if a label is none of the classes, or the batch has other channels or slices
	 * @throws IllegalStateException if the classifier is closed, or gives other shapes or values that are not finite
	 */
	@Override
	public void logProbability(Batch batch, double[] logProbability, float[] gradient) {
		Shape shape = batch.shape();
		int n = shape.n();
		if (shape.c() != channels || shape.z() != 1)
			throw new IllegalArgumentException("The classifier '" + name + "' takes planes of " + channels + " channels; a batch of "
				+ shape.c() + " channels and " + shape.z() + " slices was given.");
		float[] sigma = new float[n], label = new float[n];
		for (int s = 0; s < n; s++) {
			if (batch.label()[s] < 0 || batch.label()[s] >= classes)
				throw new IllegalArgumentException("The classifier '" + name + "' was asked for class " + batch.label()[s]
					+ "; give a class from 0 to " + (classes - 1) + ".");
			sigma[s] = (float) Math.max(sigmaMin, batch.sigma()[s]);
			label[s] = batch.label()[s];
		}
		List<Output> outputs = graph.run(List.of(new Feed(inputs.get(0), batch.x(), n, shape.c(), shape.y(), shape.x()),
			new Feed(inputs.get(1), sigma, n), new Feed(inputs.get(2), label, n)));
		float[] slope = values(outputs, GRADIENT, shape.size()), log = values(outputs, LOG_PROBABILITY, n * classes);
		System.arraycopy(slope, 0, gradient, 0, slope.length);
		for (int s = 0; s < n; s++)
			logProbability[s] = log[s * classes + batch.label()[s]];
	}

	private float[] values(List<Output> outputs, String wanted, int count) {
		Output output = outputs.stream().filter(o -> o.name().equals(wanted)).findFirst().orElseThrow();
		if (output.values().length != count)
			throw new IllegalStateException("The classifier '" + name + "' made '" + wanted + "' of shape "
				+ Arrays.toString(output.shape()) + ", where " + count + " values are expected; export it again.");
		if (!Runs.finite(output.values(), count))
			throw new IllegalStateException("The classifier '" + name + "' gave values of '" + wanted
				+ "' that are not finite numbers; try another model or device.");
		return output.values();
	}

	/** Waits for a call that is under way, then releases the native memory. Closing twice does nothing. */
	@Override
	public void close() {
		graph.close();
	}
}
