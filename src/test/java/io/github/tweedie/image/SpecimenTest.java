package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import io.github.tweedie.image.Specimen.Family;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;

class SpecimenTest {

	private static float[] draw(Family family, int width, int height, long seed) {
		return new Planes(Specimen.draw(family, width, height, seed)).read(0);
	}

	@ParameterizedTest
	@EnumSource(Family.class)
	void theSameSeedDrawsTheSamePictureAndAnotherSeedAnother(Family family) {
		float[] picture = draw(family, 70, 50, 3);
		assertArrayEquals(picture, draw(family, 70, 50, 3));
		assertFalse(Arrays.equals(picture, draw(family, 70, 50, 4)));
	}

	@ParameterizedTest
	@EnumSource(Family.class)
	void everySizeHasGreyLevelsOfA12BitCamera(Family family) {
		for (int[] size : new int[][] { { 1, 1 }, { 1, 40 }, { 37, 1 }, { 33, 65 }, { 200, 90 } })
			for (int seed = 0; seed < 4; seed++) {
				float[] picture = draw(family, size[0], size[1], seed);
				assertEquals(size[0] * size[1], picture.length);
				for (float grey : picture)
					assertTrue(grey >= 0 && grey <= 4095, family + " " + size[0] + "×" + size[1] + ", seed " + seed + ": " + grey);
			}
	}

	@ParameterizedTest
	@EnumSource(Family.class)
	void picturesShowSomethingAboveADarkBackground(Family family) {
		for (int seed = 0; seed < 6; seed++) {
			float[] picture = draw(family, 160, 160, seed);
			Arrays.sort(picture);
			// The contrast is at least 150 grey levels, and shading takes less than 0.15 × 4 of it.
			assertTrue(picture[picture.length - 1] - picture[0] > 60, family + ", seed " + seed);
			assertTrue(picture[0] < 1000, family + ", seed " + seed + ", darkest " + picture[0]);
		}
	}

	@Test
	void familiesDiffer() {
		for (Family a : Family.values())
			for (Family b : Family.values())
				assertEquals(a == b, Arrays.equals(draw(a, 40, 40, 1), draw(b, 40, 40, 1)), a + " and " + b);
	}

	@Test
	void dendritesAndSpeckledMembranesAreKeptFromTraining() {
		assertTrue(Family.DENDRITES.heldOut() && Family.SPECKLED_MEMBRANES.heldOut());
		assertEquals(EnumSet.complementOf(EnumSet.of(Family.DENDRITES, Family.SPECKLED_MEMBRANES)),
			EnumSet.copyOf(Family.forTraining()));
		assertEquals(7, Set.copyOf(Family.forTraining()).size());
	}

	@Test
	void blurKeepsTheAmountOfLight() {
		Canvas gauss = new Canvas(41, 41), airy = new Canvas(41, 41);
		gauss.spot(20, 20, 1, 100);
		airy.spot(20, 20, 1, 100);
		double before = sum(gauss.picture());
		gauss.blur(2);
		airy.convolve(r -> 1 / (1 + r * r), 5);
		assertEquals(before, sum(gauss.picture()), 1e-4 * before);
		assertEquals(before, sum(airy.picture()), 1e-4 * before);
		// Variances add: σ² = 1 + 4; the peak of a spot is its light over 2πσ².
		assertEquals(before / (2 * Math.PI * 5), gauss.picture()[20 * 41 + 20], 0.01 * before / (2 * Math.PI * 5));
	}

	private static double sum(float[] values) {
		double sum = 0;
		for (float value : values)
			sum += value;
		return sum;
	}

	@Test
	void tubesThatCrossWithinOneThingDoNotAddUp() {
		Canvas canvas = new Canvas(21, 21);
		canvas.stroke(List.of(new Canvas.Node(0, 10, 2, 1), new Canvas.Node(20, 10, 2, 1)), false);
		canvas.stroke(List.of(new Canvas.Node(10, 0, 2, 1), new Canvas.Node(10, 20, 2, 1)), false);
		canvas.stain(3);
		assertEquals(3, canvas.picture()[10 * 21 + 10], 1e-6);
		assertEquals(3, canvas.picture()[10 * 21 + 4], 1e-6);
		canvas.stain(3);
		assertEquals(3, canvas.picture()[10 * 21 + 10], 1e-6);
	}

	@Test
	void smoothFieldHasMeanZeroAndDeviationOne() {
		SmoothField field = new SmoothField(new Canvas(1000, 1000), 5, Dice.of(new Noise(1)
			.generator(Purpose.START, 0, 0, 0)));
		double sum = 0, squares = 0;
		for (int y = 0; y < 1000; y++)
			for (int x = 0; x < 1000; x++) {
				sum += field.at(x, y);
				squares += field.at(x, y) * field.at(x, y);
			}
		// 40,000 lattice numbers of deviation 1/0.48: four standard errors of the mean are 0.04; about 15,000 hills: 0.05 of the
		// variance.
		assertEquals(0, sum / 1e6, 0.04);
		assertEquals(1, squares / 1e6, 0.05);
	}
}
