package io.github.tweedie.restore;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import net.imglib2.RandomAccessibleInterval;
import net.imglib2.type.numeric.real.FloatType;

/**
 * The way from one image to another, in grey levels of the input.
 *
 * @param frames X×Y×frames; the first and the last come out of the same decoding as all others
 * @param deviation largest difference of the end frames from the inputs, as a fraction of the range from black to white
 * @param angle between the two latents, in radians; independent latents are near π/2
 * @param evaluations evaluations of the network, for the frame that took most
 * @param seconds wall time
 * @param provenance how it was made, in the order in which it is to be read
 */
public record Morphed(RandomAccessibleInterval<FloatType> frames, double deviation, double angle, int evaluations, double seconds,
	Map<String, String> provenance)
{

	public Morphed {
		provenance = Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
	}
}
