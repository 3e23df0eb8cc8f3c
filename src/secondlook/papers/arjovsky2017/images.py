"""Section 4.3: three generators against real images, each with the Wasserstein loss and with the GAN's."""

from __future__ import annotations

import dataclasses

import torch

from secondlook.games.images import ImageSettings, image_game
from secondlook.job import Job, Result
from secondlook.papers.arjovsky2017.tracking import add_tracking
from secondlook.train.adversarial import train_adversarial
from secondlook.train.game import Game, Measured, Moment


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(ImageSettings):
    """Settings of an image game; the generator "constant" is that of Fig. 6, which has no batch normalization either."""

    #: units of the perceptron's hidden layers
    mlp_width: int = 512
    #: a generator that makes fewer classes than this (2 % of its samples each) has collapsed
    classes_least: int = 5
    #: an end this many times above the lowest distance counts as worse again
    worse_by: float = 2.0


def run(job: Job) -> Result:
    """Train one replica a seed.

    Metrics: those of `secondlook.train.adversarial.train_adversarial`, `secondlook.games.images.image_game` (fid_a is the distance) and
    `add_tracking`; ``collapsed``, 1 or 0 by the rule of `Settings.classes_least`. Arrays: sheets of samples.
    """
    settings = adapted(job.settings(Settings))
    result = train_adversarial(job, lambda device: measured_game(job, settings, device))
    add_tracking(result, "fid_a", settings.worse_by)
    return result


def adapted(settings: Settings) -> Settings:
    """Give each generator its own width and normalization."""
    if settings.generator == "mlp":
        return dataclasses.replace(settings, g_width=settings.mlp_width)
    if settings.generator == "constant":
        return dataclasses.replace(settings, g_batch_norm=False)
    return settings


def measured_game(job: Job, settings: Settings, device: torch.device) -> Game:
    """Return the image game with collapses counted."""
    game = image_game(job, settings, device)

    def measure(moment: Moment) -> list[Measured]:
        return [
            Measured({**row.metrics, "collapsed": float(row.metrics["classes_a"] < settings.classes_least)}, row.arrays)
            for row in game.measure(moment)
        ]

    return dataclasses.replace(game, measure=measure)
