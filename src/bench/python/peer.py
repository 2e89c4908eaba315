"""The work of Tweedie in Python, to compare times with: one-call denoising and a sampler, by the same network.

    python src/bench/python/peer.py --model models/fluorescence --image FILE --side 512 --gain 2 --offset 100 --read-noise 5

FILE holds side x side numbers, float32, in the byte order of the machine. Prints the methods that can run here, then reads requests from
the standard input, one a line, and answers each with the seconds that it took:

    onnxruntime one [FILE]     stabilise, scale, one call of the network, back; writes the result
    onnxruntime sample         DPM-Solver++ (2M, stochastic) from the noise of the image
    torch one [FILE]           the same with PyTorch, if it is installed, and models/training beside the model's folder
    torch sample

The strength of the noise is given, not estimated. Needs numpy, pyyaml and onnxruntime.
"""
import argparse
import sys
import time
from pathlib import Path

import numpy as np
import yaml


def with_onnxruntime(folder, threads):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    return lambda x, sigma: session.run(None, dict(zip(names, (x[None, None], np.full(1, sigma, np.float32)))))[0][0, 0]


def with_torch(folder, threads):
    """The network of models/training with the weights of the ONNX file, which carry its names."""
    import onnx
    import torch
    sys.path.insert(0, str(folder.resolve().parent / "training"))
    from network import UNet
    from sde import EDM
    config = yaml.safe_load((folder / "rdf.yaml").read_text(encoding="utf-8"))["config"]["tweedie"]
    model = EDM(UNet(**config["training"]["network"])).eval()
    held = {w.name: torch.from_numpy(onnx.numpy_helper.to_array(w).copy()) for w in onnx.load(folder / "model.onnx").graph.initializer}
    state = model.state_dict()
    missing = [k for k in state if k not in held]
    if missing:
        raise ImportError(f"the ONNX file has no weights named {missing[:3]}")
    model.load_state_dict({k: held[k].reshape(v.shape) for k, v in state.items()})
    torch.set_num_threads(threads)

    def denoise(x, sigma):
        with torch.inference_mode():
            return model(torch.from_numpy(x)[None, None], torch.full((1,), float(sigma)))[0, 0].numpy()
    return denoise


class Anscombe:
    """Generalised, with the asymptotic unbiased inverse in place of Tweedie's exact one."""

    def __init__(self, gain, offset, read_noise):
        self.gain, self.offset, self.sigma = gain, offset, read_noise / gain

    def forward(self, z):
        return 2 * np.sqrt(np.maximum(0, (z - self.offset) / self.gain + 0.375 + self.sigma ** 2))

    def inverse(self, stable):
        d = np.maximum(stable, 2 * np.sqrt(0.375 + self.sigma ** 2))
        return self.gain * (d ** 2 / 4 - 0.125 - self.sigma ** 2) + self.offset


def box(plane):
    """Means of 5 x 5 pixels."""
    for axis in 0, 1:
        sums = np.cumsum(np.pad(plane, [(3, 2) if a == axis else (0, 0) for a in (0, 1)], mode="edge"), axis, dtype=np.float64)
        plane = ((sums[5:] - sums[:-5]) if axis == 0 else (sums[:, 5:] - sums[:, :-5])) / 5
    return plane


def scaled(stable):
    """Data in [-1, 1], their noise, and the two grey levels."""
    (low, high), (own_low, own_high) = (np.percentile(p, (1, 99.8)) for p in (box(stable), stable))
    low, high = min(low, own_low + 2.326), max(high, own_high - 2.878)
    high = low + max(high - low, 2)
    return ((stable - low) * (2 / (high - low)) - 1).astype(np.float32), 2 / (high - low), low, high


def one(denoise, image, anscombe):
    x, sigma, low, high = scaled(anscombe.forward(image))
    return anscombe.inverse((denoise(x, sigma) + 1) * ((high - low) / 2) + low).astype(np.float32)


def sample(denoise, image, anscombe, steps, least=0.01, rho=7):
    x, sigma, low, high = scaled(anscombe.forward(image))
    random = np.random.default_rng(1)
    ladder = (sigma ** (1 / rho) + np.arange(steps) / (steps - 1) * (least ** (1 / rho) - sigma ** (1 / rho))) ** rho
    before, h_before = None, None
    for now, after in zip(ladder, ladder[1:]):
        d, h = denoise(x, now), np.log(now / after)
        estimate = d if before is None else d + np.float32(0.5 * h / h_before) * (d - before)
        x = (np.float32(after / now * np.exp(-h)) * x - np.float32(np.expm1(-2 * h)) * estimate
             + np.float32(after * np.sqrt(-np.expm1(-2 * h))) * random.standard_normal(x.shape, np.float32))
        before, h_before = d, h
    x = denoise(x, least)
    return anscombe.inverse((x + 1) * ((high - low) / 2) + low).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--side", type=int, required=True)
    for name in "gain", "offset", "read-noise":
        parser.add_argument("--" + name, type=float, required=True)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    image = np.fromfile(args.image, np.float32).reshape(args.side, args.side)
    anscombe = Anscombe(args.gain, args.offset, args.read_noise)
    denoisers = {}
    for name, make in (("onnxruntime", with_onnxruntime), ("torch", with_torch)):
        try:
            denoisers[name] = make(args.model, args.threads)
        except ImportError as e:
            print(f"{name} does not run: {e}", file=sys.stderr)
    print("ready", *denoisers, flush=True)
    for line in sys.stdin:
        name, what, *file = line.split()
        start = time.perf_counter()
        out = one(denoisers[name], image, anscombe) if what == "one" else sample(denoisers[name], image, anscombe, args.steps)
        print(time.perf_counter() - start, flush=True)
        if file:
            out.tofile(file[0])


if __name__ == "__main__":
    main()
