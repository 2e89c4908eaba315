package io.github.tweedie.model;

import static io.github.tweedie.model.OnnxFile.DOUBLE;
import static io.github.tweedie.model.OnnxFile.FLOAT;
import static io.github.tweedie.model.OnnxFile.INT64;

import java.util.Arrays;

/**
 * What a perfect network would say of independent Gaussian pixels, as an ONNX file, in every convention. It computes α and σ from
 * what it is told by the formulas of the papers, written as nodes in double precision.
 */
public final class GaussianNetwork {

	static final double MEAN = 0.25, VARIANCE = 0.04;

	String sde = "edm", prediction = "denoised", time = "sigma";
	double sigmaMin = 0.01, sigmaMax = 20, betaMin = 0.1, betaMax = 20;
	/** ᾱ after each step, for the SDE ddpm. */
	double[] alphaBar;
	int imageType = FLOAT, timeType = FLOAT, labelType = INT64;
	boolean scalar, doubled;
	int fixed = -1, batch = -1, channels = 1;
	/** Mean of each class; the network takes a label if it is set. */
	double[] means;

	public GaussianNetwork of(String kind, String predicted, String told) {
		sde = kind;
		prediction = predicted;
		time = told;
		return this;
	}

	/** β from first to last in equal steps, for the SDE ddpm. */
	public GaussianNetwork linear(int steps, double first, double last) {
		alphaBar = new double[steps];
		double product = 1;
		for (int i = 0; i < steps; i++)
			alphaBar[i] = product *= 1 - (first + (last - first) * i / (steps - 1));
		return this;
	}

	public GaussianNetwork means(double... classes) {
		means = classes;
		return this;
	}

	/** Pixels of standard deviation 0.2 around each of the means. */
	public byte[] bytes() {
		OnnxFile f = new OnnxFile();
		f.input("x", imageType, batch, channels, fixed, fixed);
		f.input("time", timeType, scalar ? new long[0] : new long[] { batch });
		f.output("out", imageType, batch, doubled ? 2 * channels : channels, fixed, fixed);
		String x = f.node("Cast", "to", DOUBLE, "x"), mean = f.doubles(MEAN), variance = f.doubles(VARIANCE);
		if (means != null) {
			f.input("label", labelType, batch);
			String label = f.node("Cast", "to", INT64, "label");
			mean = f.node("Reshape", f.node("Gather", f.doubles(means), label), f.longs(-1, 1, 1, 1));
		}
		String told = f.node("Reshape", f.node("Cast", "to", DOUBLE, "time"), f.longs(-1, 1, 1, 1));
		String[] level = level(f, told);
		String a = level[0], s = level[1];
		String total = f.node("Add", f.node("Mul", f.node("Mul", a, a), variance), f.node("Mul", s, s));
		String c = f.node("Div", f.node("Sub", x, f.node("Mul", a, mean)), total);
		String clean = f.node("Add", mean, f.node("Mul", f.node("Mul", a, variance), c)), noise = f.node("Mul", s, c);
		String result = switch (prediction) {
			case "denoised", "sample" -> clean;
			case "epsilon" -> noise;
			case "score" -> f.node("Neg", c);
			case "v_prediction" -> f.node("Sub", f.node("Mul", a, noise), f.node("Mul", s, clean));
			default -> throw new IllegalArgumentException(prediction);
		};
		if (doubled)
			result = f.node("Concat", "axis", 1, result, f.node("Exp", result));
		f.named("out", "Cast", "to", imageType, result);
		return f.bytes();
	}

	private String[] level(OnnxFile f, String told) {
		if (time.equals("sigma") || time.equals("c_noise")) {
			String ratio = time.equals("sigma") ? told : f.node("Exp", f.node("Mul", told, f.doubles(4)));
			return switch (sde) {
				case "edm", "ve" -> new String[] { f.doubles(1), ratio };
				case "subvp" -> {
					String root = f.node("Sqrt", f.node("Add", f.node("Mul", ratio, ratio), f.doubles(4)));
					String a = f.node("Div", f.doubles(2), f.node("Add", ratio, root));
					yield new String[] { a, f.node("Sub", f.doubles(1), f.node("Mul", a, a)) };
				}
				default -> {
					String a = f.node("Reciprocal", f.node("Sqrt", f.node("Add", f.node("Mul", ratio, ratio), f.doubles(1))));
					yield new String[] { a, f.node("Mul", a, ratio) };
				}
			};
		}
		if (sde.equals("ddpm")) {
			int n = alphaBar.length;
			String index = switch (time) {
				case "index" -> told;
				case "index_reversed" -> f.node("Sub", f.doubles(n - 1), told);
				case "t" -> f.node("Sub", f.node("Mul", told, f.doubles(n)), f.doubles(1));
				default -> f.node("Sub", f.node("Mul", told, f.doubles(n / 999.0)), f.doubles(1));
			};
			// NB: what is told beyond the table, as a wrong declaration does, gets its end.
			String at = f.node("Cast", "to", INT64, f.node("Min", f.node("Max", f.node("Round", index), f.doubles(0)), f.doubles(n - 1)));
			double[] alpha = Arrays.stream(alphaBar).map(Math::sqrt).toArray(), sigma = Arrays.stream(alphaBar).map(a -> Math.sqrt(1 - a))
				.toArray();
			return new String[] { f.node("Gather", f.doubles(alpha), at), f.node("Gather", f.doubles(sigma), at) };
		}
		String t = time.equals("t") ? told : f.node("Div", told, f.doubles(999));
		if (sde.equals("ve"))
			return new String[] { f.doubles(1),
				f.node("Mul", f.doubles(sigmaMin), f.node("Exp", f.node("Mul", t, f.doubles(Math.log(sigmaMax / sigmaMin))))) };
		String half = f.node("Mul", t, f.doubles(0.5 * (betaMax - betaMin)));
		String integral = f.node("Mul", t, f.node("Add", f.doubles(betaMin), half));
		String squared = f.node("Exp", f.node("Neg", integral)), variance = f.node("Sub", f.doubles(1), squared);
		return new String[] { f.node("Sqrt", squared), sde.equals("vp") ? f.node("Sqrt", variance) : variance };
	}
}
