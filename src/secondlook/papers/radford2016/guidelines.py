"""Section 3: the recipe with one of its guidelines removed, with several, with all; and what a step size makes of that.

The game is `secondlook.games.images`; a removal is a setting of its nets or of Adam.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from secondlook.games.endings import EndingSettings, add_endings
from secondlook.games.images import image_game
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import above
from secondlook.train.adversarial import train_adversarial

#: what is removed -> the settings that stand for it
REMOVED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "strided": {"resampling": "pooling"},
    "bn": {"g_batch_norm": False, "d_batch_norm": False},
    "bn_d": {"d_batch_norm": False},
    "bn_g": {"g_batch_norm": False},
    "no_connected": {"connected": 1},
    "relu": {"g_activation": "tanh"},
    "leaky": {"d_activation": "relu"},
    "beta1": {"beta1": 0.9},
}
REMOVED["all"] = {setting: value for change in REMOVED.values() for setting, value in change.items()}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(EndingSettings):
    """Settings of an image game, what counts as a success, and what is removed from the recipe."""

    #: guideline that is removed
    removed: Literal["nothing", "strided", "bn", "bn_d", "bn_g", "no_connected", "relu", "leaky", "beta1", "all"] = "nothing"
    #: step size of both players
    lr: float
    d_lr: float = 0.0
    g_lr: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        above(self, 0, "lr")

    def game(self) -> Settings:
        """The settings of the game that is played."""
        return dataclasses.replace(self, d_lr=self.lr, g_lr=self.lr, **REMOVED[self.removed])


def run(job: Job) -> Result:
    """Play one replica per seed, one after the other.

    Metrics: those of `secondlook.train.adversarial.train_adversarial`, `secondlook.metrics.image_quality.ImageJudge` and
    `secondlook.games.endings.add_endings`. Arrays: sheets of samples.
    """
    settings = job.settings(Settings).game()
    result = train_adversarial(job, lambda device: image_game(job, settings, device))
    add_endings(result, settings)
    return result
