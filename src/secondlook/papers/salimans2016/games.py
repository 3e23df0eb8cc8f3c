"""Two games of two numbers in which gradient steps find no equilibrium, and historical averaging (sections 3 and 3.3).

Both players step at once: x down and y up the gradient of V(x, y). Each player's cost has lambda ||theta - mean||^2 beside V, with the
mean over all iterates up to and with the current one, held fixed, so that its gradient is 2 lambda (theta - mean). The paper gives no
lambda, no step size and no order of the updates. Exact up to rounding, in float64; the same game in the adversarial loop agrees (tests).
Shapes: R replicas, each with a start of its own.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.streams import numpy_generator

#: where each game has its equilibrium
EQUILIBRIUM = {"xy": (0.0, 0.0), "piecewise": (1.0, 1.0)}
#: this far from it, a game has diverged
FAR = 1e6
#: a game whose late distance is at most this share of the first one has converged
NEAR = 0.05
#: share of the steps that count as late
LATE = 0.1
#: points of a trajectory that are kept for a figure
KEPT = 2000


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: game
    #: xy: V = x y; piecewise: V = (f(x) - 1)(y - 1), f(x) = x below 0 and x^2 from there on
    game: Literal["xy", "piecewise"]
    #: lambda, the weight of historical averaging
    averaging: float
    #: steps of both players
    steps: int = 5000
    #: step size
    lr: float = 0.05

    def __post_init__(self) -> None:
        at_least(self, 1, "steps")
        at_least(self, 0, "averaging")
        above(self, 0, "lr")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` may write."""
        identity = {"growth_gap"} if self.game == "xy" and self.averaging == 0 else set()
        return {"late_distance", "converged"} | identity


def start(game: str, seed: int) -> np.ndarray:
    """Return the first x and y: on the unit circle about xy's equilibrium, uniform on [-1, 3]^2 about the other's."""
    draws = numpy_generator(seed, "init")
    if game == "xy":
        angle = 2 * np.pi * draws.random()
        return np.array([np.cos(angle), np.sin(angle)])
    return draws.uniform(-1, 3, 2)


def slopes(game: str, x_R: np.ndarray, y_R: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return dV/dx and dV/dy, [R] each."""
    if game == "xy":
        return y_R, x_R
    positive = x_R >= 0
    return np.where(positive, 2 * x_R, 1.0) * (y_R - 1), np.where(positive, x_R**2, x_R) - 1


def play(settings: Settings, starts_R2: np.ndarray) -> np.ndarray:
    """Return all iterates, [steps + 1, R, 2]; a game that has gone beyond `FAR` stays where it is."""
    centre = np.array(EQUILIBRIUM[settings.game])
    path = np.empty((settings.steps + 1, *starts_R2.shape))
    path[0] = now = starts_R2
    mean = np.zeros_like(now)
    for step in range(1, settings.steps + 1):
        mean = mean + (now - mean) / step
        x_slope, y_slope = slopes(settings.game, now[:, 0], now[:, 1])
        pull = 2 * settings.averaging * (now - mean)
        moved = now - settings.lr * (np.stack([x_slope, -y_slope], 1) + pull)
        away = np.abs(now - centre).max(1) > FAR
        path[step] = now = np.where(away[:, None], now, moved)
    return path


def run(job: Job) -> Result:
    """Play one game per seed.

    Metrics, all at the last step: ``late_distance``, the largest distance from the equilibrium over the last tenth of the steps, over the
    first one; ``converged``: 1 where that is at most 0.05, else 0; ``growth_gap``, of xy without averaging, the relative difference of its
    last radius from the closed form (1 + lr^2)^(steps / 2). A game that has left for good gets ``diverged`` = 1 at the step at which it was
    first beyond a million. Arrays: "<first seed>/path", float64 [points, 2], evenly spaced.
    """
    settings = job.settings(Settings)
    path = play(settings, np.stack([start(settings.game, seed) for seed in job.seeds]))
    distance = np.linalg.norm(path - np.array(EQUILIBRIUM[settings.game]), axis=2)
    history, status = History(), dict.fromkeys(job.seeds, "completed")
    for replica, seed in enumerate(job.seeds):
        beyond = np.flatnonzero(distance[:, replica] > FAR)
        if len(beyond):
            history.add(seed, int(beyond[0]), diverged=1.0)
            status[seed] = f"diverged at step {beyond[0]}"
            continue
        late = distance[-max(1, round(LATE * settings.steps)) :, replica].max() / distance[0, replica]
        history.add(seed, settings.steps, late_distance=late, converged=float(late <= NEAR))
        if settings.game == "xy" and settings.averaging == 0:
            closed = (1 + settings.lr**2) ** (settings.steps / 2)
            history.add(seed, settings.steps, growth_gap=abs(distance[-1, replica] / distance[0, replica] / closed - 1))
    shown = np.unique(np.linspace(0, settings.steps, min(KEPT, settings.steps + 1)).round().astype(int))
    return Result(history, {f"{job.seeds[0]}/path": path[shown, 0]}, status)
