package io.github.tweedie.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;

import org.apache.commons.rng.UniformRandomProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import io.github.tweedie.image.DarkFrame;
import io.github.tweedie.image.NoiseEstimate;
import io.github.tweedie.image.NoiseEstimator;
import io.github.tweedie.image.NoiseModel;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.image.Specimen.Family;
import io.github.tweedie.image.VarianceStabilizer;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import net.imglib2.img.array.ArrayImgs;

/** A small part of {@link NoiseBench} with the same bounds, and the cases that are not specimens. */
class NoiseEstimatorTest {

	/** From dark to bright along X, many more dark pixels than bright ones. */
	private static float[] ramp(int width, int height, double contrast) {
		float[] light = new float[width * height];
		for (int i = 0; i < light.length; i++)
			light[i] = (float) (20 + contrast * Math.pow(i % width / (double) width, 2));
		return light;
	}

	private static void assertDeviations(NoiseModel truth, NoiseModel found, double tolerance, double... levels) {
		for (double z : levels)
			assertEquals(truth.deviation(z), found.deviation(z), tolerance * truth.deviation(z), "at " + z + ": " + found);
	}

	// -- Specimens --

	@ParameterizedTest
	@EnumSource(Family.class)
	void predictsTheNoiseOfEveryFamilyWithin10Percent(Family family) {
		Camera[] cameras = { new Camera(0.5, 100, 5), new Camera(6, 100, 1) };
		for (int i = 0; i < cameras.length; i++) {
			NoiseBench.Outcome outcome = NoiseBench.measure(family, 2_000_000 + i, 384, cameras[i], 100 * i);
			assertTrue(outcome.worst() <= 0.1, outcome + " " + Arrays.toString(outcome.deviation()));
			assertFalse(outcome.alarm(), outcome.toString());
		}
	}

	@ParameterizedTest
	@EnumSource(value = Family.class, names = { "NUCLEI", "DEAD_LEAVES", "NETWORKS" })
	void predictsGaussianNoiseWithin5Percent(Family family) {
		NoiseBench.Outcome outcome = NoiseBench.measure(family, 2_000_005, 384, new Camera(0, 100, 10), 0);
		assertTrue(outcome.worst() <= 0.05, Arrays.toString(outcome.deviation()));
	}

	// -- The line and its errors --

	/** Counts are whole by themselves, and rounding adds nothing: without photons there is no noise. */
	@Test
	void countedPhotonsAreNotRounded() {
		float[] light = ramp(512, 512, 0.6);
		for (int i = 0; i < light.length; i++)
			light[i] -= 19.98f;
		float[] counts = new Camera(1, 0, 0).expose(light, 3);
		NoiseModel model = NoiseEstimator.estimate(counts, 512).model();
		assertEquals(1, model.a(), 0.05);
		assertEquals(0, model.b(), 0.01);
	}

	/** Of specimens whose contrast is a third of a photon: too few for a slope, but no noise is below that of counting. */
	@ParameterizedTest
	@EnumSource(value = Family.class, names = { "PUNCTA", "FILAMENTS", "BLOBS" })
	void rarePhotonsAreCounted(Family family) {
		for (Picture picture : Picture.specimens(List.of(family), 256, 2))
			for (int seed = 7000; seed < 7010; seed++) {
				NoiseModel model = Exposure.of(picture, Exposure.Setting.counted(0.3), seed).noise();
				assertEquals(1, model.deviation(0.15) / Math.sqrt(0.15), 0.2, picture.name() + ", " + seed + ": " + model);
			}
	}

	/** Whatever slope chance makes of even light. */
	@Test
	void noPhotonIsNoCutOffNoise() {
		float[] light = new float[128 * 128];
		Arrays.fill(light, 0.26f);
		for (int seed = 0; seed < 100; seed++)
			assertEquals(0, NoiseEstimator.estimate(new Camera(1, 0, 0).expose(light, seed), 128).clippedLow(), "seed " + seed);
	}

	/** Two grey levels a photon: what lies at 0 has been cut off, even where hardly a block is left without. */
	@Test
	void muchThatWasCutOffIsStillTold() {
		float[] grey = new Camera(2, 0, 4).expose(ramp(512, 512, 20), 4);
		for (int i = 0; i < grey.length; i++)
			grey[i] = (float) Math.rint(Math.max(0, grey[i] - 30));
		NoiseEstimate estimate = NoiseEstimator.estimate(grey, 512);
		assertTrue(estimate.clippedLow() > 0.3, estimate.clippedLow() + " of the pixels");
	}

	@Test
	void slopeOfARampIsTheGainAndTheIntervalHoldsTheTruth() {
		Camera camera = new Camera(4, 100, 6);
		int covered = 0, runs = 40;
		double sum = 0;
		for (int seed = 0; seed < runs; seed++) {
			NoiseEstimate estimate = NoiseEstimator.estimate(camera.expose(ramp(256, 256, 1500), seed), 256);
			sum += estimate.model().a() / runs;
			covered += estimate.a().contains(4) && estimate.b().contains(camera.noise().b()) ? 1 : 0;
		}
		// One run has a standard error of 3 %; four of the mean's.
		assertEquals(4, sum, 4 * 0.03 * 4 / Math.sqrt(runs));
		// Of 95 %: 34 or fewer of 40 happen in 2 of 100 cases.
		assertTrue(covered >= 34, covered + " of " + runs);
	}

	@Test
	void theNoiseOfTheMeansDoesNotFlattenTheLine() {
		float[] light = new float[384 * 384];
		for (int i = 0; i < light.length; i++)
			light[i] = (float) (100 * Math.pow(i % 384 / 384.0, 3));
		double sum = 0;
		for (int seed = 0; seed < 16; seed++)
			sum += NoiseEstimator.estimate(new Camera(10, 100, 5).expose(light, seed), 384).model().a() / 16;
		// One run has a standard deviation of 1.6 % (150 seeds); four of the mean's. Without the instrument the slope is 3 % too small.
		assertEquals(10, sum, 4 * 0.016 * 10 / Math.sqrt(16));
	}

	@Test
	void noiseWithoutPhotonsIsGaussian() {
		NoiseEstimate estimate = NoiseEstimator.estimate(new Camera(0, 100, 7).expose(ramp(256, 256, 800), 3), 256);
		assertEquals(0, estimate.model().a());
		assertEquals(7, estimate.model().deviation(500), 0.05 * 7);
		assertTrue(estimate.b().contains(49) && estimate.a().contains(0));
		assertEquals(0, estimate.warnings().size(), estimate.warnings().toString());
	}

	@Test
	void pointsOfThePlotLieOnTheLineWithinTheirErrors() {
		Camera camera = new Camera(2, 100, 4);
		NoiseEstimate estimate = NoiseEstimator.estimate(camera.expose(ramp(512, 256, 2000), 4), 512);
		assertTrue(estimate.points().size() >= 10);
		long near = estimate.points().stream().filter(p -> Math.abs(p.variance() - camera.noise().variance(p.level())) < 3 * p.error())
			.count();
		assertTrue(near >= 0.9 * estimate.points().size(), near + " of " + estimate.points());
		for (int i = 1; i < estimate.points().size(); i++)
			assertTrue(estimate.points().get(i).level() > estimate.points().get(i - 1).level());
	}

	// -- What is in the way --

	@Test
	void saturationAndHotPixelsAndHolesDoNotCount() {
		Camera camera = new Camera(4, 100, 6);
		float[] grey = camera.expose(ramp(384, 384, 1500), 5);
		UniformRandomProvider random = new Noise(1).generator(Purpose.PROBE, 2, 0, 0);
		for (int i = 0; i < grey.length; i++)
			if (random.nextInt(3000) == 0)
				grey[i] += 5000 * random.nextFloat();
		float[] saturated = grey.clone();
		for (int i = 0; i < grey.length; i++)
			saturated[i] = Math.min(1200, grey[i]);
		Arrays.fill(saturated, 100 * 384, 101 * 384, Float.NaN);
		NoiseEstimate estimate = NoiseEstimator.estimate(saturated, 384);
		assertDeviations(camera.noise(), estimate.model(), 0.015, 130, 400, 1000);
		assertTrue(estimate.clippedHigh() > 0.1 && estimate.clippedLow() == 0);
		assertTrue(estimate.warnings().get(0).contains("saturated"), estimate.warnings().toString());
		assertDeviations(camera.noise(), NoiseEstimator.estimate(grey, 384).model(), 0.05, 130, 400, 1000);
	}

	@Test
	void blackThatWasCutOffDoesNotCount() {
		Camera camera = new Camera(3, 0, 8);
		float[] grey = camera.expose(ramp(384, 384, 900), 6);
		for (int i = 0; i < grey.length; i++)
			grey[i] = Math.max(0, Math.round(grey[i] - 40));
		NoiseEstimate estimate = NoiseEstimator.estimate(grey, 384);
		assertTrue(estimate.clippedLow() > 0.1);
		assertDeviations(new Camera(3, -40, 8).noise(), estimate.model(), 0.05, 100, 400, 800);
	}

	@Test
	void countedPhotonsHaveAVarianceOfTheirMean() {
		float[] light = ramp(384, 384, 30);
		for (int i = 0; i < light.length; i++)
			light[i] = (light[i] - 20) * 0.5f + 0.1f;
		NoiseEstimate estimate = NoiseEstimator.estimate(new Camera(1, 0, 0).expose(light, 7), 384);
		assertDeviations(new NoiseModel(1, 0), estimate.model(), 0.1, 0.5, 3, 12);
		assertEquals(1, estimate.step());
	}

	@Test
	void correlatedNoiseIsFoundMeasuredAndAnsweredWithARemedy() {
		float[] light = new Planes(Specimen.draw(Family.NUCLEI, 384, 384, 3)).read(0);
		float[] white = new Camera(0, 0, 10).expose(new float[light.length], 8), grey = light.clone();
		for (int i = 1; i < grey.length - 1; i++)
			grey[i] += white[i] + 0.3f * (white[i - 1] + white[i + 1]);
		NoiseEstimate estimate = NoiseEstimator.estimate(grey, 384);
		// ρ(1) = 2·0.3 / (1 + 2·0.09), ρ(2) = 0.09 / (1 + 2·0.09), and nothing along Y.
		assertTrue(estimate.correlation().found());
		assertEquals(0.508, estimate.correlation().x1(), 0.1);
		assertEquals(0.076, estimate.correlation().x2(), 0.06);
		assertEquals(0, estimate.correlation().y1(), 0.1);
		assertEquals(10 * Math.sqrt(1.18), estimate.model().deviation(300), 0.1 * 10 * Math.sqrt(1.18));
		assertTrue(estimate.warnings().get(0).contains("correlated") && estimate.warnings().get(0).contains("scale it down"));
		NoiseEstimate without = NoiseEstimator.estimate(new Camera(0, 0, 10).expose(light, 8), 384);
		assertFalse(without.correlation().found());
		assertEquals(0, without.correlation().x1(), 0.05);
	}

	/** Blocks with structure differ from the quiet ones, which still tell. */
	@ParameterizedTest
	@EnumSource(value = Family.class, names = { "MEMBRANES", "NETWORKS" })
	void correlatedNoiseIsFoundBesideStructure(Family family) {
		float[] light = new Planes(Specimen.draw(family, 256, 256, 5003)).read(0), grey = light.clone();
		float[] white = new Camera(0, 0, 4).expose(new float[light.length], 8);
		for (int i = 257; i < grey.length; i++)
			grey[i] += (white[i] + white[i - 1] + white[i - 256] + white[i - 257]) / 2;
		NoiseEstimate estimate = NoiseEstimator.estimate(grey, 256);
		assertTrue(estimate.correlation().found(), String.valueOf(estimate.correlation()));
		// NB: a fifth, since quiet blocks are few and hold few independent values; the highest frequencies alone promise a seventh.
		assertEquals(4, estimate.model().deviation(300), 4 / 5.0);
	}

	@Test
	void wallsEverywhereAreNoCorrelatedNoise() {
		assertFalse(NoiseBench.measure(Family.MEMBRANES, 5000, 512, new Camera(0, 100, 10), 0).alarm());
	}

	// -- Rounding and little images --

	/** The grey levels of an even picture differ by chance alone, and so does what is bright from what is dark. */
	@Test
	void chanceMakesNoSlopeOfAnEvenPicture() {
		float[] light = new float[256 * 256];
		Arrays.fill(light, 500);
		for (int seed = 0; seed < 50; seed++) {
			NoiseEstimate estimate = NoiseEstimator.estimate(Exposure.rounded(new Camera(0, 100, 20).expose(light, seed)), 256);
			assertEquals(20, estimate.model().deviation(600), 0.05 * 20, "seed " + seed);
		}
	}

	/** The noise of a camera in an image whose grey levels were turned over: darker where there is more light. */
	@Test
	void noiseOfAnInvertedImageFallsWithBrightness() {
		float[] grey = Exposure.rounded(new Camera(2, 100, 5).expose(ramp(256, 256, 800), 7)), inverted = new float[grey.length];
		for (int i = 0; i < grey.length; i++)
			inverted[i] = 4095 - grey[i];
		NoiseEstimate upright = NoiseEstimator.estimate(grey, 256), found = NoiseEstimator.estimate(inverted, 256);
		assertEquals(2, upright.model().a(), 0.2);
		assertEquals(-upright.model().a(), found.model().a(), 1e-3);
		assertEquals(-upright.a().high(), found.a().low(), 1e-2);
		assertEquals(-upright.a().low(), found.a().high(), 1e-2);
		for (double z : new double[] { 130, 400, 800 })
			assertEquals(upright.model().deviation(z), found.model().deviation(4095 - z), 1e-3 * upright.model().deviation(z));
		assertEquals(1, found.over(found.model()), 0.1);
		for (int i = 1; i < found.points().size(); i++)
			assertTrue(found.points().get(i).level() > found.points().get(i - 1).level());
	}

	/** Of all specimens with Gaussian noise the one whose bright pixels most look quieter. */
	@Test
	void chanceMakesNoInvertedImage() {
		NoiseBench.Outcome outcome = NoiseBench.measure(Family.MEMBRANES, WriteSpecimens.FIRST_TEST_SEED + 27, 512, new Camera(0, 100, 1), 0);
		assertTrue(outcome.worst() <= 0.05, Arrays.toString(outcome.deviation()));
	}

	// -- Dark frames --

	/** In dim pictures on much background, which alone leave a uncertain by a third; shot noise is a third of the variance at the least. */
	@ParameterizedTest
	@EnumSource(Family.class)
	void aDarkFrameTellsTheGainWithin10Percent(Family family) {
		Camera[] cameras = { new Camera(0.5, 100, 5), new Camera(6, 100, 20), new Camera(20, 100, 1) };
		for (int i = 0; i < cameras.length; i++) {
			NoiseBench.Outcome outcome = NoiseBench.measure(family, 2_000_000 + i, 384, cameras[i], 500);
			assertTrue(outcome.shotShare() >= 1 / 3.0, outcome.toString());
			assertEquals(0, outcome.slopeFromDark(), 0.1, outcome.toString());
		}
	}

	@Test
	void theLineGoesThroughTheDarkFrame() {
		Camera camera = new Camera(2, 100, 5);
		float[] grey = camera.expose(ramp(256, 256, 300), 7);
		NoiseEstimate estimate = NoiseEstimator.estimate(1, 256, new DarkFrame(101, 4), plane -> grey);
		assertEquals(16, estimate.model().variance(101), 1e-6);
		assertEquals(4, estimate.model().readNoise());
		assertTrue(estimate.b().contains(estimate.model().b()));
		NoiseEstimate stack = NoiseEstimator.estimate(Planes.like(new float[][] { grey, camera.expose(ramp(256, 256, 300), 8) }, 256, 256, 2),
			new DarkFrame(100, 5));
		assertTrue(stack.a().contains(2), stack.a().toString());
		assertEquals(2, stack.model().a(), 0.1);
		assertEquals(25, stack.model().variance(100), 1e-6);
	}

	@Test
	void aDarkFrameIsMeasuredBesideHotPixels() {
		float[] frame = Exposure.rounded(new Camera(0, 100, 3).expose(new float[512 * 512], 1)), dim = new float[99];
		for (int i = 0; i < frame.length; i += 97)
			frame[i] = 4000;
		frame[3] = Float.NaN;
		float[][] frames = { frame, Exposure.rounded(new Camera(0, 100, 3).expose(new float[512 * 512], 2)) };
		DarkFrame dark = DarkFrame.of(2, index -> frames[index]);
		// Standard errors of 5e5 pixels: 3/√5e5 and 3/√1e6, and a twelfth of a grey level squared by rounding; four of each.
		assertEquals(100, dark.offset(), 0.017);
		assertEquals(Math.sqrt(9 + 1 / 12.0), dark.readNoise(), 0.012);
		assertEquals(dark.readNoise() / 2, dark.averaged(4).readNoise());
		Arrays.fill(dim, 7);
		assertEquals(new DarkFrame(7, 0), DarkFrame.of(1, index -> dim));
		assertThrows(IllegalArgumentException.class, () -> DarkFrame.of(1, index -> new float[] { Float.NaN }));
		assertThrows(IllegalArgumentException.class, () -> new DarkFrame(100, -1));
		assertThrows(IllegalArgumentException.class, () -> new DarkFrame(Double.NaN, 1));
	}

	/** 25 blocks, of which a line through two would take the others for outliers. */
	@Test
	void littleImagesAreNotTakenForNoisierThanTheyAre() {
		int size = 48, left = 37, top = 27;
		float[] whole = new Planes(Specimen.draw(Family.FILAMENTS, 256, 256, 777_003)).read(0), sorted = whole.clone();
		float[] light = new float[size * size];
		Arrays.sort(sorted);
		double low = sorted[sorted.length / 100], high = sorted[(int) (0.998 * sorted.length)];
		for (int i = 0; i < light.length; i++)
			light[i] = (float) Math.max(0, 20 * ((whole[(top + i / size) * 256 + left + i % size] - low) / (high - low) + 0.1));
		float[] grey = Exposure.rounded(Exposure.Setting.poisson(10).camera().expose(light, 3_000_158));
		NoiseModel noise = NoiseEstimator.estimate(grey, size).model(), truth = Exposure.Setting.poisson(10).camera().noise();
		double predicted = 0, real = 0;
		for (float z : light) {
			predicted += noise.variance(100 + z);
			real += truth.variance(100 + z);
		}
		assertEquals(1, predicted / real, 0.2);
	}

	@Test
	void roundingIsNoise() {
		Camera camera = new Camera(0, 50, 0.2);
		byte[] bytes = new byte[256 * 256];
		float[] grey = camera.expose(ramp(256, 256, 100), 9);
		for (int i = 0; i < bytes.length; i++)
			bytes[i] = (byte) Math.round(grey[i]);
		NoiseEstimate estimate = NoiseEstimator.estimate(ArrayImgs.unsignedBytes(bytes, 256, 256));
		assertEquals(1, estimate.step());
		// 0.04 of the camera and 1/12 of rounding.
		assertTrue(estimate.model().variance(100) > 0.08 && estimate.model().variance(100) < 0.2, estimate.model().toString());
	}

	@Test
	void stepsOfAnySizeAreFound() {
		float[] noise = new Camera(0, 0, 2).expose(new float[256 * 256], 3);
		float[] quarters = new float[noise.length], stretched = new float[noise.length];
		for (int i = 0; i < noise.length; i++) {
			quarters[i] = (float) (Math.rint(4 * noise[i]) / 4 - 3.1);
			// Stretched by 2.5: levels are two or three apart.
			stretched[i] = (float) Math.rint(Math.rint(100 + 5 * noise[i]) * 2.5);
		}
		assertEquals(0.25, NoiseEstimator.estimate(quarters, 256).step(), 1e-6);
		assertEquals(2, NoiseEstimator.estimate(stretched, 256).step());
		assertEquals(0, NoiseEstimator.estimate(noise, 256).step());
	}

	@Test
	void aConstantImageHasTheNoiseOfRounding() {
		byte[] bytes = new byte[64 * 64];
		Arrays.fill(bytes, (byte) 7);
		assertEquals(1 / 12.0, NoiseEstimator.estimate(ArrayImgs.unsignedBytes(bytes, 64, 64)).model().b(), 1e-12);
		float[] even = new float[64 * 64];
		Arrays.fill(even, 0.3f);
		assertEquals(new NoiseModel(0, 0), NoiseEstimator.estimate(even, 64).model());
	}

	/** Spots of 5×5 pixels every 40 on exact zeros, as after a subtraction of the background. */
	private static float[] puncta(boolean rounded, double offset) {
		float[] grey = new float[256 * 256], noise = new Camera(0, 0, 20).expose(new float[grey.length], 11);
		for (int i = 0; i < grey.length; i++) {
			boolean spot = i % 256 % 40 >= 20 && i % 256 % 40 < 25 && i / 256 % 40 >= 20 && i / 256 % 40 < 25;
			double value = offset + (spot ? 200 + noise[i] : 0);
			grey[i] = (float) (rounded ? Math.rint(value) : value);
		}
		return grey;
	}

	@ParameterizedTest
	@CsvSource({ "true, 0", "false, 0", "true, 100.3", "false, 100.3", "false, -30" })
	void spotsOnAConstantBackgroundGiveANumber(boolean rounded, double offset) {
		NoiseEstimate estimate = NoiseEstimator.estimate(puncta(rounded, offset), 256);
		for (double z : new double[] { offset, offset + 10, offset + 200 })
			assertTrue(estimate.model().deviation(z) < 100, z + ": " + estimate);
		assertTrue(estimate.model().deviation(offset + 200) > 0, estimate.toString());
		assertTrue(estimate.a().low() <= estimate.a().high() && estimate.b().low() <= estimate.b().high(), estimate.toString());
		for (NoiseEstimate.Point point : estimate.points())
			assertTrue(Double.isFinite(point.level()) && Double.isFinite(point.variance()) && point.error() > 0, point.toString());
	}

	@Test
	void oneSpotOnAConstantBackgroundIsTooLittleForALine() {
		float[] grey = new float[256 * 256];
		for (int i = 0; i < 25; i++)
			grey[(100 + i / 5) * 256 + 100 + i % 5] = 200 + i * i % 17;
		NoiseEstimate estimate = NoiseEstimator.estimate(grey, 256);
		assertTrue(estimate.model().a() == 0 && estimate.points().isEmpty(), estimate.toString());
		assertEquals(1 / 12.0, estimate.model().b(), 1e-12);
	}

	/** Of a smooth image all of it is kept: a line through nothing but structure may tell of less than no noise, and hides nothing. */
	@Test
	void anImageWithoutNoiseHasThatOfRoundingEverywhere() {
		float[] grey = new float[256 * 256];
		for (int i = 0; i < grey.length; i++)
			grey[i] = (float) (0.5 + 0.45 * Math.sin(i % 256 / 9.0) * Math.cos(i / 256 / 11.0));
		NoiseModel noise = NoiseEstimator.estimate(grey, 256).model();
		float[] back = new float[grey.length];
		VarianceStabilizer stabilizer = VarianceStabilizer.of(noise, 0.05);
		stabilizer.forward(grey, back);
		stabilizer.inverse(back, back);
		for (int i = 0; i < grey.length; i++)
			assertEquals(grey[i], back[i], 1e-4, noise.toString());
	}

	@Test
	void anImageIsAsNoisyBesideAModelAsItsNoiseIs() {
		NoiseEstimate estimate = NoiseEstimator.estimate(new Camera(2, 100, 5).expose(ramp(256, 256, 500), 8), 256);
		// Of 900 blocks, whose energies of the highest frequencies differ by half, the mean is known to 2 %, its root to 1 %.
		assertEquals(1, estimate.over(NoiseModel.camera(2, 100, 5)), 0.03);
		assertEquals(3, estimate.over(new NoiseModel(2 / 9.0, (25 - 200) / 9.0)), 0.09);
		assertEquals(1, NoiseEstimator.estimate(new float[64 * 64], 64).over(NoiseModel.gaussian(3)), 0, "nothing is known");
		NoiseEstimate rounded = NoiseEstimator.estimate(Exposure.rounded(new Camera(0, 100.2, 0.1).expose(new float[256 * 256], 8)), 256);
		assertEquals(1, rounded.over(rounded.model()), 0.05, "rounding is all the noise there is");
	}

	/** Of 13×13 pixels there are too few blocks for a line. */
	@Test
	void blankPlanesTellNothingOfOthers() {
		float[][] planes = new float[8][13 * 13];
		for (int plane = 0; plane < 8; plane += 2)
			planes[plane] = new Camera(0, 100, 10).expose(new float[13 * 13], plane);
		// NB: a median of 4·286 differences that overlap is known to about a tenth.
		assertEquals(10, NoiseEstimator.estimate(8, 13, plane -> planes[plane]).model().deviation(100), 2);
	}

	@Test
	void noiseBesideAConstantMarginIsThatOfTheImage() {
		float[] grey = new Camera(0, 100, 7).expose(ramp(256, 256, 800), 3);
		for (int i = 0; i < grey.length; i++)
			if (i % 256 > 90)
				grey[i] = 0;
		assertDeviations(NoiseModel.gaussian(7), NoiseEstimator.estimate(grey, 256).model(), 0.1, 130, 200);
	}

	@Test
	void smallImagesGiveANumber() {
		for (int[] size : new int[][] { { 1, 1 }, { 1, 50 }, { 50, 1 }, { 2, 2 }, { 13, 14 }, { 40, 22 }, { 60, 60 } }) {
			float[] grey = new Camera(0, 100, 5).expose(new float[size[0] * size[1]], 1);
			NoiseEstimate estimate = NoiseEstimator.estimate(grey, size[0]);
			double deviation = estimate.model().deviation(100);
			assertTrue(Double.isFinite(deviation), Arrays.toString(size));
			if (grey.length >= 50)
				assertEquals(5, deviation, 3, Arrays.toString(size));
			assertFalse(Double.isNaN(estimate.b().low()) || Double.isNaN(estimate.a().high()));
		}
	}

	@Test
	void allPlanesOfAStackCount() {
		Camera camera = new Camera(3, 100, 4);
		float[] stack = new float[128 * 128 * 20];
		for (int plane = 0; plane < 20; plane++)
			System.arraycopy(camera.expose(ramp(128, 128, 200 + 100 * plane), plane), 0, stack, plane * 128 * 128, 128 * 128);
		NoiseEstimate estimate = NoiseEstimator.estimate(ArrayImgs.floats(stack, 128, 128, 4, 5));
		assertDeviations(camera.noise(), estimate.model(), 0.04, 120, 500, 1500);
	}

	@Test
	void nothingButHolesIsRefused() {
		float[] grey = new float[100];
		Arrays.fill(grey, Float.NaN);
		assertTrue(assertThrows(IllegalArgumentException.class, () -> NoiseEstimator.estimate(grey, 10)).getMessage().contains("NaN"));
	}

	/** With the same variance v everywhere: √(2/n)·v/SD(z). */
	@Test
	void leastErrorOfASlopeIsThatOfAStraightLine() {
		float[] light = new float[1000];
		for (int i = 0; i < light.length; i++)
			light[i] = i % 2 == 0 ? 50 : 70;
		assertEquals(Math.sqrt(2 / 1000.0) * 49 / 10, NoiseBench.leastError(light, new Camera(0, 100, 7)), 1e-9);
		// Two levels, of variances v and w: the slope is the difference of two means of 500 squares each.
		double v = 25 + 2 * 50, w = 25 + 2 * 70;
		assertEquals(Math.sqrt((2 * v * v + 2 * w * w) / 500) / 20, NoiseBench.leastError(light, new Camera(2, 100, 5)), 1e-9);
	}
}
