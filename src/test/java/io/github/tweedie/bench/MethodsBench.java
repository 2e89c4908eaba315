package io.github.tweedie.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

import io.github.tweedie.model.ModelPackage;
import io.github.tweedie.sde.Prior;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Holds every part of the score-SDE system against closed forms: all samplers, orders of convergence, correctors, likelihood. Writes
 * docs/methods.md for people and target/bench/methods.csv for machines.
 *
 * <pre>
 * ./mvnw -q test-compile exec:java@methods
 * ./mvnw -q test-compile exec:java@methods -Dexec.args=FOLDER
 * </pre>
 */
@Command(name = "methods", mixinStandardHelpOptions = true, description = "Holds the samplers against closed forms.")
public final class MethodsBench implements Runnable {

	@Parameters(arity = "0..1", paramLabel = "FOLDER",
		description = "folder with the folders train and test of grey PNG images, for the rows of the bundled network")
	private Path folder;

	@Option(names = "--threads", defaultValue = "1", description = "how many; the figures do not depend on it; default ${DEFAULT-VALUE}")
	private int threads;

	@Option(names = "--points", defaultValue = "128",
		description = "points of a set of samples, from which all numbers of samples follow; default ${DEFAULT-VALUE}")
	private int points;

	@Option(names = "--quick", description = "predictors without correctors only; writes to target/bench alone")
	private boolean quick;

	public static void main(String[] args) {
		System.setProperty("java.awt.headless", "true");
		int code = new CommandLine(new MethodsBench()).execute(args);
		if (code != 0)
			throw new IllegalStateException("methods failed");
	}

	@Override
	public void run() {
		try (Prior prior = ModelPackage.read(Path.of("models/nuclei")).open("cpu")) {
			Report report = new Report();
			Target gaussian = Target.gaussian(64), plane = Target.mixture(2), mixture = Target.mixture(8);
			report.say("# The methods, measured");
			report.say("");
			report.say(text("introduction").strip());
			report.say("");
			report.say("## Samplers");
			report.say("");
			report.say(text("samplers").strip());
			SamplerTable table = new SamplerTable(List.of(gaussian, plane, mixture), points);
			table.measure(threads, quick);
			table.write(report);
			report.say("");
			report.say("## Orders of convergence");
			Orders.write(report);
			report.say("");
			report.say("## Where a corrector helps");
			CorrectorStudy.write(report, mixture, gaussian, points);
			if (folder == null) {
				report.say("");
				report.say("The rows of the bundled network are left out, since no folder of images was given.");
			}
			else
				CorrectorStudy.network(report, prior, folder);
			report.say("");
			report.say("## Likelihood and the flow back and forth");
			LikelihoodStudy.write(report, mixture);
			LikelihoodStudy.roundTrip(report, gaussian);
			LikelihoodStudy.network(report, prior);
			report.say("");
			report.say(text("remarks").strip());
			report.say("");
			report.say(text("broken-formulas").strip());
			report.write(Path.of(quick ? "target/bench/methods.md" : "docs/methods.md"), Path.of("target/bench/methods.csv"));
		}
		catch (IOException e) {
			throw new IllegalStateException(e.getMessage(), e);
		}
	}

	/** What was written by hand. */
	private static String text(String name) throws IOException {
		try (InputStream in = MethodsBench.class.getResourceAsStream("methods-" + name + ".md")) {
			return new String(in.readAllBytes(), StandardCharsets.UTF_8);
		}
	}
}
