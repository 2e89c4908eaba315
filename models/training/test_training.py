"""python -m unittest, in this folder: what the training recipe promises, on networks of a few thousand weights."""
import csv
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
import tifffile
import torch
import yaml
from PIL import Image

import judge
import package
import train
from classifier import Classifier
from images import Crops, Images, read_folder, scale
from network import UNet, receptive_radius
from sde import CUT, DDPM, EDM, SDES, SIGMA_DATA, VP, SubVP, partly_quiet, wide


def tiny(channels=1, widths=(4, 8), sde="edm", classes=0):
    """A network whose every weight matters, as after training: fresh ones have branches that are zero."""
    torch.manual_seed(0)
    model = SDES[sde](UNet(channels, widths, blocks=1, embedding=8, frequencies=2, classes=classes))
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.1)
    return model.eval()


def arguments(out, **more):
    return types.SimpleNamespace(**{**dict(name="tiny", out=str(out), description="", licence="CC0-1.0", data="", minutes=1.0,
                                           seed=1, rate=1e-3, batch=16), **more})


def quietly(options):
    with redirect_stdout(io.StringIO()) as said:
        train.main([str(o) for o in options])
    return said.getvalue()


def write_images(folder, count=3, shape=(80, 90), seed=1):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for i in range(count):
        Image.fromarray(random.integers(0, 255, shape, dtype=np.uint8)).save(folder / f"{i}.png")


class Optimal(torch.nn.Module):
    """The network that each SDE should learn when x_0 is Gaussian, with a gain and an offset on its output."""

    mean, deviation = 0.3, 0.6

    def __init__(self, edm, gain=1.0, offset=0.0):
        super().__init__()
        self.edm, self.gain, self.offset = edm, gain, offset

    def forward(self, x, c_noise, label=None):
        r = wide((4 * c_noise).exp())
        x = x * (SIGMA_DATA ** 2 + r ** 2).sqrt()
        output = r * (x - self.mean) / (self.deviation ** 2 + r ** 2)
        if self.edm:
            c_skip, c_out, _ = EDM.coefficients(r.flatten())
            output = (x - r * output - c_skip * x) / c_out
        return self.gain * output + self.offset


class Losses(unittest.TestCase):
    """The minimiser of denoising score matching is the score (Vincent 2011): known in closed form for a Gaussian."""

    def slopes(self, sde, weighting, n=40000, **at):
        """Mean and standard error of the derivatives of the loss by gain and offset."""
        def losses(**more):
            torch.manual_seed(5)
            clean = Optimal.mean + Optimal.deviation * torch.randn(n, 1, 1, 1)
            return SDES[sde](Optimal(sde == "edm", **{**at, **more}), weighting).loss(clean).double()
        for name, value in dict(gain=at.get("gain", 1.0), offset=at.get("offset", 0.0)).items():
            slope = (losses(**{name: value + 0.1}) - losses(**{name: value - 0.1})) / 0.2
            yield float(slope.mean()), float(slope.std()) / n ** 0.5

    def test_the_closed_form_score_is_the_minimiser_of_every_loss(self):
        for sde, weighting in [(s, "simple") for s in SDES] + [(s, "likelihood") for s in SDES if s != "edm"]:
            with self.subTest(sde=sde, weighting=weighting):
                for slope, error in self.slopes(sde, weighting):
                    self.assertLess(abs(slope), 4 * error)
                self.assertGreater(*(lambda s: (s[0], 4 * s[1]))(list(self.slopes(sde, weighting, gain=1.1))[0]))
                self.assertGreater(*(lambda s: (s[0], 4 * s[1]))(list(self.slopes(sde, weighting, offset=0.1))[1]))

    def test_parts_of_some_images_hold_less_noise(self):
        torch.manual_seed(7)
        clean, sigma = torch.rand(300, 1, 32, 32) * 2 - 1, torch.full((300,), 0.2)
        kept, noise = partly_quiet(clean, sigma, 0)
        self.assertIs(kept, clean)
        self.assertAlmostEqual(float(noise.square().mean()), 1, delta=4 * (2 / noise.numel()) ** 0.5)
        shown, noise = partly_quiet(clean, sigma, 0.5)
        changed = [not torch.equal(a, b) or bool((z == 0).any()) for a, b, z in zip(clean, shown, noise)]
        # Of the half, a ninth holds a part of some noise, and is not seen here; 4 standard deviations of a binomial of 300.
        self.assertAlmostEqual(sum(changed), 300 * 0.5 * (1 - (2 / 3) * (1 / 2) * (1 / 3)), delta=4 * (300 * 0.44 * 0.56) ** 0.5)
        self.assertLessEqual(float((shown + wide(sigma) * noise)[[bool((a > 1).any()) for a in shown]].max()), CUT + 0.2 * 5)
        for a, b, z in zip(clean, shown, noise):
            same = a == b
            if same.any() and not same.all() and (b[~same] == b[~same][0]).all():
                # A part of one grey level; beside it all is as it was.
                self.assertAlmostEqual(float(z[same].std()), 1, delta=0.5)
            self.assertLess(float(z.std()), 1.2)

    def test_every_parameterisation_denoises_alike(self):
        x = torch.linspace(-3, 3, 7)[:, None, None, None]
        for name, sde in SDES.items():
            model = sde(Optimal(name == "edm"))
            sigma = (model.ratio[torch.arange(100, 1000, 150)[:6]].tolist() + [0.5] if name == "ddpm" else
                     [0.02, 0.1, 0.3, 1.0, 3.0, 10.0, 19.0])
            for s in sigma[:6]:
                with self.subTest(sde=name, sigma=s):
                    expected = Optimal.mean + Optimal.deviation ** 2 / (Optimal.deviation ** 2 + s * s) * (x - Optimal.mean)
                    found = model.denoise(x, torch.full((7,), s))
                    np.testing.assert_allclose(found, expected, atol=2e-4)

    def test_the_marginals_solve_their_equations(self):
        """d alpha/dt = -beta/2 alpha and d sigma^2/dt = g^2 - beta sigma^2, Song et al. (2021), appendix B."""
        t, h = torch.linspace(0.05, 0.95, 10, dtype=torch.double), 1e-5
        for sde in (VP(None), SubVP(None)):
            (alpha, sigma), ahead, behind = sde.alpha_sigma(t), sde.alpha_sigma(t + h), sde.alpha_sigma(t - h)
            beta = VP(None).squared_diffusion(t)
            np.testing.assert_allclose((ahead[0] - behind[0]) / (2 * h), -beta / 2 * alpha, rtol=1e-6)
            np.testing.assert_allclose((ahead[1] ** 2 - behind[1] ** 2) / (2 * h),
                                       sde.squared_diffusion(t) - beta * sigma ** 2, rtol=1e-6, atol=1e-9)
            ratio = sigma / alpha
            np.testing.assert_allclose(sde.time_of(ratio), t, rtol=1e-9)
        ddpm = DDPM(None)
        beta = np.linspace(1e-4, 0.02, 1000)
        np.testing.assert_allclose(ddpm.alpha ** 2, np.cumprod(1 - beta), rtol=1e-5)
        np.testing.assert_allclose(ddpm.alpha ** 2 + ddpm.sigma ** 2, 1, rtol=1e-6)

    def test_edm_refuses_a_weighting_that_it_does_not_have(self):
        with self.assertRaisesRegex(SystemExit, "needs --sde"):
            EDM(None, "likelihood")


class Gradient(unittest.TestCase):

    def test_the_handwritten_backward_pass_is_the_automatic_one(self):
        torch.manual_seed(3)
        classifier = Classifier(1, 4, widths=(6, 8), embedding=5).double().eval()
        for p in classifier.parameters():
            torch.nn.init.normal_(p, std=0.3)
        x = torch.randn(3, 1, 16, 24, dtype=torch.double, requires_grad=True)
        sigma, label = torch.tensor([0.1, 0.5, 3.0], dtype=torch.double), torch.tensor([0, 3, 1])
        gradient, log_probability = classifier(x, sigma, label)
        np.testing.assert_allclose(log_probability.exp().sum(1).detach(), 1, rtol=1e-12)
        log_probability[torch.arange(3), label].sum().backward()
        np.testing.assert_allclose(gradient.detach(), x.grad, atol=1e-12 * float(x.grad.abs().max()) + 1e-15)

    def test_an_export_that_differs_is_refused(self):
        torch.manual_seed(3)
        classifier, model = Classifier(1, 3, widths=(4, 4), embedding=4).eval(), tiny(classes=3)
        with tempfile.TemporaryDirectory() as out:
            file = pathlib.Path(out) / "classifier.onnx"
            package.export_classifier(classifier, model, file)
            package.check_classifier(classifier, model, file)
            torch.nn.init.normal_(classifier.last.weight)
            with self.assertRaisesRegex(SystemExit, "gradient in the ONNX file differs"):
                package.check_classifier(classifier, model, file)


class Locality(unittest.TestCase):

    def test_a_pixel_depends_on_those_within_the_measured_radius_and_on_one_at_it(self):
        model, x = tiny(), torch.zeros(1, 1, 4, 512)
        radius, one = receptive_radius(model.network), torch.ones(1)
        self.assertGreater(radius, 8)
        reached = 0
        for at in range(256, 256 + model.network.stride):
            moved = x.clone()
            moved[..., at] = 1e3
            changed = (model(moved, one) != model(x, one)).any(2).any(1)[0].nonzero()
            reached = max(reached, int((changed - at).abs().max()))
        self.assertEqual(reached, radius)

    def test_normalisation_over_space_is_refused(self):
        class Global(EDM):
            def forward(self, x, sigma, label=None):
                return super().forward(x - x.mean((2, 3), keepdim=True), sigma)
        model = Global(tiny().network).eval()
        with tempfile.TemporaryDirectory() as out, self.assertRaisesRegex(SystemExit, "must be local"):
            package.write_package(model, arguments(out), {}, 1)

    def test_a_radius_stated_too_small_is_refused(self):
        with tempfile.TemporaryDirectory() as out:
            file = pathlib.Path(out) / "model.onnx"
            model = tiny()
            package.export(model, file)
            with self.assertRaisesRegex(SystemExit, "beyond the receptive radius"):
                package.check(model, file, model.network.stride)


class Package(unittest.TestCase):

    def test_holds_what_it_describes(self):
        kinds = [(1, "edm", []), (3, "edm", []), (1, "edm", ["a", "b", "c"])] + [(1, s, []) for s in SDES] + [(1, "vp", ["a", "b"])]
        for channels, sde, classes in kinds:
            with self.subTest(channels=channels, sde=sde, classes=classes), tempfile.TemporaryDirectory() as out:
                model = tiny(channels, sde=sde, classes=len(classes))
                classifier = Classifier(channels, len(classes), widths=(4, 4), embedding=4) if classes else None
                folder = package.write_package(model, arguments(out), {0.1: 30.0}, 7, classes, classifier)
                self.assertEqual([p.name for p in pathlib.Path(out).iterdir()], ["tiny"])
                rdf = yaml.safe_load((folder / "rdf.yaml").read_text(encoding="utf-8"))
                session = onnxruntime.InferenceSession(str(folder / rdf["weights"]["onnx"]["source"]))
                tensors = {t["id"]: np.load(folder / t["test_tensor"]["source"]) for t in rdf["inputs"] + rdf["outputs"]}
                output = session.run(None, {t["id"]: tensors[t["id"]] for t in rdf["inputs"]})[0]
                np.testing.assert_allclose(output, tensors[rdf["outputs"][0]["id"]], atol=1e-4)
                config = rdf["config"]["tweedie"]
                parts = [rdf["weights"]["onnx"]] + [t["test_tensor"] for t in rdf["inputs"] + rdf["outputs"]]
                for part in parts + ([config["classifier"]] if classes else []):
                    content = (folder / part["source"]).read_bytes()
                    self.assertEqual(hashlib.sha256(content).hexdigest(), part["sha256"])
                self.assertEqual(config["sde"], sde)
                self.assertEqual(config.get("null_class"), len(classes) or None)
                self.assertEqual(config["receptive_radius"] % config["size_step"], 0)
                self.assertGreaterEqual(config["receptive_radius"], receptive_radius(model.network))
                width, height = Image.open(folder / "cover.png").size
                self.assertEqual(width, 2 * height)
                self.assertIn("Validation", (folder / rdf["documentation"]).read_text(encoding="utf-8"))

    def test_operations_are_counted(self):
        # 2x2 folded pixels: 4 -> 4 channels of 3x3, one residual block 4 -> 4, and 4 -> 4 at the end, per 4 pixels; 2 per product.
        model = SDES["edm"](UNet(1, (4,), blocks=1, embedding=8, frequencies=2))
        self.assertAlmostEqual(package.operations(model), 2 * 4 * (4 * 4 * 9) / 4)


class Command(unittest.TestCase):

    def test_a_finished_checkpoint_goes_straight_to_export(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            write_images(folder / "images")
            options = ["--images", folder / "images", "--name", "tiny", "--out", folder, "--work", folder / "work",
                       "--widths", 4, 8, "--minutes", 0.02]
            with mock.patch("train.write_package") as write:
                quietly(options)
            checkpoint = folder / "work" / "checkpoint.pt"
            step = write.call_args.args[3]
            self.assertEqual(torch.load(checkpoint)["step"], step)
            self.assertIn(f"Resumed at step {step}", quietly(options))
            self.assertEqual(torch.load(checkpoint)["step"], step)
            self.assertTrue((folder / "tiny" / "rdf.yaml").exists())

    def test_a_checkpoint_of_another_network_or_diffusion_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            write_images(folder / "images", 1)
            options = ["--images", folder / "images", "--name", "tiny", "--out", folder, "--work", folder / "work",
                       "--minutes", 0.005, "--widths", 4]
            with mock.patch("train.write_package"):
                quietly(options + [8])
                with self.assertRaisesRegex(SystemExit, "other --channels, --widths or --classes"):
                    quietly(options + [4])
                with self.assertRaisesRegex(SystemExit, "was trained with --sde edm"):
                    quietly(options + [8, "--sde", "vp"])

    def test_classes_and_classifier_go_into_the_package(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            write_images(folder / "images" / "round", seed=1), write_images(folder / "images" / "square", seed=2)
            options = ["--images", folder / "images", "--name", "tiny", "--out", folder, "--widths", 4, 8, "--minutes", 0.02,
                       "--classes", "folders"]
            said = quietly(options + ["--work", folder / "work", "--classifier-minutes", 0.02])
            self.assertIn("round: 3 (few)", said)
            config = yaml.safe_load((folder / "tiny" / "rdf.yaml").read_text())["config"]["tweedie"]
            self.assertEqual((config["class_names"], config["null_class"]), (["round", "square"], 2))
            self.assertTrue((folder / "tiny" / config["classifier"]["source"]).exists())
            self.assertTrue((folder / "work" / "checkpoint.pt").exists())

    def test_weights_are_taken_over_from_a_package_of_the_same_network_alone(self):
        with tempfile.TemporaryDirectory() as out:
            model = tiny(classes=2)
            folder = package.write_package(model, arguments(out), {}, 1, ["a", "b"])
            fresh = SDES["vp"](UNet(1, (4, 8), blocks=1, embedding=8, frequencies=2, classes=2))
            train.load_weights(fresh, folder)
            for name, weight in model.state_dict().items():
                np.testing.assert_array_equal(fresh.state_dict()[name], weight)
            with self.assertRaisesRegex(SystemExit, "of its weights fit"):
                train.load_weights(SDES["edm"](UNet(1, (4, 4))), folder)

    def test_draws_have_the_mean_and_variance_of_the_prior(self):
        """The mean of 16384 pixels is known to 0.2/128, their variance to 0.04/90: four of these, and 0.2 % for 100 steps."""
        class Gaussian(torch.nn.Module):
            sigma_min, sigma_max, network = 0.01, 20.0, types.SimpleNamespace(config=dict(channels=1, classes=0))

            def __init__(self):
                super().__init__()
                self.nothing = torch.nn.Parameter(torch.zeros(1))

            def denoise(self, x, sigma, label):
                return -0.5 + 0.04 / (0.04 + wide(sigma) ** 2) * (x + 0.5)
        draws = train.progress.sample(Gaussian(), 64, 16, steps=100)
        self.assertEqual(draws.shape, (64, 1, 16, 16))
        self.assertAlmostEqual(draws.mean(), -0.5, delta=4 * 0.2 / 128)
        self.assertAlmostEqual(draws.var(), 0.04, delta=4 * 0.04 / 90 + 0.002 * 0.04)

    def test_pictures_of_the_progress_are_written(self):
        with tempfile.TemporaryDirectory() as folder:
            train.progress.draw(tiny(classes=2), [(1, 1.0), (200, 0.1)], pathlib.Path(folder))
            self.assertEqual(Image.open(pathlib.Path(folder) / "samples.png").size, (256, 128))
            self.assertEqual(Image.open(pathlib.Path(folder) / "loss.png").size, (640, 320))


class Reading(unittest.TestCase):

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def read(self, channels=1, **more):
        with redirect_stdout(io.StringIO()) as said:
            images = read_folder(self.folder, channels, **more)
        return images, said.getvalue()

    def test_stacks_of_every_depth_keep_their_grey_levels(self):
        ramp = np.arange(20 * 30).reshape(20, 30)
        stack = np.stack([ramp, ramp + 7])
        tifffile.imwrite(self.folder / "a.tif", (ramp % 256).astype(np.uint8))
        tifffile.imwrite(self.folder / "b.tif", (stack * 100).astype(np.uint16), imagej=True)
        tifffile.imwrite(self.folder / "c.tif", (stack / 3 - 50).astype(np.float32), imagej=True)
        Image.fromarray((ramp * 90).astype(np.uint16)).save(self.folder / "d.png")
        images, _ = self.read()
        expected = [ramp % 256, *(stack * 100), *(stack / 3 - 50), ramp * 90]
        self.assertEqual(len(images), 6)
        for plane, a in zip(images.planes, expected):
            np.testing.assert_allclose(plane, a[None].astype(np.float32))

    def test_colour_is_colour_and_its_luminance_is_grey(self):
        a = np.random.default_rng(1).integers(0, 255, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(a).save(self.folder / "a.png")
        np.testing.assert_array_equal(self.read(3)[0].planes[0], a.transpose(2, 0, 1))
        np.testing.assert_allclose(self.read(1)[0].planes[0][0], a @ [0.299, 0.587, 0.114], rtol=1e-5)
        Image.fromarray(a[..., 0]).save(self.folder / "b.png")
        with self.assertRaisesRegex(SystemExit, "b.png is grey"):
            self.read(3)

    def test_colours_of_a_tiff_may_be_stored_by_pixel_or_by_plane(self):
        a = np.random.default_rng(2).integers(0, 255, (2, 20, 30, 3), dtype=np.uint8)
        tifffile.imwrite(self.folder / "a.tif", a, photometric="rgb")
        tifffile.imwrite(self.folder / "b.tif", a.transpose(0, 3, 1, 2)[::-1] // 2, photometric="rgb", planarconfig="separate")
        tifffile.imwrite(self.folder / "c.tif", a.transpose(0, 3, 1, 2)[:, None] // 3, imagej=True, metadata={"axes": "TZCYX"})
        images, _ = self.read(3)
        self.assertEqual(len(images), 6)
        for plane, expected in zip(images.planes, [*a, *a[::-1] // 2, *a // 3]):
            np.testing.assert_array_equal(plane, expected.transpose(2, 0, 1))
        # The channels of a composite are planes of their own where grey images are wanted; colours become their luminance.
        self.assertEqual(len(self.read(1)[0]), 2 + 2 + 6)

    def test_constant_and_repeated_planes_are_passed_over(self):
        write_images(self.folder, 2)
        (self.folder / "again.png").write_bytes((self.folder / "1.png").read_bytes())
        Image.fromarray(np.full((20, 20), 9, np.uint8)).save(self.folder / "flat.png")
        images, said = self.read()
        self.assertEqual(len(images), 2)
        self.assertIn("single grey level: flat.png", said)
        self.assertIn("repeat another: again.png (1.png)", said)

    def test_what_cannot_be_learnt_from_ends_in_a_sentence(self):
        with self.assertRaisesRegex(SystemExit, "No PNG or TIFF files"):
            self.read()
        tifffile.imwrite(self.folder / "a.tif", np.full((20, 20), np.nan, np.float32))
        with self.assertRaisesRegex(SystemExit, "NaN"):
            self.read()
        tifffile.imwrite(self.folder / "a.tif", np.arange(64, dtype=np.uint8).reshape(8, 8))
        with self.assertRaisesRegex(SystemExit, "8 x 8 pixels; at least 16"):
            self.read()
        (self.folder / "a.tif").write_bytes(b"no picture")
        with self.assertRaisesRegex(SystemExit, "cannot be read"):
            self.read()

    def test_families_kept_for_measuring_are_refused(self):
        for family in ("dendrites", "speckled_membranes"):
            write_images(self.folder / family, 1)
            with self.assertRaisesRegex(SystemExit, f"holds simulated {family}"):
                self.read()
            (self.folder / family / "0.png").unlink()

    def test_classes_come_from_folders_or_a_table(self):
        write_images(self.folder / "round", seed=1), write_images(self.folder / "square", seed=2)
        images, _ = self.read(classes="folders")
        self.assertEqual((images.class_names, images.labels), (["round", "square"], [0, 0, 0, 1, 1, 1]))
        table = self.folder / "classes.csv"
        with open(table, "w", newline="") as lines:
            csv.writer(lines).writerows([[f"{f}/{i}.png", "odd" if i % 2 else "even"] for f in ("round", "square") for i in range(3)])
        images, _ = self.read(classes=str(table))
        self.assertEqual((images.class_names, images.labels), (["even", "odd"], [0, 1, 0, 0, 1, 0]))
        table.write_text("round/0.png,even\n")
        with self.assertRaisesRegex(SystemExit, "does not tell the class of round/1.png"):
            self.read(classes=str(table))
        with self.assertRaisesRegex(SystemExit, "Only 1 class"):
            table.write_text("\n".join(f"{f}/{i}.png,same" for f in ("round", "square") for i in range(3)))
            self.read(classes=str(table))


class Cropping(unittest.TestCase):

    def test_the_scale_ignores_brightness_and_contrast(self):
        a = np.random.default_rng(2).gamma(2, 30, (1, 100, 100)).astype(np.float32)
        low, high = scale(a)
        np.testing.assert_allclose(scale(a * 7 + 1000), (low * 7 + 1000, high * 7 + 1000), rtol=1e-5)

    def test_an_image_of_noise_alone_is_not_stretched_to_full_contrast(self):
        low, high = scale(np.random.default_rng(3).normal(100, 2, (1, 200, 200)).astype(np.float32))
        self.assertAlmostEqual(high - low, 32, delta=2)

    def waves(self):
        waves = np.sin(np.arange(90) / 6)[:, None] * np.sin(np.arange(70) / 6)
        return np.float32(100 + 40 * waves + np.random.default_rng(4).normal(0, 1, waves.shape))[None]

    def test_crops_lie_in_the_data_range(self):
        for transforms in (False, True):
            crops, _ = Crops(Images([self.waves()], [0]), seed=5, transforms=transforms).batch(64, 32)
            self.assertEqual(crops.shape, (32, 1, 64, 64))
            self.assertGreaterEqual(crops.min(), -2)
            self.assertLessEqual(crops.max(), 2)
            self.assertLess(np.quantile(crops, 0.05), -0.7)
            self.assertGreater(np.quantile(crops, 0.99), 0.6)

    def test_a_crop_brings_its_label_and_rare_classes_come_more_often(self):
        planes = [self.waves()] + [1000 + self.waves()[:, ::-1]] * 9
        _, labels = Crops(Images(planes, [0] + [1] * 9), seed=6).batch(64, 400)
        # Weights 1 and 1/3 nine times: a quarter is of the rare class; the standard error of 400 draws is 0.022.
        self.assertAlmostEqual(float((labels == 0).mean()), 0.25, delta=4 * 0.022)


class JudgeTest(unittest.TestCase):

    def test_learns_what_tells_two_classes_apart(self):
        """Wide stripes and narrow ones, turned any way."""
        with tempfile.TemporaryDirectory() as folder:
            folder, random = pathlib.Path(folder), np.random.default_rng(2)
            for i in range(16):
                wave = np.sin(np.arange(32)[:, None] * (0.5 if i % 2 else 1.5) + random.uniform(0, 6)) + 0 * np.arange(32)
                name = folder / "images" / ("slow" if i % 2 else "fast") / f"{i}.png"
                name.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray((120 + 90 * wave + random.normal(0, 5, wave.shape)).astype(np.uint8)).save(name)
            with redirect_stdout(io.StringIO()) as said:
                judge.main(["--images", str(folder / "images"), "--classes", "folders", "--test", str(folder / "images"),
                            "--out", str(folder / "judge.onnx"), "--minutes", "0.1", "--batch", "16"])
            self.assertIn("other images: named rightly 1.000", said.getvalue())
            session = onnxruntime.InferenceSession(str(folder / "judge.onnx"), providers=["CPUExecutionProvider"])
            self.assertEqual("fast,slow", session.get_modelmeta().custom_metadata_map["class_names"])
            log_probability, features = session.run(None, {"x": random.standard_normal((3, 1, 32, 32)).astype(np.float32)})
            self.assertEqual((3, judge.FEATURES), features.shape)
            np.testing.assert_allclose(np.exp(log_probability).sum(1), 1, rtol=1e-5)


if __name__ == "__main__":
    unittest.main()
