package io.github.tweedie.restore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

import io.github.tweedie.image.Planes;
import io.github.tweedie.inverse.ClassifierFreeGuidance;
import io.github.tweedie.inverse.ClassifierGuidance;
import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sampler.DpmSolver;
import io.github.tweedie.sampler.PcSampler;
import io.github.tweedie.sampler.Schedule;
import io.github.tweedie.sampler.State;
import io.github.tweedie.sampler.TimeGrid;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.VeSde;

/**
 * Draws images from the prior itself: of no class in particular, or of classes by name (Song et al. 2021, sections 4 and 5).
 *
 * <pre>
 * Generated cells = Generation.with(prior).classes("metaphase").count(4).seed(1).build().generate();
 * </pre>
 *
 * The noise of an image is addressed by its class and its number within the class, so the same seed gives the same image however
 * many are drawn and whichever other classes are asked for. On a processor the network sees one image at a time, and the bits are
 * the same, too. Immutable.
 */
public final class Generation {

	/** How the class steers the samples. */
	public enum Guidance {
		/** The prior is told the class, no more; the default. */
		NONE,
		/** The prior is asked with and without the class, and the difference is exaggerated (Ho and Salimans 2022). */
		CLASSIFIER_FREE,
		/** The prior is not told the class; a classifier of noisy images pulls towards it (Song et al. 2021, eq. 14). */
		CLASSIFIER
	}

	/** In place of a class: images of no class in particular. */
	public static final String ANY = "any";
	/** In place of a class: every class of the prior. */
	public static final String ALL = "all";

	/** Side in pixels if nothing is said and the prior does not know better. */
	private static final int USUAL_SIZE = 128;
	/** Noise levels between which the class is exaggerated if nothing is said, in units of the range of the data. */
	private static final double GUIDED_FROM = 0.1, GUIDED_TO = 2.5;
	/** Length of the longest array that every Java can make. */
	private static final int MOST_VALUES = Integer.MAX_VALUE - 8;

	private final Prior prior;
	private final int[] labels;
	private final int count, width, height, steps;
	private final Guidance guidance;
	private final double scale, guidedFrom, guidedTo, eta;
	private final long seed;
	private final Monitor monitor;
	private final List<String> warnings;

	private Generation(Builder b, int[] labels, int width, int height) {
		prior = b.prior;
		this.labels = labels;
		count = b.count;
		this.width = width;
		this.height = height;
		steps = b.steps;
		guidance = b.guidance;
		scale = b.scale;
		guidedFrom = b.guidedFrom;
		guidedTo = b.guidedTo;
		eta = b.eta;
		seed = b.seed;
		monitor = b.monitor;
		warnings = warnings();
	}

	public static Builder with(Prior prior) {
		return new Builder(Objects.requireNonNull(prior, "Generation needs a prior."));
	}

	private List<String> warnings() {
		List<String> said = new ArrayList<>();
		int trained = prior.trainingSize();
		if (trained == 0 || Math.max(width, height) <= trained)
			return said;
		String sizes = "The model '" + prior.name() + "' was trained on images of " + trained + "×" + trained + " pixels; in one of "
			+ width + "×" + height + " ";
		if (prior.receptiveRadius() == Prior.GLOBAL)
			said.add(sizes + "its pixels see farther than in training, and the image may not look as it should.");
		if (labels[0] != Batch.NO_CLASS)
			said.add(sizes + "a class that shows one object in the middle may repeat or merge it.");
		return said;
	}

	/**
	 * Draws the images.
	 *
	 * @throws CancellationException when the monitor says so, which is asked before each call of the network
	 * @throws IllegalArgumentException if the prior does not know what is asked of it
	 */
	public Generated generate() {
		long start = System.nanoTime();
		warnings.forEach(monitor::say);
		int canvasWidth = prior.extent(width), canvasHeight = prior.extent(height), total = labels.length * count;
		int batch = WholePlanes.batch(count, (long) canvasWidth * canvasHeight);
		long evaluations = 0;
		float[][] planes = new float[total * prior.channels()][];
		List<String> names = new ArrayList<>();
		int done = 0;
		for (int label : labels)
			for (int first = 0; first < count; first += batch) {
				int n = Math.min(batch, count - first), from = first;
				int[] ids = IntStream.range(first, first + n).toArray(), asked = new int[n];
				Arrays.fill(asked, label);
				State state = sampler().sample(asked(canvasWidth, canvasHeight),
					Shape.planes(n, prior.channels(), canvasHeight, canvasWidth), ids, asked, conditioner(),
					new Noise(seed, label + 1), monitor.part(done, n, total));
				evaluations += (long) n * state.evaluations;
				for (int s = 0; s < n; s++) {
					for (int c = 0; c < prior.channels(); c++)
						planes[(done + s) * prior.channels() + c] = cropped(state.x, (s * prior.channels() + c) * canvasHeight * canvasWidth,
							canvasWidth);
					names.add(name(label) + " " + (from + s + 1));
				}
				done += n;
			}
		double seconds = (System.nanoTime() - start) * 1e-9;
		long perImage = Math.round((double) evaluations / total);
		return new Generated(Planes.like(planes, width, height, prior.channels(), total), names, perImage, seconds, warnings,
			provenance(perImage, seconds));
	}

	private PcSampler sampler() {
		return PcSampler.along(Schedule.down(new VeSde(prior.sigmaMin(), prior.sigmaMax()), TimeGrid.karras(7), steps),
			new DpmSolver(eta));
	}

	private Conditioner conditioner() {
		return switch (guidance) {
			case NONE -> Conditioner.NONE;
			case CLASSIFIER_FREE -> new ClassifierFreeGuidance(scale, guidedFrom, guidedTo);
			case CLASSIFIER -> new ClassifierGuidance(prior.classifier(), scale);
		};
	}

	/** The prior over the whole canvas, asked as the guidance wants it. */
	private Denoiser asked(int canvasWidth, int canvasHeight) {
		boolean together = prior.device().startsWith("cuda");
		Denoiser tiled = WholePlanes.tiled(prior, canvasHeight, canvasWidth, monitor);
		return (batch, out) -> {
			Batch asked = guidance == Guidance.CLASSIFIER
				? new Batch(batch.shape(), batch.x(), batch.sigma(), Batch.unlabelled(batch.shape().n())) : batch;
			if (together)
				tiled.denoise(asked, out);
			else
				oneByOne(tiled, asked, out);
		};
	}

	/** NB: some layers compute a batch in another order than a single image, and the count would change the last bits. */
	private static void oneByOne(Denoiser denoiser, Batch batch, float[] out) {
		int size = batch.shape().sampleSize();
		float[] clean = new float[size];
		for (int s = 0; s < batch.shape().n(); s++) {
			denoiser.denoise(new Batch(batch.shape().withN(1), Arrays.copyOfRange(batch.x(), s * size, (s + 1) * size),
				new double[] { batch.sigma()[s] }, new int[] { batch.label()[s] }), clean);
			System.arraycopy(clean, 0, out, s * size, size);
		}
	}

	private float[] cropped(float[] x, int from, int canvasWidth) {
		float[] plane = new float[width * height];
		for (int y = 0; y < height; y++)
			System.arraycopy(x, from + y * canvasWidth, plane, y * width, width);
		return plane;
	}

	private String name(int label) {
		return label == Batch.NO_CLASS ? ANY : prior.classNames().get(label);
	}

	private Map<String, String> provenance(long evaluations, double seconds) {
		Map<String, String> p = new LinkedHashMap<>();
		p.put("model", prior.name());
		p.put("classes", String.join(", ", Arrays.stream(labels).mapToObj(this::name).toList()));
		p.put("count of each", String.valueOf(count));
		p.put("guidance", guidance.name().toLowerCase(Locale.ROOT).replace('_', '-'));
		if (guidance != Guidance.NONE)
			p.put("guidance scale", String.valueOf(scale));
		if (guidance == Guidance.CLASSIFIER_FREE)
			p.put("guidance between noise levels", guidedFrom + " and " + guidedTo);
		p.put("steps", String.valueOf(steps));
		p.put("fraction of fresh noise", String.valueOf(eta));
		p.put("seed", String.valueOf(seed));
		p.put("range of the model's data", prior.low() + " to " + prior.high());
		p.put("device", prior.device());
		p.put("network evaluations per image", String.valueOf(evaluations));
		p.put("seconds", String.format(Locale.ROOT, "%.2f", seconds));
		for (String warning : warnings)
			p.merge("warning", warning, (a, b) -> a + " " + b);
		return p;
	}

	/** Options; what is not said stays at its default. */
	public static final class Builder {

		private final Prior prior;
		private List<String> classes = List.of(ALL);
		private int count = 1, width, height, steps = 32;
		private Guidance guidance = Guidance.NONE;
		private double scale = 1, guidedFrom, guidedTo, eta = 1;
		private long seed = 1;
		private Monitor monitor = Monitor.NONE;

		private Builder(Prior prior) {
			this.prior = prior;
			double range = (double) prior.high() - prior.low();
			guidedFrom = GUIDED_FROM * range;
			guidedTo = GUIDED_TO * range;
		}

		/** Names of classes; {@link #ALL}, the default, for each that the prior knows, or {@link #ANY} for none in particular. */
		public Builder classes(String... names) {
			classes = List.of(names);
			return this;
		}

		/** Number of images of each class, ≥ 1. */
		public Builder count(int number) {
			count = number;
			return this;
		}

		/** Extent in pixels; 0, the default, for that of the training images, or 128 if that is not known. */
		public Builder size(int x, int y) {
			width = x;
			height = y;
			return this;
		}

		/** @param strength 1 is Bayes' rule, more prefers what is typical of the class */
		public Builder guidance(Guidance kind, double strength) {
			guidance = Objects.requireNonNull(kind, "Generation needs a kind of guidance.");
			scale = strength;
			return this;
		}

		/**
		 * Noise levels between which classifier-free guidance acts (Kynkäänniemi et al. 2024); a classifier pulls at all of them. The
		 * default is 0.1 to 2.5 times the range of the data, which brings the class out at little loss of variety.
		 *
		 * @param from σ in the units of the data, ≥ 0, beyond which it acts; {@code to} that up to which it acts, no lower
		 */
		public Builder guided(double from, double to) {
			guidedFrom = from;
			guidedTo = to;
			return this;
		}

		/** Number of noise levels on the way down, ≥ 2. */
		public Builder steps(int number) {
			steps = number;
			return this;
		}

		/**
		 * Fraction of fresh noise in each step, in [0, 1]: 1, the default, the reverse SDE, which corrects on the way what the network
		 * got wrong before; 0 the probability flow.
		 */
		public Builder eta(double fraction) {
			eta = fraction;
			return this;
		}

		/** The same seed gives the same images. */
		public Builder seed(long number) {
			seed = number;
			return this;
		}

		public Builder monitor(Monitor watcher) {
			monitor = Objects.requireNonNull(watcher, "Generation needs a monitor; Monitor.NONE watches nothing.");
			return this;
		}

		/** @throws IllegalArgumentException if a number is out of its range, or the prior lacks a class, a size or a classifier */
		public Generation build() {
			require(count >= 1, "The number of images must be at least 1; seen was " + count + ".");
			require(steps >= 2, "The number of steps must be at least 2; seen was " + steps + ".");
			require(scale >= 0 && scale < Double.POSITIVE_INFINITY, "The guidance scale must be 0 or more; seen was " + scale + ".");
			require(eta >= 0 && eta <= 1, "The fraction of fresh noise must lie between 0 and 1; seen was " + eta + ".");
			require(guidedFrom >= 0 && guidedTo >= guidedFrom, "Guidance acts between two noise levels, the "
				+ "first at least 0 and the second no lower; seen were " + guidedFrom + " and " + guidedTo + ".");
			int[] labels = labels();
			boolean named = labels[0] != Batch.NO_CLASS;
			require(guidance == Guidance.NONE || named, "Guidance pulls towards a class, and no class was named; "
				+ (prior.classNames().isEmpty() ? "the model '" + prior.name() + "' knows none: choose no guidance." : known()));
			require(guidance != Guidance.CLASSIFIER || prior.classifier() != null, "The model '" + prior.name()
				+ "' has no classifier; choose classifier-free guidance or none.");
			int usual = prior.trainingSize() > 0 ? prior.trainingSize() : prior.extent(USUAL_SIZE);
			int x = width == 0 ? usual : width, y = height == 0 ? usual : height;
			require(x > 0 && y > 0, "Images of " + x + "×" + y + " pixels were asked for; both extents must be at least 1.");
			require(!prior.fixedSize() || x <= usual && y <= usual, "The model '" + prior.name() + "' makes images of " + usual + "×"
				+ usual + " pixels at most, since its network takes no other size; " + x + "×" + y + " were asked for.");
			require((long) x * y <= MOST_VALUES / prior.channels()
				&& (long) prior.extent(x) * prior.extent(y) <= MOST_VALUES / prior.channels(), "Images of " + x + "×" + y
					+ " pixels are larger than Java can hold in one piece, which is " + MOST_VALUES / prior.channels()
					+ " pixels of the model's " + prior.channels() + " channels; ask for smaller ones.");
			long all = (long) labels.length * count;
			require(all <= MOST_VALUES / prior.channels() && all * prior.channels() <= Integer.MAX_VALUE * 16L / ((long) x * y), all
				+ " images of " + x + "×" + y + " pixels are too many for the memory; ask for fewer.");
			return new Generation(this, labels, x, y);
		}

		private int[] labels() {
			List<String> known = prior.classNames();
			List<Integer> labels = new ArrayList<>();
			for (String name : classes) {
				int label = label(known, name.strip());
				if (label >= 0)
					labels.add(label);
				else if (name.strip().equalsIgnoreCase(ALL) && !known.isEmpty())
					IntStream.range(0, known.size()).forEach(labels::add);
				else if (name.strip().equalsIgnoreCase(ALL) || name.strip().equalsIgnoreCase(ANY))
					labels.add(Batch.NO_CLASS);
				else
					throw new IllegalArgumentException("The model '" + prior.name() + "' knows no class '" + name.strip() + "'; " + known());
			}
			int[] distinct = labels.stream().distinct().mapToInt(Integer::intValue).toArray();
			require(distinct.length > 0, "No class was named; " + known());
			require(distinct.length == 1 || labels.stream().noneMatch(l -> l == Batch.NO_CLASS),
				"'" + ANY + "' was asked for beside classes; ask for one or the other.");
			return distinct;
		}

		private static int label(List<String> known, String name) {
			if (known.contains(name))
				return known.indexOf(name);
			return IntStream.range(0, known.size()).filter(i -> known.get(i).equalsIgnoreCase(name)).findFirst().orElse(-1);
		}

		private String known() {
			List<String> words = new ArrayList<>(prior.classNames());
			words.add(ALL);
			words.add(ANY);
			return prior.classNames().isEmpty() ? "it knows no classes: ask for '" + ANY + "'."
				: "it is one of " + String.join(", ", words) + ".";
		}

		private static void require(boolean condition, String sentence) {
			if (!condition)
				throw new IllegalArgumentException(sentence);
		}
	}
}
