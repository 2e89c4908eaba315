package io.github.tweedie.sampler;

import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Sde;

/** Where a run stops on its way from the largest noise to the smallest. */
@FunctionalInterface
public interface TimeGrid {

	/**
	 * @param sde gives the range
	 * @param count number of levels, ≥ 2
	 * @return levels in order of falling noise, the first at the SDE's maxTime and the last at its minTime
	 */
	List<Level> levels(Sde sde, int count);

	/** Equal steps of the SDE's time, as in Song et al. (2021). For the VE SDE this is a geometric ladder of σ. */
	static TimeGrid uniform() {
		return (sde, count) -> nodes(sde, count, t -> t, sde::level);
	}

	/** Equal steps of (σ/α)^(1/ρ) (Karras et al. 2022, eq. 5); ρ = 7 there. */
	static TimeGrid karras(double rho) {
		if (!(rho > 0))
			throw new IllegalArgumentException("The Karras grid needs rho > 0; seen was " + rho + ".");
		return (sde, count) -> nodes(sde, count, t -> Math.pow(sde.sigma(t) / sde.alpha(t), 1 / rho),
			v -> sde.levelOf(Math.pow(v, rho)));
	}

	/** Equal steps of λ = ln(α/σ), half the logarithm of the signal-to-noise ratio (Lu et al. 2022). */
	static TimeGrid logSnr() {
		return (sde, count) -> nodes(sde, count, t -> Math.log(sde.sigma(t) / sde.alpha(t)), v -> sde.levelOf(Math.exp(v)));
	}

	private static List<Level> nodes(Sde sde, int count, DoubleUnaryOperator fromTime, DoubleFunction<Level> toLevel) {
		if (count < 2)
			throw new IllegalArgumentException("A run needs at least 2 steps; seen were " + count + ".");
		double first = fromTime.applyAsDouble(sde.maxTime()), last = fromTime.applyAsDouble(sde.minTime());
		return IntStream.range(0, count)
			.mapToObj(i -> i == 0 ? sde.level(sde.maxTime()) : i == count - 1 ? sde.level(sde.minTime())
				: toLevel.apply(first + (last - first) * i / (count - 1)))
			.toList();
	}
}
