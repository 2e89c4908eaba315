package io.github.tweedie.bench;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

import javax.imageio.ImageIO;

import io.github.tweedie.sde.Shape;

/** Images side by side, row by row, with white lines between them. */
final class Sheet {

	private static final int LINE = 2;

	private Sheet() {}

	/**
	 * @param images of 1×C×Y×X values in [low, high], C = 1 or 3; what lies beyond is cut off
	 * @param columns images in a row
	 */
	static void write(Path file, Shape shape, List<float[]> images, int columns, double low, double high) throws IOException {
		int w = shape.x(), h = shape.y(), rows = (images.size() + columns - 1) / columns;
		BufferedImage sheet = new BufferedImage(columns * (w + LINE) - LINE, rows * (h + LINE) - LINE,
			shape.c() == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR);
		for (int band = 0; band < shape.c(); band++) {
			for (int y = 0; y < sheet.getHeight(); y++)
				for (int x = 0; x < sheet.getWidth(); x++)
					sheet.getRaster().setSample(x, y, band, 255);
			for (int i = 0; i < images.size(); i++)
				for (int p = 0; p < w * h; p++)
					sheet.getRaster().setSample(i % columns * (w + LINE) + p % w, i / columns * (h + LINE) + p / w, band,
						(int) Math.round(255 * Math.max(0, Math.min(1, (images.get(i)[band * w * h + p] - low) / (high - low)))));
		}
		ImageIO.write(sheet, "png", file.toFile());
	}
}
