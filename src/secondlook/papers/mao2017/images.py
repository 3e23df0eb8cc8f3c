"""Image games of Mao et al. 2017: which runs succeed without batch normalization (section 4.3), and how good the images are.

The game is `secondlook.games.images` with the nets of the official code (kernel 5). Added here: where batch normalization is left out.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from secondlook.games.endings import EndingSettings, add_endings
from secondlook.games.images import image_game
from secondlook.runner.job import Job, Result
from secondlook.train.adversarial import train_adversarial

#: value of ``bn`` -> batch normalization in G, in D; the official code's folders BN_G_* are without it in G, BN_GD_* without it in both
BATCH_NORM = {"all": (True, True), "not_in_g": (False, True), "none": (False, False)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(EndingSettings):
    """Settings of an image game, and what counts as a success."""

    #: nets with batch normalization
    #: not_in_g: the discriminator alone
    bn: Literal["all", "not_in_g", "none"] = "all"

    def nets(self) -> dict[str, Any]:
        """The settings that ``bn`` stands for."""
        g_batch_norm, d_batch_norm = BATCH_NORM[self.bn]
        return {"g_batch_norm": g_batch_norm, "d_batch_norm": d_batch_norm}


def run(job: Job) -> Result:
    """Play one replica per seed, one after the other.

    Metrics: those of `secondlook.train.adversarial.train_adversarial`, `secondlook.metrics.image_quality.ImageJudge` and
    `secondlook.games.endings.add_endings`.
    """
    settings = job.settings(Settings)
    settings = dataclasses.replace(settings, **settings.nets())
    result = train_adversarial(job, lambda device: image_game(job, settings, device))
    add_endings(result, settings)
    return result
