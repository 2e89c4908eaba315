package io.github.tweedie.restore;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import net.imglib2.RandomAccessibleInterval;
import net.imglib2.type.numeric.real.FloatType;

/**
 * What {@link Generation} returns.
 *
 * @param images X×Y×C×N, in the data range of the prior
 * @param names class and number of each image, N of them
 * @param evaluations evaluations of the network per image
 * @param seconds wall time
 * @param warnings sentences that a user should read
 * @param provenance how they were made: model, classes, guidance, steps, seed, device and more, in the order in which they are to
 *        be read
 */
public record Generated(RandomAccessibleInterval<FloatType> images, List<String> names, long evaluations, double seconds,
	List<String> warnings, Map<String, String> provenance)
{

	public Generated {
		names = List.copyOf(names);
		warnings = List.copyOf(warnings);
		provenance = Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
	}
}
