package io.github.tweedie.restore;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import net.imglib2.RandomAccessibleInterval;
import net.imglib2.type.numeric.real.FloatType;

/**
 * How likely an image is under a prior: −log2 of its density per grey step, lower for likelier images.
 *
 * @param planes the value of each plane
 * @param map the summand of each pixel in bits, of the input's dimensions; the mean over a plane is its value
 * @param error standard error of each summand; null with a single probe
 * @param seconds wall time
 * @param provenance how it was made: model, scale, probes, seed, device and more, in the order in which they are to be read
 */
public record BitsPerDimension(List<Plane> planes, RandomAccessibleInterval<FloatType> map, RandomAccessibleInterval<FloatType> error,
	double seconds, Map<String, String> provenance)
{

	/**
	 * @param bits bits per dimension, that is per pixel
	 * @param error its standard error, from the scatter of the probes; NaN with a single probe
	 * @param evaluations evaluations of the network
	 */
	public record Plane(double bits, double error, int evaluations) {}

	public BitsPerDimension {
		planes = List.copyOf(planes);
		provenance = Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
	}
}
