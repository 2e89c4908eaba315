"""A classifier of noisy images, and the gradient of its log-probability as a plain forward graph.

A program that runs ONNX files has no automatic differentiation. So each layer returns, beside its result, the function that
pulls a gradient back through it; what is exported is forward and backward pass in one graph.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from images import in_range, scale
from sde import EDM


class Layer(nn.Module):
    """Convolution, scale and shift by the noise level, SiLU."""

    def __init__(self, c_in, c_out, embedding, halving):
        super().__init__()
        kernel, self.stride = (4, 2) if halving else (3, 1)
        self.convolution = nn.Conv2d(c_in, c_out, kernel, self.stride, padding=1)
        self.film = nn.Linear(embedding, 2 * c_out)
        nn.init.zeros_(self.film.weight), nn.init.zeros_(self.film.bias)

    def forward(self, h, e):
        scale, shift = self.film(e)[:, :, None, None].chunk(2, 1)
        u = self.convolution(h) * (1 + scale) + shift
        s = torch.sigmoid(u)

        def pull(g):
            g = g * s * (1 + u * (1 - s)) * (1 + scale)
            return F.conv_transpose2d(g, self.convolution.weight, stride=self.stride, padding=1)
        return u * s, pull


class Classifier(nn.Module):
    """log p(y | x_0 + sigma z) for images N x C x Y x X; Y and X are multiples of 2^(levels + 1) / 2 x 2 pixels are folded first.

    Time-dependent as in Song et al. (2021), appendix I: it sees the noise level and is trained at all of them.
    """

    def __init__(self, channels, classes, widths=(48, 96, 160), embedding=64):
        super().__init__()
        self.classes = classes
        self.embed = nn.Sequential(nn.Linear(1, embedding), nn.SiLU(), nn.Linear(embedding, embedding), nn.SiLU())
        layers, c = [], 4 * channels
        for i, width in enumerate(widths):
            layers += [Layer(c, width, embedding, halving=i > 0), Layer(width, width, embedding, halving=False)]
            c = width
        self.layers = nn.ModuleList(layers)
        self.last = nn.Linear(c, classes)

    def logits(self, x, sigma):
        """(N x classes, function that pulls a gradient of the logits back to x)"""
        c_in = EDM.coefficients(sigma)[2]
        e, pulls = self.embed(sigma.log()[:, None] / 4), []
        h = F.pixel_unshuffle(c_in * x, 2)
        for layer in self.layers:
            h, pull = layer(h, e)
            pulls.append(pull)
        # NB: kept as tensors of the graph, so that the exported file takes images of any size.
        ones = torch.ones_like(h)
        area = ones[:1, :1].sum()

        def to_image(g):
            g = (g @ self.last.weight)[:, :, None, None] * ones / area
            for pull in reversed(pulls):
                g = pull(g)
            return c_in * F.pixel_shuffle(g, 2)
        return self.last(F.dropout(h.mean((2, 3)), 0.2, self.training)), to_image

    def forward(self, x, sigma, label):
        """(gradient of log p(label | x) by x, N x C x Y x X; log p of all classes, N x classes)"""
        logits, to_image = self.logits(x, sigma)
        log_probability = F.log_softmax(logits, 1)
        chosen = (label[:, None] == torch.arange(self.classes, device=label.device)).float()
        return to_image(chosen - log_probability.exp()), log_probability

    def loss(self, clean, label):
        sigma = (torch.randn(len(clean), device=clean.device) * 1.5 - 1).exp()
        noisy = clean + sigma[:, None, None, None] * torch.randn_like(clean)
        return F.cross_entropy(self.logits(noisy, sigma)[0].float(), label, reduction="none", label_smoothing=0.05)

    @torch.no_grad()
    def accuracy(self, images, sigma):
        """Share of the images that the classifier names rightly under noise of standard deviation sigma."""
        device, generator, right = next(self.parameters()).device, torch.Generator().manual_seed(7), 0
        for p, label in zip(images.planes, images.labels):
            y, x = (n // 16 * 16 for n in p.shape[1:])
            clean = torch.from_numpy(in_range(p[:, :y, :x], *scale(p)))[None]
            noisy = (clean + sigma * torch.randn(clean.shape, generator=generator)).to(device)
            logits, _ = self.logits(noisy, torch.full((1,), sigma, device=device))
            right += int(logits.argmax()) == label
        return right / len(images)
