package io.github.tweedie.model;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;

import org.junit.jupiter.api.function.Executable;

/** Copies of the package that src/test/python/tiny_networks.py wrote, whole or changed. */
final class Fixture {

	static final double MEAN = 0.25, VARIANCE = 0.25;

	private Fixture() {}

	/** The whole package "gaussian", whose network computes a closed form. */
	static Path gaussian(Path folder) throws IOException {
		Files.createDirectories(folder);
		for (String file : new String[] { "rdf.yaml", "model.onnx", "test_input.npy", "test_sigma.npy", "test_output.npy" })
			Files.write(folder.resolve(file), resource("gaussian/" + file));
		return folder;
	}

	/** The package with another network. */
	static Path with(Path folder, String network) throws IOException {
		gaussian(folder);
		exchange(folder, "model.onnx", resource(network));
		return folder;
	}

	/** Replaces a file and, in the description, its checksum. */
	static void exchange(Path folder, String file, byte[] content) throws IOException {
		String before = sha256(Files.readAllBytes(folder.resolve(file)));
		Files.write(folder.resolve(file), content);
		edit(folder, before, sha256(content));
	}

	/** Replaces a text of the description, which must hold it. */
	static void edit(Path folder, String text, String replacement) throws IOException {
		Path rdf = folder.resolve("rdf.yaml");
		String content = Files.readString(rdf);
		assertTrue(content.contains(text), () -> "no '" + text + "' in " + content);
		Files.writeString(rdf, content.replace(text, replacement));
	}

	/** Zips the files of a folder below another folder of the zip file; "" for its root. */
	static Path zip(Path folder, Path file, String below) throws IOException {
		try (FileSystem zip = FileSystems.newFileSystem(file, Map.of("create", "true")); var files = Files.list(folder)) {
			Path target = zip.getPath("/" + below);
			Files.createDirectories(target);
			for (Path source : files.toList())
				Files.copy(source, target.resolve(source.getFileName().toString()));
		}
		return file;
	}

	/** Runs what must fail, and checks that its message is one sentence that holds all the parts. */
	static <T extends Throwable> T assertSays(Class<T> type, Executable executable, String... parts) {
		T failure = assertThrows(type, executable);
		String message = failure.getMessage();
		for (String part : parts)
			assertTrue(message.contains(part), () -> "'" + part + "' is missing in: " + message);
		assertTrue(message.endsWith(".") && !message.contains("\n") && !message.contains("null"), message);
		return failure;
	}

	static byte[] resource(String name) throws IOException {
		try (InputStream in = Fixture.class.getResourceAsStream(name)) {
			return in.readAllBytes();
		}
	}

	static String sha256(byte[] content) {
		try {
			return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
		}
		catch (java.security.NoSuchAlgorithmException e) {
			throw new AssertionError(e);
		}
	}
}
