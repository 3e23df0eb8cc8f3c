"""Sections 4.1 and 6: what a trained generator has learned. Walks in its noise, nearest training images, and arithmetic.

The full recipe plays the usual game; after its last step its generator is explored (`probes`).
"""

from __future__ import annotations

import dataclasses

import torch

from secondlook.data.images import load_images
from secondlook.games.endings import EndingSettings, add_endings
from secondlook.games.images import image_game, load_net
from secondlook.papers.radford2016.probes import METRICS, Probes
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.adversarial import train_adversarial
from secondlook.train.game import Game, Measured, Moment


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(EndingSettings):
    """Settings of an image game, and how its generator is explored."""

    #: walks between two points of noise
    walks: int
    #: images of a walk
    walk_images: int
    #: samples from which exemplars of arithmetic are taken
    pool: int
    #: sums of arithmetic
    sums: int
    #: samples that are compared with training images
    compared: int

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "walks", "pool", "sums", "compared")
        at_least(self, 3, "walk_images")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return super().metrics() | METRICS


def run(job: Job) -> Result:
    """Play one replica per seed, then explore its generator; one that diverged has none, and counts as diverged.

    Metrics: those of `secondlook.train.adversarial.train_adversarial`, `secondlook.metrics.image_quality.ImageJudge`,
    `secondlook.games.endings.add_endings`, and in the last row those of `Probes`. Arrays: sheets, and strips of the first seed.
    """
    settings = job.settings(Settings)
    result = train_adversarial(job, lambda device: _game(job, settings, device))
    add_endings(result, settings)
    return result


def _game(job: Job, settings: Settings, device: torch.device) -> Game:
    game = image_game(job, settings, device)
    train_NCHW, _ = load_images(job, settings.dataset, "train", settings.side, settings.train_images, device)
    test_NCHW, _ = load_images(job, settings.dataset, "test", settings.side, settings.compared, device)
    net = load_net(job, "net_a", train_NCHW.shape[1], settings.side, device)
    counts = {"walks": settings.walks, "length": settings.walk_images, "pool": settings.pool, "sums": settings.sums}
    probes = Probes(net, train_NCHW, test_NCHW, **counts)

    def measure(moment: Moment) -> list[Measured]:
        (judged,) = game.measure(moment)
        if moment.step < settings.steps:
            return [judged]
        found = probes.explore(moment)
        kept = found.arrays if moment.seeds[0] == job.seeds[0] else {}
        return [Measured({**judged.metrics, **found.metrics}, {**judged.arrays, **kept})]

    return dataclasses.replace(game, measure=measure)
