package io.github.tweedie.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

import ij.IJ;
import ij.ImageJ;
import ij.ImagePlus;
import ij.gui.OvalRoi;
import ij.macro.Interpreter;
import io.github.tweedie.image.Laplace;

/** The demonstration: the macro {@code macros/demo.ijm}, run in ImageJ without a window, and figures about what it made. */
final class Demo {

	private Demo() {}

	/** Opens ImageJ with the picture and a selection on it, ready for 'Tweedie Inpaint...'. */
	static void open(int size) {
		new ImageJ();
		CommandPlugIn.install();
		IJ.run(Sample.TITLE, "width=" + size + " height=" + size + " seed=1");
		ImagePlus sample = IJ.getImage();
		sample.setRoi(new OvalRoi(size * 0.3, size * 0.35, size * 0.12, size * 0.12));
	}

	/** Restores without a window, saves all pictures and prints how near they come to the truth. */
	static void run(int size, Path out) throws IOException {
		Path folder = Files.createDirectories(out).toAbsolutePath();
		try {
			CommandPlugIn.install();
			Interpreter interpreter = new Interpreter();
			interpreter.run(Files.readString(Path.of("macros", "demo.ijm")), folder + ";" + size);
			if (interpreter.wasError()) throw new IllegalStateException(interpreter.getErrorMessage());
			report(folder);
		}
		finally {
			CommandPlugIn.dispose();
		}
	}

	private static void report(Path folder) {
		ImagePlus restored = open(folder, "restored");
		float[] truth = pixels(open(folder, "truth")), input = pixels(open(folder, "input"));
		boolean[] hidden = new boolean[truth.length];
		float[] mask = pixels(open(folder, "mask"));
		int count = 0;
		for (int i = 0; i < hidden.length; i++)
			if (hidden[i] = mask[i] != 0) count++;
		float[] harmonic = input.clone();
		Laplace.fill(harmonic, restored.getWidth(), hidden);
		System.out.printf(Locale.ROOT, "%d of %d pixels were hidden (%.1f %%).%n", count, hidden.length, 100.0 * count / hidden.length);
		System.out.printf(Locale.ROOT, "PSNR inside the mask:  restored %.2f dB,  harmonic fill %.2f dB%n",
			psnr(truth, pixels(restored), hidden), psnr(truth, harmonic, hidden));
		System.out.printf("Model %s on %s: %s network evaluations, %s s%n", restored.getProp("tweedie.model"),
			restored.getProp("tweedie.device"), restored.getProp("tweedie.evaluations"), restored.getProp("tweedie.seconds"));
		System.out.println("Pictures: " + folder.resolve("demo.png") + " and TIFF files beside it");
	}

	private static ImagePlus open(Path folder, String name) {
		ImagePlus image = IJ.openImage(folder.resolve(name + ".tif").toString());
		if (image == null)
			throw new IllegalStateException("The macro saved no " + name + ".tif in " + folder + "; its messages above say why.");
		return image;
	}

	private static float[] pixels(ImagePlus image) {
		return (float[]) image.getProcessor().convertToFloatProcessor().getPixels();
	}

	/** Peak signal-to-noise ratio over the hidden pixels; the peak is the largest value of the truth. */
	private static double psnr(float[] truth, float[] estimate, boolean[] hidden) {
		double squares = 0, peak = 0;
		int count = 0;
		for (int i = 0; i < truth.length; i++) {
			peak = Math.max(peak, truth[i]);
			if (!hidden[i]) continue;
			double error = estimate[i] - truth[i];
			squares += error * error;
			count++;
		}
		return 10 * Math.log10(peak * peak * count / squares);
	}
}
