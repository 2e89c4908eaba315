"""Trains a prior on a folder of images and writes a model package that Tweedie reads.

    python train.py --images FOLDER --name mine

See README.md beside this file.
"""
import argparse
import copy
import math
import pathlib
import time

import numpy as np
import torch

from images import Crops, read_folder, scale
from network import Denoiser, UNet
from package import write_package


def arguments(argv=None):
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--images", required=True, help="folder of PNG or TIFF images to learn from")
    a.add_argument("--name", required=True, help="name of the model; also the folder that is written")
    a.add_argument("--test", help="folder of images to measure on; without it every tenth plane is kept back")
    a.add_argument("--out", default="..", help="where the package folder is written (default: the models folder)")
    a.add_argument("--work", help="where checkpoints are kept, to resume from (default: work/NAME)")
    a.add_argument("--minutes", type=float, default=60, help="training time (default 60)")
    a.add_argument("--channels", type=int, default=1, choices=(1, 3), help="1 grey, 3 colour")
    a.add_argument("--widths", type=int, nargs="+", default=[48, 96, 192], help="channels of the network's levels")
    a.add_argument("--batch", type=int, default=16, help="crops of 64 x 64 per step (a quarter as many of 128 x 128)")
    a.add_argument("--rate", type=float, default=1e-3, help="learning rate at its peak")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--description", default="", help="one sentence for the model's card: what the images show")
    a.add_argument("--licence", default="CC0-1.0", help="licence of the model, as an SPDX name")
    a.add_argument("--data", default="", help="where the training images come from, for the model's card")
    a.add_argument("--author", default="not stated", help="who made the model, for its description")
    a.add_argument("--version", default="0.1.0", help="version of the model")
    a.add_argument("--pixel-size", type=float, help="size of a pixel of the images in micrometres, if they all agree")
    return a.parse_args(argv)


def psnr_at(denoiser, planes, sigma, size=128, count=32):
    """Denoising PSNR in dB (peak to peak 2) on crops from the middle of `planes`, each image scaled by itself."""
    errors, generator, stride = [], torch.Generator().manual_seed(7), denoiser.network.stride
    device = next(denoiser.parameters()).device
    for p in planes[:count]:
        extent = [min(size, n) // stride * stride for n in p.shape[1:]]
        if not all(extent):
            continue
        low, high = scale(p)
        y, x = ((n - e) // 2 for n, e in zip(p.shape[1:], extent))
        crop = p[:, y:y + extent[0], x:x + extent[1]]
        clean = torch.from_numpy((crop - low) / (high - low) * 2 - 1)[None].clamp(-2, 2)
        noisy = clean + sigma * torch.randn(clean.shape, generator=generator)
        with torch.no_grad():
            denoised = denoiser(noisy.to(device), torch.full((1,), sigma, device=device)).cpu()
        errors.append(float((denoised - clean).square().mean()))
    return 10 * math.log10(4 / np.mean(errors)) if errors else math.nan


def train(a, planes, test, work):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(a.seed)
    denoiser = Denoiser(UNet(a.channels, a.widths)).to(device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(denoiser).eval()
    optimiser = torch.optim.AdamW(denoiser.parameters(), a.rate, betas=(0.9, 0.99), weight_decay=1e-3)
    step, spent, checkpoint = 0, 0.0, work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device)
        try:
            denoiser.load_state_dict(state["denoiser"]), average.load_state_dict(state["average"])
        except RuntimeError:
            raise SystemExit(f"'{checkpoint}' holds a network of other --channels or --widths. Give those it was trained "
                             f"with, or another --work folder to begin anew.")
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
        print(f"Resumed at step {step}, after {spent / 60:.1f} minutes.", flush=True)

    def save():
        saved = work / "checkpoint.tmp"
        torch.save(dict(denoiser=denoiser.state_dict(), average=average.state_dict(),
                        optimiser=optimiser.state_dict(), step=step, spent=spent), saved)
        saved.replace(checkpoint)

    crops, running, last = Crops(planes, a.seed + step), None, time.time()
    reported, resumed = time.time(), step
    while (progress := spent / (60 * a.minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = a.rate * min(1, (step + 1) / 300) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
        size, count = (64, a.batch) if step % 2 else (128, max(1, a.batch // 4))
        clean = torch.from_numpy(crops.batch(size, count)).to(device).to(memory_format=torch.channels_last)
        sigma = (torch.randn(count, device=device) * 1.5 - 1).exp()
        with torch.autocast(device, torch.bfloat16):
            loss = denoiser.loss(clean, sigma, torch.randn_like(clean)).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(denoiser.parameters(), 1.0)
        optimiser.step()
        step += 1
        keep = min(0.9995, (step + 1) / (step + 100))
        with torch.no_grad():
            for mean, new in zip(average.parameters(), denoiser.parameters()):
                mean.lerp_(new, 1 - keep)
        running = float(loss.detach()) if running is None else running * 0.99 + 0.01 * float(loss.detach())
        now = time.time()
        spent, last = spent + min(now - last, 60), now
        if now - reported > 120 or step == 200:
            reported = now
            levels = ", ".join(f"{psnr_at(average, test, s):.2f}" for s in (0.1, 0.2, 0.4))
            print(f"step {step}, {spent / 60:.1f} of {a.minutes:g} min, loss {running:.4f}, "
                  f"PSNR at noise 0.1, 0.2, 0.4: {levels} dB", flush=True)
            save()
            last = time.time()
    if step > resumed:
        save()
    return average.cpu().float(), step


def main(argv=None):
    a = arguments(argv)
    work = pathlib.Path(a.work or pathlib.Path("work") / a.name)
    work.mkdir(parents=True, exist_ok=True)
    planes = read_folder(a.images, a.channels)
    if a.test:
        test = read_folder(a.test, a.channels)
    else:
        test, planes = planes[::10], [p for i, p in enumerate(planes) if i % 10 or len(planes) < 10]
    print(f"{len(planes)} planes to learn from, {len(test)} to measure on.", flush=True)
    average, step = train(a, planes, test, work)
    metrics = {s: psnr_at(average, test, s) for s in (0.1, 0.2, 0.4)}
    folder = write_package(average, a, metrics, step)
    print(f"Wrote {folder}")


if __name__ == "__main__":
    main()
