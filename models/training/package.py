"""Writes a trained denoiser as a model package: the bioimage.io model format 0.5, with what Tweedie must know
of a diffusion prior under `config: tweedie`. Nothing in a package shows a training image: the cover and the test
tensors are the model's own draws.
"""
import datetime
import hashlib
import math
import os
import pathlib
import tempfile
import time

import numpy as np
import onnxruntime
import torch
import yaml

from network import receptive_radius
from progress import sample, sheet

OPSET = 17
LARGEST_FILE = 16 * 2 ** 20
TEST_SIGMA = 0.4


def write_package(model, a, metrics, step, class_names=(), classifier=None):
    """Exports, checks and describes `model`, one of sde.SDES.

    a: the arguments of train.py; metrics: {sigma: PSNR in dB}; step: training steps done; classifier: a classifier.Classifier.
    Returns the folder <a.out>/<a.name>. Ends with a sentence if a check fails, and then writes nothing.
    """
    model = model.cpu().float().eval()
    stride = model.network.stride
    radius = math.ceil(receptive_radius(model.network) / stride) * stride
    out = pathlib.Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".writing-") as temporary:
        folder = pathlib.Path(temporary)
        export(model, folder / "model.onnx")
        check(model, folder / "model.onnx", radius)
        if classifier:
            export_classifier(classifier.cpu().float().eval(), model, folder / "classifier.onnx")
            check_classifier(classifier, model, folder / "classifier.onnx")
        classes = len(class_names)
        side = 64 if classes else 128
        draws = sample(model, count=8, size=-(-side // stride) * stride, seed=1,
                       labels=[i % classes for i in range(8)] if classes else None)
        sheet(draws).save(folder / "cover.png", optimize=True)
        write_test_tensors(model, draws[:1], folder)
        written = str(datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)) + "+00:00"
        (folder / "README.md").write_text(card(model, a, metrics, step, radius, class_names, folder), encoding="utf-8")
        (folder / "rdf.yaml").write_text(
            yaml.safe_dump(description(model, a, step, radius, folder, written, class_names), sort_keys=False,
                           allow_unicode=True, width=110), encoding="utf-8")
        target = out / a.name
        target.mkdir(exist_ok=True)
        for file in folder.iterdir():
            file.chmod(0o644)
            file.replace(target / file.name)
    return target


def example(model, n, y, x, levels=None):
    """(x, time) or (x, time, label): inputs of the exported network for n images of y x x pixels."""
    sigma = torch.from_numpy(np.geomspace(max(model.sigma_min, 0.01), min(model.sigma_max, 20), n)) if levels is None else levels
    time = model.time_of(sigma.double())
    time = time if time.dtype == torch.long else time.float()
    alpha, s = (a.float() for a in model.alpha_sigma(time))
    generator = torch.Generator().manual_seed(1)
    noisy = torch.randn(n, model.network.config["channels"], y, x, generator=generator)
    noisy = noisy * (alpha ** 2 / 4 + s ** 2).sqrt()[:, None, None, None]
    classes = model.network.config["classes"]
    return (noisy, time) + ((torch.arange(n) % (classes + 1),) if classes else ())


def names(model):
    """Names of the inputs of the exported network."""
    return ["x", model.time_input] + (["label"] if model.network.config["classes"] else [])


def export(model, file):
    """The network as ONNX, with any N, Y and X; scalings of input and output are part of the graph."""
    size, inputs = 8 * model.network.stride, names(model)
    free = {name: {0: "N"} for name in inputs} | {"x": {0: "N", 2: "Y", 3: "X"}, model.output: {0: "N", 2: "Y", 3: "X"}}
    with torch.no_grad():
        torch.onnx.export(model, example(model, 2, size, size), str(file), dynamo=False, opset_version=OPSET,
                          input_names=inputs, output_names=[model.output], dynamic_axes=free)


def export_classifier(classifier, model, file):
    """(x, sigma, label) -> gradient by x of log p(label | x), N x C x Y x X, and log p of all classes, N x classes."""
    size = 8 * model.network.stride
    inputs = torch.zeros(2, model.network.config["channels"], size, size), torch.ones(2), torch.zeros(2, dtype=torch.long)
    shaped = {0: "N", 2: "Y", 3: "X"}
    with torch.no_grad():
        torch.onnx.export(classifier, inputs, str(file), dynamo=False, opset_version=OPSET,
                          input_names=["x", "sigma", "label"], output_names=["gradient", "log_probability"],
                          dynamic_axes={"x": shaped, "sigma": {0: "N"}, "label": {0: "N"}, "gradient": shaped,
                                        "log_probability": {0: "N"}})


def session(file):
    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def run(network, inputs, tensors):
    return network.run(None, {name: np.ascontiguousarray(t) for name, t in zip(inputs, tensors)})


def check(model, file, radius):
    """Ends with a sentence unless the file is small, computes what PyTorch computes, and is local as promised."""
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise SystemExit(f"The network takes {size / 2 ** 20:.1f} MiB as ONNX; at most {LARGEST_FILE >> 20} MiB are "
                         f"packaged. Train with smaller --widths.")
    network, inputs, stride = session(file), names(model), model.network.stride
    for n, y, x in ((1, 8, 8), (3, 8, 12)):
        tensors = example(model, n, y * stride, x * stride)
        with torch.no_grad():
            expected = model(*tensors).numpy()
        error = float(np.abs(run(network, inputs, [t.numpy() for t in tensors])[0] - expected).max())
        if not error <= 1e-4:
            raise SystemExit(f"The ONNX file differs from PyTorch by {error:.2g}; at most 1e-4 is accepted. Use the "
                             f"versions in requirements.txt.")
    beyond = locality(model, network, radius)
    if not beyond <= 2e-5:
        raise SystemExit(f"A crop differs from the whole by {beyond:.2g} beyond the receptive radius of {radius} pixels; at "
                         f"most 2e-5 (1e-5 of the range) is accepted. The network must be local: no normalisation, pooling "
                         f"or attention over space.")


def locality(model, network, radius):
    """Largest difference of a crop from the whole, further than the radius from the crop's border.

    The crop begins at a multiple of the stride, and nowhere at the border of the whole.
    """
    inner = 2 * model.network.stride
    side = 4 * radius + inner
    x, *rest = (t.numpy() for t in example(model, 1, side, side, torch.tensor([0.5])))
    cut, core = slice(radius, side - radius), slice(radius, radius + inner)
    whole, crop = (run(network, names(model), [a, *rest])[0] for a in (x, x[..., cut, cut]))
    return float(np.abs(whole[..., cut, cut] - crop)[..., core, core].max())


def check_classifier(classifier, model, file):
    """Ends with a sentence unless the exported gradient is the one that PyTorch's automatic differentiation finds."""
    stride, n = model.network.stride, 3
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(n, model.network.config["channels"], 8 * stride, 12 * stride, generator=generator, requires_grad=True)
    sigma, label = torch.tensor([0.05, 0.5, 5.0]), torch.arange(n) % classifier.classes
    log_probability = torch.log_softmax(classifier.logits(x, sigma)[0], 1)
    log_probability[torch.arange(n), label].sum().backward()
    found = run(session(file), ["x", "sigma", "label"], [x.detach().numpy(), sigma.numpy(), label.numpy()])
    expected = x.grad.numpy(), log_probability.detach().numpy()
    for name, a, b in zip(("gradient", "log-probability"), found, expected):
        error = float(np.abs(a - b).max() / max(1e-12, np.abs(b).max()))
        if not error <= 1e-4:
            raise SystemExit(f"The classifier's {name} in the ONNX file differs from PyTorch by {error:.2g} of its largest value; "
                             f"at most 1e-4 is accepted. Use the versions in requirements.txt.")


def write_test_tensors(model, draw, folder):
    """One draw plus noise, and what PyTorch makes of it."""
    _, time, *label = example(model, 1, 8, 8, torch.tensor([TEST_SIGMA]))
    alpha, sigma = model.alpha_sigma(time)
    size = -(-64 // model.network.stride) * model.network.stride
    clean = torch.from_numpy(draw[..., :size, :size])
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(3))
    noisy = (alpha * clean + sigma * noise).float()
    with torch.no_grad():
        expected = model(noisy, time, *label)
    for name, a in zip(names(model) + ["output"], [noisy, time, *label, expected]):
        np.save(folder / f"test_{name}.npy", np.ascontiguousarray(a.numpy()))


def operations(model):
    """Multiplications and additions per pixel of the image, of the convolutions."""
    counted, side = [], 8 * model.network.stride
    count = lambda layer, _, y: counted.append(2 * y[0].numel() * layer.weight[0].numel())
    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    with torch.no_grad():
        model(*example(model, 1, side, side))
    for hook in hooks:
        hook.remove()
    return sum(counted) / side ** 2


def milliseconds(model, file, size=256, repeats=9):
    """Median time of one call of the ONNX file on a tile, on this machine's processor."""
    network, tensors, times = session(file), [t.numpy() for t in example(model, 1, size, size)], []
    for _ in range(repeats):
        start = time.perf_counter()
        run(network, names(model), tensors)
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def description(model, a, step, radius, folder, written, class_names):
    """The content of rdf.yaml."""
    stride, channels, classes = model.network.stride, model.network.config["channels"], list(class_names)
    smallest = -(-64 // stride) * stride
    colours = ["red", "green", "blue"] if channels == 3 else ["intensity"]
    space = lambda size: [dict(type="space", id=i, size=size(i)) for i in "yx"]
    tensor = lambda name: dict(source=f"test_{name}.npy", sha256=sha256(folder / f"test_{name}.npy"))
    channel = lambda: dict(type="channel", channel_names=list(colours))
    said = {"sigma": ("standard deviation of the noise of each image, in the units of x",
                      dict(type="float32", range=[model.sigma_min, model.sigma_max])),
            "t": ("time of each image, in (0, 1]", dict(type="float32", range=[0.0, 1.0])),
            "index": ("index of the noise level of each image, 0 the lowest",
                      dict(type="int64", range=[0, getattr(model, "steps", 1) - 1]))}[model.time_input]
    inputs = [
        dict(id="x", description="clean image in [-1, 1], scaled by alpha(t), plus Gaussian noise of standard deviation sigma(t)"
             if model.prediction == "epsilon" else "clean image in [-1, 1] plus Gaussian noise of standard deviation sigma",
             axes=[dict(type="batch"), channel(), *space(lambda i: dict(min=smallest, step=stride))],
             data=dict(type="float32"), test_tensor=tensor("x")),
        dict(id=model.time_input, description=said[0], axes=[dict(type="batch")], data=said[1],
             test_tensor=tensor(model.time_input))]
    if classes:
        inputs.append(dict(id="label", description=f"class of each image, {len(classes)} for any", axes=[dict(type="batch")],
                           data=dict(type="int64", range=[0, len(classes)]), test_tensor=tensor("label")))
    config = dict(
        sde=model.name, **model.parameters_of_sde, prediction_type=model.prediction, time_input=model.time_input,
        data_range=[-1.0, 1.0], sigma_min=model.sigma_min, sigma_max=model.sigma_max, class_names=classes,
        size_step=stride, receptive_radius=radius, training_size=getattr(a, "training_size", 128),
        pixel_size=getattr(a, "pixel_size", None), precision="float32",
        intensity="the 1st percentile of the image becomes -1, the 99.8th becomes 1; the span is at least 16 times "
                  "the pixel noise",
        training=dict(steps=step, minutes=a.minutes, seed=a.seed, rate=a.rate, batch=a.batch,
                      weighting=getattr(a, "weighting", "simple"), transforms=getattr(a, "transforms", False),
                      quiet=getattr(a, "quiet", 0.0),
                      network=model.network.config))
    if classes:
        config["null_class"] = len(classes)
    if (folder / "classifier.onnx").exists():
        config["classifier"] = dict(source="classifier.onnx", sha256=sha256(folder / "classifier.onnx"))
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
        timestamp=written, inputs=inputs,
        outputs=[dict(id=model.output, description="expectation of the clean image given x" if model.output == "denoised"
                      else "expectation, given x, of the noise in units of its standard deviation",
                      axes=[dict(type="batch"), channel(),
                            # NB: with a `halo` the format refuses images below twice of it, which the network does not.
                            *space(lambda i: dict(tensor_id="x", axis_id=i))],
                      data=dict(type="float32"), test_tensor=tensor("output"))],
        weights=dict(onnx=dict(source="model.onnx", sha256=sha256(folder / "model.onnx"), opset_version=OPSET)),
        config=dict(tweedie=config))


def card(model, a, metrics, step, radius, class_names, folder):
    table = "\n".join(f"| {sigma:g} | {value:.1f} |" for sigma, value in metrics.items())
    pixel, cores = getattr(a, "pixel_size", None), os.cpu_count()
    guided = (folder / "classifier.onnx").exists()
    rows = [("data", a.data or "not stated"), ("licence", a.licence), ("channels", model.network.config["channels"])]
    if class_names:
        rows.append(("classes", ", ".join(class_names)))
        rows.append(("guidance", "classifier-free" + (", or by the classifier in `classifier.onnx`" if guided else "")))
    rows += [
        ("pixel size", "not stated" if pixel is None else f"{pixel:g} µm"),
        ("noise levels", f"{model.sigma_min:.3g} to {model.sigma_max:.3g}, for data in [-1, 1]"),
        ("receptive radius R", f"{radius} pixels: what lies further away does not change a pixel"),
        ("stride S", f"{model.network.stride} pixels: height and width must be multiples of it"),
        ("training", f"{step} steps, {a.minutes:g} minutes"
         + (f", started from the model `{pathlib.Path(a.start).name}`" if getattr(a, "start", None) else "")),
        ("diffusion", f"{model.name}; the network predicts {'the clean image' if model.output == 'denoised' else 'the noise'}"),
        ("operations", f"{operations(model) / 1000:.0f} thousand per pixel"),
        ("time", f"{milliseconds(model, folder / 'model.onnx'):.0f} ms per 256 × 256 tile with ONNX Runtime on {cores} processor "
                 f"cores, where the package was written"),
        ("precision", "float32")]
    facts = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"""# {a.name}

{a.description or "A prior of the images it was trained on."}

![Draws from the model](cover.png)

The cover shows draws from the model, not photographs: nothing in it was ever seen under a microscope.

| | |
| --- | --- |
{facts}

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

With `models/training/train.py` of Tweedie: a U-Net without normalisation or attention over space, denoising score
matching{" with the preconditioning and loss of Karras et al. (2022)" if model.name == "edm" else ""}, an exponential moving \
average of the weights. `rdf.yaml` states the settings (`config: tweedie: training`). The test tensors are one of the
model's own draws with noise of σ = {TEST_SIGMA:g}.
"""
