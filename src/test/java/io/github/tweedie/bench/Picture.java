package io.github.tweedie.bench;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

import javax.imageio.ImageIO;

import org.apache.commons.rng.UniformRandomProvider;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.image.Specimen.Family;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Shape;

/**
 * A clean picture to measure on.
 *
 * @param name of its file, without the folder, or its seed
 * @param shape 1×C×Y×X
 * @param clean C·Y·X values in [−1, 1], by the grey levels of the whole image that it may be a crop of; bright pixels lie beyond
 */
record Picture(String name, Shape shape, float[] clean) {

	private static final int SPECIMEN = 256;

	/**
	 * Crops of the PNG images of a folder, each somewhere in its image, the same ones in every run.
	 *
	 * @param channels 1 for the first channel, or 3
	 * @param size side of the crops in pixels; of smaller images all there is, in multiples of 16
	 * @param each crops of each image
	 * @param most of all; then the images are taken in equal steps
	 * @throws IOException if there are none, or they are smaller than 16 pixels
	 */
	static List<Picture> ofFolder(Path folder, int channels, int size, int each, int most) throws IOException {
		List<Path> files = images(folder);
		int used = Math.min(files.size(), Math.max(1, most / each));
		List<Picture> pictures = new ArrayList<>();
		for (int i = 0; i < used; i++) {
			Path file = files.get((int) ((long) i * files.size() / used));
			Picture whole = read(file, channels);
			for (int k = 0; k < each; k++)
				pictures.add(whole.crop(size, i * each + k));
		}
		return pictures;
	}

	/** The PNG files of a folder in the order of their names. */
	static List<Path> images(Path folder) throws IOException {
		if (!Files.isDirectory(folder))
			throw new IOException("There is no folder " + folder + "; give the folder that holds nuclei/test and the like.");
		try (Stream<Path> found = Files.list(folder)) {
			List<Path> files = found.filter(p -> p.toString().toLowerCase(Locale.ROOT).endsWith(".png")).sorted().toList();
			if (files.isEmpty())
				throw new IOException("No PNG images were found in " + folder + "; give a folder of images.");
			return files;
		}
	}

	/** A whole image, scaled as all priors are trained. */
	static Picture read(Path file, int channels) throws IOException {
		BufferedImage image = ImageIO.read(file.toFile());
		int pixels = image.getWidth() * image.getHeight(), bands = image.getRaster().getNumBands();
		float[] grey = new float[channels * pixels];
		for (int c = 0; c < channels; c++)
			System.arraycopy(image.getRaster().getSamples(0, 0, image.getWidth(), image.getHeight(), Math.min(c, bands - 1),
				(float[]) null), 0, grey, c * pixels, pixels);
		return of(file.getFileName().toString(), Shape.planes(1, channels, image.getHeight(), image.getWidth()), grey);
	}

	/** Crops of simulated specimens that no network was trained on. */
	static List<Picture> specimens(List<Family> families, int size, int each) {
		List<Picture> pictures = new ArrayList<>();
		for (Family family : families)
			for (int i = 0; i < each; i++) {
				float[] grey = new Planes(Specimen.draw(family, SPECIMEN, SPECIMEN, WriteSpecimens.FIRST_TEST_SEED + i)).read(0);
				pictures.add(of(family + " " + i, Shape.planes(1, 1, SPECIMEN, SPECIMEN), grey).crop(size, pictures.size()));
			}
		return pictures;
	}

	private static Picture of(String name, Shape shape, float[] grey) {
		// NB: channels as rows of one plane: one scale for all of them.
		return new Picture(name, shape, IntensityScale.robust(grey, shape.x(), new boolean[grey.length]).toData(grey, -1, 1));
	}

	/** A part somewhere in it, as the index decides, of at most that side and in multiples of 16. */
	Picture crop(int size, int index) {
		int high = Math.min(size, shape.y() / 16 * 16), wide = Math.min(size, shape.x() / 16 * 16);
		UniformRandomProvider random = new Noise(2026).generator(Purpose.PROBE, 0, index, 0);
		int left = random.nextInt(shape.x() - wide + 1), top = random.nextInt(shape.y() - high + 1);
		float[] out = new float[shape.c() * high * wide];
		for (int row = 0; row < shape.c() * high; row++)
			System.arraycopy(clean, (row / high * shape.y() + top + row % high) * shape.x() + left, out, row * wide, wide);
		return new Picture(name, Shape.planes(1, shape.c(), high, wide), out);
	}

	/** With Gaussian noise that depends on the picture's number and on σ alone. */
	float[] noisy(double sigma, int number) {
		float[] x = new float[clean.length];
		new Noise(2027).fill(Purpose.PROBE, (int) Math.round(1000 * sigma), new int[] { number }, shape, x);
		for (int i = 0; i < x.length; i++)
			x[i] = clean[i] + (float) sigma * x[i];
		return x;
	}
}
