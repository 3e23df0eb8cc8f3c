"""How an image game ended: whether it succeeded, and its best row."""

from __future__ import annotations

import dataclasses

from secondlook.games.images import CLASSES, ImageSettings
from secondlook.runner.job import Result
from secondlook.runner.ranges import at_least


@dataclasses.dataclass(frozen=True, kw_only=True)
class EndingSettings(ImageSettings):
    """Settings of an image game, and what counts as a success."""

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
        """Names of all metrics that a run may write: those of the game and of `add_endings`."""
        return super().metrics() | {"success", "best_fid_a", "best_step", "judged"}


def add_endings(result: Result, settings: EndingSettings) -> None:
    """Add to the last row of each replica that did not diverge how it ended.

    Metrics: ``success`` (1: ``least_classes`` classes or more have 2 % of the samples, and the logarithm of fid_a has gone the share
    ``fid_way`` of the way from its value before training to that of fid_a_floor; else 0), ``best_fid_a``, the lowest after training began,
    ``best_step``, its row, and ``judged``, how many samples each row judges.
    """
    for seed in [seed for seed, status in result.status.items() if status == "completed"]:
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
