package io.github.tweedie.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

/**
 * A classifier of clean images that had no part in making what it judges: models/training/judge.py trained it. Made after the
 * first prior was opened, which sets ONNX Runtime up.
 */
final class Judge implements AutoCloseable {

	/** Most images in one call. */
	private static final int BATCH = 64;
	/** Bright pixels are cut off here, as they were in its training. */
	private static final float BRIGHTEST = 2;

	private final OrtSession session;
	private final List<String> classNames;

	/**
	 * What it thinks of one image.
	 *
	 * @param label the class that it names
	 * @param features what its last layer sees
	 */
	record Opinion(int label, double[] features) {}

	/** @throws IOException if it is not there, or cannot be read */
	Judge(String resource) throws IOException {
		try (InputStream in = Judge.class.getResourceAsStream(resource)) {
			if (in == null)
				throw new IOException("There is no judge '" + resource + "' on the class path; make it with models/training/judge.py.");
			session = OrtEnvironment.getEnvironment().createSession(in.readAllBytes());
			classNames = List.of(session.getMetadata().getCustomMetadata().get("class_names").split(","));
		}
		catch (OrtException e) {
			throw new IOException("The judge '" + resource + "' cannot be used: " + e.getMessage(), e);
		}
	}

	/** In the order of the labels. */
	List<String> classNames() {
		return classNames;
	}

	/** @param images each of side·side values in [−1, 1] */
	Opinion[] judge(List<float[]> images, int side) {
		Opinion[] opinions = new Opinion[images.size()];
		for (int first = 0; first < opinions.length; first += BATCH)
			judge(images.subList(first, Math.min(first + BATCH, opinions.length)), side, first, opinions);
		return opinions;
	}

	private void judge(List<float[]> images, int side, int first, Opinion[] opinions) {
		FloatBuffer values = FloatBuffer.allocate(images.size() * side * side);
		for (float[] image : images)
			for (float v : image)
				values.put(Math.max(-BRIGHTEST, Math.min(BRIGHTEST, v)));
		long[] shape = { images.size(), 1, side, side };
		try (OnnxTensor x = OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), values.rewind(), shape);
			OrtSession.Result result = session.run(Map.of("x", x)))
		{
			float[][] log = (float[][]) result.get("log_probability").orElseThrow().getValue();
			float[][] features = (float[][]) result.get("features").orElseThrow().getValue();
			for (int i = 0; i < log.length; i++)
				opinions[first + i] = new Opinion(largest(log[i]), doubles(features[i]));
		}
		catch (OrtException e) {
			throw new IllegalStateException("The judge failed on images of " + side + "×" + side + " pixels: " + e.getMessage(), e);
		}
	}

	private static int largest(float[] values) {
		int best = 0;
		for (int i = 1; i < values.length; i++)
			if (values[i] > values[best])
				best = i;
		return best;
	}

	private static double[] doubles(float[] values) {
		double[] out = new double[values.length];
		Arrays.setAll(out, i -> values[i]);
		return out;
	}

	@Override
	public void close() {
		try {
			session.close();
		}
		catch (OrtException e) {
			throw new IllegalStateException("The judge could not be closed: " + e.getMessage(), e);
		}
	}
}
