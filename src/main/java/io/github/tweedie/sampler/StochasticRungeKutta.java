package io.github.tweedie.sampler;

import io.github.tweedie.sde.Level;

/**
 * The reverse SDE by a stochastic Runge–Kutta method of strong order 1.5 for additive noise (SRA1, Rößler 2010): two evaluations a
 * move. In the coordinates u = x/α and ν = (σ/α)² the reverse SDE of every diffusion is du = score·d(−ν) + dw with unit noise, so one
 * formula serves all of them.
 * <p>
 * The method needs the Brownian increment ΔW and its integral ΔZ over the step h = Δν. With independent standard normal n1 and n2 they
 * are ΔZ = h^(3/2)·n1/√3 and ΔW = √h·(√3·n1 + n2)/2, so that, given n1, the step is a Gaussian kernel from which the loop draws n2.
 */
public record StochasticRungeKutta() implements Predictor {

	@Override
	public Kernel kernel(Move move) {
		Level from = move.from(), to = move.to();
		double nu = square(from.ratio()), h = nu - square(to.ratio()), inner = nu - 0.75 * h;
		float[] x = move.x(), d = move.denoised(), n1 = move.noise();
		// The second stage lies between the levels, at the scale of the first: x = α·u.
		Level between = new Level(from.t(), from.alpha(), from.alpha() * Math.sqrt(inner));
		float[] stage = new float[x.length];
		double spread = 1.5 * Math.sqrt(h / 3);
		for (int i = 0; i < x.length; i++) {
			double u = x[i] / from.alpha();
			stage[i] = (float) (from.alpha() * (u + 0.75 * h * (d[i] - u) / nu + spread * n1[i]));
		}
		float[] e = move.denoised(between, stage), mean = new float[x.length];
		double known = Math.sqrt(3 * h) / 2;
		for (int i = 0; i < x.length; i++) {
			double u = x[i] / from.alpha(), v = stage[i] / from.alpha();
			mean[i] = (float) (to.alpha() * (u + h * ((d[i] - u) / nu + 2 * (e[i] - v) / inner) / 3 + known * n1[i]));
		}
		return Kernel.of(mean, to.alpha() * Math.sqrt(h) / 2, move.shape().n());
	}

	private static double square(double v) {
		return v * v;
	}
}
