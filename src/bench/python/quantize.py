"""Tries variants of a bundled network that a processor may compute faster: 8-bit integers (static, per channel, calibrated on noisy
crops), the options of ONNX Runtime, and prints time, as a ratio to the network as it is (interleaved calls, medians), and the loss in
PSNR of one-call denoising.

    python src/bench/python/quantize.py --model models/fluorescence --train DATA/nuclei/train --test DATA/nuclei/test

needs onnx, onnxruntime, numpy and pillow.
"""
import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime import quantization as q
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

SIGMAS = 0.05, 0.1, 0.2, 0.4


def crops(folder, size, most):
    """Clean crops, 1 x 1 x size x size, scaled by the 1st and the 99.8th percentile of their image to [-1, 1]."""
    found, random = [], np.random.default_rng(1)
    files = sorted(Path(folder).glob("*.png"))
    for file in files[::max(1, len(files) // most)][:most]:
        image = np.asarray(Image.open(file), np.float32)
        image = image if image.ndim == 2 else image[..., 0]
        if min(image.shape) < size:
            continue
        low, high = np.percentile(image, 1), np.percentile(image, 99.8)
        top, left = (random.integers(0, n - size + 1) for n in image.shape)
        found.append((2 * (image - low) / max(high - low, 16) - 1)[None, None, top:top + size, left:left + size])
    return found


def noisy(clean, sigma, seed):
    return (clean + sigma * np.random.default_rng(seed).standard_normal(clean.shape)).astype(np.float32)


def session(file, threads, **changes):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", changes.pop("spinning", "0"))
    for key, value in changes.pop("entries", {}).items():
        options.add_session_config_entry(key, value)
    for key, value in changes.items():
        setattr(options, key, value)
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


class Calibration(q.CalibrationDataReader):
    def __init__(self, names, images):
        self.feeds = iter([dict(zip(names, (noisy(x, s, i), np.full(1, s, np.float32))))
                           for i, x in enumerate(images) for s in SIGMAS])

    def get_next(self):
        return next(self.feeds, None)


def static(file, prepared, names, images, keep=(), **changes):
    target = file.with_name(f"{len(list(file.parent.iterdir()))}.onnx")
    q.quantize_static(prepared, target, Calibration(names, images), quant_format=q.QuantFormat.QDQ, per_channel=True,
                      op_types_to_quantize=["Conv"], nodes_to_exclude=list(keep), **changes)
    return target


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True, help="images to calibrate on")
    parser.add_argument("--test", type=Path, required=True, help="images to measure on")
    parser.add_argument("--size", type=int, default=128, help="side of the crops")
    parser.add_argument("--crops", type=int, default=12)
    parser.add_argument("--side", type=int, default=256, help="side of the plane that is timed")
    parser.add_argument("--narrow", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    file = args.model / "model.onnx"
    names = [i.name for i in session(file, 1).get_inputs()]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        prepared = work / "prepared.onnx"
        quant_pre_process(str(file), str(prepared), skip_symbolic_shape=True)
        train, test = crops(args.train, args.size, args.crops), crops(args.test, args.size, args.crops)
        graph = onnx.load(prepared).graph
        convolutions = [n.name for n in graph.node if n.op_type == "Conv"]
        width = {w.name: max(w.dims[:2]) for w in graph.initializer if len(w.dims) == 4}
        narrow = [n.name for n in graph.node if n.op_type == "Conv" and width[n.input[1]] <= args.narrow]
        ends = convolutions[0], convolutions[-1]
        u8, s8 = q.QuantType.QUInt8, q.QuantType.QInt8
        variants = {
            "as it is": session(file, args.threads),
            "int8 weights, uint8 activations": session(
                static(work / "x", prepared, names, train, activation_type=u8, weight_type=s8), args.threads),
            "the same, first and last convolution in float32": session(
                static(work / "x", prepared, names, train, ends, activation_type=u8, weight_type=s8), args.threads),
            "int8 weights and activations, ends in float32": session(
                static(work / "x", prepared, names, train, ends, activation_type=s8, weight_type=s8), args.threads),
            f"uint8 activations, convolutions of at most {args.narrow} channels in float32": session(
                static(work / "x", prepared, names, train, narrow, activation_type=u8, weight_type=s8), args.threads),
            "float32, bf16 in matrix products (mlas)": session(
                file, args.threads, entries={"mlas.enable_gemm_fastmath_arm64_bfloat16": "1"}),
            "denormals as zero": session(file, args.threads, entries={"session.set_denormal_as_zero": "1"}),
            "basic optimisation": session(
                file, args.threads, graph_optimization_level=ort.GraphOptimizationLevel.ORT_ENABLE_BASIC),
            "extended optimisation": session(
                file, args.threads, graph_optimization_level=ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED),
            "threads that spin": session(file, args.threads, spinning="1"),
            "no arena": session(file, args.threads, enable_cpu_mem_arena=False),
        }
        x = np.random.default_rng(0).standard_normal((1, 1, args.side, args.side)).astype(np.float32)
        seconds = {name: [] for name in variants}
        for _ in range(args.rounds + 1):
            for name, run in variants.items():
                start = time.perf_counter()
                run.run(None, dict(zip(names, (x, np.full(1, 0.2, np.float32)))))
                seconds[name].append(time.perf_counter() - start)
        usual = seconds["as it is"][1:]
        print(f"| variant | time of {args.side} x {args.side} | " + " | ".join(f"loss at {s} (dB)" for s in SIGMAS) + " |")
        for name, run in variants.items():
            ratio = statistics.median(a / b for a, b in zip(seconds[name][1:], usual))
            print(f"| {name} | {ratio:.2f} | " + " | ".join(f"{psnr(variants['as it is'], names, test, s) - psnr(run, names, test, s):.2f}"
                                                             for s in SIGMAS) + " |", flush=True)


def psnr(run, names, images, sigma):
    """Of one call, mean over the crops, in dB of a range of 2."""
    values = []
    for i, clean in enumerate(images):
        out = run.run(None, dict(zip(names, (noisy(clean, sigma, 1000 + i), np.full(1, sigma, np.float32)))))[0]
        values.append(10 * np.log10(4 / np.mean((out - clean) ** 2)))
    return float(np.mean(values))


if __name__ == "__main__":
    main()
