package io.github.tweedie.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import javax.imageio.ImageIO;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import io.github.tweedie.bench.Exposure.Setting;
import io.github.tweedie.image.Specimen.Family;
import io.github.tweedie.restore.Denoising;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import picocli.CommandLine;

/** What the table of denoising with estimated noise is made of. */
class DenoisingBenchTest {

	@TempDir
	Path folder;

	/**
	 * In the middle of the range, of 128² pixels: the sample variance to four standard errors of √(2/128²), or 4.4 %, with the
	 * variance of the rounding, 1/12; the mean to four of its own.
	 */
	@Test
	void anExposureHasTheNoiseOfItsSettingAndIsNotCutOff() {
		Picture flat = new Picture("flat", Shape.planes(1, 1, 128, 128), new float[128 * 128]);
		assertEquals(10, Setting.all().size());
		for (Setting setting : Setting.all()) {
			Exposure exposure = Exposure.of(flat, setting, 3);
			double mean = 0, squares = 0, truth = exposure.truth()[0], variance = setting.camera().noise().variance(truth) + 1 / 12.0;
			assertEquals(setting.camera().offset() + 0.6 * setting.contrast(), truth, 1e-3);
			for (float v : exposure.grey()) {
				assertTrue(v > 0 && v < 65535 && v == Math.rint(v), setting + " has a grey level of " + v);
				mean += v / exposure.grey().length;
				squares += (v - truth) * (v - truth) / exposure.grey().length;
			}
			assertEquals(truth, mean, 4 * Math.sqrt(variance) / 128, setting.toString());
			assertEquals(1, squares / variance, 0.044, setting.toString());
			assertEquals(1, exposure.noise().variance(truth) / variance, 0.1, setting.toString());
			assertFalse(exposure.correlation().found());
		}
	}

	@Test
	void strengthsAreWhatTheySay() {
		for (double percent : Setting.PERCENT)
			assertEquals(percent / 100, Setting.gaussian(percent).camera().readNoise() / Setting.gaussian(percent).contrast(), 1e-12);
		for (double photons : Setting.COUNTS)
			assertEquals(photons, Setting.counted(photons).contrast() / Setting.counted(photons).camera().gain(), 1e-12);
		for (int photons : Setting.PHOTONS)
			assertEquals(photons, Setting.poisson(photons).contrast() / Setting.poisson(photons).camera().gain(), 1e-12);
	}

	/** An error of δ of the contrast everywhere is one of 2δ in [−1, 1]: −20·log10(δ) dB. */
	@Test
	void errorsAreMeasuredInPartsOfTheContrast() {
		Picture picture = Picture.specimens(List.of(Family.BLOBS), 64, 1).get(0);
		for (Setting setting : List.of(Setting.gaussian(10), Setting.poisson(30))) {
			Exposure exposure = Exposure.of(picture, setting, 1);
			float[] off = exposure.truth().clone();
			for (int i = 0; i < off.length; i++)
				off[i] += (float) (0.01 * setting.contrast());
			assertEquals(40, exposure.psnr(off), 1e-3);
			assertEquals(1, exposure.ssim(exposure.truth()), 1e-12);
			assertFalse(exposure.told().correlation().found());
			assertEquals(setting.camera().noise(), exposure.told().noise());
		}
	}

	/** What is stabilised has the standard deviation that is said; that of Gaussian noise is linear, so that nothing is lost. */
	@Test
	void stabilisedPicturesHaveEvenNoiseAndComeBack() {
		Picture flat = new Picture("flat", Shape.planes(1, 1, 128, 128), new float[128 * 128]);
		for (Setting setting : List.of(Setting.gaussian(20), Setting.poisson(100))) {
			Exposure exposure = Exposure.of(flat, setting, 4);
			Exposure.Stabilised stable = exposure.stabilised();
			Score values = new Score();
			for (float v : stable.data())
				values.add(v);
			// The estimate of the noise is good to 3 %, the figure to 2 %.
			assertEquals(1, values.error() * 128 / stable.sigma(), 0.05);
			if (setting.camera().gain() == 0)
				for (int i = 0; i < 128; i++)
					assertEquals(exposure.grey()[i], stable.grey(stable.data())[i], 0.01);
		}
	}

	@Test
	void everyMethodTakesNoiseAway() {
		Prior same = Prior.of("identity", (batch, out) -> System.arraycopy(batch.x(), 0, out, 0, out.length));
		Picture picture = Picture.specimens(List.of(Family.BLOBS), 64, 1).get(0);
		Exposure exposure = Exposure.of(picture, Setting.poisson(100), 5);
		double noisy = exposure.psnr(exposure.grey());
		List<Contender> contenders = Contender.all(same, 2, 2, true);
		assertEquals(Contender.ONE_CALL, contenders.get(0).title());
		assertEquals(4 + 1 + Classical.values().length, contenders.size());
		for (Contender contender : contenders) {
			Contender.Result result = contender.denoise(exposure);
			if (contender.kind().classical())
				assertTrue(exposure.psnr(result.grey()) > noisy + 3, contender.title() + " has " + exposure.psnr(result.grey()) + " dB");
			assertEquals(contender.kind() == Contender.Kind.TUNED, result.trials() > 1);
		}
		// NB: the exact unbiased inverse of a single pixel is not the algebraic one, but differs by a quarter of the gain.
		assertEquals(noisy, exposure.psnr(contenders.get(0).denoise(exposure).grey()), 0.2);
	}

	/** Of a prior that leaves all there is, all; of one that knows the frame to be even, nothing. */
	@Test
	void whatIsLeftOfPureNoiseIsAShare() {
		Prior same = Prior.of("identity", (batch, out) -> System.arraycopy(batch.x(), 0, out, 0, out.length));
		Prior none = Prior.of("none", (batch, out) -> {});
		Camera camera = new Camera(0, 500, 20);
		assertEquals(1, DenoisingBench.left(Denoising.with(same), camera, 100, 64, 1), 1e-3);
		assertEquals(0, DenoisingBench.left(Denoising.with(none), camera, 100, 64, 1), 1e-6);
	}

	@Test
	void scoresOfSomePicturesAndTheirAverages() {
		Score a = new Score(), b = new Score();
		for (double v : new double[] { 1, 2, 9 }) {
			a.add(v);
			b.add(3 * v);
		}
		assertEquals(2, a.median());
		assertEquals(1.5, a.of(0, 1).median());
		assertEquals(8, Score.average(List.of(a, b)).mean(), 1e-12);
		assertEquals(2, Score.average(List.of(a, b)).of(0).mean(), 1e-12);
		assertEquals(-2, a.of(0).minus(b).mean(), 1e-12);
	}

	@Test
	void aShortRunWritesADocumentAndKeepsTheRemarks() throws IOException {
		Files.createDirectories(folder.resolve("nuclei/test"));
		BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_BYTE_GRAY);
		for (int i = 0; i < 64 * 64; i++)
			image.getRaster().setSample(i % 64, i / 64, 0, Math.hypot(i % 64 - 30, i / 64 - 35) < 12 ? 200 : 20);
		ImageIO.write(image, "png", new File(folder.toFile(), "nuclei/test/a.png"));
		Path document = folder.resolve("denoising.md");
		Files.writeString(document, "old\n\n## What this says\n\nBy hand.\n");
		assertEquals(0, new CommandLine(new DenoisingBench()).execute(folder.toString(), "--only", "nuclei", "--crops", "1",
			"--samples", "0", "--steps", "2", "--size", "64", "--empty", "1", "--intervals", "1", "--out", document.toString()));
		String text = Files.readString(document), rows = Files.readString(Path.of(document + ".csv"));
		assertTrue(text.startsWith("# Denoising, measured"));
		assertTrue(text.endsWith("\n\n## What this says\n\nBy hand.\n"));
		for (Setting setting : Setting.all()) {
			assertTrue(text.contains("| " + setting.strength() + " |"));
			assertTrue(rows.contains("nuclei; " + setting.toString().replace(',', ';') + "," + Contender.BM3D + ",psnr,"));
		}
		assertTrue(text.contains("nowhere more than 0.3 dB behind the best"));
		assertTrue(text.contains("pure noise stays empty"));
		for (double photons : Setting.COUNTS)
			assertTrue(rows.contains("nuclei; Counted photons; " + (float) photons + "," + Contender.ONE_CALL.replace(",", ";") + ",light,"), rows);
		assertTrue(text.contains("| nuclei | Gaussian, σ = 10 % | "));
	}
}
