"""Writes a trained denoiser as a model package: the bioimage.io model format 0.5, with what Tweedie must know
of a diffusion prior under `config: tweedie`. Nothing in a package shows a training image: the cover and the test
tensors are the model's own draws.
"""
import datetime
import hashlib
import math
import pathlib
import tempfile

import numpy as np
import onnxruntime
import torch
import yaml
from PIL import Image

from network import receptive_radius

OPSET = 17
SIGMA_MIN, SIGMA_MAX = 0.01, 20.0
LARGEST_FILE = 16 * 2 ** 20
TEST_SIGMA = 0.4


def write_package(average, a, metrics, step):
    """Exports, checks and describes `average`, a `network.Denoiser` on the CPU.

    a: the arguments of train.py; metrics: {sigma: PSNR in dB}; step: training steps done.
    Returns the folder <a.out>/<a.name>. Ends with a sentence if a check fails, and then writes nothing.
    """
    average = average.cpu().float().eval()
    stride = average.network.stride
    radius = math.ceil(receptive_radius(average.network) / stride) * stride
    out = pathlib.Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".writing-") as temporary:
        folder = pathlib.Path(temporary)
        export(average, folder / "model.onnx")
        check(average, folder / "model.onnx", radius)
        draws = sample(average, count=8, size=-(-128 // stride) * stride, seed=1)
        write_cover(draws, folder / "cover.png")
        write_test_tensors(average, draws[:1], folder)
        written = str(datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)) + "+00:00"
        (folder / "README.md").write_text(card(average, a, metrics, step, radius), encoding="utf-8")
        (folder / "rdf.yaml").write_text(
            yaml.safe_dump(description(average, a, step, radius, folder, written), sort_keys=False, allow_unicode=True,
                           width=110), encoding="utf-8")
        target = out / a.name
        target.mkdir(exist_ok=True)
        for file in folder.iterdir():
            file.chmod(0o644)
            file.replace(target / file.name)
    return target


def export(denoiser, file):
    """D(x, sigma) as ONNX, with any N, Y and X; the preconditioning is part of the graph."""
    n = denoiser.network.config["channels"]
    size = 8 * denoiser.network.stride
    torch.onnx.export(denoiser, (torch.zeros(2, n, size, size), torch.ones(2)), str(file), dynamo=False,
                      opset_version=OPSET, input_names=["x", "sigma"], output_names=["denoised"],
                      dynamic_axes={"x": {0: "N", 2: "Y", 3: "X"}, "sigma": {0: "N"},
                                    "denoised": {0: "N", 2: "Y", 3: "X"}})


def check(denoiser, file, radius):
    """Ends with a sentence unless the file is small, computes what PyTorch computes, and is local as promised."""
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise SystemExit(f"The network takes {size / 2 ** 20:.1f} MiB as ONNX; at most {LARGEST_FILE >> 20} MiB are "
                         f"packaged. Train with smaller --widths.")
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    run = lambda x, s: session.run(["denoised"], {"x": x, "sigma": s})[0]
    generator = np.random.default_rng(1)
    channels, stride = denoiser.network.config["channels"], denoiser.network.stride
    for n, y, x in ((1, 8, 8), (3, 8, 12)):
        sigma = np.geomspace(SIGMA_MIN, SIGMA_MAX, n).astype(np.float32)
        noisy = generator.standard_normal((n, channels, y * stride, x * stride)) * np.hypot(0.5, sigma)[:, None, None, None]
        noisy = noisy.astype(np.float32)
        with torch.no_grad():
            expected = denoiser(torch.from_numpy(noisy), torch.from_numpy(sigma)).numpy()
        error = float(np.abs(run(noisy, sigma) - expected).max())
        if not error <= 1e-4:
            raise SystemExit(f"The ONNX file differs from PyTorch by {error:.2g}; at most 1e-4 is accepted. Use the "
                             f"versions in requirements.txt.")
    beyond, within = locality(run, channels, stride, radius)
    if not beyond <= 2e-5:
        raise SystemExit(f"A crop differs from the whole by {beyond:.2g} beyond the receptive radius of {radius} pixels; at "
                         f"most 2e-5 (1e-5 of the range) is accepted. The network must be local: no normalisation, pooling "
                         f"or attention over space.")
    if not within > 2e-5:
        raise SystemExit(f"A crop equals the whole up to {within:.2g} even at its border, so the receptive radius of "
                         f"{radius} pixels could not be checked. Train longer.")


def locality(run, channels, stride, radius):
    """Largest difference of a crop from the whole (beyond the radius from the crop's border, within it).

    The crop begins at a multiple of the stride, and nowhere at the border of the whole.
    """
    inner = 2 * stride
    side = 4 * radius + inner
    x = np.random.default_rng(2).standard_normal((1, channels, side, side)).astype(np.float32)
    sigma = np.full(1, 0.5, np.float32)
    cut = slice(radius, side - radius)
    difference = np.abs(run(x, sigma)[..., cut, cut] - run(np.ascontiguousarray(x[..., cut, cut]), sigma))
    core = slice(radius, radius + inner)
    beyond = float(difference[..., core, core].max())
    return beyond, float(difference.max())


@torch.no_grad()
def sample(denoiser, count, size, steps=20, seed=1):
    """Draws from the prior: Heun's method on the probability flow, Karras et al. (2022), algorithm 1, rho = 7."""
    generator = torch.Generator().manual_seed(seed)
    ramp = torch.linspace(0, 1, steps, dtype=torch.double)
    sigmas = (SIGMA_MAX ** (1 / 7) + ramp * (SIGMA_MIN ** (1 / 7) - SIGMA_MAX ** (1 / 7))) ** 7
    sigmas = [float(s) for s in sigmas] + [0.0]
    x = torch.randn(count, denoiser.network.config["channels"], size, size, generator=generator) * SIGMA_MAX
    slope = lambda x, s: (x - denoiser(x, torch.full((count,), s))) / s
    for s, t in zip(sigmas, sigmas[1:]):
        d = slope(x, s)
        y = x + (t - s) * d
        x = y if t == 0 else x + (t - s) * (d + slope(y, t)) / 2
    return x.numpy()


def write_cover(draws, file):
    """Eight draws, four in a row; bioimage.io asks for an aspect ratio of 2:1."""
    grey = np.clip((draws + 1) * 127.5, 0, 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
    sheet = np.concatenate([np.concatenate(grey[i:i + 4], axis=1) for i in (0, 4)])
    Image.fromarray(sheet.squeeze(-1) if sheet.shape[-1] == 1 else sheet).save(file, optimize=True)


def write_test_tensors(denoiser, draw, folder):
    """One draw plus noise, and what PyTorch makes of it."""
    size = -(-64 // denoiser.network.stride) * denoiser.network.stride
    clean = draw[..., :size, :size]
    noisy = (clean + TEST_SIGMA * np.random.default_rng(3).standard_normal(clean.shape)).astype(np.float32)
    sigma = np.full(1, TEST_SIGMA, np.float32)
    with torch.no_grad():
        expected = denoiser(torch.from_numpy(noisy), torch.from_numpy(sigma)).numpy()
    for name, a in ("input", noisy), ("sigma", sigma), ("output", expected):
        np.save(folder / f"test_{name}.npy", np.ascontiguousarray(a))


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def description(denoiser, a, step, radius, folder, written):
    """The content of rdf.yaml."""
    stride, channels = denoiser.network.stride, denoiser.network.config["channels"]
    smallest = -(-64 // stride) * stride
    names = ["red", "green", "blue"] if channels == 3 else ["intensity"]
    space = lambda size: [dict(type="space", id=i, size=size(i)) for i in "yx"]
    tensor = lambda name: dict(source=f"test_{name}.npy", sha256=sha256(folder / f"test_{name}.npy"))
    channel = lambda: dict(type="channel", channel_names=list(names))
    return dict(
        format_version="0.5.4", type="model", name=a.name, version=getattr(a, "version", "0.1.0"),
        description=a.description or f"Score-based diffusion prior '{a.name}' for Tweedie.",
        documentation="README.md", license=a.licence, covers=["cover.png"],
        authors=[dict(name=getattr(a, "author", "The Tweedie developers"))],
        cite=[dict(text="Karras et al., Elucidating the Design Space of Diffusion-Based Generative Models (2022)",
                   url="https://arxiv.org/abs/2206.00364"),
              dict(text="Song et al., Score-Based Generative Modeling through Stochastic Differential Equations (2021)",
                   url="https://arxiv.org/abs/2011.13456")],
        tags=["diffusion", "denoising", "inpainting", "restoration", "2d", "imagej", "fiji"],
        timestamp=written,
        inputs=[
            dict(id="x", description="clean image in [-1, 1] plus Gaussian noise of standard deviation sigma",
                 axes=[dict(type="batch"), channel(), *space(lambda i: dict(min=smallest, step=stride))],
                 data=dict(type="float32"), test_tensor=tensor("input")),
            dict(id="sigma", description="standard deviation of the noise of each image, in the units of x",
                 axes=[dict(type="batch")],
                 data=dict(type="float32", range=[SIGMA_MIN, SIGMA_MAX]), test_tensor=tensor("sigma")),
        ],
        outputs=[
            dict(id="denoised", description="expectation of the clean image given x",
                 axes=[dict(type="batch"), channel(),
                       # NB: with a `halo` the format refuses images below twice of it, which the network does not.
                       *space(lambda i: dict(tensor_id="x", axis_id=i))],
                 data=dict(type="float32"), test_tensor=tensor("output")),
        ],
        weights=dict(onnx=dict(source="model.onnx", sha256=sha256(folder / "model.onnx"), opset_version=OPSET)),
        config=dict(tweedie=dict(
            sde="edm", prediction_type="denoised", time_input="sigma", data_range=[-1.0, 1.0],
            sigma_data=denoiser.sigma_data, sigma_min=SIGMA_MIN, sigma_max=SIGMA_MAX,
            class_names=[], size_step=stride, receptive_radius=radius,
            pixel_size=getattr(a, "pixel_size", None), precision="float32",
            intensity="the 1st percentile of the image becomes -1, the 99.8th becomes 1; the span is at least 16 times "
                      "the pixel noise",
            training=dict(steps=step, minutes=a.minutes, seed=a.seed, rate=a.rate, batch=a.batch,
                          network=denoiser.network.config))))


def card(denoiser, a, metrics, step, radius):
    table = "\n".join(f"| {sigma:g} | {value:.1f} |" for sigma, value in metrics.items())
    pixel = getattr(a, "pixel_size", None)
    return f"""# {a.name}

{a.description or "A prior of the images it was trained on."}

![Draws from the model](cover.png)

The cover shows draws from the model, not photographs: nothing in it was ever seen under a microscope.

| | |
| --- | --- |
| data | {a.data or "not stated"} |
| licence | {a.licence} |
| channels | {denoiser.network.config["channels"]} |
| pixel size | {"not stated" if pixel is None else f"{pixel:g} µm"} |
| noise levels | {SIGMA_MIN:g} to {SIGMA_MAX:g}, for data in [-1, 1] |
| receptive radius R | {radius} pixels: what lies further away does not change a pixel |
| stride S | {denoiser.network.stride} pixels: height and width must be multiples of it |
| training | {step} steps, {a.minutes:g} minutes |
| precision | float32 |

## Validation

Gaussian noise of standard deviation σ was added to images scaled to [-1, 1] that the network was not trained on, and
removed with one call of the network. PSNR in dB, peak to peak 2, of crops of at most 128 × 128 pixels:

| σ | PSNR |
| --- | --- |
{table}

The ONNX file equals PyTorch to 1e-4, and a crop of an image gives what the whole gives, to 1e-5 of the range, further
than R from the crop's border; both were checked when the file was written.

## Limits

The prior knows images like those it was trained on, at their magnification. On others it may invent structure that is
plausible and false; look at the uncertainty, and compare with the data. Noise that is correlated between pixels looks
like structure to it. Intensities are relative: the scale is taken from the image, and grey levels are restored, not
calibrated.

## How it was made

With `models/training/train.py` of Tweedie: a U-Net without normalisation or attention over space, the preconditioning
and loss of Karras et al. (2022), an exponential moving average of the weights. `rdf.yaml` states the settings
(`config: tweedie: training`). The test tensors are one of the model's own draws with noise of σ = {TEST_SIGMA:g}.
"""
