package io.github.tweedie.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

import javax.imageio.ImageIO;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import io.github.tweedie.image.Specimen.Family;
import io.github.tweedie.model.ModelPackage;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;

/** What the table of the networks is made of. */
class ModelsBenchTest {

	@TempDir
	Path folder;

	@Test
	void aScoreHasAMeanAndItsStandardError() {
		Score score = new Score(), other = new Score();
		for (double v : new double[] { 1, 2, 3, 6 }) {
			score.add(v);
			other.add(v - 2);
		}
		assertEquals(3, score.mean(), 1e-12);
		// Squares 4 + 1 + 0 + 9 = 14, divided by 3 and by 4.
		assertEquals(Math.sqrt(14.0 / 12), score.error(), 1e-12);
		assertEquals(2, score.minus(other).mean(), 1e-12);
		assertEquals(0, score.minus(other).error(), 1e-12);
	}

	/** The noisy picture has 10·log10(4/σ²) dB, to three standard errors of σ² from 2·64² pixels, of 2^½/90 or 0.07 dB each. */
	@Test
	void networksAndClassicalMethodsSeeTheSameNoise() {
		List<Picture> pictures = Picture.specimens(List.of(Family.BLOBS), 64, 2);
		DenoisingTable table = new DenoisingTable(pictures)
			.with("identity", (batch, out) -> System.arraycopy(batch.x(), 0, out, 0, out.length)).with("oracle", (batch, out) -> {
				Picture shown = pictures.stream().max(Comparator.comparing(p -> DenoisingTable.psnr(batch.x(), p.clean()))).orElseThrow();
				for (int i = 0; i < out.length; i++)
					out[i] = shown.clean()[i] + 0.02f;
			});
		for (int level = 0; level < DenoisingTable.SIGMAS.length; level++) {
			double sigma = DenoisingTable.SIGMAS[level], noisy = table.psnr(DenoisingTable.NOISY, level).mean();
			assertEquals(10 * Math.log10(4 / (sigma * sigma)), noisy, 0.21);
			assertEquals(noisy, table.psnr("identity", level).mean(), 0);
			assertEquals(table.ssim(DenoisingTable.NOISY, level).mean(), table.ssim("identity", level).mean(), 0);
			assertEquals(40, table.psnr("oracle", level).mean(), 1e-3);
			assertTrue(table.psnr(table.bestClassical(level), level).mean() > noisy + 3);
		}
	}

	@Test
	void cropsOfAFolderAreTheSameInEveryRun() throws IOException {
		write("a.png", 40, 70);
		write("b.png", 20, 33);
		List<Picture> first = Picture.ofFolder(folder, 1, 32, 2, 40), second = Picture.ofFolder(folder, 1, 32, 2, 40);
		assertEquals(List.of("a.png", "a.png", "b.png", "b.png"), first.stream().map(Picture::name).toList());
		assertEquals(Shape.planes(1, 1, 32, 32), first.get(0).shape());
		assertEquals(Shape.planes(1, 1, 32, 16), first.get(2).shape());
		for (int i = 0; i < 4; i++)
			assertArrayEquals(first.get(i).clean(), second.get(i).clean());
		assertEquals(1, Picture.ofFolder(folder, 1, 32, 2, 2).stream().map(Picture::name).distinct().count());
	}

	private void write(String name, int width, int height) throws IOException {
		BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
		for (int i = 0; i < width * height; i++)
			image.getRaster().setSample(i % width, i / width, 0, i * 37 % 251);
		ImageIO.write(image, "png", new File(folder.toFile(), name));
	}

	@Test
	void aFolderWithoutImagesIsAnErrorInWords() {
		assertTrue(assertThrows(IOException.class, () -> Picture.images(folder)).getMessage().contains("No PNG images"));
		assertTrue(assertThrows(IOException.class, () -> Picture.images(folder.resolve("x"))).getMessage().contains("no folder"));
	}

	/** A judge decides image by image, and sees no pixel brighter than those of its training. */
	@Test
	void theJudgeKnowsTheClassesOfTheModel() throws IOException {
		List<float[]> images = new ArrayList<>();
		for (int i = 0; i < 67; i++) {
			images.add(new float[64 * 64]);
			for (int p = 0; p < 64 * 64; p++)
				images.get(i)[p] = (float) (Math.exp(-(Math.pow(p % 64 - 32.0, 2) + Math.pow(p / 64 - 32.0, 2)) / (20 + 6 * i)) * (i == 66 ? 9 : 2) - 1);
		}
		try (Prior prior = ModelPackage.read(Path.of("models", "mitocheck")).open("cpu"); Judge judge = new Judge("/mitocheck-judge.onnx")) {
			assertEquals(prior.classNames(), judge.classNames());
			Judge.Opinion[] together = judge.judge(images, 64);
			Judge.Opinion alone = judge.judge(images.subList(65, 66), 64)[0];
			assertEquals(alone.label(), together[65].label());
			assertArrayEquals(alone.features(), together[65].features(), 1e-4);
			assertTrue(Arrays.stream(together).mapToInt(Judge.Opinion::label).distinct().count() > 1, "small and large spots are of one class");
			for (int p = 0; p < 64 * 64; p++)
				images.get(66)[p] = Math.min(2, images.get(66)[p]);
			assertArrayEquals(together[66].features(), judge.judge(images, 64)[66].features());
		}
	}

	@Test
	void aSheetShowsColoursInTheirPlaces() throws IOException {
		float[] red = { 1, 1, -1, -1, -1, -1 }, dim = { 0, 0, 0, 0, 0, 5 };
		Path file = folder.resolve("sheet.png");
		Sheet.write(file, Shape.planes(1, 3, 1, 2), List.of(red, dim, red), 2, -1, 1);
		BufferedImage sheet = ImageIO.read(file.toFile());
		assertEquals(6, sheet.getWidth());
		assertEquals(4, sheet.getHeight());
		assertEquals(0xffff0000, sheet.getRGB(0, 0));
		assertEquals(0xffffffff, sheet.getRGB(2, 0));
		assertEquals(0xff808080, sheet.getRGB(4, 0));
		assertEquals(0xff8080ff, sheet.getRGB(5, 0));
		assertEquals(0xffff0000, sheet.getRGB(1, 3));
	}
}
