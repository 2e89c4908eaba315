package io.github.tweedie.bench;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

import javax.imageio.ImageIO;

import io.github.tweedie.image.Planes;
import io.github.tweedie.image.Specimen;
import io.github.tweedie.image.Specimen.Family;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Writes simulated specimens as 16-bit PNG files, FOLDER/family/seed.png, to train and to test networks on. Pictures for training
 * have the seeds 0, 1, ... and those for tests 1000000, 1000001, ..., so that none is ever both.
 *
 * <pre>
 * ./mvnw -q test-compile exec:java@specimens -Dexec.args="FOLDER 300 256"
 * ./mvnw -q test-compile exec:java@specimens -Dexec.args="FOLDER 20 256 --test --held-out"
 * </pre>
 */
@Command(name = "specimens", mixinStandardHelpOptions = true, description = "Writes simulated specimens as 16-bit PNG files.")
public final class WriteSpecimens implements Runnable {

	/** The seed of the first picture for tests. */
	static final long FIRST_TEST_SEED = 1_000_000;

	@Spec
	private CommandSpec spec;

	@Parameters(index = "0", paramLabel = "FOLDER", description = "where to write; a folder is made in it for each family")
	private Path folder;

	@Parameters(index = "1", defaultValue = "200", paramLabel = "COUNT",
		description = "pictures of each family; default ${DEFAULT-VALUE}")
	private int count;

	@Parameters(index = "2", defaultValue = "256", paramLabel = "SIZE",
		description = "width and height, pixels; default ${DEFAULT-VALUE}")
	private int size;

	@Option(names = "--test", description = "pictures for tests, with other seeds than those for training")
	private boolean test;

	@Option(names = "--held-out", description = "also the families that no network may be trained on; only with --test")
	private boolean heldOut;

	public static void main(String[] args) {
		System.setProperty("java.awt.headless", "true");
		int code = new CommandLine(new WriteSpecimens()).execute(args);
		if (code != 0)
			throw new IllegalStateException("No specimens were written.");
	}

	/** The families to write. */
	static List<Family> families(boolean test, boolean heldOut) {
		return test && heldOut ? List.of(Family.values()) : Family.forTraining();
	}

	@Override
	public void run() {
		if (count < 1 || count > FIRST_TEST_SEED || size < 1)
			throw new ParameterException(spec.commandLine(), "COUNT is " + count + " and SIZE " + size + "; COUNT must be 1 to "
				+ FIRST_TEST_SEED + " and SIZE at least 1.");
		if (heldOut && !test)
			throw new ParameterException(spec.commandLine(),
				"--held-out was seen without --test; networks must not be trained on those families, so add --test or leave --held-out out.");
		long first = test ? FIRST_TEST_SEED : 0;
		for (Family family : families(test, heldOut)) {
			Path own = folder.resolve(family.name().toLowerCase(Locale.ROOT));
			create(own);
			LongStream.range(first, first + count).parallel().forEach(seed -> write(family, seed, own.resolve(seed + ".png")));
			System.out.println(count + " pictures in " + own);
		}
	}

	private static void create(Path folder) {
		try {
			Files.createDirectories(folder);
		}
		catch (IOException e) {
			throw new UncheckedIOException(e);
		}
	}

	private void write(Family family, long seed, Path file) {
		float[] grey = new Planes(Specimen.draw(family, size, size, seed)).read(0);
		BufferedImage picture = new BufferedImage(size, size, BufferedImage.TYPE_USHORT_GRAY);
		for (int i = 0; i < grey.length; i++)
			picture.getRaster().setSample(i % size, i / size, 0, Math.round(grey[i]));
		try {
			ImageIO.write(picture, "png", file.toFile());
		}
		catch (IOException e) {
			throw new UncheckedIOException(e);
		}
	}
}
