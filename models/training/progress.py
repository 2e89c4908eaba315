"""Pictures to look at while a training runs: draws from the model so far, and the loss."""
import math

import numpy as np
import torch
from PIL import Image, ImageDraw


@torch.no_grad()
def sample(model, count, size, steps=32, seed=1, labels=None):
    """Draws from the prior, N x C x Y x X, on the reverse SDE, which forgives a network more than the probability flow does.

    DPM-Solver++(2M) of Lu et al. (2022) with fresh noise at every step; noise levels of Karras et al. (2022), eq. 5, rho = 7.
    """
    device, generator = next(model.parameters()).device, torch.Generator().manual_seed(seed)
    low, high = model.sigma_min, min(model.sigma_max, 20.0)
    ramp = torch.linspace(0, 1, steps, dtype=torch.double)
    sigmas = [float(s) for s in (high ** (1 / 7) + ramp * (low ** (1 / 7) - high ** (1 / 7))) ** 7]
    shape = count, model.network.config["channels"], size, size
    label = (torch.full((count,), model.network.config["classes"]) if labels is None else torch.as_tensor(labels)).to(device)
    x = torch.randn(shape, generator=generator).to(device) * high
    before = log_step_before = None
    for s, t in zip(sigmas, sigmas[1:]):
        clean, log_step = model.denoise(x, torch.full((count,), s, device=device), label), math.log(s / t)
        ahead = clean if before is None else clean + (clean - before) * log_step / (2 * log_step_before)
        kept = (t / s) ** 2
        x = kept * x + (1 - kept) * ahead + t * math.sqrt(1 - kept) * torch.randn(shape, generator=generator).to(device)
        before, log_step_before = clean, log_step
    return model.denoise(x, torch.full((count,), sigmas[-1], device=device), label).cpu().numpy()


def sheet(draws):
    """Eight draws, four in a row, as a picture."""
    grey = np.clip((draws + 1) * 127.5, 0, 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
    rows = np.concatenate([np.concatenate(grey[i:i + 4], axis=1) for i in (0, 4)])
    return Image.fromarray(rows.squeeze(-1) if rows.shape[-1] == 1 else rows)


def draw(model, losses, work):
    """Writes samples.png and loss.png into the folder `work`."""
    classes = model.network.config["classes"]
    side = -(-64 // model.network.stride) * model.network.stride
    labels = [i % classes for i in range(8)] if classes else None
    sheet(sample(model, 8, side, steps=16, labels=labels)).save(work / "samples.png")
    curve(losses).save(work / "loss.png")


def curve(losses, width=640, height=320, margin=40):
    """The loss, on a logarithmic axis, over the steps."""
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    steps, values = [s for s, _ in losses], [math.log10(max(v, 1e-9)) for _, v in losses]
    if not steps:
        return picture
    low, high = math.floor(min(values) * 10) / 10, math.ceil(max(values) * 10) / 10
    across = lambda s: margin + (width - 2 * margin) * s / max(steps[-1], 1)
    down = lambda v: margin + (height - 2 * margin) * (high - v) / max(high - low, 0.1)
    pen.rectangle((margin, margin, width - margin, height - margin), outline="grey")
    pen.text((5, margin - 6), f"{10 ** high:.3g}", fill="black")
    pen.text((5, height - margin - 6), f"{10 ** low:.3g}", fill="black")
    pen.text((width - 2 * margin, height - margin + 8), f"step {steps[-1]}", fill="black")
    pen.text((width // 2 - 10, margin - 20), "loss", fill="black")
    pen.line([(across(s), down(v)) for s, v in zip(steps, values)], fill="navy", width=2)
    return picture
