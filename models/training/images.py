"""Reading a folder of images, checking it, and cutting training crops from it."""
import csv
import hashlib
import pathlib
from dataclasses import dataclass, field

import numpy as np
import tifffile
from PIL import Image

SUFFIXES = {".png", ".tif", ".tiff"}
SMALLEST = 16
# Families of simulated specimens on which models are measured, and which therefore no model may see (`Specimen.Family.heldOut`).
HELD_OUT = {"dendrites", "speckled_membranes"}


@dataclass
class Images:
    """planes: float32 arrays of shape C x Y x X in grey levels; labels: the class of each, all 0 without classes."""
    planes: list
    labels: list
    class_names: list = field(default_factory=list)

    def __len__(self):
        return len(self.planes)

    def pick(self, indices):
        return Images([self.planes[i] for i in indices], [self.labels[i] for i in indices], self.class_names)

    def split(self, every=10):
        """(all but every tenth plane, every tenth); with few planes the first are all."""
        kept = [i for i in range(len(self)) if i % every or len(self) < every]
        return self.pick(kept), self.pick(range(0, len(self), every))


def read_folder(folder, channels, classes=None, class_names=None):
    """All planes of all PNG and TIFF files below `folder`.

    classes: None, 'folders' (each sub-folder is a class), or a CSV file of lines 'file,class' with paths relative to `folder`.
    class_names: those of the training images, in their order; without, the classes found, sorted.
    Ends with a sentence where an image cannot be learnt from.
    """
    folder = pathlib.Path(folder)
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not files:
        raise SystemExit(f"No PNG or TIFF files were found below '{folder}'. Give a folder that contains images.")
    if seen := HELD_OUT & {part for file in files for part in file.parts}:
        raise SystemExit(f"'{folder}' holds simulated {' and '.join(sorted(seen))}, which are kept from all training, so that models can "
                         f"be measured on them. Leave them out.")
    class_of = classes_of(folder, files, classes)
    names = class_names or sorted(set(class_of.values()) - {""})
    if classes and len(names) < 2:
        raise SystemExit(f"Only {len(names)} class was found in '{classes if classes != 'folders' else folder}'; expected are two "
                         f"or more. Sort the images into a sub-folder for each class, or leave --classes out.")
    images, seen, constant, repeated = Images([], [], names), {}, [], []
    for file in files:
        if class_of[file] and class_of[file] not in names:
            raise SystemExit(f"{file} is of class '{class_of[file]}'; the classes to learn are {', '.join(names)}.")
        for plane in read_file(file, channels):
            if not np.isfinite(plane).all():
                raise SystemExit(f"{file} contains NaN or infinite pixels. Remove the file or repair it.")
            if min(plane.shape[1:]) < SMALLEST:
                raise SystemExit(f"{file} has {plane.shape[2]} x {plane.shape[1]} pixels; at least {SMALLEST} x {SMALLEST} "
                                 f"are needed. Remove it.")
            digest = hashlib.sha256(plane.tobytes()).digest()
            if plane.max() == plane.min():
                constant.append(file.name)
            elif digest in seen:
                repeated.append(f"{file.name} ({seen[digest]})")
            else:
                seen[digest] = file.name
                images.planes.append(plane)
                images.labels.append(names.index(class_of[file]) if class_of[file] else 0)
    if constant:
        print(f"Passed over {len(constant)} planes of a single grey level: {listed(constant)}.", flush=True)
    if repeated:
        print(f"Passed over {len(repeated)} planes that repeat another: {listed(repeated)}.", flush=True)
    if not images.planes:
        raise SystemExit(f"All images below '{folder}' are constant. Give images that show something.")
    for name in names:
        if class_names is None and names.index(name) not in images.labels:
            raise SystemExit(f"No image below '{folder}' is left of class '{name}'.")
    return images


def read_folders(folders, channels, classes=None, class_names=None):
    """`read_folder` of each; with several folders and classes, each folder holds the same classes."""
    images = Images([], [], class_names or [])
    for folder in folders:
        part = read_folder(folder, channels, classes, images.class_names or None)
        images = Images(images.planes + part.planes, images.labels + part.labels, part.class_names)
    return images


def listed(names, most=5):
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def classes_of(folder, files, classes):
    """{file: name of its class}, '' without classes."""
    if classes is None:
        return dict.fromkeys(files, "")
    if classes == "folders":
        outside = [f.name for f in files if f.parent == folder]
        if outside:
            raise SystemExit(f"{listed(outside)} lie in '{folder}' itself; with --classes folders each image lies in the "
                             f"sub-folder of its class.")
        return {f: f.relative_to(folder).parts[0] for f in files}
    try:
        with open(classes, newline="", encoding="utf-8-sig") as lines:
            rows = {row[0].strip(): row[1].strip() for row in csv.reader(lines) if len(row) > 1}
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise SystemExit(f"The table of classes '{classes}' cannot be read ({e}). Give 'folders', or a CSV file of lines "
                         f"'file,class'.")
    missing = [f.relative_to(folder).as_posix() for f in files if f.relative_to(folder).as_posix() not in rows]
    if missing:
        raise SystemExit(f"'{classes}' does not tell the class of {listed(missing)}. Add a line 'file,class' for each.")
    return {f: rows[f.relative_to(folder).as_posix()] for f in files}


def read_file(file, channels):
    """The planes of a PNG or TIFF file, each C x Y x X, float32, in the grey levels of the file."""
    try:
        a, colour = read_png(file) if file.suffix.lower() == ".png" else read_tiff(file, channels)
    except Exception as e:
        raise SystemExit(f"{file} cannot be read ({e}). Save it again as TIFF or PNG, or remove it.")
    a = np.asarray(a, dtype=np.float32)
    if colour:
        a = a[..., :3].reshape(-1, *a.shape[-3:-1], 3).transpose(0, 3, 1, 2)
    else:
        a = a.reshape(-1, 1, *a.shape[-2:])
    if channels == 3 and not colour:
        raise SystemExit(f"{file} is grey; with --channels 3 the images must be colour.")
    if channels == 1 and colour:
        a = np.tensordot(np.float32([0.299, 0.587, 0.114]), a, (0, 1))[:, None]
    return list(a)


def read_png(file):
    """(pixels, whether their last axis holds colours)"""
    with Image.open(file) as image:
        if image.mode in ("P", "LA", "PA", "1"):
            image = image.convert("RGB" if image.mode in ("P", "PA") and image.getpalette() else "L")
        a = np.asarray(image)
    return a, a.ndim == 3


def read_tiff(file, channels):
    """(pixels, whether their last axis holds colours)

    Colours may be stored pixel by pixel or plane by plane. A composite of three channels, as ImageJ writes it, is a colour image
    if these are wanted, and three planes if not.
    """
    with tifffile.TiffFile(file) as tiff:
        a, axes = tiff.series[0].asarray(), tiff.series[0].axes
    at = axes.find("S")
    if at < 0 and channels == 3 and "C" in axes and a.shape[axes.index("C")] == 3:
        at = axes.index("C")
    if at < 0:
        return a, False
    a = np.moveaxis(a, at, -1)
    return (a, True) if a.shape[-1] >= 3 else (a[..., 0], False)


def noise(a):
    """Standard deviation of the pixel noise: of the differences of neighbours and of the rounding to grey levels.

    Differences below their 90th percentile have a mean of 0.6573 standard deviations, if Gaussian. In a dim image most of them
    are 0, but the smallest other one tells the grey step q, and rounding has a variance of q^2/12.
    """
    d = np.sort(np.concatenate([np.abs(np.diff(a, axis=-1)).ravel(), np.abs(np.diff(a, axis=-2)).ravel()]))
    if not d.size:
        return 0.0
    pixel, first = d[:max(1, int(0.9 * d.size))].mean() / (0.6573 * 2 ** 0.5), np.searchsorted(d, 0, "right")
    step = d[first] if first < d.size else 0.0
    return float(np.sqrt(pixel ** 2 + step ** 2 / 12))


def scale(a):
    """(low, high): the grey levels that become -1 and 1. The same rule as `IntensityScale.robust` in Java."""
    low, high = np.percentile(a, [1, 99.8])
    span = max(high - low, 16 * noise(a), 1e-6 * max(abs(low), abs(high))) or 1.0
    return float(low), float(low + span)


def in_range(a, low, high):
    """Grey levels as a network sees them: low becomes -1, high becomes 1, and brighter pixels end at 2. The type stays."""
    return np.clip((a - low) / (high - low) * 2 - 1, -2, 2)


def transformed(random, a, low, high):
    """C x Y x X after a random power or an Anscombe transform of the intensities, or neither; grey levels of their own.

    Denoising works on stabilised images, which look like a square root of the original.
    """
    kind = random.random()
    if kind < 0.4:
        return a
    z = np.maximum((a - low) / (high - low), 0)
    if kind < 0.7:
        return z ** np.exp(random.uniform(np.log(0.45), np.log(1.6)))
    peak = np.exp(random.uniform(np.log(5), np.log(5000)))
    return 2 * np.sqrt(peak * z + 0.375)


class Crops:
    """Random square crops in [-1, 1] (bright pixels up to 2), with flips, quarter turns and changes of contrast.

    Half of the crops are scaled by their own grey levels and half by those of the whole image, because a user
    may bring either. Of crops that hold no object, `empty` are kept and the others drawn again. With `transforms`, the
    intensities go through random powers and Anscombe transforms, and a third of the crops fill a part of the range only.
    Large images are drawn more often, and images of small classes, each by a square root. Safe for one thread.
    """

    def __init__(self, images, seed, empty=0.4, transforms=False):
        self.images, self.random, self.empty, self.transforms = images, np.random.default_rng(seed), empty, transforms
        self.scales = [scale(p) for p in images.planes]
        area = np.array([min(p.shape[1] * p.shape[2], 512 * 512) for p in images.planes], dtype=float)
        weights = (area / np.bincount(images.labels)[images.labels]) ** 0.5
        self.weights = weights / weights.sum()

    def one(self, size):
        """(C x size x size, label)"""
        random = self.random
        for attempt in range(20):
            i = random.choice(len(self.images), p=self.weights)
            p, (low, high) = self.images.planes[i], self.scales[i]
            short = [max(0, size - n) for n in p.shape[1:]]
            if any(short):
                p = np.pad(p, [(0, 0), (0, short[0]), (0, short[1])], mode="symmetric")
            y, x = (random.integers(n - size + 1) for n in p.shape[1:])
            a = p[:, y:y + size, x:x + size]
            holds_object = (a > low + 0.25 * (high - low)).mean() > 0.01
            if holds_object or random.random() < self.empty:
                break
        if self.transforms:
            a = transformed(random, a, low, high)
            low, high = scale(a)
        elif random.random() < 0.5:
            low, high = scale(a)
        span, shift = (high - low) * np.exp(random.normal(0, 0.15)), random.normal(0, 0.02)
        if self.transforms and random.random() < 1 / 3:
            part = np.exp(random.uniform(np.log(0.15), 0))
            span, shift = span / part, shift + random.uniform(0, 2 * (1 - part))
        a = np.clip((a - low) / span * 2 - 1 + shift, -2, 2)
        a = np.rot90(a, random.integers(4), (1, 2))
        return (a[:, ::-1] if random.random() < 0.5 else a), self.images.labels[i]

    def batch(self, size, count):
        """(count x C x size x size, float32; count labels, int64)"""
        crops, labels = zip(*(self.one(size) for _ in range(count)))
        return np.ascontiguousarray(np.stack(crops), dtype=np.float32), np.array(labels, dtype=np.int64)
