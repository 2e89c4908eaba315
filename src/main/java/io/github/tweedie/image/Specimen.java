package io.github.tweedie.image;

import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;

import java.util.ArrayList;
import java.util.List;

import org.apache.commons.rng.UniformRandomProvider;

import net.imglib2.img.Img;
import net.imglib2.img.array.ArrayImgs;
import net.imglib2.type.numeric.real.FloatType;

/** The one simulator of specimens, with known truth: samples, tests and documents use its pictures. Deterministic. */
public final class Specimen {

	private static final double BACKGROUND = 180, GLOW = 60, DENSITY = 1.0 / 1500;
	private static final int TEXTURE_WAVES = 24;

	private Specimen() {}

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
