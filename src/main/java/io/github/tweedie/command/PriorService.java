package io.github.tweedie.command;

import java.io.IOException;
import java.util.List;

import org.scijava.plugin.Plugin;
import org.scijava.service.AbstractService;
import org.scijava.service.SciJavaService;
import org.scijava.service.Service;

import io.github.tweedie.model.ModelLibrary;
import io.github.tweedie.sde.Monitor;
import io.github.tweedie.sde.Prior;

/** Where commands find their priors: by default the standard model library. Another service of higher priority replaces it. */
public interface PriorService extends SciJavaService {

	/** Names to be offered, the default one first. */
	List<String> names();

	/**
	 * Opens a model once; later calls share it. Whoever is done with it closes what it got, which leaves it open for the next.
	 *
	 * @param nameOrPath one of {@link #names()}, or the path of a model package
	 * @param device {@code auto}, {@code cpu} or {@code cuda}
	 * @throws IllegalArgumentException if there is no such model or device
	 */
	Prior open(String nameOrPath, String device, Monitor monitor);

	/** Side in micrometres of the pixels on which a model was trained, or NaN if it does not tell. */
	default double pixelSize(String nameOrPath) {
		return Double.NaN;
	}

	/** The standard model library, as a service. */
	@Plugin(type = Service.class)
	class Library extends AbstractService implements PriorService {

		@Override
		public List<String> names() {
			return ModelLibrary.shared().names();
		}

		@Override
		public Prior open(String nameOrPath, String device, Monitor monitor) {
			try {
				return ModelLibrary.shared().open(nameOrPath, device, monitor);
			}
			catch (IOException e) {
				throw new IllegalArgumentException(e.getMessage(), e);
			}
		}

		@Override
		public double pixelSize(String nameOrPath) {
			try {
				return ModelLibrary.shared().find(nameOrPath).pixelSize();
			}
			catch (IOException e) {
				throw new IllegalArgumentException(e.getMessage(), e);
			}
		}
	}
}
