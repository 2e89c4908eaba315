"""What a network is asked to learn: the diffusion, the prediction, and the loss (denoising score matching).

All share one picture: x_t = alpha(t) x_0 + sigma(t) z. `EDM` learns a preconditioned denoiser; `VE`, `VP`, `SubVP` and `DDPM`
learn the noise z, which is the score times -sigma. Each is a module with

- `forward(x, time, label)`: what is exported, under the names `inputs`, `prediction` and `time_input` that rdf.yaml states;
- `denoise(x, sigma, label)`: E[x_0 | x_0 + sigma z = x], whatever the parameterisation; N x C x Y x X and N -> N x C x Y x X;
- `alpha_sigma(time)`: alpha(t) and sigma(t), N -> N and N; `time_of(sigma)`: the time at which sigma(t)/alpha(t) is `sigma`;
- `loss(clean, label)`: N x C x Y x X -> N, at noise levels that it draws itself.
"""
import math

import torch
import torch.nn as nn

SIGMA_MIN, SIGMA_MAX = 0.01, 20.0
SIGMA_DATA = 0.5
# Where images that are too bright for the range are cut off, as if saturated.
CUT = 2.0


def wide(a):
    """N -> N x 1 x 1 x 1."""
    return a[:, None, None, None]


def partly_quiet(clean, sigma, share):
    """What noise of deviation `sigma` (N) is added to, and that noise over sigma, both N x C x Y x X: normal, but for a `share` of the
    images of which a part holds less noise, or none. Such are images whose background was cleared or clipped, whose canvas was
    enlarged, or whose bright parts were cut off; a network that never saw them takes the missing noise for a signal of its own.
    """
    noise = torch.randn_like(clean)
    if not share:
        return clean, noise
    clean = clean.clone()
    for i in torch.nonzero(torch.rand(len(clean)) < share)[:, 0].tolist():
        if torch.rand(()) < 1 / 3:
            stretched = 2 ** (1 + 3 * torch.rand(()).item()) * (clean[i] + 1) - 1
            clean[i] = stretched.clamp(max=CUT)
            noise[i] = ((stretched + sigma[i] * noise[i]).clamp(max=CUT) - clean[i]) / sigma[i]
        else:
            quiet = part_of(clean[i])
            noise[i] *= torch.where(quiet, max(0.0, 3 * torch.rand(()).item() - 2), 1.0)
            if torch.rand(()) < 0.5:
                clean[i] = torch.where(quiet, 3.5 * torch.rand(()).item() - 1.5, clean[i])
    return clean, noise


def part_of(image):
    """Which pixels (Y x X) of C x Y x X lie on one side of a line, or outside a disc."""
    height, width = image.shape[1:]
    y, x = torch.meshgrid(torch.arange(height, device=image.device), torch.arange(width, device=image.device), indexing="ij")
    y, x = y - height * torch.rand(()).item(), x - width * torch.rand(()).item()
    angle = 2 * math.pi * torch.rand(()).item()
    if torch.rand(()) < 0.5:
        return x * math.cos(angle) + y * math.sin(angle) > 0
    return x ** 2 + y ** 2 > (width * (0.1 + 0.6 * torch.rand(()).item())) ** 2


class EDM(nn.Module):
    """D(x, sigma) = c_skip x + c_out F(c_in x, ln(sigma)/4), Karras et al. (2022), table 1, column 'Ours'."""

    name, prediction, output, time_input = "edm", "denoised", "denoised", "sigma"
    quiet = 0.0
    sigma_min, sigma_max = SIGMA_MIN, SIGMA_MAX
    parameters_of_sde = dict(sigma_data=SIGMA_DATA)

    def __init__(self, network, weighting="simple"):
        super().__init__()
        if weighting != "simple":
            raise SystemExit("--weighting likelihood needs --sde ve, vp, subvp or ddpm; edm has a weighting of its own.")
        self.network = network

    @staticmethod
    def coefficients(sigma):
        s, d = wide(sigma), SIGMA_DATA
        norm = (s * s + d * d).sqrt()
        return d * d / norm ** 2, s * d / norm, 1 / norm

    def alpha_sigma(self, time):
        return torch.ones_like(time), time

    def time_of(self, sigma):
        return sigma

    def forward(self, x, sigma, label=None):
        c_skip, c_out, c_in = self.coefficients(sigma)
        return c_skip * x + c_out * self.network(c_in * x, sigma.log() / 4, label).float()

    denoise = forward

    def loss(self, clean, label=None):
        """The weight gives every noise level unit loss at the start (eq. 8); ln sigma is normal with mean -1, deviation 1.5."""
        sigma = (torch.randn(len(clean), device=clean.device) * 1.5 - 1).exp()
        c_skip, c_out, c_in = self.coefficients(sigma)
        clean, noise = partly_quiet(clean, sigma, self.quiet)
        noisy = clean + wide(sigma) * noise
        target = (clean - c_skip * noisy) / c_out
        return (self.network(c_in * noisy, sigma.log() / 4, label).float() - target).square().mean((1, 2, 3))


class NoisePrediction(nn.Module):
    """The network predicts z from x_t; the score is -z/sigma. Song et al. (2021), eq. 7, with the weight lambda(t).

    weighting: 'simple', lambda = sigma^2, proportional to 1/E|score|^2 (the paper's, and DDPM's simple loss), or 'likelihood',
    lambda = g^2, which bounds the likelihood (Song et al. 2021, 'Maximum Likelihood Training of Score-Based Diffusion Models').
    """

    prediction, output, time_input = "epsilon", "epsilon", "t"
    quiet = 0.0

    def __init__(self, network, weighting="simple"):
        super().__init__()
        self.network, self.weighting = network, weighting

    def alpha_sigma(self, time):
        """alpha(t), sigma(t), each N."""
        raise NotImplementedError

    def squared_diffusion(self, time):
        """g(t)^2, N."""
        raise NotImplementedError

    def time_of(self, sigma):
        """The time at which sigma(t)/alpha(t) is `sigma`, N."""
        raise NotImplementedError

    def draw_times(self, n, device):
        first, last = (float(self.time_of(torch.tensor([s], dtype=torch.double))) for s in (self.sigma_min, self.sigma_max))
        return first + (last - first) * torch.rand(n, device=device)

    def forward(self, x, time, label=None):
        alpha, sigma = self.alpha_sigma(time)
        c_in = (alpha ** 2 * SIGMA_DATA ** 2 + sigma ** 2).rsqrt()
        return self.network(wide(c_in) * x, (sigma / alpha).log() / 4, label).float()

    def denoise(self, x, sigma, label=None):
        time = self.time_of(sigma)
        alpha, s = self.alpha_sigma(time)
        return x - wide(s / alpha) * self(wide(alpha) * x, time, label)

    def loss(self, clean, label=None):
        time = self.draw_times(len(clean), clean.device)
        alpha, sigma = self.alpha_sigma(time)
        clean, noise = partly_quiet(clean, sigma / alpha, self.quiet)
        error = (self(wide(alpha) * clean + wide(sigma) * noise, time, label) - noise).square().mean((1, 2, 3))
        return error if self.weighting == "simple" else error * self.squared_diffusion(time) / sigma ** 2 / self.mean_weight

    @property
    def mean_weight(self):
        """Mean of g^2/sigma^2 over the times drawn: a constant, so that both weightings want the same learning rate."""
        if not hasattr(self, "_mean_weight"):
            time = self.draw_times(200_000, "cpu")
            self._mean_weight = float((self.squared_diffusion(time) / self.alpha_sigma(time)[1] ** 2).mean())
        return self._mean_weight


class VE(NoisePrediction):
    """sigma(t) = sigma_min (sigma_max/sigma_min)^t, eq. 30 of Song et al. (2021); the network is told sigma itself."""

    name, time_input = "ve", "sigma"
    sigma_min, sigma_max = SIGMA_MIN, SIGMA_MAX
    parameters_of_sde = {}

    def alpha_sigma(self, time):
        return torch.ones_like(time), time

    def squared_diffusion(self, time):
        return 2 * time ** 2 * math.log(self.sigma_max / self.sigma_min)

    def time_of(self, sigma):
        return sigma

    def draw_times(self, n, device):
        return self.sigma_min * (self.sigma_max / self.sigma_min) ** torch.rand(n, device=device)


class VP(NoisePrediction):
    """dx = -beta(t)/2 x dt + sqrt(beta(t)) dw with beta(t) linear, eq. 32 of Song et al. (2021); t in (0, 1]."""

    name, beta_min, beta_max = "vp", 0.1, 20.0
    parameters_of_sde = dict(beta_min=beta_min, beta_max=beta_max)
    sigma_min, sigma_max = SIGMA_MIN, 150.0

    def integral(self, t):
        return t * self.beta_min + t * t * (self.beta_max - self.beta_min) / 2

    def time_at(self, integral):
        slope = self.beta_max - self.beta_min
        return 2 * integral / (self.beta_min + (self.beta_min ** 2 + 2 * slope * integral).sqrt())

    def alpha_sigma(self, time):
        integral = self.integral(time)
        return (-integral / 2).exp(), (1 - (-integral).exp()).sqrt()

    def squared_diffusion(self, time):
        return self.beta_min + time * (self.beta_max - self.beta_min)

    def time_of(self, sigma):
        return self.time_at(torch.log1p(sigma ** 2))


class SubVP(VP):
    """The SDE whose variance is bounded by that of VP: sigma = 1 - alpha^2, eq. 15 of Song et al. (2021)."""

    name = "subvp"

    def alpha_sigma(self, time):
        integral = self.integral(time)
        return (-integral / 2).exp(), 1 - (-integral).exp()

    def squared_diffusion(self, time):
        return super().squared_diffusion(time) * (1 - (-2 * self.integral(time)).exp())

    def time_of(self, sigma):
        # sigma = (1 - alpha^2)/alpha = 2 sinh(integral/2)
        return self.time_at(2 * torch.asinh(sigma / 2))


class DDPM(NoisePrediction):
    """Ho et al. (2020): a table of N = 1000 linear betas; the network is told the index 0 ... N-1, an int64."""

    name, time_input, steps, beta_start, beta_end = "ddpm", "index", 1000, 1e-4, 0.02
    parameters_of_sde = dict(num_train_timesteps=steps, beta_schedule="linear", beta_start=beta_start, beta_end=beta_end)

    def __init__(self, network, weighting="simple"):
        super().__init__(network, weighting)
        beta = torch.linspace(self.beta_start, self.beta_end, self.steps, dtype=torch.double)
        kept = torch.cumprod(1 - beta, 0)
        ratio = ((1 - kept) / kept).sqrt()
        self.sigma_min, self.sigma_max = float(ratio[0]), float(ratio[-1])
        for name, a in dict(beta=beta, alpha=kept.sqrt(), sigma=(1 - kept).sqrt(), ratio=ratio).items():
            self.register_buffer(name, a.float(), persistent=False)

    def alpha_sigma(self, time):
        return self.alpha[time], self.sigma[time]

    def squared_diffusion(self, time):
        return self.beta[time] * self.steps

    def time_of(self, sigma):
        """The nearest index, for there is none in between."""
        return (self.ratio.log()[None] - sigma.log()[:, None]).abs().argmin(1)

    def denoise(self, x, sigma, label=None):
        time = self.time_of(sigma)
        return x - wide(sigma) * self(wide(self.alpha[time]) * x, time, label)

    def draw_times(self, n, device):
        return torch.randint(self.steps, (n,), device=device)


SDES = {c.name: c for c in (EDM, VE, VP, SubVP, DDPM)}
