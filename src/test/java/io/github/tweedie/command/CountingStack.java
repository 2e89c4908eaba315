package io.github.tweedie.command;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import ij.VirtualStack;
import ij.process.ImageProcessor;
import ij.process.ShortProcessor;

/** A virtual stack whose planes are made when they are asked for, and that knows how many of them somebody still holds. */
final class CountingStack extends VirtualStack {

	private static final int EVERY = 100;

	private final int planes;
	private final List<WeakReference<Object>> made = new ArrayList<>();
	/** Planes from 1, in the order in which they were asked for. */
	final List<Integer> asked = new ArrayList<>();
	int mostAlive;
	/** Bytes of Java's memory in use after a tenth of the planes, and the most after that. */
	long first, most;

	CountingStack(int width, int height, int planes) {
		super(width, height);
		this.planes = planes;
		setBitDepth(16);
	}

	@Override
	public int size() {
		return planes;
	}

	@Override
	public int getSize() {
		return planes;
	}

	@Override
	public String getSliceLabel(int n) {
		return "plane " + n;
	}

	@Override
	public ImageProcessor getProcessor(int n) {
		asked.add(n);
		if (n % EVERY == 0) count();
		short[] pixels = new short[getWidth() * getHeight()];
		Random random = new Random(n);
		for (int i = 0; i < pixels.length; i++)
			pixels[i] = (short) (1000 + (i % getWidth() < getWidth() / 2 ? 0 : 200) + 10 * random.nextGaussian());
		made.add(new WeakReference<>(pixels));
		return new ShortProcessor(getWidth(), getHeight(), pixels, null);
	}

	private void count() {
		System.gc();
		mostAlive = Math.max(mostAlive, (int) made.stream().filter(plane -> plane.get() != null).count());
		long used = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
		if (first == 0) first = used;
		most = Math.max(most, used);
	}
}
