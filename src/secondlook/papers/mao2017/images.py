"""Image games of Mao et al. 2017: which runs succeed without batch normalization (section 4.3), and how good the images are.

The game is `secondlook.games.images` with the nets of the official code (kernel 5). Added here: where batch normalization is left out,
whether a run succeeded, and its best row.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from secondlook.games.images import CLASSES, ImageSettings, image_game
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.adversarial import train_adversarial

#: value of ``bn`` -> batch normalization in G, in D; the official code's folders BN_G_* are without it in G, BN_GD_* without it in both
BATCH_NORM = {"all": (True, True), "not_in_g": (False, True), "none": (False, False)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(ImageSettings):
    """Settings of an image game, and what counts as a success."""

    #: nets with batch normalization
    #: not_in_g: the discriminator alone
    bn: Literal["all", "not_in_g", "none"] = "all"
    #: classes that a run must end with to succeed
    least_classes: int = 10
    #: share of the way to the floor, on a logarithmic scale, that a run must have gone to succeed
    #: from the Frechet distance of the untrained generator to that of as many real test images
    fid_way: float = 2 / 3

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "least_classes", most=CLASSES)
        at_least(self, 0, "fid_way", most=1)

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return super().metrics() | {"success", "best_fid_a", "best_step", "judged"}

    def nets(self) -> dict[str, Any]:
        """The settings that ``bn`` stands for."""
        g_batch_norm, d_batch_norm = BATCH_NORM[self.bn]
        return {"g_batch_norm": g_batch_norm, "d_batch_norm": d_batch_norm}


def run(job: Job) -> Result:
    """Play one replica per seed, one after the other.

    Metrics: those of `secondlook.train.adversarial.train_adversarial` and `secondlook.metrics.image_quality.ImageJudge`; and at the last
    row ``success`` (1: ``least_classes`` classes or more have 2 % of the samples, and the logarithm of fid_a has gone the share ``fid_way``
    of the way from its value before training to that of fid_a_floor; else 0), ``best_fid_a``, the lowest after training began,
    ``best_step``, its row, and ``judged``, how many samples each row judges.
    """
    settings = job.settings(Settings)
    settings = dataclasses.replace(settings, **settings.nets())
    result = train_adversarial(job, lambda device: image_game(job, settings, device))
    for seed in job.seeds:
        if result.status[seed] == "completed":
            rows = [(step, metric, value) for replica, step, metric, value in result.history.rows if replica == seed]
            fids = {step: value for step, metric, value in rows if metric == "fid_a"}
            last = {metric: value for step, metric, value in rows if step == settings.steps}
            bar = fids.pop(0) ** (1 - settings.fid_way) * last["fid_a_floor"] ** settings.fid_way
            best = min(fids, key=lambda step: (fids[step], step))
            result.history.add(
                seed,
                settings.steps,
                success=float(last["classes_a"] >= settings.least_classes and fids[settings.steps] <= bar),
                best_fid_a=fids[best],
                best_step=best,
                judged=settings.samples,
            )
    return result
