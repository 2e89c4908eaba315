package io.github.tweedie.command;

import java.awt.event.KeyEvent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.scijava.Priority;
import org.scijava.plugin.Plugin;
import org.scijava.service.Service;

import ij.IJ;
import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Denoiser;
import io.github.tweedie.restore.LabelledGaussians;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/** The model library and models more of independent Gaussian pixels, which need no file and no time. */
@Plugin(type = Service.class, priority = Priority.HIGH)
public class ClosedFormPriors extends PriorService.Library {

	static final String NAME = "closed form";
	/** During which the user presses Escape. */
	static final String INTERRUPTED = "closed form, interrupted";

	/** With the classes dark, middle and bright, of means −0.5, 0 and 0.5, and a classifier. */
	static final String CLASSES = "closed form, classes";
	/** Takes extents that are multiples of 8 only. */
	static final String STEPPED = "closed form, stepped";
	/** Trained on pixels of half a micrometre. */
	static final String SIZED = "closed form, sized";
	/** Calls of {@link #INTERRUPTED} so far. */
	static int interruptions;

	/** During which {@link #meanwhile} happens. */
	static final String WATCHED = "closed form, watched";
	static Runnable meanwhile = () -> {};

	/** Knows that everything is black. */
	static final String BLACK = "closed form of nothing";

	/** To be closed by whoever opened it. */
	static final String LENT = "closed form, lent";
	/** How often that was opened, and how often it was not closed. */
	static int opened, lent;

	/** Of red, green and blue. */
	static final String COLOUR = "closed form, colour";

	@Override
	public List<String> names() {
		List<String> names = new ArrayList<>(super.names());
		names.add(NAME);
		return names;
	}

	@Override
	public Prior open(String nameOrPath, String device, Monitor monitor) {
		if (nameOrPath.equals(INTERRUPTED))
			return Prior.of(INTERRUPTED, (batch, out) -> {
				IJ.setKeyDown(KeyEvent.VK_ESCAPE);
				interruptions++;
				denoise(batch, out);
			});
		if (nameOrPath.equals(WATCHED))
			return Prior.of(WATCHED, (batch, out) -> {
				meanwhile.run();
				denoise(batch, out);
			});
		if (nameOrPath.equals(BLACK))
			return Prior.of(BLACK, (batch, out) -> Arrays.fill(out, -1));
		if (nameOrPath.equals(LENT)) {
			opened++;
			lent++;
			return Prior.of(LENT, new Loan());
		}
		if (nameOrPath.equals(CLASSES))
			return LabelledGaussians.prior(CLASSES);
		if (nameOrPath.equals(COLOUR))
			return new Prior(ClosedFormPriors::denoise, COLOUR, "closed form", 3, -1, 1, 0.01, 20, 1, 0, List.of(),
				Prior.Precision.FLOAT32);
		if (nameOrPath.equals(STEPPED))
			return new Prior(ClosedFormPriors::stepped, STEPPED, "closed form", 1, -1, 1, 0.01, 20, 8, 4, List.of(),
				Prior.Precision.FLOAT32);
		boolean plain = nameOrPath.equals(NAME) || nameOrPath.equals(SIZED);
		return plain ? Prior.of(NAME, ClosedFormPriors::denoise) : super.open(nameOrPath, device, monitor);
	}

	@Override
	public double pixelSize(String nameOrPath) {
		if (nameOrPath.equals(SIZED)) return 0.5;
		return nameOrPath.startsWith(NAME) ? Double.NaN : super.pixelSize(nameOrPath);
	}

	private record Loan() implements Denoiser, AutoCloseable {

		@Override
		public void denoise(Batch batch, float[] out) {
			ClosedFormPriors.denoise(batch, out);
		}

		@Override
		public void close() {
			lent--;
		}
	}

	private static void stepped(Batch batch, float[] out) {
		if (batch.shape().y() % 8 != 0 || batch.shape().x() % 8 != 0) throw new IllegalStateException("Seen was " + batch.shape());
		denoise(batch, out);
	}

	private static void denoise(Batch batch, float[] out) {
		int size = batch.shape().sampleSize();
		for (int i = 0; i < out.length; i++) {
			double sigma = batch.sigma()[i / size];
			out[i] = (float) (batch.x()[i] * 0.25 / (0.25 + sigma * sigma));
		}
	}
}
