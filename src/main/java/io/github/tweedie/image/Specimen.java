package io.github.tweedie.image;

import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.apache.commons.math3.special.BesselJ;
import org.apache.commons.rng.UniformRandomProvider;

import net.imglib2.img.Img;
import net.imglib2.img.array.ArrayImgs;
import net.imglib2.type.numeric.real.FloatType;

/** The one simulator of specimens, with known truth: samples, tests and documents use its pictures. Deterministic. */
public final class Specimen {

	private static final double BACKGROUND = 180, GLOW = 60, DENSITY = 1.0 / 1500;
	private static final int TEXTURE_WAVES = 24;
	private static final double WHITE = 4095;
	private static final int REACH = 14;

	private Specimen() {}

	/** Dye, painted on a canvas. */
	private interface Structure {
		void paint(Canvas canvas, Dice dice);
	}

	/** Kinds of specimens, each with a random density, spread of brightness, blur, haze and background. */
	public enum Family {
		/** Stained nuclei of several sizes. */
		NUCLEI(1, Specimen::paintNuclei, Specimen::gaussian),
		/** Thin curved fibres that cross. */
		FILAMENTS(2, Structures::filaments, Specimen::gaussian),
		/** Spots below the resolution, alone and in clusters. */
		PUNCTA(3, Structures::puncta, Specimen::gaussian),
		/** Walls of the cells of a tissue. */
		MEMBRANES(4, Structures::membranes, Specimen::gaussian),
		/** Meshes, branching tubes and ridges. */
		NETWORKS(5, Structures::networks, Specimen::gaussian),
		/** Vesicles, full and hollow, in and out of focus. */
		BLOBS(6, Structures::blobs, Specimen::gaussian),
		/** Discs and polygons of all sizes that hide one another: edges and textures of every contrast, rather than a specimen. */
		DEAD_LEAVES(7, Structures::deadLeaves, Specimen::sharpGaussian),
		/** Branching, tapering trees with spines, blurred by an Airy disc. Held out. */
		DENDRITES(8, Structures::dendrites, Specimen::airy),
		/** Wavy outlines of cells, with speckles, blurred by a kernel with a long tail. Held out. */
		SPECKLED_MEMBRANES(9, Structures::speckledMembranes, Specimen::longTailed);

		private final int number;
		private final Structure structure, optics;

		Family(int number, Structure structure, Structure optics) {
			this.number = number;
			this.structure = structure;
			this.optics = optics;
		}

		/** Whether no network may be trained on it, so that it tells how a network does on what it has never seen. */
		public boolean heldOut() {
			return this == DENDRITES || this == SPECKLED_MEMBRANES;
		}

		/** Those that a network may be trained on. */
		public static List<Family> forTraining() {
			return Arrays.stream(values()).filter(family -> !family.heldOut()).toList();
		}
	}

	/**
	 * A picture of a family, without noise.
	 *
	 * @param width X, pixels
	 * @param height Y, pixels
	 * @param seed which picture
	 * @return grey levels, 0 to 4095, as of a 12-bit camera, but not rounded
	 */
	public static Img<FloatType> draw(Family family, int width, int height, long seed) {
		Dice dice = Dice.of(new Noise(seed).generator(Purpose.START, family.number, 0, 0));
		Canvas canvas = new Canvas(width, height);
		family.structure.paint(canvas, dice);
		family.optics.paint(canvas, dice);
		float[] grey = canvas.picture();
		float brightest = 0;
		for (float value : grey)
			brightest = Math.max(brightest, value);
		double contrast = dice.logUniform(150, 3300), dark = dice.logUniform(60, 500);
		double factor = brightest > 0 ? contrast / brightest : 0;
		double glow = dark * dice.uniform(0, 0.25), size = Math.max(width, height), shade = dice.uniform(0, 0.15);
		SmoothField background = new SmoothField(canvas, size * dice.logUniform(0.4, 1.5), dice);
		SmoothField light = new SmoothField(canvas, size * dice.logUniform(0.5, 2), dice);
		for (int y = 0; y < height; y++)
			for (int x = 0; x < width; x++) {
				int i = y * width + x;
				double seen = grey[i] * factor * Math.max(0, 1 + shade * light.at(x, y));
				grey[i] = (float) Math.max(0, Math.min(WHITE, seen + dark + glow * background.at(x, y)));
			}
		return ArrayImgs.floats(grey, width, height);
	}

	// -- Optics --

	private static void gaussian(Canvas canvas, Dice dice) {
		canvas.blur(dice.logUniform(0.6, 2.5));
		if (dice.chance(0.5))
			canvas.haze(dice.logUniform(5, 15), dice.uniform(0.02, 0.5));
	}

	private static void sharpGaussian(Canvas canvas, Dice dice) {
		canvas.blur(dice.logUniform(0.6, 2.5));
	}

	/** (2·J₁(v)/v)², with the first dark ring at 1.5 to 5 pixels. */
	private static void airy(Canvas canvas, Dice dice) {
		double scale = 3.8317 / dice.logUniform(1.5, 5);
		canvas.convolve(r -> {
			double v = Math.max(1e-6, r * scale), a = 2 * BesselJ.value(1, v) / v;
			return a * a;
		}, REACH);
	}

	/** (1 + r²/w²)^-β: Lorentz-like. */
	private static void longTailed(Canvas canvas, Dice dice) {
		double width = dice.logUniform(0.7, 2.2), power = dice.uniform(1.4, 2.2);
		canvas.convolve(r -> Math.pow(1 + r * r / (width * width), -power), REACH);
	}

	// -- Nuclei --

	private static void paintNuclei(Canvas canvas, Dice dice) {
		double size = dice.logUniform(0.6, 2.2), spread = dice.uniform(0.5, 2);
		double wanted = Math.max(1, canvas.area() * DENSITY * dice.logUniform(0.2, 1.8) / (size * size));
		List<Nucleus> nuclei = new ArrayList<>();
		for (int attempt = 0; nuclei.size() < wanted && attempt < 30 * wanted; attempt++) {
			Nucleus shape = Nucleus.random(dice.random(), 1, 1);
			double x = canvas.anyX(dice), y = canvas.anyY(dice);
			Nucleus candidate = shape.at(x, y, size, 0.05 + Math.pow(dice.random().nextDouble(), spread));
			if (nuclei.stream().noneMatch(candidate::overlaps))
				nuclei.add(candidate);
		}
		for (Nucleus n : nuclei)
			canvas.addNear(n.x, n.y, n.a + Nucleus.REACH, (px, py) -> n.at(px - n.x, py - n.y));
	}

	/**
	 * Stained nuclei as a fluorescence microscope shows them: ellipses of different size, brightness and chromatin texture with
	 * soft edges, on a dim uneven background, without noise.
	 *
	 * @param width X, pixels; a nucleus is about 20 across
	 * @param height Y, pixels
	 * @param seed which picture
	 * @return grey levels, about 150 to 3500, as of a 12-bit camera
	 */
	public static Img<FloatType> nuclei(int width, int height, long seed) {
		float[] grey = new float[width * height];
		UniformRandomProvider random = new Noise(seed).generator(Purpose.START, 0, 0, 0);
		List<Nucleus> nuclei = new ArrayList<>();
		int wanted = (int) Math.max(1, Math.round(width * height * DENSITY));
		for (int attempt = 0; nuclei.size() < wanted && attempt < 30 * wanted; attempt++) {
			Nucleus candidate = Nucleus.random(random, width, height);
			if (nuclei.stream().noneMatch(candidate::overlaps))
				nuclei.add(candidate);
		}
		double tilt = random.nextDouble(2 * Math.PI);
		for (int y = 0; y < height; y++)
			for (int x = 0; x < width; x++)
				grey[y * width + x] = (float) (BACKGROUND + GLOW * Math.sin(tilt + 2.0 * x / width + 1.4 * y / height));
		for (Nucleus nucleus : nuclei)
			nucleus.draw(grey, width, height);
		return ArrayImgs.floats(grey, width, height);
	}

	/** An ellipse with half axes a and b, turned by an angle, with a texture of plane waves. */
	private record Nucleus(double x, double y, double a, double b, double angle, double brightness, double[][] waves) {

		private static final double EDGE = 1.1, REACH = 8;

		static Nucleus random(UniformRandomProvider random, int width, int height) {
			double a = 7 + 6 * random.nextDouble(), b = a * (0.65 + 0.35 * random.nextDouble());
			double brightness = 500 + 2600 * Math.pow(random.nextDouble(), 1.7);
			double[][] waves = new double[TEXTURE_WAVES][];
			for (int i = 0; i < waves.length; i++) {
				double direction = random.nextDouble(2 * Math.PI), k = 2 * Math.PI / (7 + 20 * random.nextDouble());
				waves[i] = new double[] { k * Math.cos(direction), k * Math.sin(direction), random.nextDouble(2 * Math.PI) };
			}
			return new Nucleus(random.nextDouble() * width, random.nextDouble() * height, a, b, random.nextDouble(Math.PI),
				brightness, waves);
		}

		/** The same elsewhere, larger, and of another brightness. */
		Nucleus at(double newX, double newY, double factor, double newBrightness) {
			double[][] wider = Arrays.stream(waves).map(w -> new double[] { w[0] / factor, w[1] / factor, w[2] }).toArray(double[][]::new);
			return new Nucleus(newX, newY, a * factor, b * factor, angle, newBrightness, wider);
		}

		boolean overlaps(Nucleus other) {
			return Math.hypot(x - other.x, y - other.y) < 0.85 * (a + other.a);
		}

		void draw(float[] grey, int width, int height) {
			int left = (int) Math.max(0, x - a - REACH), right = (int) Math.min(width - 1.0, x + a + REACH);
			int top = (int) Math.max(0, y - a - REACH), bottom = (int) Math.min(height - 1.0, y + a + REACH);
			for (int py = top; py <= bottom; py++)
				for (int px = left; px <= right; px++)
					grey[py * width + px] += (float) at(px - x, py - y);
		}

		private double at(double dx, double dy) {
			double u = (dx * Math.cos(angle) + dy * Math.sin(angle)) / a, v = (dy * Math.cos(angle) - dx * Math.sin(angle)) / b;
			double distance = (Math.sqrt(u * u + v * v) - 1) * b;
			double texture = 0;
			for (double[] wave : waves)
				texture += Math.sin(wave[0] * dx + wave[1] * dy + wave[2]);
			double body = 1 + 0.16 * texture / Math.sqrt(TEXTURE_WAVES / 2.0);
			return brightness * body / (1 + Math.exp(distance / EDGE));
		}
	}
}
