"""Reading a folder of images and cutting training crops from it."""
import pathlib

import numpy as np
from PIL import Image, ImageSequence

SUFFIXES = {".png", ".tif", ".tiff"}


def read_folder(folder, channels):
    """All planes of all PNG and TIFF files below `folder`, each a float32 array of shape C x Y x X in grey levels."""
    files = sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES)
    if not files:
        raise SystemExit(f"No PNG or TIFF files were found below '{folder}'. Give a folder that contains images.")
    planes = []
    for file in files:
        with Image.open(file) as image:
            for frame in ImageSequence.Iterator(image):
                if channels == 3:
                    frame = frame.convert("RGB")
                elif frame.mode in ("RGB", "RGBA", "P", "LA"):
                    frame = frame.convert("L")
                a = np.asarray(frame, dtype=np.float32)
                a = a.transpose(2, 0, 1) if a.ndim == 3 else a[None]
                if not np.isfinite(a).all():
                    raise SystemExit(f"{file} contains NaN or infinite pixels. Remove the file or repair it.")
                if a.max() > a.min():
                    planes.append(a)
    if not planes:
        raise SystemExit(f"All images below '{folder}' are constant. Give images that show something.")
    return planes


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


class Crops:
    """Random square crops in [-1, 1] (bright pixels up to 2), with flips, quarter turns and changes of contrast.

    Half of the crops are scaled by their own grey levels and half by those of the whole image, because a user
    may bring either. Of crops that hold no object, `empty` are kept and the others drawn again.
    """

    def __init__(self, planes, seed, empty=0.4):
        self.planes, self.random, self.empty = planes, np.random.default_rng(seed), empty
        self.scales = [scale(p) for p in planes]
        area = np.array([min(p.shape[1] * p.shape[2], 512 * 512) for p in planes], dtype=float) ** 0.5
        self.weights = area / area.sum()

    def one(self, size):
        random = self.random
        for attempt in range(20):
            i = random.choice(len(self.planes), p=self.weights)
            p, (low, high) = self.planes[i], self.scales[i]
            short = [max(0, size - n) for n in p.shape[1:]]
            if any(short):
                p = np.pad(p, [(0, 0), (0, short[0]), (0, short[1])], mode="symmetric")
            y, x = (random.integers(n - size + 1) for n in p.shape[1:])
            a = p[:, y:y + size, x:x + size]
            holds_object = (a > low + 0.25 * (high - low)).mean() > 0.01
            if holds_object or random.random() < self.empty:
                break
        if random.random() < 0.5:
            low, high = scale(a)
        high = low + (high - low) * np.exp(random.normal(0, 0.15))
        a = np.clip((a - low) / (high - low) * 2 - 1 + random.normal(0, 0.02), -2, 2)
        a = np.rot90(a, random.integers(4), (1, 2))
        return a[:, ::-1] if random.random() < 0.5 else a

    def batch(self, size, count):
        return np.ascontiguousarray(np.stack([self.one(size) for _ in range(count)]), dtype=np.float32)
