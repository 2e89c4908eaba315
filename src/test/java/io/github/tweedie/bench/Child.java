package io.github.tweedie.bench;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

import io.github.tweedie.image.NoiseEstimator;
import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.model.ModelPackage;
import io.github.tweedie.restore.Denoising;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/**
 * Denoises one plane in a Java of its own, whose memory can be limited and measured.
 *
 * @param seconds of the denoising alone
 * @param peak most bytes that the process held, Java's heap and all else; NaN where the system does not tell
 * @param before the same when the network had been called once on a small plane
 * @param seen pixels that the network was given, over those of the plane
 */
record Child(double seconds, double peak, double before, double seen) {

	static final int TILE = 512, CALLS = 100;
	static final double GAIN = 2, OFFSET = 100, READ_NOISE = 5;

	/**
	 * @param heap megabytes of Java's heap
	 * @param processors that Java and the network may use; 0 for all
	 * @return null if the process failed, as it does when the heap is too small
	 */
	static Child run(Path model, int side, int samples, int heap, int processors) throws IOException {
		double[] numbers = numbers(heap, processors, model.toString(), "" + side, "" + samples);
		return numbers == null ? null : new Child(numbers[0], numbers[1], numbers[2], numbers[3]);
	}

	/** All but the network over the network, in each of the first calls with an estimate of the noise. */
	static double[] firstCalls(Path model, int side) throws IOException {
		double[] numbers = numbers(1024, 0, model.toString(), "" + side);
		if (numbers == null)
			throw new IOException("The first calls of " + model + " failed.");
		return numbers;
	}

	/** Cancelled runs in a small heap, so that what grows is not Java's. */
	static Cancelling cancelled(Path model) throws IOException {
		double[] numbers = numbers(96, 0, model.toString());
		if (numbers == null)
			throw new IOException("The cancelled runs of " + model + " failed.");
		return new Cancelling(numbers[0], numbers[1]);
	}

	/** What a child says on its last line; null if it failed. */
	private static double[] numbers(int heap, int processors, String... arguments) throws IOException {
		List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx" + heap + "m",
			"-cp", classPath(), "-Djava.awt.headless=true"));
		if (processors > 0)
			command.add("-XX:ActiveProcessorCount=" + processors);
		command.add(Child.class.getName());
		command.addAll(List.of(arguments));
		Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
		String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
		try {
			if (process.waitFor() != 0)
				return null;
		}
		catch (InterruptedException e) {
			process.destroy();
			throw new IOException("Interrupted while a child was running.", e);
		}
		return Stream.of(said.substring(said.lastIndexOf('\n') + 1).split(" ")).mapToDouble(Double::parseDouble).toArray();
	}

	/** NB: Maven runs programs in a class loader of its own. */
	static String classPath() {
		for (ClassLoader loader = Child.class.getClassLoader(); loader != null; loader = loader.getParent())
			if (loader instanceof URLClassLoader urls)
				return Stream.of(urls.getURLs()).map(URL::getPath).collect(Collectors.joining(System.getProperty("path.separator")));
		return System.getProperty("java.class.path");
	}

	/** A simulated specimen under a camera's noise, mirrored again and again, so that large ones cost no time. */
	static float[] image(int side) {
		float[] light = new Planes(Specimen.nuclei(TILE, TILE, 3)).read(0);
		float[] tile = new Camera(GAIN, OFFSET, READ_NOISE).expose(light, 1), out = new float[side * side];
		for (int i = 0; i < out.length; i++)
			out[i] = tile[folded(i / side) * TILE + folded(i % side)];
		return out;
	}

	private static int folded(int i) {
		int k = i % (2 * TILE);
		return k < TILE ? k : 2 * TILE - 1 - k;
	}

	static NoiseModel noise() {
		return NoiseModel.camera(GAIN, OFFSET, READ_NOISE);
	}

	/** The most memory that this process has held, or holds now, in bytes; NaN where the system does not tell. */
	static double memory(boolean most) {
		try {
			return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(l -> l.startsWith(most ? "VmHWM" : "VmRSS"))
				.mapToDouble(l -> 1024 * Double.parseDouble(l.replaceAll("\\D", ""))).findFirst().orElse(Double.NaN);
		}
		catch (IOException e) {
			return Double.NaN;
		}
	}

	public static void main(String[] args) throws IOException {
		try (Prior prior = ModelPackage.read(Path.of(args[0])).open("cpu")) {
			if (args.length == 1) {
				Cancelling runs = Cancelling.of(prior);
				System.out.printf(Locale.ROOT, "%f %f%n", runs.growth(), runs.longest());
				return;
			}
			int side = Integer.parseInt(args[1]);
			SpeedBench.Watched watched = new SpeedBench.Watched(prior);
			if (args.length == 2) {
				float[] image = image(side);
				Denoising denoising = Denoising.with(watched.prior()).build();
				for (int i = 0; i < CALLS; i++)
					watched.share("", () -> denoising.plane(image, side, NoiseEstimator.estimate(image, side).model(), 0, Monitor.NONE));
				System.out.println(DoubleStream.of(watched.shares("", CALLS)).mapToObj(Double::toString).collect(Collectors.joining(" ")));
				return;
			}
			Denoising denoising = Denoising.with(watched.prior()).samples(Integer.parseInt(args[2])).steps(2).build();
			denoising.plane(image(64), 64, noise(), 0, Monitor.NONE);
			double before = memory(true);
			float[] image = image(side);
			long start = System.nanoTime(), small = watched.pixels();
			denoising.plane(image, side, noise(), 0, Monitor.NONE);
			System.out.printf(Locale.ROOT, "%f %.0f %.0f %f%n", (System.nanoTime() - start) * 1e-9, memory(true), before,
				(watched.pixels() - small) / ((double) side * side));
		}
	}
}
