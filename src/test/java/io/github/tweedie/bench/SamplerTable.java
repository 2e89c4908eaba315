package io.github.tweedie.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.function.Function;
import java.util.stream.IntStream;

import io.github.tweedie.bench.Target.Figure;
import io.github.tweedie.sampler.Ancestral;
import io.github.tweedie.sampler.AnnealedLangevin;
import io.github.tweedie.sampler.Conditioner;
import io.github.tweedie.sampler.Corrector;
import io.github.tweedie.sampler.Ddim;
import io.github.tweedie.sampler.DpmSolver;
import io.github.tweedie.sampler.EulerMaruyama;
import io.github.tweedie.sampler.Hamiltonian;
import io.github.tweedie.sampler.Heun;
import io.github.tweedie.sampler.Langevin;
import io.github.tweedie.sampler.PcSampler;
import io.github.tweedie.sampler.Predictor;
import io.github.tweedie.sampler.ReverseDiffusion;
import io.github.tweedie.sampler.Schedule;
import io.github.tweedie.sampler.StochasticRungeKutta;
import io.github.tweedie.sampler.TimeGrid;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.DiscreteVpSde;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.SubVpSde;
import io.github.tweedie.sde.VeSde;
import io.github.tweedie.sde.VpSde;

/** Every SDE with every predictor and every corrector, at equal evaluations, each with the best of its settings. */
final class SamplerTable {

	static final int[] BUDGETS = { 10, 20, 50, 100, 500 };
	/** Sets of a look at one setting. */
	private static final int LOOK = 4;
	/** Settings that are looked at again at 500 evaluations, and the ratio at which the search ends. */
	private static final int LEADERS = 3;
	private static final double GOOD = 1.05;
	/** Largest upper end that counts as reached. */
	static final double REACHED = 1.25;

	static final Map<String, Sde> SDES = new LinkedHashMap<>();
	static final Map<String, Function<Sde, Predictor>> PREDICTORS = new LinkedHashMap<>();
	static final Map<String, TimeGrid> GRIDS = new LinkedHashMap<>();
	private static final Map<String, List<Correction>> CORRECTORS = new LinkedHashMap<>();
	private static final String SMLD = "SMLD";

	static {
		SDES.put("VE", new VeSde(0.01, 50));
		SDES.put("VP", new VpSde());
		SDES.put("sub-VP", new SubVpSde());
		SDES.put("DDPM cosine", DiscreteVpSde.cosine(1000));

		PREDICTORS.put("Euler-Maruyama λ = 1", sde -> new EulerMaruyama(sde, 1));
		PREDICTORS.put("Euler-Maruyama λ = ½", sde -> new EulerMaruyama(sde, 0.5));
		PREDICTORS.put("Euler λ = 0", sde -> new EulerMaruyama(sde, 0));
		PREDICTORS.put("reverse diffusion", sde -> new ReverseDiffusion());
		PREDICTORS.put("ancestral, β", sde -> new Ancestral(Ancestral.Variance.BETA));
		PREDICTORS.put("ancestral, posterior", sde -> new Ancestral(Ancestral.Variance.POSTERIOR));
		PREDICTORS.put("stochastic Runge-Kutta", sde -> new StochasticRungeKutta());
		PREDICTORS.put("Heun", sde -> new Heun());
		PREDICTORS.put("DDIM η = 0", sde -> new Ddim(0));
		PREDICTORS.put("DDIM η = 1", sde -> new Ddim(1));
		PREDICTORS.put("DPM-Solver++ ODE", sde -> new DpmSolver(0));
		PREDICTORS.put("DPM-Solver++ SDE", sde -> new DpmSolver(1));

		GRIDS.put("uniform", TimeGrid.uniform());
		GRIDS.put("Karras", TimeGrid.karras(7));
		GRIDS.put("log-SNR", TimeGrid.logSnr());

		CORRECTORS.put("none", List.of(new Correction("", null, 0, 0)));
		List<Correction> langevin = new ArrayList<>(), annealed = new ArrayList<>(), hamiltonian = new ArrayList<>(), smld = new ArrayList<>();
		for (double[] s : new double[][] { { 0.05, 1 }, { 0.16, 1 }, { 0.16, 2 } })
			langevin.add(new Correction("r " + s[0] + ", " + (int) s[1] + "×", new Langevin(s[0]), (int) s[1], 1));
		for (double[] s : new double[][] { { 0.1, 1 }, { 0.3, 1 }, { 0.3, 3 } })
			annealed.add(new Correction("r " + s[0] + ", " + (int) s[1] + "×", new AnnealedLangevin(s[0]), (int) s[1], 1));
		for (double[] s : new double[][] { { 0.1, 1, 0 }, { 0.3, 1, 0 }, { 0.3, 3, 0.9 } })
			hamiltonian.add(new Correction("r " + s[0] + ", leapfrogs " + (int) s[1] + ", persistence " + s[2],
				new Hamiltonian(s[0], (int) s[1], s[2]), 1, 1 + (int) s[1]));
		for (double r : new double[] { 0.3, 0.5, 0.7 })
			for (int times : new int[] { 1, 4, 10 })
				smld.add(new Correction("r " + r + ", " + times + "×", new AnnealedLangevin(r), times, 1));
		CORRECTORS.put("Langevin", langevin);
		CORRECTORS.put("annealed Langevin", annealed);
		CORRECTORS.put("Hamiltonian", hamiltonian);
		CORRECTORS.put(SMLD, smld);
	}

	/** How a corrector is set: n times a move, each for so many evaluations. */
	private record Correction(String name, Corrector corrector, int times, int evaluations) {}

	/** One way to run a sampler. */
	record Setting(String grid, Correction correction) {

		@Override
		public String toString() {
			return grid + (correction.name.isEmpty() ? "" : ", " + correction.name);
		}
	}

	/** One sampler on one target. */
	record Case(Target target, String sde, String predictor, String corrector, int points) {

		String name() {
			return predictor.equals(SMLD) ? "SMLD (annealed Langevin alone)" : corrector.equals("none") ? predictor : predictor + " + " + corrector;
		}

		List<Setting> settings() {
			return GRIDS.keySet().stream().filter(grid -> !predictor.equals(SMLD) || grid.equals("uniform"))
				.flatMap(grid -> CORRECTORS.get(corrector).stream().map(c -> new Setting(grid, c))).toList();
		}

		/** The sampler that spends at most so many evaluations; null if it has no place for two levels. */
		PcSampler sampler(Setting setting, int budget) {
			Predictor p = predictor.equals(SMLD) ? Predictor.NONE : PREDICTORS.get(predictor).apply(SDES.get(sde));
			int stages = predictor.equals(SMLD) ? 0 : p instanceof Heun || p instanceof StochasticRungeKutta ? 2 : 1;
			Correction c = setting.correction;
			int levels = (budget - 1) / (stages + c.times * c.evaluations) + 1;
			return levels < 2 ? null : new PcSampler(Schedule.down(SDES.get(sde), GRIDS.get(setting.grid), levels), p, c.corrector, c.times);
		}

		/** Draws, or null where the run ends in words. */
		float[] draw(Setting setting, int budget, int sets, long seed) {
			PcSampler sampler = sampler(setting, budget);
			try {
				return sampler == null ? null : SamplerTable.draw(sampler, target.denoiser, target.dimension(), sets * points(), seed);
			}
			catch (ArithmeticException e) {
				return null;
			}
		}

		double look(Setting setting, int budget) {
			float[] x = draw(setting, budget, LOOK, 100 + budget);
			return x == null ? Double.POSITIVE_INFINITY : target.ratio(x, points());
		}
	}

	static float[] draw(PcSampler sampler, Denoiser denoiser, int dimension, int n, long seed) {
		return sampler.sample(denoiser, Shape.vectors(n, dimension), IntStream.range(0, n).toArray(), Batch.unlabelled(n), Conditioner.NONE,
			new Noise(seed), Monitor.NONE).x;
	}

	/** What was found at one number of evaluations. */
	record Result(Setting setting, Figure ratio, double mean, double covariance, double proportions) {}

	private final List<Target> targets;
	private final int points;
	private final Map<Case, Map<Integer, Result>> found = new LinkedHashMap<>();

	/** @param points of a set of the predictors alone in few dimensions */
	SamplerTable(List<Target> targets, int points) {
		this.targets = targets;
		this.points = points;
	}

	/** Fewer where there are many samplers, or many dimensions. */
	private int points(Target target, String corrector) {
		boolean alone = corrector.equals("none") || corrector.equals(SMLD);
		return target.dimension() > 8 ? alone ? points / 4 : points / 8 : alone ? points : points / 4;
	}

	void measure(int threads, boolean quick) {
		List<Case> cases = new ArrayList<>();
		for (Target target : targets)
			for (String sde : SDES.keySet()) {
				for (String predictor : PREDICTORS.keySet())
					for (String corrector : CORRECTORS.keySet())
						if (!corrector.equals(SMLD) && (!quick || corrector.equals("none")))
							cases.add(new Case(target, sde, predictor, corrector, points(target, corrector)));
				if (sde.equals("VE"))
					cases.add(new Case(target, sde, SMLD, SMLD, points(target, SMLD)));
			}
		ForkJoinPool pool = new ForkJoinPool(threads);
		Map<Case, ForkJoinTask<Map<Integer, Result>>> tasks = new LinkedHashMap<>();
		for (Case c : cases)
			tasks.put(c, pool.submit(() -> results(c)));
		for (Case c : cases) {
			found.put(c, tasks.get(c).join());
			Result few = found.get(c).get(20), many = found.get(c).get(500);
			System.out.printf("%-18s %-12s %-44s 20: %.2f  500: %.2f (to %.2f) %s%n", c.target.name, c.sde, c.name(), few.ratio.value(),
				many.ratio.value(), many.ratio.high(), many.setting);
		}
		pool.shutdown();
	}

	/** The setting is chosen on other draws than those that are reported. */
	private static Map<Integer, Result> results(Case c) {
		List<Setting> few = ranked(c, c.settings(), 20), many = c.settings().size() == 1 ? few : ranked(c, c.settings(), 100);
		Setting best = many.get(0);
		double least = Double.POSITIVE_INFINITY;
		for (Setting setting : many.subList(0, Math.min(LEADERS, many.size()))) {
			double ratio = c.look(setting, 500);
			if (ratio < least) {
				least = ratio;
				best = setting;
			}
			if (ratio < GOOD)
				break;
		}
		Map<Integer, Result> results = new TreeMap<>();
		for (int budget : BUDGETS)
			results.put(budget, result(c, budget == 500 ? best : budget > 20 ? many.get(0) : few.get(0), budget));
		return results;
	}

	private static List<Setting> ranked(Case c, List<Setting> settings, int budget) {
		Map<Setting, Double> looks = new LinkedHashMap<>();
		for (Setting setting : settings)
			looks.put(setting, c.look(setting, budget));
		return looks.entrySet().stream().sorted(Comparator.comparingDouble(Map.Entry::getValue)).map(Map.Entry::getKey).toList();
	}

	private static Result result(Case c, Setting setting, int budget) {
		float[] x = c.draw(setting, budget, Target.SETS, 7);
		if (x == null)
			return new Result(setting, new Figure(Double.POSITIVE_INFINITY, Double.NaN, Double.POSITIVE_INFINITY), Double.NaN, Double.NaN, Double.NaN);
		return new Result(setting, c.target.ratioWithInterval(x, c.points()), c.target.meanError(x), c.target.covarianceError(x),
			c.target.hasComponents() ? c.target.proportionError(x) : Double.NaN);
	}

	/** Why a sampler may stay above the bound; null if it should not. */
	private static String bias(Case c) {
		return c.corrector.equals("Langevin") && c.target.dimension() <= 8
			? "steps normalised by the state's own score widen the density, by 2/d for a Gaussian" : null;
	}

	void write(Report report) {
		report.say("");
		report.say("A set has %d points for predictors alone and %d with correctors, in 64 dimensions %d and %d (option `--points %d`).", points,
			points / 4, points / 4, points / 8, points);
		for (Target target : targets)
			rows(report, target);
		for (Target target : targets)
			alone(report, target);
		corrected(report);
		verdict(report);
	}

	private void rows(Report report, Target target) {
		for (int points : found.keySet().stream().filter(c -> c.target == target).mapToInt(Case::points).distinct().toArray()) {
			double[] exact = target.exactErrors(points * Target.SETS);
			String how = "exact draws [" + Target.SETS + " sets of " + points + "]";
			report.row(target.name, how, "sliced_wasserstein_floor", target.floor(points));
			report.row(target.name, how, "mean_error", exact[0]);
			report.row(target.name, how, "covariance_error", exact[1]);
			if (target.hasComponents())
				report.row(target.name, how, "proportion_error", exact[2]);
		}
		found.forEach((c, results) -> results.forEach((budget, r) -> {
			if (c.target != target)
				return;
			String where = target.name + "; " + c.sde + "; " + budget + " evaluations", how = c.name() + " [" + r.setting + "]";
			report.row(where, how, "sliced_wasserstein_ratio", r.ratio.value(), r.ratio.low(), r.ratio.high());
			report.row(where, how, "mean_error", r.mean);
			report.row(where, how, "covariance_error", r.covariance);
			if (target.hasComponents())
				report.row(where, how, "proportion_error", r.proportions);
		}));
	}

	private static String ratio(Result r) {
		return Double.isInfinite(r.ratio.value()) ? "diverges" : r.ratio.value() >= 9.95 ? String.format(Locale.ROOT, "%.0f", r.ratio.value())
			: String.format(Locale.ROOT, "%.2f", r.ratio.value());
	}

	private void alone(Report report, Target target) {
		int points = found.keySet().stream().filter(c -> c.target == target && c.corrector.equals("none")).findFirst().orElseThrow().points();
		double[] exact = target.exactErrors(points * Target.SETS);
		report.say("");
		report.say("### %s, predictors alone", target.name);
		report.say("");
		report.say("Ratio at 20 → at 500 evaluations. The last columns are the VE SDE's at 500: the best grid, and the errors of mean, covariance%s",
			target.hasComponents() ? " and" : ".");
		if (target.hasComponents())
			report.say("component shares.");
		report.say("");
		report.say("| predictor | VE | VP | sub-VP | DDPM cosine | setting | mean | covariance |%s", target.hasComponents() ? " shares |" : "");
		report.say("| --- | --: | --: | --: | --: | --- | --: | --: |%s", target.hasComponents() ? " --: |" : "");
		Map<String, Map<String, Map<Integer, Result>>> byName = new LinkedHashMap<>();
		found.forEach((c, results) -> {
			if (c.target == target && (c.corrector.equals("none") || c.corrector.equals(SMLD)))
				byName.computeIfAbsent(c.name(), k -> new LinkedHashMap<>()).put(c.sde, results);
		});
		byName.forEach((name, bySde) -> {
			StringBuilder line = new StringBuilder("| " + name + " |");
			for (String sde : SDES.keySet())
				line.append(bySde.containsKey(sde) ? " " + ratio(bySde.get(sde).get(20)) + " → " + ratio(bySde.get(sde).get(500)) + " |" : " |");
			Result ve = bySde.get("VE").get(500);
			line.append(String.format(Locale.ROOT, " %s | %.3f | %.3f |", ve.setting, ve.mean, ve.covariance));
			report.say(line + (target.hasComponents() ? String.format(Locale.ROOT, " %.3f |", ve.proportions) : ""));
		});
		report.say("| *exact draws* | *1* | *1* | *1* | *1* | | *%.3f* | *%.3f* |%s", exact[0], exact[1],
			target.hasComponents() ? String.format(Locale.ROOT, " *%.3f* |", exact[2]) : "");
	}

	private void corrected(Report report) {
		report.say("");
		report.say("### With a corrector");
		report.say("");
		report.say("Range of the ratio over the four SDEs at 20 → at 500 evaluations, and the best setting of the last target under the VE SDE at 500.");
		report.say("");
		report.say("| sampler |%s setting |", targets.stream().map(t -> " " + t.name + " |").reduce("", String::concat));
		report.say("| --- |%s --- |", " --: |".repeat(targets.size()));
		Map<String, List<Case>> byName = new LinkedHashMap<>();
		for (Case c : found.keySet())
			if (!c.corrector.equals("none") && !c.corrector.equals(SMLD))
				byName.computeIfAbsent(c.name(), k -> new ArrayList<>()).add(c);
		byName.forEach((name, cases) -> {
			StringBuilder line = new StringBuilder("| " + name + " |");
			String setting = "";
			for (Target target : targets) {
				List<Case> here = cases.stream().filter(c -> c.target == target).toList();
				line.append(' ').append(range(here, 20)).append(" → ").append(range(here, 500)).append(" |");
				setting = found.get(here.get(0)).get(500).setting.toString();
			}
			report.say(line + " " + setting + " |");
		});
	}

	private String range(List<Case> cases, int budget) {
		Comparator<Result> byRatio = Comparator.comparingDouble(r -> r.ratio.value());
		List<Result> results = cases.stream().map(c -> found.get(c).get(budget)).sorted(byRatio).toList();
		return ratio(results.get(0)) + "–" + ratio(results.get(results.size() - 1));
	}

	private void verdict(Report report) {
		report.say("");
		report.say("### Who gets there");
		report.say("");
		for (int budget : BUDGETS)
			for (Target target : targets) {
				List<Case> here = found.keySet().stream().filter(c -> c.target == target).toList();
				long reached = here.stream().filter(c -> found.get(c).get(budget).ratio.high() <= REACHED).count();
				report.row(target.name, "all samplers", "reached_at_" + budget, reached / (double) here.size());
				if (budget == 20 || budget == 500)
					report.say("- At %d evaluations, %s: %d of %d have an upper end of at most %.2f.", budget, target.name, reached, here.size(), REACHED);
			}
		report.say("");
		report.say("At 20 evaluations these do, of the predictors alone:");
		report.say("");
		for (Target target : targets)
			report.say("- %s: %s.", target.name, names(found.keySet().stream().filter(c -> c.target == target && c.corrector.equals("none")
				&& found.get(c).get(20).ratio.high() <= REACHED).toList()));
		report.say("");
		report.say("At 500 these do not, with the upper end of the interval:");
		report.say("");
		boolean none = true;
		for (Case c : found.keySet()) {
			Figure f = found.get(c).get(500).ratio;
			if (f.high() <= REACHED || bias(c) != null)
				continue;
			none = false;
			report.say("- %s, %s, %s: %.2f, to %.2f (%s).", c.target.name, c.sde, c.name(), f.value(), f.high(), found.get(c).get(500).setting);
		}
		if (none)
			report.say("- none but the biased ones.");
		for (Target target : targets) {
			List<Case> biased = found.keySet().stream().filter(c -> c.target == target && bias(c) != null).toList();
			if (!biased.isEmpty())
				report.say("- %s with Langevin corrections, documented as biased: %s: ratio %s at 500.", target.name, bias(biased.get(0)),
					range(biased, 500));
		}
	}

	private static String names(List<Case> cases) {
		Map<String, List<String>> byName = new LinkedHashMap<>();
		for (Case c : cases)
			byName.computeIfAbsent(c.name(), k -> new ArrayList<>()).add(c.sde);
		return byName.isEmpty() ? "none" : String.join("; ", byName.entrySet().stream().map(e -> e.getKey() + " ("
			+ (e.getValue().size() == SDES.size() ? "all SDEs" : String.join(", ", e.getValue())) + ")").toList());
	}

	static String budgets() {
		return Arrays.toString(BUDGETS);
	}
}
