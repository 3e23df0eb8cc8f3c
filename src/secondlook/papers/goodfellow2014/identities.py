"""What the discriminator maximises: Prop. 1 and Theorem 1 of Goodfellow et al. 2014, for Gaussians on a line.

Data are N(0, 1). The generator's samples are N(t, s^2): for these the value of the best discriminator and the Jensen-Shannon divergence
are integrated by two different rules. For a few distances t (s = 1) a perceptron is trained on fresh samples, and its value is integrated
too, so that what is left is the error of the training alone. All integrals are in float64.
Shapes: R stacked nets (distances of the first seed, then of the next), T distances, B batch, X points of a line.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy.special import expit

from secondlook.errors import UserError
from secondlook.metrics.divergences import jensen_shannon, js_estimate, optimal_discriminator
from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least, finite
from secondlook.train.device import configure
from secondlook.train.discriminator import fit_discriminator
from secondlook.train.losses import adversarial_loss
from secondlook.train.streams import torch_generator
from secondlook.train.updates import Adam

#: the line reaches so many standard deviations beyond both densities
MARGIN = 12.0
#: points of the trapezoidal rule; the trained net has kinks, which cost the square of the spacing
POINTS = 8001
#: the Gauss-Legendre rule has so many nodes in each panel of width 1/2
NODES = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What the protocol may say."""

    #: means of the generators N(t, s^2) of the integrals
    family_t: Sequence[float]
    #: standard deviations of the generators N(t, s^2) of the integrals
    family_s: Sequence[float]
    #: means of the generators N(t, 1) against which nets are trained
    distances: Sequence[float]
    #: units of each hidden layer
    width: int
    #: hidden layers
    layers: int
    #: updates of each net
    steps: int
    #: batch size
    batch: int
    #: step size of Adam
    lr: float

    def __post_init__(self) -> None:
        finite(self, "family_t")
        above(self, 0, "family_s")
        at_least(self, 0, "distances", "layers", "lr")
        at_least(self, 1, "width", "steps", "batch")
        if 0 not in self.family_t or 1 not in self.family_s:
            raise UserError("settings: 'family_t' must hold 0 and 'family_s' 1, the generator that is the data's own distribution")
        if not self.distances:
            raise UserError("setting 'distances': give at least one")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        rows = {"t", "jsd", "jsd_trained", "d_error"}
        return rows | {"largest_d_error", "largest_jsd_error", "identity_error", "minimum_error"}


def run(job: Job) -> Result:
    """Integrate, and train one net per distance and seed; a row's step is the number of its distance, from 1.

    Metrics of every row:

    - ``t``: the distance
    - ``jsd``: Jensen-Shannon divergence
    - ``jsd_trained``: (V + log 4) / 2 with V the value of the trained net, which is ``jsd`` for the best one
    - ``d_error``: mean of abs(D - D*) over (p_data + p_g) / 2

    Of the last row, over all distances:

    - ``largest_d_error``, and ``largest_jsd_error``, of abs(jsd_trained - jsd)
    - ``identity_error``: largest abs(V(D*) - (-log 4 + 2 JSD)) over the family of generators, t by s
    - ``minimum_error``: the largest of abs(t), abs(s - 1), abs(C + log 4) and abs(D* - 1/2) at the generator of the lowest C = V(D*)

    Arrays: of each seed ``curves`` [T, X], the trained nets on ``x`` [X]; of the first also ``best`` [T, X], D*, and, for the family at
    s = 1, ``family_t``, ``family_value`` (V(D*)) and ``family_jsd``.
    """
    settings = job.settings(Settings)
    configure(job)
    family = list(itertools.product(settings.family_t, settings.family_s))
    values, divergences = np.array([best_value(t, s) for t, s in family]), np.array([divergence(t, s) for t, s in family])
    t_low, s_low = family[int(values.argmin())]
    x = line(t_low, s_low)
    half = np.abs(optimal_discriminator(log_normal(x), log_normal(x, t_low, s_low)) - 0.5).max()
    last = {
        "identity_error": np.abs(values - (-math.log(4) + 2 * divergences)).max(),
        "minimum_error": max(abs(t_low), abs(s_low - 1), abs(values.min() + math.log(4)), half),
    }
    t_R = [*settings.distances] * len(job.seeds)
    net = train(settings, job.seeds)
    measured = [compare(output, t) for output, t in zip(outputs(net, np.stack([line(t) for t in t_R])), t_R, strict=True)]
    shown = np.linspace(-4, max(settings.distances) + 4, 241)
    curves_RX = expit(outputs(net, np.tile(shown, (len(t_R), 1))))
    history, arrays, count = History(), {}, len(settings.distances)
    for replica, seed in enumerate(job.seeds):
        own = slice(replica * count, (replica + 1) * count)
        rows = measured[own]
        for step, row in enumerate(rows, start=1):
            history.add(seed, step, **row)
        history.add(
            seed,
            count,
            largest_d_error=max(row["d_error"] for row in rows),
            largest_jsd_error=max(abs(row["jsd_trained"] - row["jsd"]) for row in rows),
            **last,
        )
        arrays[f"{seed}/curves"] = curves_RX[own]
    at_one = np.array([s == 1 for _, s in family])
    arrays |= {
        f"{job.seeds[0]}/{name}": array
        for name, array in {
            "x": shown,
            "best": np.stack([optimal_discriminator(log_normal(shown), log_normal(shown, t)) for t in settings.distances]),
            "family_t": np.array([t for t, _ in family])[at_one],
            "family_value": values[at_one],
            "family_jsd": divergences[at_one],
        }.items()
    }
    return Result(history, arrays)


def log_normal(x: np.ndarray, mean: float = 0.0, deviation: float = 1.0) -> np.ndarray:
    """Logarithm of the density of N(mean, deviation^2) at ``x``."""
    return -0.5 * ((x - mean) / deviation) ** 2 - math.log(deviation * math.sqrt(2 * math.pi))


def ends(t: float, s: float = 1.0) -> tuple[float, float]:
    """A stretch beyond which neither N(0, 1) nor N(t, s^2) has mass that float64 could show."""
    reach = MARGIN * max(1.0, s)
    return min(0.0, t) - reach, max(0.0, t) + reach


def line(t: float, s: float = 1.0) -> np.ndarray:
    """Evenly spaced points, for the trapezoidal rule."""
    return np.linspace(*ends(t, s), POINTS)


def divergence(t: float, s: float = 1.0) -> float:
    """Jensen-Shannon divergence of N(0, 1) and N(t, s^2), in nats."""
    x = line(t, s)
    return jensen_shannon(log_normal(x), log_normal(x, t, s), x)


def best_value(t: float, s: float = 1.0) -> float:
    """V(D*, G) of Eq. 1 for N(0, 1) and N(t, s^2), by Gauss-Legendre rules in panels."""
    low, high = ends(t, s)
    edges = np.linspace(low, high, 2 * math.ceil(high - low) + 1)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2
    x, weight = (edges[:-1, None] + half * (nodes + 1)).ravel(), (half * weights).ravel()
    p, q = log_normal(x), log_normal(x, t, s)
    both = np.logaddexp(p, q)
    return float(weight @ (np.exp(p) * (p - both) + np.exp(q) * (q - both)))


def train(settings: Settings, seeds: Sequence[int]) -> StackedMLP:
    """Train a net for each seed and distance on fresh samples of equal numbers; return them in float64.

    Nets of one seed start from weights of their own and see the same draws, moved by their distance.
    """
    starts = [torch_generator(seed, "init", place) for seed in seeds for place in range(len(settings.distances))]
    net = StackedMLP([1, *[settings.width] * settings.layers, 1], starts)
    shift_T11 = torch.tensor(settings.distances, dtype=torch.float32)[:, None, None]

    def draw(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        noise = [torch.randn(2, settings.batch, 1, generator=torch_generator(seed, "data", step)) for seed in seeds]
        real = torch.cat([real_B1.expand(len(shift_T11), -1, -1) for real_B1, _ in noise])
        return real, torch.cat([fake_B1 + shift_T11 for _, fake_B1 in noise])

    fit_discriminator(net, draw, adversarial_loss("minimax"), Adam(settings.lr), settings.steps)
    return net.double()


@torch.no_grad()
def outputs(net: StackedMLP, x_RX: np.ndarray) -> np.ndarray:
    """Outputs [R, X], each net's on points of its own."""
    return net(torch.from_numpy(x_RX)[:, :, None]).numpy()


def compare(output_X: np.ndarray, t: float) -> dict[str, float]:
    """Compare a discriminator, given by its output on ``line(t)``, with the best one for N(t, 1)."""
    x = line(t)
    p, q = log_normal(x), log_normal(x, t)
    loss = np.exp(p) * np.logaddexp(0, -output_X) + np.exp(q) * np.logaddexp(0, output_X)
    off = np.abs(expit(output_X) - optimal_discriminator(p, q))
    return {
        "t": t,
        "jsd": divergence(t),
        "jsd_trained": js_estimate(np.trapezoid(loss, x)),
        "d_error": np.trapezoid((np.exp(p) + np.exp(q)) / 2 * off, x),
    }
