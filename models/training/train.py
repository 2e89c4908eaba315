"""Trains a prior on a folder of images and writes a model package that Tweedie reads.

    python train.py --images FOLDER --name mine

See README.md beside this file.
"""
import argparse
import copy
import math
import pathlib
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import torch
from onnx import numpy_helper

import progress
from classifier import Classifier
from images import Crops, in_range, read_folders, scale
from network import UNet
from package import write_package
from sde import SDES

LEVELS = (0.1, 0.2, 0.4)


def arguments(argv=None):
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--images", required=True, nargs="+", help="folder of PNG or TIFF images to learn from, or several")
    a.add_argument("--name", required=True, help="name of the model; also the folder that is written")
    a.add_argument("--test", nargs="+",
                   help="folder of images to measure on, or several; without it every tenth plane is kept back")
    a.add_argument("--classes", help="'folders': each sub-folder is a class; or a CSV file of lines 'file,class'")
    a.add_argument("--test-classes", help="the same for --test, if it is a CSV file of its own")
    a.add_argument("--out", default="..", help="where the package folder is written (default: the models folder)")
    a.add_argument("--work", help="where checkpoints are kept, to resume from (default: work/NAME)")
    a.add_argument("--minutes", type=float, default=60, help="training time (default 60)")
    a.add_argument("--classifier-minutes", type=float, default=0,
                   help="time to train a classifier of noisy images, for classifier guidance; needs --classes (default: none)")
    a.add_argument("--start", help="package of a model to start from, in place of a network that knows nothing")
    a.add_argument("--channels", type=int, default=1, choices=(1, 3), help="1 grey, 3 colour")
    a.add_argument("--widths", type=int, nargs="+", default=[48, 96, 192], help="channels of the network's levels")
    a.add_argument("--sde", default="edm", choices=list(SDES), help="the diffusion to learn (default edm, the best we know)")
    a.add_argument("--weighting", default="simple", choices=("simple", "likelihood"),
                   help="weight of the noise levels: for good images, or for a good likelihood (default simple)")
    a.add_argument("--label-dropout", type=float, default=0.15,
                   help="share of the images whose class is hidden, so that the network also learns images of any class")
    a.add_argument("--quiet", type=float, default=0, help="share of the images of which a part is shown with less noise, as if it had "
                   "been cleared or clipped: for a model that is to denoise")
    a.add_argument("--transforms", action="store_true",
                   help="also learn the images after random powers and Anscombe transforms of their intensities, "
                        "for a model that is to denoise")
    a.add_argument("--batch", type=int, default=16, help="crops of 64 x 64 per step (a quarter as many of 128 x 128)")
    a.add_argument("--rate", type=float, default=1e-3, help="learning rate at its peak")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--description", default="", help="one sentence for the model's card: what the images show")
    a.add_argument("--licence", default="CC0-1.0", help="licence of the model, as an SPDX name")
    a.add_argument("--data", default="", help="where the training images come from, for the model's card")
    a.add_argument("--author", default="not stated", help="who made the model, for its description")
    a.add_argument("--version", default="0.1.0", help="version of the model")
    a.add_argument("--pixel-size", type=float, help="size of a pixel of the images in micrometres, if they all agree")
    a = a.parse_args(argv)
    if not 0 <= a.quiet <= 1:
        raise SystemExit(f"--quiet is a share of the images, from 0 to 1; seen was {a.quiet:g}.")
    if a.classifier_minutes and not a.classes:
        raise SystemExit("--classifier-minutes needs --classes: without classes there is nothing to tell apart.")
    return a


def psnr_at(model, images, sigma, size=128, count=32):
    """Denoising PSNR in dB (peak to peak 2) on crops from the middle of the images, each scaled by itself, class unknown."""
    errors, generator, stride = [], torch.Generator().manual_seed(7), model.network.stride
    device, classes = next(model.parameters()).device, model.network.config["classes"]
    for p in images.planes[::max(1, len(images) // count)][:count]:
        extent = [min(size, n) // stride * stride for n in p.shape[1:]]
        if not all(extent):
            continue
        y, x = ((n - e) // 2 for n, e in zip(p.shape[1:], extent))
        clean = torch.from_numpy(in_range(p[:, y:y + extent[0], x:x + extent[1]], *scale(p)))[None]
        noisy = clean + sigma * torch.randn(clean.shape, generator=generator)
        with torch.no_grad():
            denoised = model.denoise(noisy.to(device), torch.full((1,), sigma, device=device),
                                     torch.full((1,), classes, device=device)).cpu()
        errors.append(float((denoised - clean).square().mean()))
    return 10 * math.log10(4 / np.mean(errors)) if errors else math.nan


def load_weights(model, package):
    """Takes over the weights of a package's ONNX file that have the same name and shape."""
    file = pathlib.Path(package) / "model.onnx"
    try:
        found = {t.name: numpy_helper.to_array(t) for t in onnx.load(file).graph.initializer}
    except Exception as e:
        raise SystemExit(f"'{file}' cannot be read ({e}). Give the folder of a model that this recipe made.")
    own = model.state_dict()
    shared = {k: torch.from_numpy(found[k].copy()) for k in own if k in found and found[k].shape == own[k].shape}
    if len(shared) < 0.9 * len(own):
        raise SystemExit(f"'{package}' holds a network of other --channels or --widths: {len(shared)} of {len(own)} of its "
                         f"weights fit. Give those it was trained with, or leave --start out.")
    model.load_state_dict(shared, strict=False)


class Training:
    """Optimises a model for a number of minutes, averages its weights, and can be interrupted and resumed at any time.

    model: a module with `loss(clean, label)`; report: a function of (averaged model) -> a line for the log.
    """

    def __init__(self, model, a, minutes, checkpoint, report):
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = model.to(self.device).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model).eval()
        self.optimiser = torch.optim.AdamW(model.parameters(), a.rate, betas=(0.9, 0.99), weight_decay=1e-3)
        self.a, self.minutes, self.checkpoint, self.report = a, minutes, checkpoint, report
        self.step, self.spent, self.losses = 0, 0.0, []
        if checkpoint.exists():
            self.resume()

    def resume(self):
        state = torch.load(self.checkpoint, map_location=self.device)
        try:
            self.model.load_state_dict(state["model"]), self.average.load_state_dict(state["average"])
        except RuntimeError:
            raise SystemExit(f"'{self.checkpoint}' holds a network of other --channels, --widths or --classes. Give those it was "
                             f"trained with, or another --work folder to begin anew.")
        if state["sde"] != (self.a.sde, self.a.weighting):
            raise SystemExit(f"'{self.checkpoint}' was trained with --sde {state['sde'][0]} --weighting {state['sde'][1]}. Give "
                             f"these, or another --work folder to begin anew.")
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.spent, self.losses = state["step"], state["spent"], state["losses"]
        print(f"Resumed at step {self.step}, after {self.spent / 60:.1f} minutes.", flush=True)

    def save(self):
        saved = self.checkpoint.with_suffix(".tmp")
        torch.save(dict(model=self.model.state_dict(), average=self.average.state_dict(), optimiser=self.optimiser.state_dict(),
                        step=self.step, spent=self.spent, losses=self.losses, sde=(self.a.sde, self.a.weighting)), saved)
        saved.replace(self.checkpoint)

    def run(self, images):
        crops = Crops(images, self.a.seed + self.step, transforms=self.a.transforms)
        large = self.a.training_size == 128
        running, reported, resumed, last = None, time.time(), self.step, time.time()
        draw = lambda step: crops.batch(*((64, self.a.batch) if step % 2 or not large else (128, max(1, self.a.batch // 4))))
        with ThreadPoolExecutor(1) as ahead:
            following = ahead.submit(draw, self.step)
            while (part := self.spent / (60 * self.minutes)) < 1:
                clean, label = (torch.from_numpy(b).to(self.device) for b in following.result())
                following = ahead.submit(draw, self.step + 1)
                loss = self.advance(clean.to(memory_format=torch.channels_last), label, part)
                running = loss if running is None else running * 0.99 + 0.01 * loss
                now = time.time()
                # NB: a pause of the machine is not time spent on training.
                self.spent, last = self.spent + min(now - last, 60), now
                if now - reported > 120 or self.step == 200:
                    reported = now
                    self.losses.append((self.step, running))
                    print(f"step {self.step}, {self.spent / 60:.1f} of {self.minutes:g} min, loss {running:.4f}, "
                          f"{self.report(self.average)}", flush=True)
                    self.save()
                    last = time.time()
        if self.step > resumed:
            self.losses.append((self.step, running))
            self.save()
        return self.average.cpu().float()

    def advance(self, clean, label, part):
        for group in self.optimiser.param_groups:
            warm, cosine = min(1, (self.step + 1) / 300), 0.5 * (1 + math.cos(math.pi * part))
            group["lr"] = self.a.rate * warm * (0.01 + 0.99 * cosine)
        with torch.autocast(self.device, torch.bfloat16):
            loss = self.model.loss(clean, label).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = min(0.9995, (self.step + 1) / (self.step + 100))
        with torch.no_grad():
            for mean, new in zip(self.average.parameters(), self.model.parameters()):
                mean.lerp_(new, 1 - keep)
        return float(loss.detach())


class WithLabelDropout(torch.nn.Module):
    """The loss of `model` with some labels replaced by the one for 'any class'."""

    def __init__(self, model, dropout):
        super().__init__()
        self.model, self.dropout = model, dropout

    def loss(self, clean, label):
        classes = self.model.network.config["classes"]
        hidden = torch.rand(len(label), device=label.device) < (self.dropout if classes else 1)
        return self.model.loss(clean, label.masked_fill(hidden, classes))


def main(argv=None):
    a = arguments(argv)
    work = pathlib.Path(a.work or pathlib.Path("work") / a.name)
    work.mkdir(parents=True, exist_ok=True)
    images = read_folders(a.images, a.channels, a.classes)
    if a.test:
        test = read_folders(a.test, a.channels, a.test_classes or a.classes, images.class_names)
    else:
        images, test = images.split()
    describe(images, test)
    a.training_size = 128 if np.median([min(p.shape[1:]) for p in images.planes]) >= 128 else 64
    model = SDES[a.sde](UNet(a.channels, a.widths, classes=len(images.class_names)), a.weighting)
    model.quiet = a.quiet
    if a.start:
        load_weights(model, a.start)

    def report(average):
        progress.draw(average.model, training.losses, work)
        return "PSNR at noise {}: {} dB".format(", ".join(f"{s:g}" for s in LEVELS),
                                               ", ".join(f"{psnr_at(average.model, test, s):.2f}" for s in LEVELS))

    torch.manual_seed(a.seed)
    training = Training(WithLabelDropout(model, a.label_dropout), a, a.minutes, work / "checkpoint.pt", report)
    average = training.run(images).model
    classifier = None
    if a.classifier_minutes:
        fit = lambda average: f"{100 * average.accuracy(test, 0.1):.1f} % right at noise 0.1"
        learning = Training(Classifier(a.channels, len(images.class_names)), a, a.classifier_minutes,
                            work / "classifier.pt", fit)
        classifier = learning.run(images)
        print(f"Classifier: {fit(classifier)}.", flush=True)
    metrics = {s: psnr_at(average, test, s) for s in LEVELS}
    folder = write_package(average, a, metrics, training.step, images.class_names, classifier)
    print(f"Wrote {folder}")


def describe(images, test):
    """Says what was found, and what may be wrong with it."""
    sizes = sorted(min(p.shape[1:]) for p in images.planes)
    greys = [float(p.max()) for p in images.planes]
    print(f"{len(images)} planes to learn from, {len(test)} to measure on; shorter sides {sizes[0]} to {sizes[-1]} pixels; "
          f"brightest pixels {min(greys):g} to {max(greys):g}.", flush=True)
    if len(images) < 50:
        print("These are few: enough to try the command, not enough to trust the result.", flush=True)
    if sizes[len(sizes) // 2] < 64:
        print("Most images are below 64 pixels and will be mirrored at their borders.", flush=True)
    known = {p.tobytes() for p in images.planes}
    if shared := sum(p.tobytes() in known for p in test.planes):
        if len(images) >= 10:
            print(f"{shared} of the planes to measure on are among those to learn from: the measure will flatter.", flush=True)
    for i, name in enumerate(images.class_names):
        count = images.labels.count(i)
        print(f"  {name}: {count}" + (" (few)" if count < 30 else ""), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("Stopped. The same command goes on where the last line was printed.")
