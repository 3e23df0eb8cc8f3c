"""Does a loss tell how far the samples are? A critic alone against a copy of the data that moves: the distance is known, and has no trend.

In place of a generator the fakes are the mixture shifted along a line, whose direction is the seed's own, by a length that wanders up and
down. Of two laws that differ by a shift W1 is its length: the mean moves by that much, and moving every point by it does it. JS is close
to log 2 wherever the shifted mixture does not lie on the mixture.
Shapes: R replicas, B batch, M moves, K knots.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Literal

import numpy as np
import torch

from secondlook.data.mixtures import mixture
from secondlook.games.settings import GameSettings
from secondlook.metrics.divergences import js_estimate
from secondlook.nets.mlp import StackedMLP
from secondlook.papers.arjovsky2017.tracking import rank_correlation
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.device import configure
from secondlook.train.discriminator import fit_discriminator
from secondlook.train.game import init_generators
from secondlook.train.resumable import Progress
from secondlook.train.streams import numpy_generator, torch_generator


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(GameSettings):
    """Settings of a critic against fakes that move; ``d_steps`` are its steps after each move."""

    #: moves of the fakes
    #: each in place of a generator step
    steps: int
    #: step size of the generator
    #: there is none
    g_lr: float = 0.0
    #: mixture of Gaussians that the data come from
    data: Literal["ring", "grid25"] = "ring"
    #: lengths that the shift goes through
    #: drawn from 0 to the largest; between two of them it changes evenly
    knots: int = 20
    #: largest length
    reach: float = 2.0
    #: fakes that stay where they start
    #: the path is then not theirs, and no loss can know of it
    still: bool = False
    #: units of each hidden layer
    width: int = 64
    #: hidden layers
    layers: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        above(self, 0, "reach")
        at_least(self, 1, "width")
        at_least(self, 2, "knots")
        at_least(self, 0, "layers")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return {"w1", "d_loss", "estimate", "tracking", "late_estimate"}


def run(job: Job) -> Result:
    """Train one critic per seed.

    Metrics, a row for several moves: ``w1``, the mean length of the shift; ``d_loss``; ``estimate``, of W up to the critic's scale (minus
    d_loss), or of JS (log 2 less half of d_loss), both means over the same moves. At the end ``tracking``, Spearman's rho
    of estimate and distance, and ``late_estimate``, the mean estimate over the second half.
    """
    settings = job.settings(Settings)
    device = configure(job)
    progress = Progress(job, device, [job.seeds], unit="steps")
    fields = settings.game_fields()
    target = mixture(settings.data)
    sizes = [2, *[settings.width] * settings.layers, 1]
    net = StackedMLP(sizes, init_generators(job.seeds, "discriminator")).to(device)
    paths_RM2 = np.stack([path(settings, seed) for seed in job.seeds])
    shifts_RM12 = torch.tensor(paths_RM2, dtype=torch.float32, device=device)[:, :, None]

    def draw(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        chances = (torch_generator(seed, "data", step, device=device) for seed in job.seeds)
        both = torch.stack([target.sample(2 * settings.batch, chance) for chance in chances])
        real, fake = both.split(settings.batch, 1)
        return real, fake + shifts_RM12[:, 0 if settings.still else step // settings.d_steps]

    def penalty(real: torch.Tensor, fake: torch.Tensor, step: int) -> torch.Tensor:
        chances = [torch_generator(seed, "penalty", step, device=device) for seed in job.seeds]
        return fields["penalty"](net, real, fake, chances)

    losses = fit_discriminator(
        net,
        draw,
        fields["loss"],
        fields["discriminator_rule"],
        settings.steps * settings.d_steps,
        penalty=penalty if fields["penalty"] else None,
        before_step=fields["before_step"],
        after_step=fields["after_step"],
    )
    losses_RM = losses.double().T.reshape(len(job.seeds), settings.steps, settings.d_steps).mean(-1).cpu().numpy()
    lengths_RM = np.linalg.norm(paths_RM2, axis=-1)
    for replica, seed in enumerate(job.seeds):
        _write(progress, seed, losses_RM[replica], lengths_RM[replica], settings)
    return progress.result()


def path(settings: Settings, seed: int) -> np.ndarray:
    """Shift of the fakes at each move, [M, 2]; its lengths at the knots are independent, so that it has no trend."""
    generator = numpy_generator(seed, "path")
    angle = 2 * math.pi * generator.random()
    lengths_K = settings.reach * generator.random(settings.knots)
    lengths_M = np.interp(np.linspace(0, settings.knots - 1, settings.steps), np.arange(settings.knots), lengths_K)
    return lengths_M[:, None] * np.array([math.cos(angle), math.sin(angle)])


def _write(progress: Progress, seed: int, losses_M: np.ndarray, lengths_M: np.ndarray, settings: Settings) -> None:
    """Add a replica's rows, up to its divergence if it diverged."""
    rows: list[tuple[float, float]] = []
    stops = settings.record_steps()
    for start, stop in itertools.pairwise(stops):
        loss, w1 = float(losses_M[start:stop].mean()), float(lengths_M[start:stop].mean())
        if not math.isfinite(loss):
            progress.diverged(seed, start + int((~np.isfinite(losses_M[start:stop])).argmax()) + 1)
            return
        estimate = -loss if settings.loss == "wasserstein" else js_estimate(loss)
        progress.history.add(seed, stop, d_loss=loss, estimate=estimate, w1=w1)
        rows.append((estimate, w1))
    estimates, distances = map(list, zip(*rows, strict=True))
    late = float(np.mean(estimates[len(estimates) // 2 :]))
    progress.history.add(seed, settings.steps, tracking=rank_correlation(estimates, distances), late_estimate=late)
    progress.status[seed] = "completed"
