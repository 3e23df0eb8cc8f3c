"""What the terms charge for: the KL term in closed form, and the two ways of asking a code to follow a prior, on a line.

The variational term is a mean over images of the divergence of each image's own code. It is exactly the divergence of all codes together
from the prior plus the information that a code carries about its image (Hoffman & Johnson 2016), so that it charges for information as
well. The adversary sees all codes together; at its best it measures their Jensen-Shannon divergence from the prior, which is never above
log 2 (Goodfellow et al. 2014, Theorem 1). Shapes: N images, Z coordinates, G points of a grid.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from secondlook.metrics.divergences import jensen_shannon, kullback_leibler
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.device import configure
from secondlook.train.streams import numpy_generator
from secondlook.train.variational import kl_to_standard_normal, normal_log_density, reparameterise

#: the line, wide enough for every code below
GRID = np.linspace(-120.0, 120.0, 96001)
#: shifts of the codes whose charges are written, in standard deviations of the prior
SHIFTS = tuple(0.25 * place for place in range(25))
#: nodes of Gauss-Hermite quadrature; the KL's integrand has degree 2, for which 2 are exact
NODES = 8


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: images whose codes a replica draws
    images: int = 8
    #: coordinates of a code in the closed form
    code: int = 10
    #: draws of the Monte Carlo estimate
    draws: int = 100000

    def __post_init__(self) -> None:
        at_least(self, 2, "images", "draws")
        at_least(self, 1, "code")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {
            "kl_gap",
            "kl_monte_carlo_gap",
            "decomposition_gap",
            "information",
            "aggregate_kl",
            "mean_kl",
            *(f"charge_{name}" for name in CHARGES),
        }


CHARGES = ("shift", "kl", "adversary")


def run(job: Job) -> Result:
    """Compute once per seed; a row's step is the number of a shift, the last row has the rest.

    Metrics of every row: ``charge_shift`` in standard deviations, and what codes N(shift, 1) are charged: ``charge_kl`` and
    ``charge_adversary`` in nats. Of the last row, for random Gaussian codes: ``kl_gap``, the largest difference of the closed form from
    quadrature, ``kl_monte_carlo_gap``, its relative difference from a mean over draws, and on the line ``mean_kl``, ``aggregate_kl``,
    ``information`` and ``decomposition_gap``, the first less the two others.
    """
    settings = job.settings(Settings)
    configure(job)
    history, log_p = History(), log_normal(GRID, 0.0, 1.0)
    shifted = [log_normal(GRID, shift, 1.0) for shift in SHIFTS]
    charges = [(kullback_leibler(log_q, log_p, GRID), jensen_shannon(log_p, log_q, GRID)) for log_q in shifted]
    for seed in job.seeds:
        for step, (shift, (kl, divergence)) in enumerate(zip(SHIFTS, charges, strict=True)):
            history.add(seed, step, charge_shift=shift, charge_kl=kl, charge_adversary=divergence)
        draws = numpy_generator(seed, "data")
        mean, log_variance = (torch.from_numpy(draws.normal(size=(settings.images, settings.code))) for _ in range(2))
        found = closed_form(mean, log_variance, settings.draws, draws)
        history.add(seed, len(SHIFTS) - 1, **found, **decomposition(mean[:, 0].numpy(), log_variance[:, 0].numpy()))
    return Result(history)


def log_normal(x: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Log density of N(mean, std^2) at x."""
    return -0.5 * ((x - mean) / std) ** 2 - math.log(std * math.sqrt(2 * math.pi))


def closed_form(mean_NZ: torch.Tensor, log_variance_NZ: torch.Tensor, draws: int, generator: np.random.Generator) -> dict[str, float]:
    """Compare the closed form with quadrature, coordinate by coordinate, and, of the first image, with a mean over draws."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    exact_NZ = torch.zeros_like(mean_NZ)
    for node, weight in zip(nodes, weights, strict=True):
        z_NZ1 = reparameterise(mean_NZ, log_variance_NZ, torch.full_like(mean_NZ, node))[..., None]
        each = normal_log_density(z_NZ1, mean_NZ[..., None], log_variance_NZ[..., None]) - normal_log_density(z_NZ1)
        exact_NZ += weight / math.sqrt(2 * math.pi) * each
    closed_N = kl_to_standard_normal(mean_NZ, log_variance_NZ)
    noise = torch.from_numpy(generator.normal(size=(draws, mean_NZ.shape[1])))
    z = reparameterise(mean_NZ[0], log_variance_NZ[0], noise)
    estimate = (normal_log_density(z, mean_NZ[0], log_variance_NZ[0]) - normal_log_density(z)).mean()
    return {
        "kl_gap": float((closed_N - exact_NZ.sum(1)).abs().max()),
        "kl_monte_carlo_gap": float(estimate / closed_N[0] - 1),
    }


def decomposition(mean_N: np.ndarray, log_variance_N: np.ndarray) -> dict[str, float]:
    """Split the mean KL of codes on a line into that of all codes together and the information about the image, by integrals."""
    logs_NG = np.stack([log_normal(GRID, mean, math.exp(half / 2)) for mean, half in zip(mean_N, log_variance_N, strict=True)])
    log_all_G = np.logaddexp.reduce(logs_NG, axis=0) - math.log(len(logs_NG))
    codes = torch.from_numpy(mean_N)[:, None], torch.from_numpy(log_variance_N)[:, None]
    mean_kl = float(kl_to_standard_normal(*codes).mean())
    aggregate = kullback_leibler(log_all_G, log_normal(GRID, 0.0, 1.0), GRID)
    information = float(np.mean([kullback_leibler(log_G, log_all_G, GRID) for log_G in logs_NG]))
    gap = mean_kl - aggregate - information
    return {"mean_kl": mean_kl, "aggregate_kl": aggregate, "information": information, "decomposition_gap": gap}
