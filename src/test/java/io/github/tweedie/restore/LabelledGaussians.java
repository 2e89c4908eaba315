package io.github.tweedie.restore;

import java.util.List;

import io.github.tweedie.sde.Batch;
import io.github.tweedie.sde.Classifier;
import io.github.tweedie.sde.Prior;

/**
 * Independent pixels of variance 0.04, of mean −0.5, 0 or 0.5 in the classes dark, middle and bright, and of mean 0.1 in no class
 * in particular. The classifier is the ratio of a class's density to that of no class, so that guidance of scale s has a closed
 * form by either way: pixels of mean m + s·(m_k − m) and the same variance.
 */
public final class LabelledGaussians {

	static final double VARIANCE = 0.04, MEAN = 0.1;
	static final double[] MEANS = { -0.5, 0, 0.5 };

	private LabelledGaussians() {}

	/** For images of any size that is a multiple of 4, trained on 16×16. */
	public static Prior prior(String name) {
		return new Prior(LabelledGaussians::denoise, name, "closed form", 1, -1, 1, 0.01, 20, 4, 0, List.of("dark", "middle", "bright"),
			Prior.Precision.FLOAT32, 16, false, CLASSIFIER);
	}

	private static double mean(int label) {
		return label == Batch.NO_CLASS ? MEAN : MEANS[label];
	}

	private static void denoise(Batch batch, float[] out) {
		int size = batch.shape().sampleSize();
		for (int i = 0; i < out.length; i++) {
			double square = batch.sigma()[i / size] * batch.sigma()[i / size], mean = mean(batch.label()[i / size]);
			out[i] = (float) (mean + VARIANCE / (VARIANCE + square) * (batch.x()[i] - mean));
		}
	}

	static final Classifier CLASSIFIER = new Classifier() {

		@Override
		public int classes() {
			return MEANS.length;
		}

		@Override
		public void logProbability(Batch batch, double[] logProbability, float[] gradient) {
			int size = batch.shape().sampleSize();
			for (int i = 0; i < gradient.length; i++) {
				double total = VARIANCE + batch.sigma()[i / size] * batch.sigma()[i / size], mean = MEANS[batch.label()[i / size]];
				gradient[i] = (float) ((mean - MEAN) / total);
				logProbability[i / size] += (mean - MEAN) * (batch.x()[i] - (mean + MEAN) / 2) / total;
			}
		}
	};
}
