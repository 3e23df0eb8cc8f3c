"""Games in the plane: whether the loss follows the samples' distance from the data, and what momentum and clipping do to the critic.

Shapes: R replicas.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from secondlook.errors import UserError
from secondlook.games.planar import PlanarSettings, planar_game
from secondlook.papers.arjovsky2017.tracking import TRACKING, add_collapses, add_tracking
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.adversarial import train_adversarial
from secondlook.train.duel import UPHILL
from secondlook.train.game import Game, Measured, Moment

#: a weight this close to the bound, relatively, is at it
AT_BOUND = 1e-6


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(PlanarSettings):
    """Settings of a game in the plane, and this paper's own; the distance is always measured."""

    #: step size of both players
    #: in place of ``d_lr`` and ``g_lr``
    lr: float | None = None
    #: beta1 of the generator's Adam
    #: in place of ``beta1``: the paper speaks of momentum on the critic
    g_beta1: float | None = None
    #: look at every step of the critic
    #: whether it goes up its own gradient
    watch_uphill: bool = False
    #: modes below which a generator that had learned something has collapsed
    modes_least: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "w1_points", "modes_least")
        at_least(self, 0, "lr")
        at_least(self, 0, "g_beta1", below=1)
        if self.g_beta1 is not None and self.optimizer != "adam":
            raise UserError(f"setting 'g_beta1' is of Adam, and the optimizer is {self.optimizer}; leave it out")
        if self.lr is not None:
            object.__setattr__(self, "d_lr", self.lr)
            object.__setattr__(self, "g_lr", self.lr)

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return super().metrics() | {*TRACKING, "largest_weight", *self._asked()}

    def _asked(self) -> set[str]:
        """Metrics that not every setting has."""
        asked = {"at_bound"} if self.clip is not None else set()
        asked |= {"fresh_tracking"} if self.fresh_steps else set()
        return asked | ({UPHILL, "ever_uphill"} if self.watch_uphill else set())


def run(job: Job) -> Result:
    """Train one replica per seed.

    Metrics: those of `secondlook.train.adversarial.train_adversarial`, `secondlook.games.planar.planar_game`, `add_tracking` and
    `add_collapses`; and of the critic's weights ``largest_weight``, the largest magnitude, and with clipping ``at_bound``, the share at the
    bound or beyond.
    """
    settings = job.settings(Settings)
    result = train_adversarial(job, lambda device: measured_game(settings, device))
    add_tracking(result, "w1")
    add_collapses(result, "modes", settings.modes_least)
    return result


def measured_game(settings: Settings, device: torch.device) -> Game:
    """Return the planar game with the settings of this module."""
    game = planar_game(settings, device)

    def measure(moment: Moment) -> list[Measured]:
        weights = weight_metrics(list(moment.discriminator.parameters()), settings.clip)
        return [Measured({**row.metrics, **own}, row.arrays) for row, own in zip(game.measure(moment), weights, strict=True)]

    rule = game.generator_rule
    if settings.g_beta1 is not None:
        rule = dataclasses.replace(settings, beta1=settings.g_beta1).rule(settings.g_lr)
    return dataclasses.replace(game, measure=measure, generator_rule=rule, watch_uphill=settings.watch_uphill)


def weight_metrics(parameters: Sequence[torch.Tensor], bound: float | None) -> list[dict[str, float]]:
    """Largest magnitude of a replica's weights and the share of them at ``bound``, of parameters [R, ...]."""
    sizes_RW = torch.cat([parameter.detach().abs().flatten(1) for parameter in parameters], 1)
    rows = [{"largest_weight": value} for value in sizes_RW.amax(1).tolist()]
    if bound is not None:
        shares = (sizes_RW >= bound * (1 - AT_BOUND)).double().mean(1).tolist()
        rows = [row | {"at_bound": share} for row, share in zip(rows, shares, strict=True)]
    return rows
