package io.github.tweedie.image;

import java.util.ArrayList;
import java.util.List;

import io.github.tweedie.image.Canvas.Node;

/** What the families of specimens are made of: each method paints one picture's worth of dye, in any unit. */
final class Structures {

	private static final double SPACE = 1e4;

	private Structures() {}

	// -- Filaments --

	/** Curved fibres that cross: in all directions, side by side, or from one centre. */
	static void filaments(Canvas canvas, Dice dice) {
		int arrangement = dice.choice(3);
		double radius = dice.logUniform(0.25, 1.8), bend = dice.logUniform(0.004, 0.035), spread = dice.uniform(0.2, 0.8);
		double common = dice.angle(), centreX = canvas.anyX(dice), centreY = canvas.anyY(dice);
		int count = (int) Math.max(1, canvas.area() / dice.logUniform(500, 6000));
		for (int i = 0; i < count; i++) {
			boolean fromCentre = arrangement == 2 && dice.chance(0.8);
			double x = fromCentre ? centreX + 6 * dice.gaussian() : canvas.anyX(dice);
			double y = fromCentre ? centreY + 6 * dice.gaussian() : canvas.anyY(dice);
			double angle = arrangement == 1 ? common + 0.2 * dice.gaussian() : dice.angle();
			double length = fromCentre ? dice.logUniform(60, 500) : dice.logUniform(30, 350);
			canvas.stroke(walk(dice, x, y, angle, length, bend, radius * dice.logNormal(0.3), 0.1), false);
			canvas.stain(dice.logNormal(spread));
		}
		inCells(canvas, dice, 0.15);
	}

	/** A smoothly curved path whose thickness and dye wander a little. */
	private static List<Node> walk(Dice dice, double x, double y, double angle, double length, double bend, double radius,
		double uneven) {
		List<Node> path = new ArrayList<>();
		double curvature = bend * dice.gaussian(), dye = 0, px = x, py = y, direction = angle, step = 2.5;
		for (double s = 0; s <= length; s += step) {
			path.add(new Node(px, py, radius, Math.exp(dye)));
			curvature = 0.93 * curvature + 0.37 * bend * dice.gaussian();
			direction += curvature * step;
			dye = 0.9 * dye + uneven * dice.gaussian();
			px += step * Math.cos(direction);
			py += step * Math.sin(direction);
		}
		return path;
	}

	/** In half of the pictures: dye only where cells are, which are thicker in some places, and some of it dissolved in them. */
	private static void inCells(Canvas canvas, Dice dice, double dissolved) {
		if (dice.chance(0.5))
			return;
		SmoothField cells = new SmoothField(canvas, dice.logUniform(30, 120), dice);
		double threshold = dice.uniform(-1.2, 0.2), amount = dissolved * dice.random().nextDouble(), sharp = dice.logUniform(1.5, 10);
		canvas.multiply((x, y) -> 0.02 + 0.98 * step(sharp * (cells.at(x, y) - threshold)));
		canvas.add((x, y) -> amount * step(sharp * (cells.at(x, y) - threshold)) * (1 + 0.3 * cells.at(x, y)));
	}

	private static double step(double t) {
		return 1 / (1 + Math.exp(-t));
	}

	// -- Puncta --

	/** Spots of many brightnesses, alone and in clusters. */
	static void puncta(Canvas canvas, Dice dice) {
		double size = dice.logUniform(0.5, 1.6), spread = dice.uniform(0.2, 1.1), together = dice.random().nextDouble();
		double clusterSize = dice.logUniform(3, 25);
		int count = (int) Math.max(1, canvas.area() / dice.logUniform(60, 2500));
		double x = 0, y = 0;
		for (int i = 0; i < count; i++) {
			if (i == 0 || !dice.chance(together * 0.95)) {
				x = canvas.anyX(dice);
				y = canvas.anyY(dice);
			}
			double apart = together > 0.3 ? clusterSize : 0;
			canvas.spot(x + apart * dice.gaussian(), y + apart * dice.gaussian(), size * dice.logNormal(0.15), dice.logNormal(spread));
		}
		inCells(canvas, dice, 0.4);
	}

	// -- Membranes --

	/** Outlines of the cells of a tissue: thin bright walls, dim inside. */
	static void membranes(Canvas canvas, Dice dice) {
		double spacing = dice.logUniform(16, 70), half = dice.uniform(0.2, 1.2), inside = dice.chance(0.6) ? dice.uniform(0, 0.3) : 0;
		double silent = dice.chance(0.3) ? dice.uniform(0.1, 0.5) : 0, grain = dice.uniform(0, 0.3);
		Tissue tissue = new Tissue(canvas, spacing, dice.uniform(0.35, 1), dice.uniform(0, 0.12) * spacing, 0, silent, dice);
		SmoothField uneven = new SmoothField(canvas, dice.logUniform(2, 12), dice);
		canvas.add((x, y) -> tissue.at(x, y, half, inside) * (1 + grain * uneven.at(x, y)));
		if (dice.chance(0.35))
			inCells(canvas, dice, 0);
	}

	/** A Voronoi diagram of one random point in each square of a lattice, with bent walls. */
	private static final class Tissue {

		private final double spacing, bend, stretch, cosine, sine, openWalls;
		private final double[] pointX, pointY, dye;
		private final int side;
		private final long key;
		private final SmoothField bendX, bendY;

		Tissue(Canvas canvas, double spacing, double jitter, double bend, double openWalls, double silent, Dice dice) {
			this.spacing = spacing;
			this.bend = bend;
			this.openWalls = openWalls;
			key = dice.random().nextLong();
			stretch = dice.logUniform(1, 1.8);
			double turn = dice.angle(), spread = dice.uniform(0, 0.4);
			cosine = Math.cos(turn);
			sine = Math.sin(turn);
			side = (int) (1.5 * (canvas.width() + canvas.height() + 4 * Canvas.MARGIN + 8 * bend) / spacing) + 8;
			pointX = new double[side * side];
			pointY = new double[side * side];
			dye = new double[side * side];
			for (int i = 0; i < dye.length; i++) {
				pointX[i] = (i % side + 0.5 + jitter * dice.uniform(-0.5, 0.5)) * spacing;
				pointY[i] = (i / side + 0.5 + jitter * dice.uniform(-0.5, 0.5)) * spacing;
				dye[i] = dice.chance(silent) ? 0.05 : dice.logNormal(spread);
			}
			bendX = new SmoothField(canvas, 0.45 * spacing, dice);
			bendY = new SmoothField(canvas, 0.45 * spacing, dice);
		}

		/**
		 * Dye at a point.
		 *
		 * @param half half the thickness of a wall, pixels
		 * @param inside dye inside the cells
		 */
		double at(double x, double y, double half, double inside) {
			double px = x + bend * bendX.at(x, y), py = y + bend * bendY.at(x, y), middle = 0.5 * side * spacing;
			double u = (cosine * px + sine * py) / stretch + middle, v = cosine * py - sine * px + middle;
			int i = (int) (u / spacing), j = (int) (v / spacing), first = 0;
			double least = SPACE * SPACE, wall = 0;
			for (int n = 0; n < 25; n++) {
				int k = neighbour(i, j, n);
				double d = squared(u - pointX[k], v - pointY[k]);
				if (d < least) {
					least = d;
					first = k;
				}
			}
			for (int n = 0; n < 25; n++) {
				int k = neighbour(i, j, n);
				if (k == first)
					continue;
				double between = Math.sqrt(squared(pointX[k] - pointX[first], pointY[k] - pointY[first]));
				double distance = (squared(u - pointX[k], v - pointY[k]) - least) / (2 * between);
				if (distance < half + 1 && !open(first, k))
					wall = Math.max(wall, Math.min(1, half + 0.7 - distance) * (dye[first] + dye[k]) / 2);
			}
			return Math.max(wall, inside * dye[first]);
		}

		private int neighbour(int i, int j, int n) {
			int column = Math.max(0, Math.min(side - 1, i + n % 5 - 2)), row = Math.max(0, Math.min(side - 1, j + n / 5 - 2));
			return row * side + column;
		}

		/** The same answer from either side. */
		private boolean open(int a, int b) {
			if (openWalls == 0)
				return false;
			long mixed = (key ^ (long) Math.min(a, b) * 0x9E3779B97F4A7C15L) + Math.max(a, b) * 0xD1B54A32D192ED03L;
			mixed = (mixed ^ mixed >>> 32) * 0x94D049BB133111EBL;
			return (mixed >>> 40) * 0x1p-24 < openWalls;
		}

		private static double squared(double x, double y) {
			return x * x + y * y;
		}
	}

	// -- Networks --

	/** Reticula: meshes of tubes as of the endoplasmic reticulum, branching worms as mitochondria, or ridges. */
	static void networks(Canvas canvas, Dice dice) {
		int kind = dice.choice(3);
		if (kind == 0)
			mesh(canvas, dice);
		else if (kind == 1)
			worms(canvas, dice);
		else
			ridges(canvas, dice);
	}

	private static void mesh(Canvas canvas, Dice dice) {
		double spacing = dice.logUniform(7, 22), half = dice.uniform(0.2, 1.4), sheet = dice.uniform(0.1, 0.5);
		Tissue tissue = new Tissue(canvas, spacing, 1, dice.uniform(0.1, 0.3) * spacing, dice.uniform(0.1, 0.45), 0, dice);
		SmoothField cells = new SmoothField(canvas, dice.logUniform(30, 90), dice), fine = new SmoothField(canvas, 5, dice);
		double threshold = dice.uniform(-1.5, 0);
		canvas.add((x, y) -> {
			double cell = cells.at(x, y), thick = step(5 * (cell - threshold));
			return tissue.at(x, y, half, 0) * thick * (1 + 0.2 * fine.at(x, y)) + sheet * step(3 * (cell - 1.3)) + 0.08 * thick;
		});
	}

	private static void worms(Canvas canvas, Dice dice) {
		double radius = dice.logUniform(0.8, 2.6), bend = dice.logUniform(0.02, 0.12), branching = dice.uniform(0, 2),
			spread = dice.uniform(0.1, 0.6);
		boolean hollow = dice.chance(0.25);
		SmoothField cells = new SmoothField(canvas, dice.logUniform(30, 90), dice);
		double threshold = dice.uniform(-1.5, 0.3);
		int count = (int) Math.max(1, canvas.area() / dice.logUniform(200, 1500));
		for (int i = 0; i < count; i++) {
			double x = canvas.anyX(dice), y = canvas.anyY(dice);
			if (cells.at(x, y) < threshold)
				continue;
			List<Node> trunk = walk(dice, x, y, dice.angle(), dice.logUniform(4, 70), bend, radius * dice.logNormal(0.12), 0.08);
			canvas.stroke(trunk, hollow);
			for (double n = branching; dice.chance(n); n--) {
				Node from = trunk.get(dice.choice(trunk.size()));
				canvas.stroke(walk(dice, from.x(), from.y(), dice.angle(), dice.logUniform(6, 40), bend, from.radius(), 0.08), hollow);
			}
			canvas.stain(dice.logNormal(spread));
		}
		double dissolved = dice.uniform(0, 0.2);
		canvas.add((x, y) -> dissolved * step(3 * (cells.at(x, y) - threshold)));
	}

	private static void ridges(Canvas canvas, Dice dice) {
		double size = dice.logUniform(5, 14), thin = dice.logUniform(0.12, 0.4);
		SmoothField a = new SmoothField(canvas, size, dice), b = new SmoothField(canvas, 1.7 * size, dice);
		SmoothField cells = new SmoothField(canvas, 6 * size, dice), fine = new SmoothField(canvas, 0.6 * size, dice);
		double threshold = dice.uniform(-1.2, 0), gaps = dice.uniform(-0.5, 1.5);
		canvas.add((x, y) -> {
			double t = a.at(x, y) / thin, u = b.at(x, y) / (0.6 * thin), cell = cells.at(x, y);
			double ridge = Math.exp(-t * t / 2) * step(4 * (fine.at(x, y) + gaps)) + 0.7 * Math.exp(-u * u / 2);
			return step(6 * (cell - threshold)) * (ridge + 0.06) * (1 + 0.25 * fine.at(x, y));
		});
	}

	// -- Blobs --

	/** Vesicles: round, full or hollow, each as sharp as its distance from the focus allows. */
	static void blobs(Canvas canvas, Dice dice) {
		double small = dice.logUniform(1.5, 5), large = small * dice.logUniform(1.5, 7), hollow = 0;
		if (dice.chance(0.5))
			hollow = dice.random().nextDouble();
		double spread = dice.uniform(0.1, 0.8), defocus = dice.logUniform(0.5, 6);
		double covered = dice.logUniform(0.04, 0.8) * canvas.area();
		for (int i = 0; covered > 0 || i == 0; i++) {
			double radius = dice.logUniform(small, large), soft = 0.3 + Math.abs(defocus * dice.gaussian() * Math.sqrt(radius) / 4);
			double x = canvas.anyX(dice), y = canvas.anyY(dice), flat = dice.uniform(0.7, 1), turn = dice.angle();
			double brightness = dice.logNormal(spread) * radius / (radius + soft), wall = dice.uniform(0.6, 1.6);
			boolean ring = dice.chance(hollow);
			covered -= Math.PI * radius * radius * flat;
			double cosine = Math.cos(turn), sine = Math.sin(turn);
			canvas.addNear(x, y, radius + 6 * soft + 2, (px, py) -> {
				double u = (px - x) * cosine + (py - y) * sine, v = ((py - y) * cosine - (px - x) * sine) / flat;
				double out = Math.hypot(u, v) - radius;
				double full = step(-out / soft);
				double shell = 4 * full * step(out / soft) * Math.exp(-0.5 * out * out / squared(wall + soft));
				return brightness * (ring ? shell + 0.12 * full : full);
			});
		}
		inCells(canvas, dice, 0.2);
	}

	private static double squared(double t) {
		return t * t;
	}

	// -- Dead leaves --

	/**
	 * Discs, ellipses and polygons that hide one another, with sizes that have no scale (Lee, Mumford, Huang 2001): even, shaded or
	 * with a texture.
	 */
	static void deadLeaves(Canvas canvas, Dice dice) {
		double least = dice.logUniform(1.5, 10);
		double most = dice.uniform(0.2, 0.6) * Math.min(256, Math.max(canvas.width(), canvas.height()) + Canvas.MARGIN);
		double dark = dice.uniform(0.6, 3), textured = dice.random().nextDouble(), straight = dice.random().nextDouble();
		double middle = squared(least) * 2 * Math.log(Math.max(most, 2 * least) / least);
		int count = (int) (3 * canvas.area() / middle);
		SmoothField coarse = new SmoothField(canvas, dice.logUniform(6, 20), dice),
			fine = new SmoothField(canvas, dice.logUniform(1.5, 5), dice);
		for (int i = 0; i < count; i++) {
			double radius = dice.scaleInvariant(least, Math.max(most, 2 * least)), x = canvas.anyX(dice), y = canvas.anyY(dice);
			double flat = dice.uniform(0.4, 1), turn = dice.angle(), cosine = Math.cos(turn), sine = Math.sin(turn);
			int corners = dice.chance(straight) ? 3 + dice.choice(4) : 0;
			double sector = corners == 0 ? 0 : 2 * Math.PI / corners;
			Canvas.Paint cover = (px, py) -> {
				double u = (px - x) * cosine + (py - y) * sine, v = ((py - y) * cosine - (px - x) * sine) / flat, r = Math.hypot(u, v);
				if (corners > 0 && r > 0) {
					double a = Math.atan2(v, u), b = a - sector * Math.rint(a / sector);
					r *= Math.cos(b);
				}
				return Math.max(0, Math.min(1, (radius * (corners > 0 ? 0.8 : 1) + 0.5 - r) * (0.5 + 0.5 * flat)));
			};
			double grey = Math.pow(dice.random().nextDouble(), dark);
			canvas.cover(x, y, radius + 1, cover, surface(dice, x, y, radius, grey, dice.chance(textured), coarse, fine));
		}
	}

	private static Canvas.Paint surface(Dice dice, double x, double y, double radius, double grey, boolean textured,
		SmoothField coarse, SmoothField fine) {
		double slope = dice.chance(0.4) ? dice.uniform(0, 0.5) * grey / radius : 0, direction = dice.angle();
		double kx = slope * Math.cos(direction), ky = slope * Math.sin(direction);
		if (!textured || radius < 4)
			return (px, py) -> grey + kx * (px - x) + ky * (py - y);
		double depth = dice.uniform(0.05, 0.35) * (grey + 0.03);
		if (dice.chance(0.3)) {
			double k = 2 * Math.PI / dice.logUniform(4, 16), tilt = dice.angle(), wx = k * Math.cos(tilt), wy = k * Math.sin(tilt);
			return (px, py) -> Math.max(0, grey + kx * (px - x) + ky * (py - y) + depth * Math.sin(wx * px + wy * py));
		}
		double roughness = dice.random().nextDouble();
		return (px, py) -> Math.max(0, grey + kx * (px - x) + ky * (py - y)
			+ depth * (roughness * fine.at(px, py) + (1 - roughness) * coarse.at(px, py)));
	}

	// -- Dendrites --

	/** Trees that branch and taper, with spines. */
	static void dendrites(Canvas canvas, Dice dice) {
		int count = (int) Math.max(1, Math.round(canvas.area() / dice.logUniform(15_000, 80_000)));
		double spines = dice.logUniform(0.02, 0.35), thick = dice.uniform(2, 4.5);
		for (int i = 0; i < count; i++) {
			double x = canvas.anyX(dice), y = canvas.anyY(dice), first = dice.angle();
			int stems = 2 + dice.choice(4);
			if (dice.chance(0.6)) {
				Node lobe = new Node(x + thick * dice.gaussian(), y + thick * dice.gaussian(), 1.8 * thick, 1.2);
				canvas.stroke(List.of(new Node(x, y, 2.2 * thick, 1.2), lobe), false);
			}
			for (int k = 0; k < stems; k++)
				branch(canvas, dice, x, y, first + 2 * Math.PI * k / stems + 0.3 * dice.gaussian(), thick * dice.uniform(0.6, 1), spines);
			canvas.stain(dice.logNormal(0.5));
		}
		canvas.add((x, y) -> 0.01);
	}

	private static void branch(Canvas canvas, Dice dice, double x, double y, double angle, double radius, double spines) {
		List<Node> straight = walk(dice, x, y, angle, dice.logUniform(25, 90), 0.012, radius, 0.03), path = new ArrayList<>();
		double end = radius * dice.uniform(0.7, 0.9);
		for (int i = 0; i < straight.size(); i++) {
			Node n = straight.get(i);
			double r = radius + (end - radius) * i / straight.size();
			path.add(new Node(n.x(), n.y(), r, n.dye() * (0.35 + 0.65 * Math.min(1, r / 2))));
		}
		canvas.stroke(path, false);
		for (int i = 1; i < path.size(); i++)
			if (dice.chance(2.5 * spines))
				spine(canvas, dice, path.get(i - 1), path.get(i));
		Node a = path.get(path.size() - 2), b = path.get(path.size() - 1);
		double onward = Math.atan2(b.y() - a.y(), b.x() - a.x()), fork = dice.uniform(0.25, 0.7);
		if (end < 0.45)
			return;
		branch(canvas, dice, b.x(), b.y(), onward + fork, end * dice.uniform(0.6, 0.95), spines);
		if (dice.chance(0.75))
			branch(canvas, dice, b.x(), b.y(), onward - fork, end * dice.uniform(0.5, 0.85), spines);
	}

	/** A neck and a head, to one side. */
	private static void spine(Canvas canvas, Dice dice, Node a, Node b) {
		double side = Math.atan2(b.y() - a.y(), b.x() - a.x()) + (dice.chance(0.5) ? 1 : -1) * dice.uniform(1.1, 2.0);
		double length = b.radius() + dice.uniform(1.5, 5), head = dice.uniform(0.5, 1.4);
		double x = b.x() + length * Math.cos(side), y = b.y() + length * Math.sin(side);
		canvas.stroke(List.of(new Node(b.x(), b.y(), 0.3, 0.4), new Node(x, y, 0.3, 0.4)), false);
		Node tip = new Node(x + 0.5 * Math.cos(side), y + 0.5 * Math.sin(side), head, 0.7);
		canvas.stroke(List.of(new Node(x, y, head, dice.uniform(0.4, 1)), tip), false);
	}

	// -- Speckled membranes --

	/** Single cells with wavy outlines, on which the dye sits in speckles. */
	static void speckledMembranes(Canvas canvas, Dice dice) {
		double size = dice.logUniform(12, 45), perPixel = dice.logUniform(0.05, 0.6), even = dice.uniform(0.05, 0.5),
			spread = dice.uniform(0.4, 1);
		double speckle = dice.logUniform(0.5, 1.2), inside = dice.uniform(0, 0.1);
		int count = (int) Math.max(1, canvas.area() * dice.uniform(0.3, 0.9) / (Math.PI * size * size));
		for (int i = 0; i < count; i++) {
			List<Node> outline = outline(dice, canvas.anyX(dice), canvas.anyY(dice), size * dice.logNormal(0.2));
			canvas.stroke(outline, false);
			double brightness = dice.logNormal(0.3);
			canvas.stain(even * brightness);
			for (int k = 1; k < outline.size(); k++) {
				Node a = outline.get(k - 1), b = outline.get(k);
				double step = Math.hypot(a.x() - b.x(), a.y() - b.y());
				for (double n = perPixel * step; dice.chance(n); n--) {
					double s = dice.random().nextDouble();
					double x = a.x() + s * (b.x() - a.x()) + 0.8 * dice.gaussian(), y = a.y() + s * (b.y() - a.y()) + 0.8 * dice.gaussian();
					canvas.spot(x, y, speckle, brightness * dice.logNormal(spread));
				}
			}
			speckleInside(canvas, dice, outline.get(0), outline.get(outline.size() / 2), inside, speckle);
		}
	}

	private static void speckleInside(Canvas canvas, Dice dice, Node a, Node b, double perPixel, double speckle) {
		double x = (a.x() + b.x()) / 2, y = (a.y() + b.y()) / 2, radius = 0.8 * Math.hypot(a.x() - x, a.y() - y);
		for (int k = 0; k < perPixel * radius * radius; k++) {
			double r = radius * Math.sqrt(dice.random().nextDouble()), angle = dice.angle();
			canvas.spot(x + r * Math.cos(angle), y + r * Math.sin(angle), speckle, 0.4 * dice.logNormal(0.6));
		}
	}

	private static List<Node> outline(Dice dice, double x, double y, double radius) {
		double[] amount = new double[7], phase = new double[7];
		for (int k = 2; k < amount.length; k++) {
			amount[k] = 0.22 * dice.gaussian() / k;
			phase[k] = dice.angle();
		}
		List<Node> nodes = new ArrayList<>();
		int steps = (int) Math.max(12, 2 * radius);
		for (int i = 0; i <= steps; i++) {
			double a = 2 * Math.PI * i / steps, r = 1;
			for (int k = 2; k < amount.length; k++)
				r += amount[k] * Math.cos(k * a + phase[k]);
			nodes.add(new Node(x + radius * r * Math.cos(a), y + radius * r * Math.sin(a), 0.4, 1));
		}
		return nodes;
	}
}
