package io.github.tweedie.sampler;

import java.util.ArrayList;
import java.util.List;

import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Sde;

/**
 * The path of a run: the noise levels in the order in which they are visited. A move to less noise is a step of the
 * predictor, a move to more noise is the forward transition; a last level of no noise at all is the final Tweedie step.
 *
 * @param path at least two levels
 */
public record Schedule(List<Level> path) {

	public Schedule {
		path = List.copyOf(path);
		if (path.size() < 2)
			throw new IllegalArgumentException("A schedule needs at least 2 levels; seen were " + path.size() + ".");
		for (int i = 0; i < path.size() - 1; i++)
			if (path.get(i).sigma() == 0)
				throw new IllegalArgumentException("Level " + i + " of the schedule has no noise; only the last one may.");
	}

	/** Straight down the grid, then the final Tweedie step: {@code steps} moves. */
	public static Schedule down(Sde sde, TimeGrid grid, int steps) {
		List<Level> path = new ArrayList<>(grid.levels(sde, steps));
		path.add(Level.CLEAN);
		return new Schedule(path);
	}

	/**
	 * Every move down is made {@code times} times, going back up in between, so that known and unknown parts find together
	 * (Lugmayr et al. 2022, jump length 1). The final step is made once.
	 */
	public Schedule resampled(int times) {
		if (times < 1)
			throw new IllegalArgumentException("Each step must be made at least once; seen was " + times + ".");
		List<Level> longer = new ArrayList<>(path.subList(0, 1));
		for (int i = 1; i < path.size(); i++) {
			longer.add(path.get(i));
			for (int k = 1; k < times && path.get(i).sigma() > 0; k++) {
				longer.add(path.get(i - 1));
				longer.add(path.get(i));
			}
		}
		return new Schedule(longer);
	}

	/** Number of moves. */
	public int moves() {
		return path.size() - 1;
	}
}
