package io.github.tweedie.model;

import java.io.IOException;
import java.util.List;

import ai.djl.engine.Engine;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;

/**
 * Where networks are computed: on the processor, or on an NVIDIA graphics card if the class path holds the build of
 * ONNX Runtime that can and the machine has what that build needs.
 */
public final class Devices {

	/** The graphics card if it works, else the processor; a sentence says why. */
	public static final String AUTO = "auto";
	/** The processor. */
	public static final String CPU = "cpu";
	/** The first NVIDIA graphics card, or an error that names what is missing. */
	public static final String CUDA = "cuda";

	private Devices() {}

	/** What a user may choose: auto, cpu, cuda. */
	public static List<String> choices() {
		return List.of(AUTO, CPU, CUDA);
	}

	/**
	 * Threads of one network call on the processor: the system property {@code tweedie.threads}, or all processors.
	 *
	 * @throws IllegalArgumentException if the property is not a positive integer
	 */
	public static int threads() {
		String value = System.getProperty("tweedie.threads");
		if (value == null)
			return Runtime.getRuntime().availableProcessors();
		try {
			int threads = Integer.parseInt(value.strip());
			if (threads > 0)
				return threads;
		}
		catch (NumberFormatException e) {
			// said below
		}
		throw new IllegalArgumentException("The system property tweedie.threads is '" + value
			+ "'; it must be a number of threads of at least 1, or not be set.");
	}

	/** @throws IllegalArgumentException if it is not one of the {@link #choices()} */
	static void check(String device) {
		if (!choices().contains(device))
			throw new IllegalArgumentException("The device '" + device + "' is not known; choose one of "
				+ String.join(", ", choices()) + ".");
	}

	/** @throws IOException in a sentence, if ONNX Runtime does not start on this machine */
	static Engine engine() throws IOException {
		if (Start.FAILURE != null)
			throw new IOException(Start.FAILURE);
		return Engine.getEngine("OnnxRuntime");
	}

	/**
	 * Options of a session on one device.
	 *
	 * @throws IOException in a sentence, if the device is not there
	 */
	static SessionOptions options(String device) throws IOException {
		engine();
		int threads = threads();
		if (device.equals(CUDA) && !OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA))
			throw new IOException("the ONNX Runtime in the class path is the build for CPUs; to use an NVIDIA graphics card,"
				+ " replace the file onnxruntime-*.jar by onnxruntime_gpu-*.jar of the same version");
		SessionOptions options = new SessionOptions();
		try {
			options.setIntraOpNumThreads(threads);
			// NB: threads that wait by spinning gain 2 % on an idle machine and take a busy one from everybody else.
			options.addConfigEntry("session.intra_op.allow_spinning", "0");
			// NB: its warnings speak of the optimisation of graphs, its errors are thrown as well, and both would fill the log of
			// whoever runs a macro.
			options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
			if (device.equals(CUDA))
				try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(0)) {
					// NB: tensor cores round float32 to ten bits unless told not to, and the methods that take
					// differences of evaluations would then take differences of rounding errors.
					cuda.add("use_tf32", "0");
					cuda.add("cudnn_conv_algo_search", "HEURISTIC");
					options.addCUDA(cuda);
				}
			return options;
		}
		catch (OrtException | RuntimeException | LinkageError e) {
			options.close();
			throw new IOException(device.equals(CUDA) ? missing(e) : "ONNX Runtime refused its options: " + e.getMessage(), e);
		}
	}

	/** What a failure on the way to a graphics card means. */
	static String missing(Throwable failure) {
		return "ONNX Runtime found no usable CUDA (" + reason(failure)
			+ "); install the NVIDIA driver and the versions of CUDA and cuDNN that this ONNX Runtime asks for";
	}

	/** The message of the innermost cause, on one line, without the source line of ONNX Runtime that it may begin with. */
	static String reason(Throwable failure) {
		Throwable cause = failure;
		while (cause.getCause() != null && cause.getCause() != cause)
			cause = cause.getCause();
		String message = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
		return message.strip().replaceAll("\\s+", " ").replaceFirst("^Error code - \\w+ - message: ", "")
			.replaceFirst("^.*\\[ONNXRuntimeError\\] : \\d+ : \\w+ : ", "");
	}

	/** Starts the engine once; a class that failed to initialise tells its reason the first time only. */
	private static final class Start {

		static final String FAILURE = start();

		private static String start() {
			// NB: an NDManager of this engine asks for the default engine to do its arithmetic, which it never has to
			// here; in a Fiji with another DJL engine that would start it, and perhaps download it.
			if (System.getProperty("ai.djl.onnx.disable_alternative") == null)
				System.setProperty("ai.djl.onnx.disable_alternative", "true");
			// NB: DJL looks for its engines with the context class loader, which in ImageJ need not be the plugins'.
			Thread thread = Thread.currentThread();
			ClassLoader loader = thread.getContextClassLoader();
			thread.setContextClassLoader(Devices.class.getClassLoader());
			try {
				Engine.getEngine("OnnxRuntime");
				return null;
			}
			catch (RuntimeException | LinkageError | AssertionError e) {
				return explain(e);
			}
			finally {
				thread.setContextClassLoader(loader);
			}
		}
	}

	/** Why the engine did not start, and what to do about it. */
	static String explain(Throwable failure) {
		String reason = reason(failure);
		if (reason.contains("already exists"))
			return "ONNX Runtime was started by another plugin before Tweedie, with settings that cannot be shared (" + reason
				+ "); restart ImageJ and run Tweedie before that plugin.";
		for (Throwable cause = failure; cause != null; cause = cause.getCause())
			if (cause instanceof UnsatisfiedLinkError)
				return "The native library of ONNX Runtime could not be loaded (" + reason + "); on Windows run ImageJ with a Java"
					+ " that brings a recent C runtime, such as Temurin or Zulu, elsewhere use a 64-bit Java on x86-64 or ARM.";
		return "ONNX Runtime could not be started (" + reason + "); check that the files api-*.jar, onnxruntime-engine-*.jar and"
			+ " onnxruntime-*.jar lie beside Tweedie, one of each.";
	}
}
