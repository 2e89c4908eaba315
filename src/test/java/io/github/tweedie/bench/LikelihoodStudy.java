package io.github.tweedie.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

import io.github.tweedie.image.IntensityScale;
import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.sampler.ProbabilityFlow;
import io.github.tweedie.sampler.ProbabilityFlow.Likelihood;
import io.github.tweedie.sampler.ProbabilityFlow.Solution;
import io.github.tweedie.sampler.ProbabilityFlow.Trace;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.GaussianMixture;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Prior;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.VeSde;

/** The likelihood's parts, each apart: the flow, the Gaussian prior, the smallest time, the trace. */
final class LikelihoodStudy {

	private static final double LN2 = Math.log(2);

	private LikelihoodStudy() {}

	/** α·x0 + σ·z. */
	private static float[] noisy(float[] x, Level level, int seed) {
		float[] z = new float[x.length];
		new Noise(seed).fill(Purpose.PROBE, 1, new int[1], Shape.vectors(1, x.length), z);
		for (int i = 0; i < x.length; i++)
			z[i] = (float) (level.alpha() * x[i] + level.sigma() * z[i]);
		return z;
	}

	/** ln p of a row at a level. */
	private static double logDensity(GaussianMixture mixture, float[] x, int sample, Level level) {
		int d = mixture.dimension();
		double[] u = IntStream.range(0, d).mapToDouble(i -> x[sample * d + i] / level.alpha()).toArray();
		return mixture.logDensity(u, level.ratio()) - d * Math.log(level.alpha());
	}

	static void write(Report report, Target target) {
		GaussianMixture mixture = target.density;
		int d = mixture.dimension(), n = 8, many = 20_000;
		report.say("");
		report.say("%s, in bits per dimension. *Flow*: largest error of %d draws at the smallest time, tolerance 1e-5, exact trace, with the exact", target.name, n);
		report.say("marginal at the largest time in place of the Gaussian. *Prior*: what the Gaussian N(0, σ_T²) changes, mean of these draws. *Smallest");
		report.say("time*: by how much the data at the smallest time differ in entropy from the clean data, mean of %d draws. *Hutchinson*: mean of", many);
		report.say("100 estimates with one probe less the exact trace's value, and its standard error.");
		report.say("");
		report.say("| SDE | flow | prior | smallest time | Hutchinson | evaluations, exact trace | evaluations, one probe |");
		report.say("| --- | --: | --: | --: | --: | --: | --: |");
		for (Map.Entry<String, Sde> entry : SamplerTable.SDES.entrySet()) {
			Sde sde = entry.getValue();
			Level bottom = sde.level(sde.minTime()), top = sde.level(sde.maxTime());
			float[] clean = mixture.sample(many, new Noise(41).generator(Purpose.PROBE, 0, 0, 0)), all = noisy(clean, bottom, 42);
			SummaryStatistics offset = new SummaryStatistics();
			for (int s = 0; s < many; s++)
				offset.addValue((logDensity(mixture, clean, s, new Level(0, 1, 0)) - logDensity(mixture, all, s, bottom)) / d / LN2);
			float[] x = Arrays.copyOf(all, n * d);
			ProbabilityFlow flow = new ProbabilityFlow(sde, 1e-5);
			Likelihood exact = flow.logDensity(target.denoiser, Shape.vectors(n, d), x, Batch.unlabelled(n), new Trace.Exact(), Monitor.NONE);
			double worst = 0, prior = 0;
			for (int s = 0; s < n; s++) {
				double gaussian = 0, end = logDensity(mixture, exact.latent(), s, top);
				for (int i = 0; i < d; i++)
					gaussian -= 0.5 * (Math.pow(exact.latent()[s * d + i] / top.sigma(), 2) + Math.log(2 * Math.PI)) + Math.log(top.sigma());
				worst = Math.max(worst, Math.abs(exact.logDensity()[s] - gaussian + end - logDensity(mixture, x, s, bottom)) / d / LN2);
				prior += (end - gaussian) / d / LN2 / n;
			}
			SummaryStatistics probes = new SummaryStatistics();
			int evaluations = 0;
			float[] one = Arrays.copyOf(x, d);
			for (int k = 0; k < 100; k++) {
				Likelihood probed = flow.logDensity(target.denoiser, Shape.vectors(1, d), one, Batch.unlabelled(1), new Trace.Probes(1, new Noise(60 + k)),
					Monitor.NONE);
				probes.addValue(-(probed.logDensity()[0] - exact.logDensity()[0]) / d / LN2);
				evaluations = probed.evaluations()[0];
			}
			double error = probes.getStandardDeviation() / 10;
			report.say("| %s | %.1e | %.1e | %.3f | %.4f ± %.4f | %d | %d |", entry.getKey(), worst, prior, offset.getMean(), probes.getMean(), error,
				exact.evaluations()[0], evaluations);
			report.row("likelihood; " + entry.getKey(), "exact trace and terminal marginal", "largest_error_bits_per_dim", worst);
			report.row("likelihood; " + entry.getKey(), "Gaussian prior", "mismatch_bits_per_dim", prior);
			double half = 1.96 * offset.getStandardDeviation() / Math.sqrt(many);
			report.row("likelihood; " + entry.getKey(), "smallest time", "offset_bits_per_dim", offset.getMean(), offset.getMean() - half, offset.getMean() + half);
			report.row("likelihood; " + entry.getKey(), "one probe", "bias_bits_per_dim", probes.getMean(), probes.getMean() - 1.96 * error,
				probes.getMean() + 1.96 * error);
		}
	}

	/** Encoding and decoding of draws at their smallest time. */
	static void roundTrip(Report report, Target target) {
		int d = target.dimension(), n = 8;
		report.say("");
		StringBuilder line = new StringBuilder("Encoded and decoded again at a tolerance of 1e-6, draws of the " + target.name + " come back to");
		for (Map.Entry<String, Sde> entry : SamplerTable.SDES.entrySet()) {
			Sde sde = entry.getValue();
			float[] x = noisy(target.density.sample(n, new Noise(43).generator(Purpose.PROBE, 0, 0, 0)), sde.level(sde.minTime()), 44);
			ProbabilityFlow flow = new ProbabilityFlow(sde, 1e-6);
			float[] latent = flow.encode(target.density, Shape.vectors(n, d), x, Batch.unlabelled(n), Monitor.NONE).x();
			float[] back = flow.decode(target.density, Shape.vectors(n, d), latent, Batch.unlabelled(n), Monitor.NONE).x();
			double worst = IntStream.range(0, x.length).mapToDouble(i -> Math.abs(x[i] - back[i])).max().orElseThrow();
			line.append(String.format(Locale.ROOT, " %.1e (%s),", worst, entry.getKey()));
			report.row("round trip; " + entry.getKey(), "tolerance 1e-6", "largest_error", worst);
		}
		report.say(line.substring(0, line.length() - 1) + ".");
	}

	/** The network: reported, as there is no closed form. */
	static void network(Report report, Prior prior) {
		int size = 64;
		float[] grey = new Planes(Specimen.nuclei(size, size, 5)).read(0);
		float[] x = noisy(IntensityScale.robust(grey, size, new boolean[grey.length]).toData(grey, prior.low(), prior.high()),
			new Level(0, 1, prior.sigmaMin()), 45);
		Sde sde = new VeSde(prior.sigmaMin(), prior.sigmaMax());
		Shape shape = Shape.planes(1, 1, size, size);
		StringBuilder line = new StringBuilder("The network " + prior.name() + ", a simulated picture of 64×64 pixels: largest error after encoding and decoding");
		for (double tolerance : new double[] { 1e-2, 1e-3, 1e-4 }) {
			ProbabilityFlow flow = new ProbabilityFlow(sde, tolerance);
			Solution latent = flow.encode(prior, shape, x, Batch.unlabelled(1), Monitor.NONE);
			Solution back = flow.decode(prior, shape, latent.x(), Batch.unlabelled(1), Monitor.NONE);
			double worst = IntStream.range(0, x.length).mapToDouble(i -> Math.abs(x[i] - back.x()[i])).max().orElseThrow() / (prior.high() - prior.low());
			line.append(String.format(Locale.ROOT, " %.1e of the range at tolerance %.0e (%d and %d evaluations),", worst, tolerance, latent.evaluations()[0],
				back.evaluations()[0]));
			report.row("round trip; network", "tolerance " + tolerance, "largest_error_of_the_range", worst);
		}
		report.say("");
		report.say(line.substring(0, line.length() - 1) + ".");
	}
}
