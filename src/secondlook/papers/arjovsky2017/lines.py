"""Example 1, computed: two parallel lines, (0, Z) and (theta, Z) with Z uniform on [0, 1], and how far apart four distances say they are.

W1 is exact for samples of the two lines with equal Z. The other three need densities. Given the first coordinate both laws are uniform,
so they are taken of the first coordinate alone, each law a single cell of a grid whose spacing is the offset theta: any finer grid gives
the same. A row's step is the number of an offset; the last row also holds what the claims ask for.
Shapes: N points.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from secondlook.errors import UserError
from secondlook.metrics.divergences import jensen_shannon, kullback_leibler, total_variation
from secondlook.metrics.wasserstein import w1
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.streams import numpy_generator

#: offsets at which continuity at 0 is looked at
NEAR_ZERO = tuple(10.0**-k for k in range(1, 7))


@dataclasses.dataclass(frozen=True)
class Settings:
    """What protocol.yaml may set."""

    #: offsets of the second line
    #: evenly spaced on [-1, 1], 0 among them
    offsets: int = 41
    #: sampled points of each line
    points: int = 200

    def __post_init__(self) -> None:
        at_least(self, 3, "offsets")
        at_least(self, 1, "points")
        if self.offsets % 2 == 0:
            raise UserError(f"setting 'offsets' must be odd, so that 0 is one of them, got {self.offsets}")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"theta", "w1", "js", "tv", "kl", "largest_gap", "jump_gap", "gradient_gap"}


def run(job: Job) -> Result:
    """Measure every offset with one draw of Z per replica.

    Metrics: theta, w1, js, tv, kl (infinite where a density is zero). At the last offset also ``largest_gap``, over all offsets and all
    four distances, to the closed forms, KL compared as exp(-KL); ``jump_gap``, the same over offsets that go to 0, where W1 must go with
    them and JS must stay log 2; ``gradient_gap``, by how much the two sides of Theorem 3 differ.
    """
    settings = job.settings(Settings)
    history = History()
    offsets = np.linspace(-1, 1, settings.offsets).round(12)
    for seed in job.seeds:
        z_N = numpy_generator(seed, "data").random(settings.points)
        measured = [distances(theta, z_N) for theta in offsets]
        for step, (theta, row) in enumerate(zip(offsets, measured, strict=True)):
            history.add(seed, step, theta=theta, **row)
        near = [distances(theta, z_N) for theta in NEAR_ZERO]
        history.add(
            seed,
            len(offsets) - 1,
            largest_gap=max(gap(theta, row) for theta, row in zip(offsets, measured, strict=True)),
            jump_gap=max(gap(theta, row) for theta, row in zip(NEAR_ZERO, near, strict=True)),
            gradient_gap=max(theorem_3_gap(theta, z_N) for theta in offsets if theta),
        )
    return Result(history)


def line(theta: float, z_N: np.ndarray) -> np.ndarray:
    """Points [N, 2] of the line at ``theta``."""
    return np.stack([np.full_like(z_N, theta), z_N], 1)


def distances(theta: float, z_N: np.ndarray) -> dict[str, float]:
    """W1, JS, TV and KL between the line at 0 and the one at ``theta``."""
    spacing = abs(theta) or 1.0
    x = spacing * np.arange(4)
    with np.errstate(divide="ignore"):
        log_p = np.log(np.eye(4)[1] / spacing)
        log_q = np.log(np.eye(4)[2 if theta else 1] / spacing)
    return {
        "w1": w1(line(0.0, z_N), line(theta, z_N)),
        "js": jensen_shannon(log_p, log_q, x),
        "tv": total_variation(log_p, log_q, x),
        "kl": kullback_leibler(log_p, log_q, x),
    }


def gap(theta: float, row: dict[str, float]) -> float:
    """Return the largest difference of the four distances from Example 1's closed forms."""
    apart = float(theta != 0)
    return max(
        abs(row["w1"] - abs(theta)),
        abs(row["js"] - apart * math.log(2)),
        abs(row["tv"] - apart),
        abs(math.exp(-row["kl"]) - (1 - apart)),
    )


def theorem_3_gap(theta: float, z_N: np.ndarray, step: float = 1e-4) -> float:
    """Return the difference of the two sides of Theorem 3, or the amount by which f(x) = -sign(theta) x_1 misses W1, if that is larger.

    f has slope 1 and by duality is an optimal critic if E f(real) - E f(fake) is W1. The left side is a central difference of exact W1s.
    """
    side = math.copysign(1.0, theta)
    real, fake = line(0.0, z_N), line(theta, z_N)
    dual = (-side * real[:, 0]).mean() + (side * fake[:, 0]).mean()
    left = (w1(real, line(theta + step, z_N)) - w1(real, line(theta - step, z_N))) / (2 * step)
    right = side  # -E of the gradient of f(theta, z) in theta, which is -sign(theta)
    return max(abs(dual - w1(real, fake)), abs(left - right))
