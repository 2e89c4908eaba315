package io.github.tweedie.model;

import static io.github.tweedie.model.Fixture.assertSays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DevicesTest {

	@TempDir
	Path folder;

	@Test
	void cudaWithTheBuildForCpusSaysWhichFileToReplace() throws IOException {
		assumeFalse(OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA));
		ModelPackage gaussian = ModelPackage.read(Fixture.gaussian(folder));
		assertSays(IOException.class, () -> gaussian.open("cuda"), "'cuda' cannot be used", "onnxruntime_gpu", "'cpu'");
	}

	@Test
	void autoFallsBackToTheCpuAndSaysWhy() throws IOException {
		assumeFalse(OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA));
		List<String> said = new ArrayList<>();
		try (Prior prior = ModelPackage.read(Fixture.gaussian(folder)).open("auto", new Monitor() {

			@Override
			public void say(String sentence) {
				said.add(sentence);
			}
		})) {
			assertEquals("cpu", prior.device());
			assertEquals(1, said.size());
			assertTrue(said.get(0).contains("computed on the CPU") && said.get(0).contains("onnxruntime_gpu"), said.get(0));
		}
	}

	@Test
	void anUnknownDeviceIsRefused() throws IOException {
		ModelPackage gaussian = ModelPackage.read(Fixture.gaussian(folder));
		assertSays(IllegalArgumentException.class, () -> gaussian.open("gpu"), "'gpu'", "auto, cpu, cuda");
	}

	@ParameterizedTest
	@ValueSource(strings = { "0", "-2", "many" })
	void aNumberOfThreadsMustBeOne(String threads) throws IOException {
		ModelPackage gaussian = ModelPackage.read(Fixture.gaussian(folder));
		System.setProperty("tweedie.threads", threads);
		try {
			assertSays(IllegalArgumentException.class, () -> gaussian.open("cpu"), "tweedie.threads", "'" + threads + "'");
			System.setProperty("tweedie.threads", "1");
			assertTrue(gaussian.verify() < 1e-6);
		}
		finally {
			System.clearProperty("tweedie.threads");
		}
	}

	/** NB: the message is what ONNX Runtime 1.28.0, the build for GPUs, says on a machine without CUDA. */
	@Test
	void aCudaLibraryThatIsMissingIsNamed() {
		String said = Devices.missing(new OrtException(OrtException.OrtErrorCode.ORT_FAIL,
			"/onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1988 onnxruntime::Provider& "
				+ "onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library "
				+ "libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared object file: No such file"));
		assertTrue(said.startsWith("ONNX Runtime found no usable CUDA (Failed to load library libonnxruntime_providers_cuda.so with"
			+ " error: libcublasLt.so.12: cannot open") && said.contains("CUDA and cuDNN"), said);
	}

	@Test
	void aNativeLibraryThatDoesNotLoadPointsToTheJavaToUse() {
		String said = Devices.explain(new ExceptionInInitializerError(new UnsatisfiedLinkError("A dynamic link library failed")));
		assertTrue(said.contains("A dynamic link library failed") && said.contains("Temurin"), said);
	}

	/** NB: this needs a Java machine of its own, since the engine starts once in each. */
	@Test
	void anOnnxRuntimeThatAnotherPluginStartedIsSpokenOf() throws Exception {
		String said = run(OtherPluginFirst.class);
		assertTrue(said.contains("started by another plugin before Tweedie") && said.contains("restart ImageJ"), said);
		assertEquals(2, said.strip().lines().filter(line -> line.startsWith("said: ONNX Runtime was started")).count(),
			"the second attempt must say the same as the first: " + said);
	}

	@Test
	void theEngineIsFoundWhateverTheContextClassLoader() throws Exception {
		String said = run(ForeignContext.class);
		assertTrue(said.contains("said: opened on cpu"), said);
	}

	private String run(Class<?> main) throws Exception {
		Fixture.gaussian(folder);
		Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
			System.getProperty("java.class.path"), main.getName(), folder.toString()).redirectErrorStream(true).start();
		String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		process.waitFor();
		return said;
	}

	static final class OtherPluginFirst {

		public static void main(String[] folder) {
			OrtEnvironment.getEnvironment();
			tell(folder[0]);
			tell(folder[0]);
		}
	}

	static final class ForeignContext {

		public static void main(String[] folder) {
			Thread.currentThread().setContextClassLoader(ClassLoader.getPlatformClassLoader());
			tell(folder[0]);
		}
	}

	private static void tell(String folder) {
		try (Prior prior = ModelPackage.read(Path.of(folder)).open("cpu")) {
			System.out.println("said: opened on " + prior.device());
		}
		catch (IOException e) {
			System.out.println("said: " + e.getMessage());
		}
	}
}
