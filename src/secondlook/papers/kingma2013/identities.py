"""What the method stands on, without training: the KL in closed form, the gradient through a draw, the bound, two estimators' noise.

Integrals over one normal number are Gauss-Hermite sums in double precision, exact to many digits for functions as smooth as these. The
functions under test are those that training uses. Shapes: Q nodes, Z code, P pixels.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.device import configure
from secondlook.train.streams import numpy_generator
from secondlook.train.variational import bernoulli_log_likelihood, kl_to_standard_normal, normal_log_density, reparameterise


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: numbers of the code of the KL
    code: int = 5
    #: pixels of the small model
    pixels: int = 12
    #: nodes of an integral
    nodes: int = 80

    def __post_init__(self) -> None:
        at_least(self, 1, "code", "pixels")
        at_least(self, 40, "nodes", most=120)

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"kl_gap", "gradient_gap", "bound_slack", "bound_above", "variance_ratio", "noisier"}


def run(job: Job) -> Result:
    """Draw one situation per seed and measure it; a row's step is 1."""
    settings = job.settings(Settings)
    configure(job)
    nodes, weights = np.polynomial.hermite_e.hermegauss(settings.nodes)
    rule = torch.from_numpy(nodes), torch.from_numpy(weights / math.sqrt(2 * math.pi))
    history = History()
    for seed in job.seeds:
        rng = numpy_generator(seed, "data")
        history.add(seed, 1, **kl_of(rng, settings.code, rule), **gradient_of(rng, rule), **small_model(rng, settings.pixels, rule))
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))


Rule = tuple[torch.Tensor, torch.Tensor]


def kl_of(rng: np.random.Generator, code: int, rule: Rule) -> dict[str, float]:
    """Closed form of KL(q || N(0, I)) against the integral of log q - log p, coordinate by coordinate (Appendix B)."""
    mean_Z, log_variance_Z = torch.from_numpy(rng.normal(size=code)), torch.from_numpy(rng.normal(size=code))
    nodes, weights = rule
    draws_ZQ = reparameterise(mean_Z[:, None], log_variance_Z[:, None], nodes)
    difference = normal_log_density(draws_ZQ[..., None], mean_Z[:, None, None], log_variance_Z[:, None, None]) - normal_log_density(
        draws_ZQ[..., None]
    )
    return {"kl_gap": abs(float(kl_to_standard_normal(mean_Z, log_variance_Z) - (difference * weights).sum()))}


def gradient_of(rng: np.random.Generator, rule: Rule) -> dict[str, float]:
    """Mean gradient through the draw (section 2.4) against the gradient of E exp(a z) = exp(a m + a^2 s^2 / 2)."""
    slope = float(rng.uniform(0.2, 1.0))
    mean = torch.tensor(rng.normal(), dtype=torch.float64, requires_grad=True)
    log_variance = torch.tensor(rng.uniform(-2, 0), dtype=torch.float64, requires_grad=True)
    nodes, weights = rule
    through_draws = torch.autograd.grad(((slope * reparameterise(mean, log_variance, nodes)).exp() * weights).sum(), [mean, log_variance])
    known = torch.autograd.grad((slope * mean + slope**2 * log_variance.exp() / 2).exp(), [mean, log_variance])
    return {"gradient_gap": max(abs(float(one - other)) for one, other in zip(through_draws, known, strict=True))}


def small_model(rng: np.random.Generator, pixels: int, rule: Rule) -> dict[str, float]:
    """A model with one latent number, whose integrals can be done.

    bound_slack: log p(x), by the trapezoidal rule, less the bound (eq. 3); bound_above: 1 where that is below 0. variance_ratio: the
    variance of the score-function estimate of the bound's gradient with respect to q's mean over that of the gradient through the draw;
    noisier: 1 where it is 10 or more.
    """
    loading_P, bias_P = torch.from_numpy(rng.normal(size=pixels)), torch.from_numpy(rng.normal(size=pixels))
    image_P = torch.from_numpy((rng.random(pixels) < 0.5).astype(float))
    mean, log_variance = torch.tensor([rng.normal()], dtype=torch.float64), torch.tensor([rng.uniform(-2, 0)], dtype=torch.float64)
    nodes, weights = rule

    def log_joint(z_Q: torch.Tensor) -> torch.Tensor:
        """Return log p(x, z), [Q]."""
        return bernoulli_log_likelihood(z_Q[:, None] * loading_P + bias_P, image_P.expand(len(z_Q), -1)) + normal_log_density(z_Q[:, None])

    fine_Q = torch.linspace(-12, 12, 20_001, dtype=torch.float64)  # the posterior's integral: the trapezoidal rule on a smooth bump
    evidence = (log_joint(fine_Q).logsumexp(0) + math.log(24 / 20_000)).item()
    draws_Q = reparameterise(mean, log_variance, nodes).requires_grad_()
    likelihood_Q = bernoulli_log_likelihood(draws_Q.detach()[:, None] * loading_P + bias_P, image_P.expand(len(draws_Q), -1))
    bound = float(likelihood_Q @ weights - kl_to_standard_normal(mean, log_variance))
    inner_Q = log_joint(draws_Q) - normal_log_density(draws_Q[:, None], mean, log_variance)
    score_Q = inner_Q.detach() * (draws_Q.detach() - mean) / log_variance.exp()
    (through_Q,) = torch.autograd.grad(inner_Q.sum(), draws_Q)
    noise = [float(each_Q.square() @ weights - (each_Q @ weights) ** 2) for each_Q in (score_Q, through_Q)]
    return {
        "bound_slack": evidence - bound,
        "bound_above": float(bound > evidence),
        "variance_ratio": noise[0] / noise[1],
        "noisier": float(noise[0] >= 10 * noise[1]),
    }
