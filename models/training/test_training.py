"""python -m unittest, in this folder: what the training recipe promises, on networks of a few thousand weights."""
import hashlib
import io
import pathlib
import tempfile
import types
import unittest
from contextlib import redirect_stdout
from unittest import mock

import numpy as np
import onnxruntime
import torch
import yaml
from PIL import Image

import package
import train
from images import Crops, scale
from network import Denoiser, UNet, receptive_radius


def tiny(channels=1, widths=(4, 8)):
    """A network whose every weight matters, as after training: fresh ones have branches that are zero."""
    torch.manual_seed(0)
    denoiser = Denoiser(UNet(channels, widths, blocks=1, embedding=8, frequencies=2))
    for p in denoiser.parameters():
        torch.nn.init.normal_(p, std=0.1)
    return denoiser.eval()


def arguments(out, **more):
    return types.SimpleNamespace(**{**dict(name="tiny", out=str(out), description="", licence="CC0-1.0", data="", minutes=1.0,
                                           seed=1, rate=1e-3, batch=16), **more})


class Locality(unittest.TestCase):

    def test_a_pixel_depends_on_those_within_the_measured_radius_and_on_one_at_it(self):
        denoiser, x = tiny(), torch.zeros(1, 1, 4, 512)
        radius, one = receptive_radius(denoiser.network), torch.ones(1)
        self.assertGreater(radius, 8)
        reached = 0
        for at in range(256, 256 + denoiser.network.stride):
            moved = x.clone()
            moved[..., at] = 1e3
            changed = (denoiser(moved, one) != denoiser(x, one)).any(2).any(1)[0].nonzero()
            reached = max(reached, int((changed - at).abs().max()))
        self.assertEqual(reached, radius)

    def test_normalisation_over_space_is_refused(self):
        class Global(Denoiser):
            def forward(self, x, sigma):
                return super().forward(x - x.mean((2, 3), keepdim=True), sigma)
        denoiser = Global(tiny().network).eval()
        with tempfile.TemporaryDirectory() as out, self.assertRaisesRegex(SystemExit, "must be local"):
            package.write_package(denoiser, arguments(out), {}, 1)

    def test_a_radius_stated_too_small_is_refused(self):
        with tempfile.TemporaryDirectory() as out:
            file = pathlib.Path(out) / "model.onnx"
            denoiser = tiny()
            package.export(denoiser, file)
            with self.assertRaisesRegex(SystemExit, "beyond the receptive radius"):
                package.check(denoiser, file, denoiser.network.stride)


class Package(unittest.TestCase):

    def test_holds_what_it_describes(self):
        for channels in (1, 3):
            with self.subTest(channels=channels), tempfile.TemporaryDirectory() as out:
                denoiser = tiny(channels)
                folder = package.write_package(denoiser, arguments(out), {0.1: 30.0}, 7)
                self.assertEqual([p.name for p in pathlib.Path(out).iterdir()], ["tiny"])
                rdf = yaml.safe_load((folder / "rdf.yaml").read_text(encoding="utf-8"))
                session = onnxruntime.InferenceSession(str(folder / rdf["weights"]["onnx"]["source"]))
                tensors = {t["id"]: np.load(folder / t["test_tensor"]["source"]) for t in rdf["inputs"] + rdf["outputs"]}
                output = session.run(None, {i: tensors[i] for i in ("x", "sigma")})[0]
                np.testing.assert_allclose(output, tensors["denoised"], atol=1e-4)
                for part in [rdf["weights"]["onnx"]] + [t["test_tensor"] for t in rdf["inputs"] + rdf["outputs"]]:
                    content = (folder / part["source"]).read_bytes()
                    self.assertEqual(hashlib.sha256(content).hexdigest(), part["sha256"])
                config = rdf["config"]["tweedie"]
                self.assertEqual(config["receptive_radius"] % config["size_step"], 0)
                self.assertGreaterEqual(config["receptive_radius"], receptive_radius(denoiser.network))
                width, height = Image.open(folder / "cover.png").size
                self.assertEqual(width, 2 * height)
                self.assertIn("Validation", (folder / rdf["documentation"]).read_text(encoding="utf-8"))

    def test_a_finished_checkpoint_goes_straight_to_export(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "images").mkdir()
            random = np.random.default_rng(1)
            for i in range(3):
                Image.fromarray(random.integers(0, 255, (80, 90), dtype=np.uint8)).save(folder / "images" / f"{i}.png")
            options = ["--images", str(folder / "images"), "--name", "tiny", "--out", str(folder), "--work",
                       str(folder / "work"), "--widths", "4", "8", "--minutes", "0.02"]
            with redirect_stdout(io.StringIO()), mock.patch("train.write_package") as write:
                train.main(options)
            checkpoint = folder / "work" / "checkpoint.pt"
            state, step = torch.load(checkpoint), write.call_args.args[-1]
            self.assertEqual(state["step"], step)
            # NB: after a second of training a network is still too close to none for its locality to be checked.
            for name, weights in state["average"].items():
                if not name.endswith("frequencies"):
                    torch.nn.init.normal_(weights, std=0.1)
            torch.save(state, checkpoint)
            with redirect_stdout(io.StringIO()) as said:
                train.main(options)
            self.assertIn(f"Resumed at step {step}", said.getvalue())
            self.assertEqual(torch.load(checkpoint)["step"], step)
            self.assertTrue((folder / "tiny" / "rdf.yaml").exists())

    def test_a_checkpoint_of_another_network_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            image = np.random.default_rng(1).integers(0, 255, (80, 90), dtype=np.uint8)
            Image.fromarray(image).save(folder / "image.png")
            options = ["--images", str(folder), "--name", "tiny", "--out", str(folder), "--work", str(folder / "work"),
                       "--minutes", "0.005", "--widths"]
            with redirect_stdout(io.StringIO()), mock.patch("train.write_package"):
                train.main(options + ["4", "8"])
                with self.assertRaisesRegex(SystemExit, "other --channels or --widths"):
                    train.main(options + ["4", "4"])


class Images(unittest.TestCase):

    def test_the_scale_ignores_brightness_and_contrast(self):
        a = np.random.default_rng(2).gamma(2, 30, (1, 100, 100)).astype(np.float32)
        low, high = scale(a)
        np.testing.assert_allclose(scale(a * 7 + 1000), (low * 7 + 1000, high * 7 + 1000), rtol=1e-5)

    def test_an_image_of_noise_alone_is_not_stretched_to_full_contrast(self):
        low, high = scale(np.random.default_rng(3).normal(100, 2, (1, 200, 200)).astype(np.float32))
        self.assertAlmostEqual(high - low, 32, delta=2)

    def test_crops_lie_in_the_data_range(self):
        waves = np.sin(np.arange(90) / 6)[:, None] * np.sin(np.arange(70) / 6)
        planes = [np.float32(100 + 40 * waves + np.random.default_rng(4).normal(0, 1, waves.shape))[None]]
        crops = Crops(planes, seed=5).batch(64, 8)
        self.assertEqual(crops.shape, (8, 1, 64, 64))
        self.assertGreaterEqual(crops.min(), -2)
        self.assertLessEqual(crops.max(), 2)
        self.assertLess(np.quantile(crops, 0.05), -0.7)
        self.assertGreater(np.quantile(crops, 0.99), 0.6)


if __name__ == "__main__":
    unittest.main()
