package io.github.tweedie.bench;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.tweedie.image.HotPixels;
import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.NoiseEstimator;
import io.github.tweedie.image.TiledDenoiser;
import io.github.tweedie.image.VarianceStabilizer;
import io.github.tweedie.model.Devices;
import io.github.tweedie.model.ModelPackage;
import io.github.tweedie.restore.Denoising;
import io.github.tweedie.restore.Inpainting;
import io.github.tweedie.restore.Restored;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

import net.imglib2.img.array.ArrayImgs;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures time and memory beside those of the bare network, as ratios of calls made in turn. Writes docs/benchmark.md for people and
 * target/bench/benchmark.csv for machines.
 *
 * <pre>./mvnw -q test-compile exec:java@benchmark</pre>
 */
@Command(name = "benchmark", mixinStandardHelpOptions = true, description = "Measures time and memory beside those of the bare network.")
public final class SpeedBench implements Runnable {

	private static final int STEPS = 12;
	private static final double[] SIGMAS = { 0.05, 0.1, 0.3, 1, 4, 20 };
	private static final int[] HALOS = { 16, 32, 48, 64, 80, 96 };

	@Option(names = "--model", defaultValue = "models/fluorescence", description = "the model package; default ${DEFAULT-VALUE}")
	private Path model;

	@Option(names = "--sides", split = ",", defaultValue = "512,1024", description = "planes that are timed; default ${DEFAULT-VALUE}")
	private List<Integer> sides;

	@Option(names = "--growth", split = ",", defaultValue = "512,1024,2048,4096",
		description = "planes of the growth of time and memory; default ${DEFAULT-VALUE}")
	private List<Integer> growth;

	@Option(names = "--only", split = ",", description = "some of wholes, parts, first, growth, threads, halo, cancel; default: all")
	private List<String> only = new ArrayList<>();

	@Option(names = "--rounds", defaultValue = "7", description = "rounds of which the median is taken; default ${DEFAULT-VALUE}")
	private int rounds;

	@Option(names = "--python", defaultValue = "python3", description = "a Python with onnxruntime; default ${DEFAULT-VALUE}")
	private String python;

	@Option(names = "--out", defaultValue = "docs/benchmark.md", description = "the document to write; default ${DEFAULT-VALUE}")
	private Path document;

	private final Report report = new Report();

	public static void main(String[] args) {
		System.setProperty("java.awt.headless", "true");
		if (new CommandLine(new SpeedBench()).execute(args) != 0)
			throw new IllegalStateException("benchmark failed");
	}

	@Override
	public void run() {
		try (Prior prior = ModelPackage.read(model).open("cpu"); Bare bare = new Bare(model)) {
			report.say(INTRODUCTION, prior.name(), Devices.threads(), rounds);
			for (int side : wanted("wholes") ? sides : List.<Integer>of())
				wholes(prior, bare, side);
			for (int side : wanted("parts") ? sides : List.<Integer>of())
				parts(prior, bare, side);
			if (wanted("first"))
				firstCalls();
			if (wanted("growth"))
				growth();
			if (wanted("threads"))
				threads();
			if (wanted("halo"))
				halos();
			if (wanted("cancel"))
				cancels();
			report.writeAboveRemarks(document, Path.of("target/bench/benchmark.csv"));
		}
		catch (IOException | OrtException e) {
			throw new IllegalStateException(e.getMessage(), e);
		}
	}

	private boolean wanted(String section) {
		return only.isEmpty() || only.contains(section);
	}

	// -- Timing --

	/** Something that is timed. */
	@FunctionalInterface
	interface Work {

		/** @return seconds that it took by its own clock, or a negative number if it shall be timed from outside */
		double run() throws IOException, OrtException;
	}

	@FunctionalInterface
	private interface Task {

		void run() throws OrtException;
	}

	private static Work timed(Task task) {
		return () -> {
			task.run();
			return -1;
		};
	}

	/** Seconds of each work in each round, all works in turn; two rounds before count for nothing. */
	private Map<String, double[]> inTurn(Map<String, Work> works) throws IOException, OrtException {
		Map<String, double[]> seconds = new LinkedHashMap<>();
		works.keySet().forEach(name -> seconds.put(name, new double[rounds]));
		for (int round = -2; round < rounds; round++)
			for (Map.Entry<String, Work> work : works.entrySet()) {
				long start = System.nanoTime();
				double own = work.getValue().run(), outside = (System.nanoTime() - start) * 1e-9;
				if (round >= 0)
					seconds.get(work.getKey())[round] = own < 0 ? outside : own;
			}
		return seconds;
	}

	/** A prior whose calls are timed, so that the rest of a work is known to a fraction of a per cent of it. */
	static final class Watched {

		private final Prior prior;
		private final Map<String, List<Double>> shares = new LinkedHashMap<>();
		private long inside;
		/** Pixels that the network was shown. */
		private long pixels;

		Watched(Prior watched) {
			prior = watched.with((batch, out) -> {
				long start = System.nanoTime();
				watched.denoise(batch, out);
				inside += System.nanoTime() - start;
				pixels += batch.shape().size();
			});
		}

		Prior prior() {
			return prior;
		}

		long pixels() {
			return pixels;
		}

		/** Does a task with the prior; keeps the time of all else over the time of its calls. */
		void share(String name, Runnable task) {
			inside = 0;
			long start = System.nanoTime();
			task.run();
			double whole = System.nanoTime() - start;
			shares.computeIfAbsent(name, key -> new ArrayList<>()).add(whole / inside - 1);
		}

		/** Of the last so many times. */
		double[] shares(String name, int count) {
			List<Double> all = shares.get(name);
			return all.subList(all.size() - count, all.size()).stream().mapToDouble(s -> s).toArray();
		}
	}

	/** NB: what is measured is compiled code; {@link #firstCalls} measures what is not. */
	private static void warmUp(Denoising once, Denoising sampled) {
		float[] image = Child.image(Child.TILE);
		for (int i = 0; i < Child.CALLS; i++) {
			once.plane(image, Child.TILE, NoiseEstimator.estimate(image, Child.TILE).model(), 0, Monitor.NONE);
			sampled.plane(image, Child.TILE, Child.noise(), 0, Monitor.NONE);
		}
	}

	private static Prior idle(Prior prior) {
		return prior.with((batch, to) -> System.arraycopy(batch.x(), 0, to, 0, to.length));
	}

	static double median(double... values) {
		double[] sorted = values.clone();
		Arrays.sort(sorted);
		int n = sorted.length;
		return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
	}

	/** Of each round, so that what slows the machine down slows both. */
	static double[] ratios(double[] some, double[] others, double factor) {
		double[] ratios = new double[some.length];
		for (int i = 0; i < ratios.length; i++)
			ratios[i] = some[i] / (factor * others[i]);
		Arrays.sort(ratios);
		return ratios;
	}

	/** ONNX Runtime alone, with the options of Tweedie's sessions. */
	private static final class Bare implements AutoCloseable {

		private final OrtSession session;
		private final OrtSession.SessionOptions options = new OrtSession.SessionOptions();

		Bare(Path model) throws OrtException {
			options.setIntraOpNumThreads(Devices.threads());
			options.addConfigEntry("session.intra_op.allow_spinning", "0");
			session = OrtEnvironment.getEnvironment().createSession(model.resolve("model.onnx").toString(), options);
		}

		void run(float[] x, int side) throws OrtException {
			OrtEnvironment environment = OrtEnvironment.getEnvironment();
			List<String> names = new ArrayList<>(session.getInputNames());
			try (OnnxTensor image = OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), new long[] { 1, 1, side, side });
				OnnxTensor sigma = OnnxTensor.createTensor(environment, new float[] { 0.2f });
				OrtSession.Result result = session.run(Map.of(names.get(0), image, names.get(1), sigma)))
			{
				((OnnxTensor) result.get(0)).getFloatBuffer();
			}
		}

		@Override
		public void close() throws OrtException {
			session.close();
			options.close();
		}
	}

	// -- Sampler and network --

	private void wholes(Prior prior, Bare bare, int side) throws IOException, OrtException {
		float[] image = Child.image(side), x = new float[image.length];
		new Noise(1).fill(Noise.Purpose.PROBE, 0, new int[1], Shape.planes(1, 1, side, side), x);
		warmUp(Denoising.with(idle(prior)).build(), Denoising.with(idle(prior)).samples(1).steps(2).build());
		Watched watched = new Watched(prior);
		Denoising once = Denoising.with(watched.prior()).build(), sampled = Denoising.with(watched.prior()).samples(1).steps(STEPS).build();
		Map<String, Work> works = new LinkedHashMap<>();
		works.put("network", timed(() -> bare.run(x, side)));
		works.put("prior", timed(() -> prior.denoise(Batch.of(Shape.planes(1, 1, side, side), x, 0.2), new float[x.length])));
		works.put("one", timed(() -> watched.share("one", () -> once.plane(image, side, Child.noise(), 0, Monitor.NONE))));
		works.put("estimated", timed(() -> watched.share("estimated",
			() -> once.plane(image, side, NoiseEstimator.estimate(image, side).model(), 0, Monitor.NONE))));
		works.put("sample", timed(() -> watched.share("sample", () -> sampled.plane(image, side, Child.noise(), 0, Monitor.NONE))));
		String failure = null;
		Peer peer = null;
		try {
			peer = new Peer(python, model, image, side, STEPS, Devices.threads());
			for (String name : peer.names)
				for (String what : new String[] { "one", "sample" }) {
					Peer asked = peer;
					works.put(name + " " + what, () -> asked.seconds(name, what));
				}
		}
		catch (IOException e) {
			failure = e.getMessage();
		}
		try {
			Map<String, double[]> seconds = inTurn(works);
			report.say("\n## %d × %d pixels, beside the bare network\n", side, side);
			report.say("One call of ONNX Runtime alone: %.0f ms (median).\n", 1e3 * median(seconds.get("network")));
			report.say("| work | evaluations | time over evaluations × bare network | from | to | all but the network |");
			report.say("| --- | --: | --: | --: | --: | --: |");
			whole(seconds, side, "prior", "the network through Tweedie", 1, null);
			whole(seconds, side, "one", "one-call denoising, noise given", 1, watched);
			whole(seconds, side, "estimated", "one-call denoising, noise estimated", 1, watched);
			whole(seconds, side, "sample", "a sample in " + STEPS + " steps", STEPS, watched);
			for (String name : peer == null ? List.<String>of() : peer.names) {
				whole(seconds, side, name + " one", "one-call denoising, noise given, Python, " + name, 1, null);
				whole(seconds, side, name + " sample", "a sample in " + STEPS + " steps, Python, " + name, STEPS, null);
			}
			if (peer == null)
				report.say("| the same in Python | | was not run: %s | | | |", failure);
			else
				agreement(peer, once.plane(image, side, Child.noise(), 0, Monitor.NONE).mean());
		}
		finally {
			if (peer != null)
				peer.close();
		}
	}

	private void whole(Map<String, double[]> seconds, int side, String key, String title, int evaluations, Watched watched) {
		double[] ratios = ratios(seconds.get(key), seconds.get("network"), evaluations);
		double rest = watched == null ? Double.NaN : 100 * median(watched.shares(key, rounds));
		report.say("| %s | %d | %.3f | %.3f | %.3f | %s |", title, evaluations, median(ratios), ratios[0], ratios[ratios.length - 1],
			watched == null ? "" : String.format(Locale.ROOT, "%.2f %%", rest));
		report.row(side + " pixels", title, "time_over_network", median(ratios), ratios[0], ratios[ratios.length - 1]);
		if (watched != null)
			report.row(side + " pixels", title, "percent_outside_of_network", rest);
	}

	private void agreement(Peer peer, float[] ours) throws IOException {
		for (String name : peer.names) {
			float[] theirs = peer.one(name);
			double squares = 0, low = Double.POSITIVE_INFINITY, high = Double.NEGATIVE_INFINITY;
			for (int i = 0; i < ours.length; i++) {
				squares += Math.pow(ours[i] - theirs[i], 2) / ours.length;
				low = Math.min(low, ours[i]);
				high = Math.max(high, ours[i]);
			}
			report.say("\nPython (%s) and Tweedie agree in one call to %.2g of the range (root mean square).", name,
				Math.sqrt(squares) / (high - low));
		}
	}

	// -- Parts --

	private void parts(Prior prior, Bare bare, int side) throws IOException, OrtException {
		float[] image = Child.image(side), stable = new float[image.length], out = new float[image.length];
		Shape shape = Shape.planes(1, 1, side, side);
		VarianceStabilizer stabilizer = VarianceStabilizer.of(Child.noise(), Child.OFFSET);
		stabilizer.forward(image, stable);
		IntensityScale scale = IntensityScale.ofNoisy(stable, side, 1);
		Prior idle = idle(prior);
		Denoising once = Denoising.with(idle).build(), sampled = Denoising.with(idle).samples(1).steps(STEPS).build();
		warmUp(once, Denoising.with(idle).samples(1).steps(2).build());
		Map<String, Work> works = new LinkedHashMap<>();
		works.put("bare network", timed(() -> bare.run(stable, side)));
		works.put("estimate of the noise", timed(() -> NoiseEstimator.estimate(image, side)));
		works.put("darkest level", timed(() -> IntensityScale.darkest(image, side)));
		works.put("stabiliser", timed(() -> VarianceStabilizer.of(Child.noise(), Child.OFFSET).forward(image, out)));
		works.put("hot pixels", timed(() -> HotPixels.find(stable, side)));
		works.put("scale", timed(() -> IntensityScale.ofNoisy(stable, side, 1)));
		works.put("to data and back", timed(() -> scale.toGrey(scale.toData(stable, -1, 1), -1, 1)));
		works.put("inverse", timed(() -> stabilizer.inverse(stable, out)));
		works.put("all of one call but the network", timed(() -> once.plane(image, side, Child.noise(), 0, Monitor.NONE)));
		works.put("random numbers, a step", timed(() -> new Noise(1).fill(Noise.Purpose.MOVE, 1, new int[1], shape, out)));
		works.put("all of " + STEPS + " steps but the network", timed(() -> sampled.plane(image, side, Child.noise(), 0, Monitor.NONE)));
		for (Inpainting.Method method : Inpainting.Method.values())
			works.put("all of a call of inpainting by " + method.name().toLowerCase(Locale.ROOT).replace('_', ' ') + " but the network",
				() -> inpainting(idle, method, image, side));
		works.put("cutting and blending tiles of 384 pixels",
			timed(() -> new TiledDenoiser(idle, 384, 96).denoise(Batch.of(shape, stable, 0.2), out)));
		Map<String, double[]> seconds = inTurn(works);
		report.say("\n## Parts, %d × %d pixels\n\n| part | ms | of one call of the bare network |\n| --- | --: | --: |", side, side);
		seconds.forEach((name, values) -> {
			double share = 100 * median(ratios(values, seconds.get("bare network"), 1));
			report.say("| %s | %.1f | %.2f %% |", name, 1e3 * median(values), share);
			report.row(side + " pixels", name, "percent_of_network", share);
		});
	}

	/** @return seconds for each call of the network, when half of the pixels are hidden, as a chessboard */
	private static double inpainting(Prior idle, Inpainting.Method method, float[] image, int side) {
		float[] mask = new float[image.length];
		for (int i = 0; i < mask.length; i++)
			mask[i] = (i % side + i / side) % 2;
		Inpainting inpainting = Inpainting.with(idle).method(method).steps(4).build();
		long start = System.nanoTime();
		Restored restored = inpainting.restore(ArrayImgs.floats(image, side, side), ArrayImgs.floats(mask, side, side));
		return (System.nanoTime() - start) * 1e-9 / restored.evaluations();
	}

	// -- First calls --

	private void firstCalls() throws IOException {
		int side = sides.get(0), runs = 3;
		List<double[]> shares = new ArrayList<>();
		for (int run = 0; run < runs; run++)
			shares.add(Child.firstCalls(model, side));
		report.say(FIRST_TEXT, side, side, runs);
		int[] ends = { 0, 1, 2, 3, 10, 30, Child.CALLS };
		for (int row = 1; row < ends.length; row++) {
			int first = ends[row - 1], last = ends[row];
			double share = 100 * median(shares.stream().flatMapToDouble(calls -> Arrays.stream(calls, first, last)).toArray());
			String which = last - first == 1 ? String.valueOf(last) : first + 1 + " to " + last;
			report.say("| %s | %.1f %% |", which, share);
			report.row(side + " pixels, new Java", "call " + which, "percent_outside_of_network", share);
		}
	}

	// -- Memory --

	private void growth() throws IOException {
		report.say(GROWTH);
		double first = 0;
		for (int side : growth) {
			double plane = 4.0 * side * side;
			int heap = (int) Math.ceil((6 * plane) / (1 << 20)) + 64;
			Child child = Child.run(model, side, 0, heap, 0);
			if (child == null) {
				report.say("| %d | %d | did not work | | | | |", side, heap);
				continue;
			}
			first = first == 0 ? child.seconds() / plane : first;
			report.say("| %d | %d | %.2f | %.2f | %.2f | %.0f | %.0f |", side, heap, child.seconds(), child.seconds() / plane / first,
				child.seen(), child.before() / (1 << 20), (child.peak() - child.before()) / (1 << 20));
			report.row("one call", "Tweedie", "seconds_" + side, child.seconds());
			report.row("one call", "Tweedie", "peak_megabytes_" + side, child.peak() / (1 << 20));
		}
	}

	private void threads() throws IOException {
		int side = sides.get(0);
		double[] one = new double[3], all = new double[3];
		for (int i = 0; i < 3; i++) {
			one[i] = seconds(Child.run(model, side, 0, 512, 1));
			all[i] = seconds(Child.run(model, side, 0, 512, 0));
		}
		double gain = median(ratios(one, all, 1));
		report.say("\n## Threads\n\nOne-call denoising of %d × %d pixels takes %.2f times as long with one processor as with %d (each in a Java of its"
			+ " own, first call of that size, median of 3 pairs).", side, side, gain, Devices.threads());
		report.row(side + " pixels", "Tweedie", "one_thread_over_all", gain);
	}

	private static double seconds(Child child) {
		return child == null ? Double.NaN : child.seconds();
	}

	// -- Halo --

	private void halos() throws IOException {
		report.say(HALOS_TEXT);
		try (var folders = Files.list(model.toAbsolutePath().getParent())) {
			for (Path folder : folders.filter(f -> Files.exists(f.resolve("rdf.yaml"))).sorted().toList())
				try (Prior prior = ModelPackage.read(folder).open("cpu")) {
					if (prior.channels() == 1)
						halos(prior);
				}
		}
	}

	private void halos(Prior prior) {
		int side = 384;
		float[] image = Child.image(side), z = new float[image.length];
		Shape shape = Shape.planes(1, 1, side, side);
		float[] clean = IntensityScale.robust(image, side, new boolean[image.length]).toData(image, prior.low(), prior.high());
		new Noise(4).fill(Noise.Purpose.PROBE, 0, new int[1], shape, z);
		for (double sigma : SIGMAS) {
			float[] x = clean.clone(), whole = new float[x.length], tiled = new float[x.length];
			for (int i = 0; i < x.length; i++)
				x[i] += (float) sigma * z[i];
			Batch batch = Batch.of(shape, x, sigma);
			prior.denoise(batch, whole);
			StringBuilder row = new StringBuilder("| " + prior.name() + " | " + sigma + " |");
			for (int halo : HALOS) {
				TiledDenoiser.over(prior, side, side, 304, halo).denoise(batch, tiled);
				double worst = 0;
				for (int i = 0; i < x.length; i++)
					worst = Math.max(worst, Math.abs(whole[i] - tiled[i]) / (prior.high() - prior.low()));
				row.append(String.format(Locale.ROOT, " %.1e |", worst));
				report.row(prior.name() + " sigma " + sigma, "halo " + halo, "largest_difference", worst);
			}
			report.say("%s", row);
		}
	}

	// -- Cancel --

	private void cancels() throws IOException {
		Cancelling runs = Child.cancelled(model);
		report.say("\n## Cancelling\n\n%d runs on %d × %d pixels were cancelled one after the other, each at another moment, in a Java with a heap"
			+ " of 96 MB. The memory of the process grew by %.1f MB. The longest time from the wish to the end was %.2f times that of one call of"
			+ " the network.", Cancelling.RUNS, Cancelling.SIDE, Cancelling.SIDE, runs.growth() / (1 << 20), runs.longest());
		report.row("20 cancels", "Tweedie", "megabytes_grown", runs.growth() / (1 << 20));
		report.row("20 cancels", "Tweedie", "longest_over_call", runs.longest());
	}

	private static final String INTRODUCTION = """
		# Time and memory, measured

		Written by

		    ./mvnw -q test-compile exec:java@benchmark

		with %s on %d processors. Times are ratios of works that were done in turn, medians of %d rounds: they hold on a machine of
		another speed, and hardly change when others use the machine. The *bare network* is one call of ONNX Runtime without DJL and
		Tweedie, on a plane of the same size, with the same options. *All but the network* is measured by a clock around the network within
		the same call, over what the network took there; a hundred calls were made before, for Java to compile the code. The images are
		simulated specimens under camera noise.""";

	private static final String GROWTH = """

		## Growth

		One-call denoising of a plane, each in a Java of its own whose heap holds 64 MB and six float copies of the plane, no more. *Before*
		is all memory that the process has held after one call on a small plane: Java, ONNX Runtime and the network. *Above* is what came on
		top at the peak: what ONNX Runtime keeps for one tile, and the planes.

		Large planes go through the network in tiles, whose halos it sees more than once: *seen* is the number of pixels that it was given,
		over those of the plane.

		| side | heap, MB | seconds | seconds a pixel, to the first | seen | before, MB | above, MB |
		| --: | --: | --: | --: | --: | --: | --: |""";

	private static final String FIRST_TEXT = """

		## The first calls of a new Java

		All but the network over the network, of one-call denoising of %d × %d pixels, noise estimated, when nothing was compiled before:
		median of %d starts of Java.

		| call | all but the network |
		| --: | --: |""";

	private static final String HALOS_TEXT = """

		## Halo

		Largest difference between a plane of 384 × 384 pixels in one piece and in tiles, over the data range, for halos in pixels.
		One-call denoising takes half of the receptive radius up to σ = 0.3 (of data in [-1, 1]), two thirds up to σ = 1, else all of it;
		sampling and inpainting always take all of it.

		| network | σ | 16 | 32 | 48 | 64 | 80 | 96 |
		| --- | --: | --: | --: | --: | --: | --: | --: |""";
}
