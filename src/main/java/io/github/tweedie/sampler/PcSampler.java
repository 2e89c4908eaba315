package io.github.tweedie.sampler;

import java.util.Objects;
import java.util.concurrent.CancellationException;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.sde.DiscreteVpSde;
import io.github.tweedie.sde.Level;
import io.github.tweedie.sde.Level.Transition;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Noise;
import io.github.tweedie.sde.Noise.Purpose;
import io.github.tweedie.sde.Runs;
import io.github.tweedie.sde.Sde;
import io.github.tweedie.sde.Shape;
import io.github.tweedie.sde.VeSde;

/**
 * The predictor–corrector sampler, and the only sampling loop (Song et al. 2021, algorithm 1): along a path of noise levels,
 * a move down is drawn from the predictor's kernel and followed by corrections, a move up is the forward transition, and a
 * conditioner is heard at the start, at every estimate and after every move and correction.
 *
 * <pre>
 * State s = PcSampler.along(Schedule.down(new VeSde(0.01, 20), TimeGrid.karras(7), 20), new DpmSolver(0))
 * 	.sample(prior, Shape.planes(4, 1, 64, 64), new int[] { 0, 1, 2, 3 }, Batch.unlabelled(4), Conditioner.NONE, new Noise(1),
 * 		Monitor.NONE);
 * </pre>
 *
 * @param schedule the path
 * @param predictor moves down
 * @param corrector corrects after each move down, but not after the final step; null for none
 * @param corrections how often, ≥ 0
 */
public record PcSampler(Schedule schedule, Predictor predictor, Corrector corrector, int corrections) {

	public PcSampler {
		Objects.requireNonNull(schedule, "A sampler needs a schedule.");
		Objects.requireNonNull(predictor, "A sampler needs a predictor.");
		if (corrections < 0)
			throw new IllegalArgumentException("The number of corrector steps must not be negative; seen was " + corrections + ".");
	}

	/** A predictor alone. */
	public static PcSampler along(Schedule schedule, Predictor predictor) {
		return new PcSampler(schedule, predictor, null, 0);
	}

	/**
	 * SMLD, the sampler of NCSN (Song and Ermon 2019, algorithm 1): annealed Langevin dynamics down a geometric ladder of noise, a
	 * corrector without a predictor, and the final Tweedie step.
	 *
	 * @param levels rungs of the ladder, ≥ 2
	 * @param corrections Langevin steps a rung
	 * @param snr r of a step of 2·(r·σ)²
	 */
	public static PcSampler smld(VeSde sde, int levels, int corrections, double snr) {
		Schedule ladder = Schedule.down(sde, TimeGrid.uniform(), levels);
		return new PcSampler(ladder, Predictor.NONE, new AnnealedLangevin(snr), corrections);
	}

	/**
	 * DDPM (Ho et al. 2020, algorithm 2): ancestral sampling down the table, one step an entry. Its last step draws nothing, so it is the
	 * final Tweedie step.
	 */
	public static PcSampler ddpm(DiscreteVpSde sde, Ancestral.Variance variance) {
		return along(Schedule.down(sde, TimeGrid.uniform(), sde.steps()), new Ancestral(variance));
	}

	/**
	 * Draws samples.
	 *
	 * @param denoiser the prior
	 * @param shape N×C×(Z×)Y×X
	 * @param id number of each sample within the whole run, N of them: the address of its noise
	 * @param label class of each sample, N of them
	 * @param conditioner a new one
	 * @param noise addressed noise of this plane
	 * @param monitor told of each move and asked whether to go on
	 * @return the samples at the end of the path
	 * @throws CancellationException when the monitor says so
	 * @throws ArithmeticException if the state stops being finite
	 */
	public State sample(Denoiser denoiser, Shape shape, int[] id, int[] label, Conditioner conditioner, Noise noise,
		Monitor monitor)
	{
		State state = new State(shape, id, label, schedule.path().get(0));
		noise.fill(Purpose.START, 0, id, shape, state.x);
		float sigma = (float) state.level.sigma();
		Runs.of(state.x.length, (from, to) -> {
			for (int i = from; i < to; i++)
				state.x[i] *= sigma;
		});
		Denoiser counted = (batch, out) -> {
			state.evaluations++;
			denoiser.denoise(batch, out);
		};
		Move.Estimate estimate = (level, x) -> estimate(counted, conditioner, level, shape, x, label);
		conditioner.start(state, noise);
		Move previous = null;
		for (int step = 0; step < schedule.moves(); step++) {
			monitor.progress(step, schedule.moves());
			if (monitor.cancelled())
				throw new CancellationException("Cancelled at step " + step + " of " + schedule.moves() + ".");
			int draw = step * (1 + corrections);
			Move move = new Move(state.level, schedule.path().get(step + 1), shape, state.x.clone(), estimate, previous, () -> {
				float[] z = new float[shape.size()];
				noise.fill(Purpose.STAGE, draw, id, shape, z);
				return z;
			});
			Predictor.Kernel kernel = kernel(move);
			draw(state, kernel, noise, draw);
			state.level = move.to();
			conditioner.moved(state, move, kernel, noise, draw);
			requireFinite(state, step, predictor);
			boolean corrected = correct(state, move, estimate, conditioner, noise, step);
			previous = isUp(move) || corrected ? null : move;
		}
		monitor.progress(schedule.moves(), schedule.moves());
		return state;
	}

	private Predictor.Kernel kernel(Move move) {
		if (move.to().sigma() == 0)
			return Predictor.Kernel.of(move.denoised(), 0, move.shape().n());
		if (!isUp(move))
			return predictor.kernel(move);
		Transition forward = move.from().to(move.to());
		return Predictor.Kernel.of(Predictor.combined(forward.scale(), move.x(), 0, move.x()), forward.deviation(),
			move.shape().n());
	}

	private static void draw(State state, Predictor.Kernel kernel, Noise noise, int draw) {
		System.arraycopy(kernel.mean(), 0, state.x, 0, state.x.length);
		noise.add(Purpose.MOVE, draw, state.id, state.shape, kernel.deviation(), state.x);
	}

	private boolean correct(State state, Move move, Move.Estimate estimate, Conditioner conditioner, Noise noise, int step) {
		if (corrector == null || corrections == 0 || isUp(move) || state.level.sigma() == 0)
			return false;
		double scale = move.from().alpha() / move.to().alpha();
		for (int k = 1; k <= corrections; k++) {
			int draw = step * (1 + corrections) + k;
			corrector.correct(state, estimate, scale, noise, draw);
			conditioner.moved(state, move, null, noise, draw);
			requireFinite(state, step, corrector);
		}
		return true;
	}

	private static float[] estimate(Denoiser denoiser, Conditioner conditioner, Level level, Shape shape, float[] x,
		int[] label)
	{
		Batch batch = Batch.of(shape, level.alpha() == 1 ? x : Predictor.combined(1 / level.alpha(), x, 0, x), level.ratio(),
			label);
		float[] estimate = new float[x.length];
		denoiser.denoise(batch, estimate);
		conditioner.denoised(denoiser, batch, estimate);
		return estimate;
	}

	private static boolean isUp(Move move) {
		return move.to().ratio() > move.from().ratio();
	}

	private void requireFinite(State state, int step, Object by) {
		if (Runs.finite(state.x, state.x.length))
			return;
		for (float v : state.x)
			if (!Float.isFinite(v))
				throw new ArithmeticException("A value of " + v + " was seen at step " + step + " of " + schedule.moves()
					+ ", at noise level " + state.level.ratio() + ", after " + by + (by == corrector ? "; use a smaller signal-to-noise ratio."
						: "; use more steps, and make sure that the model knows this noise."));
	}
}
