package io.github.tweedie.restore;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import net.imglib2.RandomAccessibleInterval;
import net.imglib2.type.numeric.real.FloatType;

/**
 * What a restoration returns, in grey levels of the input.
 *
 * @param mean mean of the samples, of the input's dimensions; pixels that were known without noise hold exactly the input's values
 * @param deviation standard deviation of the samples at each pixel, the uncertainty map; null if only one sample was drawn
 * @param samples the samples, of the input's dimensions and one more, the last, that counts them
 * @param evaluations evaluations of the network per sample, of the plane that took most
 * @param seconds wall time
 * @param provenance how it was made: model, method, steps, seed, device and more, in the order in which they are to be read
 */
public record Restored(RandomAccessibleInterval<FloatType> mean, RandomAccessibleInterval<FloatType> deviation,
	RandomAccessibleInterval<FloatType> samples, long evaluations, double seconds, Map<String, String> provenance)
{

	public Restored {
		provenance = Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
	}
}
