package io.github.tweedie.command;

import java.nio.file.Path;

import net.imagej.patcher.LegacyInjector;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command line. */
@Command(name = "tweedie", mixinStandardHelpOptions = true,
	description = "Restores microscopy images with score-based diffusion priors.")
public final class Main {

	/** Leaves with a status other than 0 if a command failed. */
	public static void main(String[] args) {
		CommandLine line = new CommandLine(new Main());
		line.setExecutionExceptionHandler((failure, command, parsed) -> {
			command.getErr().println(command.getColorScheme().errorText(String.valueOf(failure.getMessage())));
			return command.getCommandSpec().exitCodeOnExecutionException();
		});
		int status = line.execute(args);
		// NB: exec:java runs in Maven's JVM, which is to go on after a success.
		if (status != 0) System.exit(status);
	}

	@Command(name = "demo", mixinStandardHelpOptions = true,
		description = "Hides parts of a simulated picture, restores them in ImageJ and compares with the truth.")
	int demo(
		@Option(names = "--gui", description = "open ImageJ with the plugin in its menu and the picture to try it on") boolean gui,
		@Option(names = "--size", defaultValue = "512", description = "width and height in pixels (default: 512)") int size,
		@Option(names = "--out", defaultValue = "target/demo", description = "folder for the results (default: target/demo)") Path out)
		throws Exception
	{
		// NB: Both must precede the first class of AWT and of ImageJ.
		System.setProperty("java.awt.headless", String.valueOf(!gui));
		if (!gui) LegacyInjector.preinit();
		if (gui) Demo.open(size);
		else Demo.run(size, out);
		return 0;
	}
}
