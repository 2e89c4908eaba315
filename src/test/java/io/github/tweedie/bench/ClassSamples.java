package io.github.tweedie.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.github.tweedie.image.Planes;
import io.github.tweedie.inverse.ClassifierGuidance;
import io.github.tweedie.restore.Generated;
import io.github.tweedie.restore.Generation;
import io.github.tweedie.sampler.DpmSolver;
import io.github.tweedie.sampler.PcSampler;
import io.github.tweedie.sampler.Schedule;
import io.github.tweedie.sampler.State;
import io.github.tweedie.sampler.TimeGrid;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.VeSde;

/**
 * Judges images of every class that a prior draws: how many does an independent classifier name rightly, and how far are they from
 * real ones in its features?
 */
final class ClassSamples {

	/** Side of images of classes, if the prior does not state it. */
	private static final int USUAL_SIDE = 64;

	/**
	 * One row of the table.
	 *
	 * @param images what was judged
	 * @param count how many
	 * @param accuracy share that the judge named rightly
	 * @param mean of the classes that are there, of that share
	 * @param distance Fréchet distance to the test images; NaN for themselves
	 * @param evaluations calls of the network per image, of a classifier's gradient as well; 0 for real ones
	 * @param seconds per image
	 */
	record Row(String images, int count, double accuracy, double mean, double distance, double evaluations, double seconds) {

		/** Standard error of the share. */
		double error() {
			return Math.sqrt(accuracy * (1 - accuracy) / count);
		}
	}

	/** @param label class of each image, and opinions of them */
	private record Judged(int[] label, Judge.Opinion[] opinions) {

		double accuracy() {
			return IntStream.range(0, label.length).filter(i -> opinions[i].label() == label[i]).count() / (double) label.length;
		}

		double meanOfClasses() {
			return Arrays.stream(label).distinct().mapToDouble(c -> IntStream.range(0, label.length).filter(i -> label[i] == c)
				.map(i -> opinions[i].label() == c ? 1 : 0).average().orElseThrow()).average().orElseThrow();
		}

		Judged of(Set<Integer> classes) {
			int[] kept = IntStream.range(0, label.length).filter(i -> classes.contains(label[i])).toArray();
			return new Judged(Arrays.stream(kept).map(i -> label[i]).toArray(),
				Arrays.stream(kept).mapToObj(i -> opinions[i]).toArray(Judge.Opinion[]::new));
		}

		double[][] features() {
			return Arrays.stream(opinions).map(Judge.Opinion::features).toArray(double[][]::new);
		}

		/** So that each class weighs as much as another. */
		double[] weights() {
			return Arrays.stream(label).mapToDouble(c -> 1.0 / Arrays.stream(label).filter(o -> o == c).count()).toArray();
		}
	}

	private final Prior prior;
	private final Judge judge;
	private final int each, steps, side;
	private final Judged test;
	private final List<Row> rows = new ArrayList<>();

	/**
	 * Judges the real images.
	 *
	 * @param folder holds test and train, with file names that begin with the class and two hyphens
	 * @param each images of each class
	 * @param steps of the sampler
	 */
	ClassSamples(Prior prior, Judge judge, Path folder, int each, int steps) throws IOException {
		if (!judge.classNames().equals(prior.classNames()))
			throw new IOException("The judge knows the classes " + judge.classNames() + ", the prior " + prior.classNames()
				+ "; train a judge for these with models/training/judge.py.");
		this.prior = prior;
		this.judge = judge;
		this.each = each;
		this.steps = steps;
		side = side(prior);
		test = real(folder.resolve("test"), Integer.MAX_VALUE);
		add("real, test", test, 0, 0);
		add("real, training", real(folder.resolve("train"), each), 0, 0);
	}

	/** Of the images that a prior with classes was trained on, in pixels: a class shows one object in the middle. */
	static int side(Prior prior) {
		return prior.trainingSize() > 0 ? prior.trainingSize() : USUAL_SIDE;
	}

	/** All rows so far. */
	List<Row> rows() {
		return List.copyOf(rows);
	}

	/** The row of that name. */
	Row row(String images) {
		return rows.stream().filter(row -> row.images().equals(images)).findFirst().orElseThrow();
	}

	/**
	 * Draws images as users do.
	 *
	 * @param options what is not as usual
	 */
	void draw(String name, UnaryOperator<Generation.Builder> options) {
		Generated generated = options.apply(Generation.with(prior).classes(Generation.ALL).count(each).size(side, side).steps(steps))
			.build().generate();
		Planes planes = new Planes(generated.images());
		List<float[]> images = IntStream.range(0, planes.count()).mapToObj(planes::read).toList();
		int total = images.size();
		// NB: a classifier's gradient is called as often as the network, and not counted by the generation.
		boolean classifier = "classifier".equals(generated.provenance().get("guidance"));
		double evaluations = generated.evaluations() * (classifier ? 2 : 1);
		add(name, judged(images), evaluations, generated.seconds() / total);
	}

	/** Guides the prior that was told the class by the classifier as well. */
	void drawWithBoth(String name, double scale) {
		long start = System.nanoTime();
		PcSampler sampler = PcSampler.along(Schedule.down(new VeSde(prior.sigmaMin(), prior.sigmaMax()), TimeGrid.karras(7), steps),
			new DpmSolver(1));
		List<float[]> images = new ArrayList<>();
		Shape shape = Shape.planes(each, 1, side, side);
		for (int label = 0; label < prior.classNames().size(); label++) {
			int[] labels = new int[each], ids = IntStream.range(0, each).toArray();
			Arrays.fill(labels, label);
			State state = sampler.sample(prior, shape, ids, labels, new ClassifierGuidance(prior.classifier(), scale),
				new Noise(1, label + 1), Monitor.NONE);
			for (int s = 0; s < each; s++)
				images.add(Arrays.copyOfRange(state.x, s * side * side, (s + 1) * side * side));
		}
		add(name, judged(images), 2 * steps, (System.nanoTime() - start) * 1e-9 / images.size());
	}

	private Judged judged(List<float[]> images) {
		int[] labels = IntStream.range(0, images.size()).map(i -> i / each).toArray();
		return new Judged(labels, judge.judge(images, side));
	}

	private Judged real(Path folder, int most) throws IOException {
		List<float[]> images = new ArrayList<>();
		List<Integer> labels = new ArrayList<>();
		int[] seen = new int[prior.classNames().size()];
		for (Path file : Picture.images(folder)) {
			int label = prior.classNames().indexOf(file.getFileName().toString().split("--")[0]);
			if (label < 0)
				throw new IOException("The image " + file + " is of none of the classes " + prior.classNames()
					+ "; its name must begin with the class and two hyphens.");
			if (seen[label]++ >= most)
				continue;
			Picture picture = Picture.read(file, 1);
			if (picture.shape().x() != side || picture.shape().y() != side)
				throw new IOException("The image " + file + " is of " + picture.shape() + " values; the prior draws " + side + "×" + side
					+ ", so give images of that size.");
			images.add(picture.clean());
			labels.add(label);
		}
		return new Judged(labels.stream().mapToInt(Integer::intValue).toArray(), judge.judge(images, side));
	}

	private void add(String name, Judged judged, double evaluations, double seconds) {
		rows.add(new Row(name, judged.label.length, judged.accuracy(), judged.meanOfClasses(),
			judged == test ? Double.NaN : distance(judged), evaluations, seconds));
	}

	/** Of the classes that are among the test images, each with the same weight. */
	private double distance(Judged judged) {
		Set<Integer> classes = Arrays.stream(test.label).boxed().collect(Collectors.toSet());
		Judged same = judged.of(classes);
		return Frechet.distance(same.features(), same.weights(), test.features(), test.weights());
	}
}
