package io.github.tweedie.restore;

import static io.github.tweedie.restore.LabelledGaussians.MEAN;
import static io.github.tweedie.restore.LabelledGaussians.MEANS;
import static io.github.tweedie.restore.LabelledGaussians.VARIANCE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.tweedie.image.Planes;
import io.github.tweedie.restore.Generation.Guidance;
import io.github.tweedie.sampler.TimeGrid;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.VeSde;

/** Of Gaussian classes, every kind of guidance has a closed form. */
class GenerationTest {

	private static final Prior PRIOR = LabelledGaussians.prior("gaussians 1.0");

	private static Generation.Builder dark() {
		return Generation.with(PRIOR).classes("dark").steps(8);
	}

	private static float[] image(Generated generated, int number) {
		return new Planes(generated.images()).read(number);
	}

	/**
	 * Of 64 images of 16×16 pixels the mean is known to 0.2/√16384 = 0.0016 and the variance to 0.04·√(2/16384) = 0.00044, of which
	 * four are allowed. NB: the run begins with noise of 20 around 0, not around the mean, so that the mean falls short by a share
	 * of 0.2/20; the solver's own error at 100 steps is below 1e-3 of the deviation.
	 */
	private static void assertGaussian(double mean, Generation.Builder builder) {
		Generated generated = builder.count(64).size(16, 16).steps(100).build().generate();
		double sum = 0, square = 0;
		for (int i = 0; i < 64; i++)
			for (float value : image(generated, i)) {
				sum += value;
				square += value * value;
			}
		double seen = sum / 16384, variance = square / 16384 - seen * seen;
		assertEquals(mean, seen, 4 * 0.0016 + Math.abs(mean) * 0.01);
		assertEquals(VARIANCE, variance, 4 * 0.00044 + 0.002 * VARIANCE);
	}

	@ParameterizedTest
	@CsvSource({ "dark, 0", "middle, 1", "bright, 2" })
	void aClassHasItsMeanAndVariance(String name, int label) {
		assertGaussian(MEANS[label], Generation.with(PRIOR).classes(name));
	}

	@Test
	void noClassInParticularHasItsOwn() {
		assertGaussian(MEAN, Generation.with(PRIOR).classes("any"));
	}

	@Test
	void theProbabilityFlowDrawsTheSame() {
		assertGaussian(MEANS[2], Generation.with(PRIOR).classes("bright").eta(0));
	}

	@ParameterizedTest
	@ValueSource(doubles = { 0, 0.5, 1, 2, 4 })
	void guidanceOfAScaleMovesTheMeanByIt(double scale) {
		for (Guidance guidance : List.of(Guidance.CLASSIFIER_FREE, Guidance.CLASSIFIER))
			assertGaussian(MEAN + scale * (MEANS[0] - MEAN),
				Generation.with(PRIOR).classes("dark").guidance(guidance, scale).guided(0, Double.POSITIVE_INFINITY));
	}

	/**
	 * Between two levels at which the estimate tends to m, the mean μ of the samples obeys dμ/dσ = (1 + η)·σ·(μ − m)/(v + σ²) for
	 * η = 0, the probability flow, and for η = 1, the reverse SDE; so μ − m is proportional to (v + σ²)^((1+η)/2). The guided mean is
	 * m in the interval, and that of the class above and below it; the variance is v throughout.
	 */
	@ParameterizedTest
	@CsvSource({ "0, 0.1, 1", "1, 0.1, 1", "1, 0.3, 5", "1, 0, 0.4", "1, 1, 1000" })
	void guidanceOfALimitedIntervalMovesTheMeanThere(double eta, double from, double to) {
		double guided = MEAN + 3 * (MEANS[0] - MEAN), power = (1 + eta) / 2, top = seen(to), bottom = seen(from);
		double mean = towards(MEANS[0], 0, 20, top, power);
		mean = towards(guided, mean, top, bottom, power);
		mean = towards(MEANS[0], mean, bottom, 0, power);
		assertGaussian(mean, Generation.with(PRIOR).classes("dark").guidance(Guidance.CLASSIFIER_FREE, 3).guided(from, to).eta(eta));
	}

	/**
	 * Where a run of 100 steps sees a jump of the estimate at σ: at the first level that is not above it, and since the solver
	 * extrapolates from the level before by half the difference, half a step earlier, to second order.
	 */
	private static double seen(double sigma) {
		List<Level> levels = TimeGrid.karras(7).levels(new VeSde(0.01, 20), 100);
		for (int i = 0; i < 100; i++)
			if (levels.get(i).sigma() <= sigma)
				return Math.sqrt(levels.get(i).sigma() * levels.get(Math.max(0, i - 1)).sigma());
		return 0;
	}

	private static double towards(double m, double start, double above, double below, double power) {
		return m + (start - m) * Math.pow((VARIANCE + below * below) / (VARIANCE + above * above), power);
	}

	/** NB: for data in [-1, 1], of range 2. */
	@Test
	void guidanceIsKeptToTheMiddleOfTheNoiseLevels() {
		Generation.Builder usual = dark().guidance(Guidance.CLASSIFIER_FREE, 3);
		Generated said = dark().guidance(Guidance.CLASSIFIER_FREE, 3).guided(0.2, 5).build().generate();
		Generated left = usual.build().generate();
		assertArrayEquals(image(said, 0), image(left, 0));
		assertEquals("0.2 and 5.0", left.provenance().get("guidance between noise levels"));
		assertArrayEquals(image(dark().build().generate(), 0), image(usual.guided(7, 7).build().generate(), 0));
	}

	@Test
	void theSameSeedGivesTheSameImageWhateverTheCountAndTheOtherClasses() {
		Generated one = dark().count(1).build().generate(), many = dark().count(7).build().generate();
		Generated all = dark().classes("all").count(3).build().generate(),
			turned = dark().classes("bright", "dark").count(2).build().generate();
		assertArrayEquals(image(one, 0), image(many, 0));
		assertArrayEquals(image(many, 2), image(all, 2));
		assertArrayEquals(image(many, 1), image(turned, 3));
		assertFalse(Arrays.equals(image(many, 0), image(many, 1)));
		assertFalse(Arrays.equals(image(one, 0), image(dark().seed(2).build().generate(), 0)));
	}

	/** NB: with the same noise, the images of two of these classes would differ by the distance of their means alone. */
	@Test
	void classesHaveNoiseOfTheirOwn() {
		Generated all = dark().classes("all").build().generate();
		float[] a = image(all, 0), b = image(all, 2);
		double sum = 0, square = 0;
		for (int i = 0; i < a.length; i++) {
			sum += a[i] - b[i];
			square += (a[i] - b[i]) * (a[i] - b[i]);
		}
		assertTrue(square / a.length - sum / a.length * sum / a.length > VARIANCE);
	}

	@Test
	void imagesAreNamedByClassAndNumber() {
		assertEquals(List.of("dark 1", "dark 2", "middle 1", "middle 2", "bright 1", "bright 2"),
			dark().classes("all").count(2).build().generate().names());
		assertEquals(List.of("bright 1", "dark 1"), dark().classes("Bright", " dark ").build().generate().names());
		assertEquals(List.of("any 1"), dark().classes("any").build().generate().names());
		assertEquals(List.of("any 1"), Generation.with(Prior.of("plain", PRIOR.denoiser())).size(4,
			4).steps(4).build().generate().names());
	}

	@Test
	void aSizeThatTheNetworkDoesNotTakeIsCutOutOfALargerOne() {
		Generated small = dark().size(13, 6).build().generate(), whole = dark().size(16, 8).build().generate();
		assertArrayEquals(new long[] { 13, 6, 1, 1 }, small.images().dimensionsAsLongArray());
		float[] a = image(small, 0), b = image(whole, 0);
		for (int i = 0; i < a.length; i++)
			assertEquals(b[i / 13 * 16 + i % 13], a[i]);
		assertArrayEquals(new long[] { 16, 16, 1, 1 }, dark().build().generate().images().dimensionsAsLongArray());
	}

	@Test
	void aLargerImageThanInTrainingComesWithAWarning() {
		List<String> said = new ArrayList<>();
		Generated large = dark().size(32, 32).monitor(new Monitor() {

			@Override
			public void say(String sentence) {
				said.add(sentence);
			}
		}).build().generate();
		assertEquals(large.warnings(), said);
		assertTrue(said.size() == 1 && said.get(0).contains("trained on images of 16×16") && said.get(0).contains("32×32"),
			said.toString());
		assertEquals(said.get(0), large.provenance().get("warning"));
		assertEquals(List.of(), dark().size(16, 16).build().generate().warnings());
	}

	@Test
	void aNetworkOfOneSizeMakesNoLargerImages() {
		Prior fixed = new Prior(PRIOR.denoiser(), "fixed", "cpu", 1, -1, 1, 0.01, 20, 1, Prior.GLOBAL, PRIOR.classNames(),
			Prior.Precision.FLOAT32, 16, true, null);
		assertEquals(16, Generation.with(fixed).classes("dark").steps(4).build().generate().images().dimension(0));
		String told = assertThrows(IllegalArgumentException.class, () -> Generation.with(fixed).size(17, 16).build()).getMessage();
		assertTrue(told.contains("16×16") && told.contains("17×16"), told);
	}

	@Test
	void theProvenanceTellsHowAnImageWasMade() {
		Generated generated = dark().guidance(Guidance.CLASSIFIER_FREE, 2).guided(0, 20).seed(5).build().generate();
		assertEquals("gaussians 1.0", generated.provenance().get("model"));
		assertEquals("dark", generated.provenance().get("classes"));
		assertEquals("classifier-free", generated.provenance().get("guidance"));
		assertEquals("2.0", generated.provenance().get("guidance scale"));
		assertEquals("5", generated.provenance().get("seed"));
		// NB: eight steps and the last one, each with and without the class.
		assertEquals(16, generated.evaluations());
	}

	@Test
	void theMonitorStopsARun() {
		assertThrows(CancellationException.class, () -> dark().monitor(new Monitor() {

			@Override
			public boolean cancelled() {
				return true;
			}
		}).build().generate());
	}

	@Test
	void whatCannotBeGeneratedIsToldInOneSentence() {
		assertTold("no class 'green'; it is one of dark, middle, bright, all, any", Generation.with(PRIOR).classes("green"));
		assertTold("it knows no classes", Generation.with(Prior.of("plain", PRIOR.denoiser())).classes("dark"));
		assertTold("'any' was asked for beside classes", Generation.with(PRIOR).classes("dark", "any"));
		assertTold("No class was named", Generation.with(PRIOR).classes());
		assertTold("0", dark().count(0));
		assertTold("-3×8", dark().size(-3, 8));
		assertTold("65536×65536", dark().size(65536, 65536));
		assertTold("46341×46341", dark().size(46341, 46341));
		assertTold("100000 images of 4096×4096", dark().count(100_000).size(4096, 4096));
		assertTold("4000000000 images of 1×1", Generation.with(PRIOR).classes("dark", "bright").count(2_000_000_000).size(1, 1));
		assertTold("steps must be at least 2; seen was 1", dark().steps(1));
		assertTold("scale must be 0 or more; seen was -1.0", dark().guidance(Guidance.CLASSIFIER_FREE, -1));
		assertTold("seen were 2.0 and 1.0", dark().guided(2, 1));
		assertTold("seen were -1.0 and 1.0", dark().guided(-1, 1));
		assertTold("Guidance pulls towards a class", Generation.with(PRIOR).classes("any").guidance(Guidance.CLASSIFIER, 1));
		Prior without = new Prior(PRIOR.denoiser(), "plain", "cpu", 1, -1, 1, 0.01, 20, 1, 0, PRIOR.classNames(),
			Prior.Precision.FLOAT32);
		assertTold("has no classifier", Generation.with(without).classes("dark").guidance(Guidance.CLASSIFIER, 1));
	}

	private static void assertTold(String part, Generation.Builder builder) {
		String told = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
		assertTrue(told.contains(part) && told.endsWith(".") && !told.contains("\n"), told);
	}
}
