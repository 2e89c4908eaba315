package io.github.tweedie.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The same work in Python: src/bench/python/peer.py, asked in turn with Tweedie, so that both meet the same machine. */
final class Peer implements AutoCloseable {

	private static final Path SCRIPT = Path.of("src/bench/python/peer.py");

	private final Process process;
	private final BufferedReader answers;
	private final PrintStream requests;
	private final Path image, result;
	/** What runs there, such as onnxruntime. */
	final List<String> names;

	/** @throws IOException if there is no such Python, or it lacks onnxruntime */
	Peer(String python, Path model, float[] plane, int side, int steps, int threads) throws IOException {
		image = Files.createTempFile("peer", ".raw");
		result = Files.createTempFile("peer", ".raw");
		ByteBuffer bytes = ByteBuffer.allocate(4 * plane.length).order(ByteOrder.nativeOrder());
		bytes.asFloatBuffer().put(plane);
		Files.write(image, bytes.array());
		process = new ProcessBuilder(python, SCRIPT.toString(), "--model", model.toString(), "--image", image.toString(), "--side", "" + side,
			"--gain", "" + Child.GAIN, "--offset", "" + Child.OFFSET, "--read-noise", "" + Child.READ_NOISE, "--steps", "" + steps,
			"--threads", "" + threads).redirectError(ProcessBuilder.Redirect.INHERIT).start();
		answers = new BufferedReader(new InputStreamReader(process.getInputStream()));
		requests = new PrintStream(process.getOutputStream(), true);
		String ready = answers.readLine();
		if (ready == null || !ready.startsWith("ready ")) {
			close();
			throw new IOException("Python answered '" + ready + "'; numpy, pyyaml and onnxruntime are needed.");
		}
		names = Arrays.asList(ready.substring(6).split(" "));
	}

	/** @param what one or sample */
	double seconds(String name, String what) throws IOException {
		requests.println(name + " " + what);
		String answer = answers.readLine();
		if (answer == null)
			throw new IOException("Python ended while it worked on '" + what + "' with " + name + ".");
		return Double.parseDouble(answer);
	}

	/** What Python makes of the image in one call. */
	float[] one(String name) throws IOException {
		seconds(name, "one " + result);
		// NB: the file is written after the answer; another answer comes after the file.
		seconds(name, "one");
		ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(result)).order(ByteOrder.nativeOrder());
		float[] out = new float[bytes.remaining() / 4];
		bytes.asFloatBuffer().get(out);
		return out;
	}

	@Override
	public void close() throws IOException {
		process.destroy();
		Files.deleteIfExists(image);
		Files.deleteIfExists(result);
	}
}
