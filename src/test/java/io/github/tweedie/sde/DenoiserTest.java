package io.github.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class DenoiserTest {

	/** At σ = 1e-4 a step is fifty times as long as the roundings of floats near 1; along v they must not add up. */
	@Test
	void theRoundingOfAShortStepDoesNotChangeTheDerivativeAlongIt() {
		int d = 8;
		float[] x = new float[d], v = new float[d], out = new float[d];
		for (int i = 0; i < d; i++) {
			x[i] = 1 + 0.1f * i;
			v[i] = i == 3 ? 1 : 0;
		}
		Denoiser identity = (batch, same) -> System.arraycopy(batch.x(), 0, same, 0, d);
		Batch batch = Batch.of(new Shape(1, 1, 1, 1, d), x, 1e-4, Batch.unlabelled(1));
		identity.derivative(batch, v, null, out);
		assertEquals(1, out[3], 1e-6, "central");
		identity.derivative(batch, v, x, out);
		assertEquals(1, out[3], 1e-6, "forward");
		assertEquals(0, out[2], 0);
	}
}
