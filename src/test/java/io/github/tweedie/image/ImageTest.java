package io.github.tweedie.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Shape;
import net.imglib2.img.array.ArrayImgs;
import net.imglib2.view.Views;

class ImageTest {

	private static final boolean[] NOTHING = new boolean[10_000];

	// -- Planes --

	@Test
	void planesAreCountedWithTheThirdDimensionFastest() {
		short[] values = new short[2 * 3 * 2 * 2];
		for (int i = 0; i < values.length; i++)
			values[i] = (short) (65_000 + i);
		var image = ArrayImgs.unsignedShorts(values, 2, 3, 2, 2);
		Planes planes = new Planes(image);
		assertEquals(4, planes.count());
		assertArrayEquals(new float[] { 65_006, 65_007, 65_008, 65_009, 65_010, 65_011 }, planes.read(1));
		assertArrayEquals(new float[] { 65_012, 65_013, 65_014, 65_015, 65_016, 65_017 }, planes.read(2));
	}

	@Test
	void planesOfAViewWithAnOffsetAreRead() {
		var image = Views.interval(ArrayImgs.unsignedShorts(new short[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 3, 3),
			new long[] { 1, 1 }, new long[] { 2, 2 });
		assertArrayEquals(new float[] { 5, 6, 8, 9 }, new Planes(image).read(0));
	}

	@Test
	void aLineIsNoImage() {
		assertThrows(IllegalArgumentException.class, () -> new Planes(ArrayImgs.bytes(5)));
	}

	// -- IntensityScale --

	@Test
	void scaleGoesFromTheFirstPercentileTo998PerMille() {
		float[] ramp = new float[10_000];
		for (int i = 0; i < ramp.length; i++)
			ramp[i] = i;
		// A ramp along X has neighbours 1 apart and, along Y, 100 apart; their noise is 48, and 16·48 < 9878.
		IntensityScale scale = IntensityScale.robust(ramp, 100, NOTHING);
		assertEquals(0.01 * 9999, scale.low(), 1e-9);
		assertEquals(0.998 * 9999, scale.high(), 1e-9);
		float[] data = scale.toData(new float[] { (float) scale.low(), (float) scale.high(), 20_000 }, -1, 1);
		assertEquals(-1, data[0], 1e-6);
		assertEquals(1, data[1], 1e-6);
		assertTrue(data[2] > 2, "Bright pixels are not clipped.");
		assertEquals(20_000, scale.toGrey(data, -1, 1)[2], 0.01);
		assertEquals(2, scale.toData(scale.high() - scale.low(), -1, 1), 1e-12);
	}

	@Test
	void anEmptyFrameIsNotBlownUp() {
		float[] z = new float[10_000];
		new Noise(1).fill(Noise.Purpose.PROBE, 0, new int[1], Shape.planes(1, 1, 100, 100), z);
		for (int i = 0; i < z.length; i++)
			z[i] = 100 + 3 * z[i];
		IntensityScale scale = IntensityScale.robust(z, 100, NOTHING);
		assertEquals(16 * 3, scale.high() - scale.low(), 16 * 3 * 0.03);
		for (int i = 0; i < z.length; i++)
			z[i] = Math.round(100 + 0.3 * (z[i] - 100) / 3);
		// Rounded to whole grey levels, where most neighbours are equal.
		double span = IntensityScale.robust(z, 100, NOTHING).high() - IntensityScale.robust(z, 100, NOTHING).low();
		assertTrue(span > 3, "a span of " + span + " grey levels for pixels that are at most one off");
		assertTrue(IntensityScale.robust(new float[10_000], 100, NOTHING).high() > 0, "A constant frame has a scale, too.");
	}

	/** An image in mol/l or in photons: the scale follows its unit, however small or large. */
	@Test
	void scaleFollowsTheUnitOfTheGreyLevels() {
		float[] ramp = new float[10_000], other = new float[10_000];
		for (int i = 0; i < ramp.length; i++)
			ramp[i] = i % 100 * 100 + i / 100;
		IntensityScale scale = IntensityScale.robust(ramp, 100, NOTHING);
		for (double unit : new double[] { 1e-12, 1e12 }) {
			for (int i = 0; i < ramp.length; i++)
				other[i] = (float) (ramp[i] * unit);
			IntensityScale scaled = IntensityScale.robust(other, 100, NOTHING);
			assertEquals(scale.high(), scaled.high() / unit, 1e-5 * scale.high());
			assertEquals(scale.low(), scaled.low() / unit, 1e-5 * scale.high());
		}
	}

	@Test
	void scaleDoesNotLookAtHiddenPixels() {
		float[] a = new float[10_000];
		boolean[] hidden = new boolean[10_000];
		for (int i = 0; i < a.length; i++) {
			a[i] = i % 97;
			hidden[i] = i % 3 == 0;
		}
		float[] b = a.clone();
		for (int i = 0; i < b.length; i += 3)
			b[i] = i % 2 == 0 ? Float.NaN : 65_535;
		assertEquals(IntensityScale.robust(a, 100, hidden), IntensityScale.robust(b, 100, hidden));
		Arrays.fill(hidden, true);
		assertThrows(IllegalArgumentException.class, () -> IntensityScale.robust(a, 100, hidden));
	}

	// -- Laplace --

	/** x² − y² is harmonic, also on the grid: the fill must return it. */
	@Test
	void laplaceReturnsAHarmonicFunction() {
		float[] f = new float[40 * 30], holed = new float[f.length];
		boolean[] hidden = new boolean[f.length];
		for (int i = 0; i < f.length; i++) {
			int x = i % 40, y = i / 40;
			f[i] = x * x - y * y;
			hidden[i] = x > 5 && x < 30 && y > 4 && y < 25;
			holed[i] = hidden[i] ? Float.NaN : f[i];
		}
		Laplace.fill(holed, 40, hidden);
		for (int i = 0; i < f.length; i++)
			assertEquals(f[i], holed[i], hidden[i] ? 2 : 0);
	}

	// -- Specimen --

	@Test
	void specimenIsTheSameForTheSameSeedAndHasABackground() {
		var one = Specimen.nuclei(128, 96, 5);
		float[] a = new Planes(one).read(0), b = new Planes(Specimen.nuclei(128, 96, 5)).read(0);
		assertArrayEquals(a, b);
		assertNotEquals(a[64 * 128 + 64], new Planes(Specimen.nuclei(128, 96, 6)).read(0)[64 * 128 + 64]);
		Arrays.sort(a);
		assertTrue(a[0] > 80 && a[a.length / 10] < 300, "background " + a[0] + " to " + a[a.length / 10]);
		assertTrue(a[a.length - 1] > 900, "brightest " + a[a.length - 1]);
	}

	// -- TiledDenoiser --

	/** A local network with a known radius: the mean over a square of 2·4 + 1 pixels, zero beyond the border, on a grid of 4. */
	private static final Denoiser BOX = (batch, out) -> {
		Shape s = batch.shape();
		for (int n = 0; n < s.n(); n++)
			for (int y = 0; y < s.y(); y++)
				for (int x = 0; x < s.x(); x++) {
					double sum = 0;
					for (int v = Math.max(0, y - 4); v <= Math.min(s.y() - 1, y + 4); v++)
						for (int u = Math.max(0, x - 4); u <= Math.min(s.x() - 1, x + 4); u++)
							sum += batch.x()[(n * s.y() + v) * s.x() + u] * (1 + v % 4 + u % 4);
					out[(n * s.y() + y) * s.x() + x] = (float) (sum / 81 / batch.sigma()[n]);
				}
	};

	private static Prior box(int declaredRadius) {
		return new Prior(BOX, "box", "closed form", 1, -1, 1, 0.01, 20, 4, declaredRadius, List.of(), Prior.Precision.FLOAT32);
	}

	private static double difference(Denoiser tiled, int height, int width) {
		Shape shape = Shape.planes(2, 1, height, width);
		float[] x = new float[shape.size()], whole = new float[x.length], parts = new float[x.length];
		new Noise(2).fill(Noise.Purpose.PROBE, 0, new int[] { 0, 1 }, shape, x);
		Batch batch = new Batch(shape, x, new double[] { 0.5, 2 }, Batch.unlabelled(2));
		BOX.denoise(batch, whole);
		tiled.denoise(batch, parts);
		double worst = 0;
		for (int i = 0; i < x.length; i++)
			worst = Math.max(worst, Math.abs(whole[i] - parts[i]));
		return worst;
	}

	@Test
	void tilesWithAHaloOfTheRadiusChangeNothing() {
		for (int[] size : new int[][] { { 64, 64 }, { 32, 100 }, { 100, 36 }, { 20, 132 }, { 8, 8 } })
			assertTrue(difference(new TiledDenoiser(box(4), 32, 4), size[0], size[1]) <= 1e-6, Arrays.toString(size));
	}

	@Test
	void tilesWithTooSmallAHaloShow() {
		assertTrue(difference(new TiledDenoiser(box(4), 32, 1), 64, 64) > 1e-3);
	}

	/** A network that knows which tile it sees shows the weights: over one ramp of tile/8 pixels each tile gives way to the next. */
	@Test
	void tilesWithTooSmallAHaloGiveWayToEachOtherGradually() {
		int[] calls = { 0 };
		Denoiser stamp = (batch, out) -> Arrays.fill(out, calls[0]++);
		float[] out = new float[32 * 52];
		new TiledDenoiser(box(4).with(stamp), 32, 3).denoise(Batch.of(Shape.planes(1, 1, 32, 52), new float[out.length], 1), out);
		// Tiles at 0 and 20; the first ends at 32 − 3, the second begins at 20 + 3: both count in the 6 pixels from 23 to 28.
		float[] first = new float[52], second = new float[52];
		for (int x = 0; x < 52; x++) {
			first[x] = Math.max(0, Math.min(1, (29 - x) / 5f));
			second[x] = Math.max(0, Math.min(1, (x - 22) / 5f));
			if (x > 31)
				first[x] = 0;
			assertEquals(second[x] / (first[x] + second[x]), out[x], 1e-6, "at " + x);
			assertEquals(out[x], out[31 * 52 + x], 1e-6);
		}
		assertEquals(2, calls[0]);
	}

	/** Every pixel is told its own value, its channel's and its sample's: nothing may end up in another place. */
	@Test
	void tilesKeepChannelsSamplesNoiseLevelsAndLabelsApart() {
		Denoiser told = (batch, out) -> {
			for (int i = 0; i < out.length; i++)
				out[i] = (float) (batch.x()[i] + 1000 * batch.sigma()[0] + 10_000 * batch.label()[0]);
		};
		Shape shape = Shape.planes(2, 3, 40, 48);
		float[] x = new float[shape.size()], out = new float[x.length];
		new Noise(3).fill(Noise.Purpose.PROBE, 0, new int[] { 0, 1 }, shape, x);
		new TiledDenoiser(box(0).with(told), 16, 4).denoise(new Batch(shape, x, new double[] { 1, 2 }, new int[] { 5, 7 }), out);
		for (int i = 0; i < x.length; i++) {
			int s = i / shape.sampleSize();
			assertEquals(x[i] + 1000 * (s + 1) + 10_000 * (s == 0 ? 5 : 7), out[i], 0.02, "at " + i);
		}
	}

	@Test
	void theNetworkSeesTilesOfOneShape() {
		Denoiser only = (batch, out) -> {
			assertEquals(Shape.planes(1, 1, 32, 32), batch.shape());
			BOX.denoise(batch, out);
		};
		assertTrue(difference(new TiledDenoiser(box(4).with(only), 32, 4), 64, 100) <= 1e-6);
	}

	@Test
	void smallCanvasesAreOneTileAndNothing() {
		Prior prior = box(4);
		assertEquals(prior, TiledDenoiser.over(prior, 64, 64, 64));
		assertTrue(TiledDenoiser.over(prior, 64, 68, 64) instanceof TiledDenoiser);
	}

	@Test
	void tilesWithoutAnInsideAreRefused() {
		assertThrows(IllegalArgumentException.class, () -> new TiledDenoiser(box(4), 30, 4));
		assertThrows(IllegalArgumentException.class, () -> new TiledDenoiser(box(4), 32, 15));
		TiledDenoiser tiled = new TiledDenoiser(box(4), 32, 4);
		assertThrows(IllegalArgumentException.class, () -> tiled.denoise(Batch.of(new Shape(1, 1, 2, 32, 32), new float[2048], 1),
			new float[2048]));
	}

	/** With a halo of the radius any layout changes nothing but roundings; all tiles have one shape, of at most so many pixels. */
	@Test
	void anyLayoutIsExact() {
		for (int[] size : new int[][] { { 64, 64 }, { 32, 300 }, { 100, 36 }, { 8, 400 }, { 132, 124 } })
			for (int largest : new int[] { 20, 28, 44 }) {
				Set<Shape> shapes = new HashSet<>();
				Denoiser counted = (batch, out) -> {
					shapes.add(batch.shape());
					BOX.denoise(batch, out);
				};
				Denoiser over = TiledDenoiser.over(box(4).with(counted), size[0], size[1], largest);
				assertTrue(difference(over, size[0], size[1]) <= 1e-6, Arrays.toString(size) + " in " + largest);
				Shape tile = shapes.iterator().next();
				assertTrue(shapes.size() == 1 && (tile.y() * tile.x() <= largest * largest || tile.n() == 2), shapes.toString());
			}
	}

	/** 2048 pixels in tiles of at most 1024 with a halo of 96: two tiles do not reach, three of 816 do. */
	@Test
	void tilesAreNoLargerThanNeeded() {
		Tiling three = Tiling.of(3, 2048, 96, 0, 8);
		assertEquals(816, three.extent());
		assertEquals(3, three.count());
		assertTrue(Tiling.of(2, 2048, 96, 0, 8).extent() > 1024);
		assertEquals(200, Tiling.of(300, 2048, 96, 0, 8).extent(), "smaller ones have no inside");
		assertNull(Tiling.of(2, 192, 96, 0, 8), "two are no smaller than one");
		for (int tile = 0; tile < 3; tile++)
			assertEquals(0, three.origin(tile) % 8);
	}

	/** Together the tiles say of each pixel what there is to say, once. */
	@Test
	void weightsSumToOne() {
		for (Tiling tiling : List.of(Tiling.of(5, 1000, 16, 16, 8), Tiling.of(7, 8192, 96, 0, 8), new Tiling(100, 32, 4, 4, 4))) {
			double[] sum = new double[tiling.canvas()];
			float[][] weights = tiling.weights();
			for (int tile = 0; tile < weights.length; tile++)
				for (int i = 0; i < tiling.extent(); i++)
					sum[tiling.origin(tile) + i] += weights[tile][i];
			for (double s : sum)
				assertEquals(1, s, 1e-6);
			assertEquals(0, weights[1][tiling.halo() - 1], "in the halo");
		}
	}

	/** A plane whose last index is near the largest that there is: nothing may overflow. */
	@Test
	void tilesReachTheEndOfTheLargestPlanes() {
		Tiling tiling = Tiling.of(50, 2_000_000_000, 96, 0, 8);
		assertEquals(2_000_000_000, tiling.origin(tiling.count() - 1) + tiling.extent());
	}

	@Test
	void resultsWrapTheArray() {
		float[] plane = { 1, 2, 3, 4, 5, 6 };
		var image = Planes.like(new float[][] { plane }, 3, 2);
		plane[4] = 50;
		assertEquals(50, image.getAt(1, 1).get());
		assertEquals(6, new Planes(image).read(0)[5]);
		float[] another = { 7, 8, 9, 10, 11, 12 };
		var stack = Planes.like(new float[][] { plane, another, plane, another }, 3, 2, 2, 2);
		another[5] = 70;
		assertEquals(70, stack.getAt(2, 1, 1, 0).get());
		assertArrayEquals(plane, new Planes(stack).read(2));
		assertArrayEquals(another, new Planes(stack).read(3));
	}

	/** 2200 planes of a megapixel, here all the same one: more than one array of floats can hold. */
	@Test
	void resultsMayBeLargerThanAnArray() {
		float[][] planes = new float[2200][];
		Arrays.fill(planes, new float[1 << 20]);
		planes[2199] = new float[1 << 20];
		planes[2199][(1 << 20) - 1] = 5;
		var stack = Planes.like(planes, 1 << 10, 1 << 10, 1100, 2);
		assertEquals(5, stack.getAt(1023, 1023, 1099, 1).get());
		assertEquals(5, new Planes(stack).read(2199)[(1 << 20) - 1]);
		assertEquals(0, stack.getAt(1023, 1023, 1098, 1).get());
	}
}
