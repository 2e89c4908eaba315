"""Trains a classifier of clean images that judges what a model with classes draws, and tells how well it judges real ones.

    python judge.py --images FOLDER --classes table.csv --test OTHERS --test-classes others.csv --out judge.onnx

It shares no weights, no layers and no seed with the classifier that is in a model package, sees no noise, and takes no part
in training or sampling: a model cannot have learnt to please it. The ONNX file takes `x`, N x C x Y x X clean images in [-1, 1],
and gives `log_probability` (N x classes, in the order of the sorted class names) and `features` (N x 128), what the last
layer sees, for a Frechet distance (Heusel et al. 2017). `exec:java@models` uses it.
"""
import argparse
import math
import pathlib
import time

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn as nn
import torch.nn.functional as F

from images import in_range, read_folder, scale

FEATURES = 128
LARGEST_FILE = 2_000_000


class Judge(nn.Module):
    """Convolutions with batch normalisation, maximum pooling, the mean over space, and one linear layer."""

    def __init__(self, channels, classes):
        super().__init__()

        def convolution(c_in, c_out, kernel=3, stride=1):
            return [nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]
        self.body = nn.Sequential(
            *convolution(channels, 16, 5, 2), *convolution(16, 32), nn.MaxPool2d(2),
            *convolution(32, 48), *convolution(48, 48), nn.MaxPool2d(2),
            *convolution(48, 96), *convolution(96, FEATURES))
        self.last = nn.Linear(FEATURES, classes)

    def forward(self, x):
        features = self.body(x).mean((2, 3))
        return F.log_softmax(self.last(F.dropout(features, 0.3, self.training)), 1), features


def load(images):
    """(N x C x Y x X in [-1, 1], bright pixels up to 2; N labels), by the rule that all models are trained with."""
    planes = [in_range(p, *scale(p)) for p in images.planes]
    if len({p.shape for p in planes}) > 1:
        raise SystemExit("The images differ in size; a judge takes images of one size. Cut them first.")
    return torch.from_numpy(np.stack(planes).astype(np.float32)), torch.tensor(images.labels)


def varied(x):
    """Quarter turns, flips, shifts by up to 3 pixels, and changes of brightness and contrast, other ones for each image."""
    out = torch.empty_like(x)
    for i, image in enumerate(F.pad(x, (3, 3, 3, 3), mode="replicate")):
        top, left = torch.randint(7, (2,))
        image = torch.rot90(image[:, top:top + x.shape[2], left:left + x.shape[3]], int(torch.randint(4, ())), (1, 2))
        out[i] = image.flip(2) if torch.rand(()) < 0.5 else image
    contrast, shift = (0.2 * torch.randn(len(x), 1, 1, 1)).exp(), 0.05 * torch.randn(len(x), 1, 1, 1)
    return ((out + 1) * contrast - 1 + shift).clamp(-2, 2)


def train(x, labels, classes, minutes, batch, rate, seed):
    """Images of small classes are drawn more often, by a square root. The rate rises for a twentieth of the time, then falls."""
    torch.manual_seed(seed)
    judge = Judge(x.shape[1], classes).to(memory_format=torch.channels_last)
    weights = (1 / torch.bincount(labels, minlength=classes).clamp(min=1).float()[labels]).sqrt()
    optimizer = torch.optim.AdamW(judge.parameters(), rate, weight_decay=0.02)
    start, said, step, done = time.time(), 0.0, 0, 0.0
    while done < 1:
        optimizer.param_groups[0]["lr"] = rate * min(20 * done + 0.02, (1 + math.cos(math.pi * done)) / 2)
        chosen = torch.multinomial(weights, batch, replacement=True)
        with torch.autocast("cpu", torch.bfloat16):
            log_probability, _ = judge(varied(x[chosen]))
        loss = F.nll_loss(log_probability.float(), labels[chosen])
        optimizer.zero_grad(), loss.backward(), optimizer.step()
        step, done = step + 1, (time.time() - start) / 60 / minutes
        if done - said >= 0.05 or done >= 1:
            said = done
            print(f"step {step}, {step * batch / len(x):.1f} times all images, {done * minutes:.1f} of {minutes:g} min, loss {loss:.3f}",
                  flush=True)
    return judge.to(memory_format=torch.contiguous_format).eval()


def export(judge, x, file, class_names):
    """Ends with a sentence unless the ONNX file is small and gives what PyTorch gives."""
    free = {name: {0: "N"} for name in ("log_probability", "features")} | {"x": {0: "N", 2: "Y", 3: "X"}}
    with torch.no_grad():
        torch.onnx.export(judge, x[:2], str(file), dynamo=False, opset_version=17, input_names=["x"],
                          output_names=["log_probability", "features"], dynamic_axes=free)
        expected = judge(x[:5])
    graph = onnx.load(file)
    onnx.helper.set_model_props(graph, {"class_names": ",".join(class_names)})
    onnx.save(graph, file)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    for name, a, b in zip(("log_probability", "features"), session.run(None, {"x": x[:5].numpy()}), expected):
        if not np.abs(a - b.numpy()).max() <= 1e-4:
            raise SystemExit(f"'{name}' of the ONNX file differs from PyTorch by {np.abs(a - b.numpy()).max():.2g}; at most 1e-4 is "
                             f"accepted. Use the versions in requirements.txt.")
    if file.stat().st_size > LARGEST_FILE:
        raise SystemExit(f"The file takes {file.stat().st_size} bytes; at most {LARGEST_FILE} are accepted.")


@torch.no_grad()
def accuracy(judge, x, labels):
    """(share of the images named rightly, mean of that share over the classes that are there)"""
    right = torch.cat([judge(part)[0].argmax(1) for part in x.split(64)]) == labels
    return float(right.float().mean()), float(torch.stack([right[labels == c].float().mean() for c in labels.unique()]).mean())


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", required=True, help="folder of images of one size")
    parser.add_argument("--classes", required=True, help="'folders', or a CSV file of lines 'file,class'")
    parser.add_argument("--test", help="folder of other images, to measure the judge on")
    parser.add_argument("--test-classes", default="folders", help="their classes")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="ONNX file to write")
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5, help="time to train")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=2027)
    a = parser.parse_args(arguments)
    images = read_folder(a.images, a.channels, a.classes)
    x, labels = load(images)
    judge = train(x, labels, len(images.class_names), a.minutes, a.batch, a.rate, a.seed)
    a.out.parent.mkdir(parents=True, exist_ok=True)
    export(judge, x, a.out, images.class_names)
    print("training images: named rightly %.3f, mean of classes %.3f" % accuracy(judge, x, labels))
    if a.test:
        test = load(read_folder(a.test, a.channels, a.test_classes, images.class_names))
        print("other images: named rightly %.3f, mean of classes %.3f" % accuracy(judge, *test))


if __name__ == "__main__":
    main()
