"""Residual nets whose units differ in the order of their layers, in the place of the skip, and in dropout (arms A to G).

Beside the errors it measures, on the trained net, whether re-estimated batch statistics change the error, and how dependent the inputs of
the weight layers are. Shapes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Literal

from secondlook.errors import UserError
from secondlook.papers.chen2019 import probes, training
from secondlook.papers.chen2019.nets import ResidualNet
from secondlook.papers.chen2019.orders import ARMS, ArmName, has
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least, at_most
from secondlook.train.supervised import Moment


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(training.Training):
    """What the protocol may say of a residual net."""

    #: arm of the comparison
    arm: ArmName
    #: weight layers
    depth: int
    #: residual units
    kind: Literal["basic", "bottleneck"] = "basic"
    #: channels of the first stage
    width: int = 16
    #: dropout rate
    #: the share of units that is set to zero, in arms that have dropout; the paper's p is what is kept
    rate: float = 0.05
    #: first epochs whose errors measure speed and stability
    #: all before the first cut of the step size
    early_epochs: int
    #: test images of these epochs
    #: the first so many
    early_images: int = 10000
    #: whether the error is measured again with re-estimated batch statistics
    reestimate: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "width", "early_images")
        at_least(self, 2, "early_epochs")
        at_most(self, "early_epochs", "epochs")
        at_least(self, 0, "rate", below=1)
        layers = 6 if self.kind == "basic" else 9
        if self.depth < layers + 2 or (self.depth - 2) % layers:
            raise UserError(f"setting 'depth' must be {layers} n + 2 with {self.kind} units, got {self.depth}")

    @property
    def drops(self) -> bool:
        """Whether the arm has dropout."""
        return has(ARMS[self.arm].order, "drop") and self.rate > 0

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        found = {"probe_error", "early_error", "early_rises"}
        if self.dependence:
            found |= {"correlation", "information"} | ({"correlation_ratio", "information_ratio"} if self.drops else set())
        healed = {"error_reestimated", "healed"} if self.reestimate else set()
        return super().metrics() | found | healed


def run(job: Job) -> Result:
    """Train one replica per seed. Rows of the first epochs have ``probe_error``; the last row has what is measured at the end."""
    settings = job.settings(Settings)
    arm = ARMS[settings.arm]
    net = functools.partial(
        ResidualNet,
        arm.order,
        settings.depth,
        settings.width,
        settings.rate,
        relu_after_addition=arm.relu_after_addition,
        kind=settings.kind,
        classes=training.CLASSES[settings.dataset],
    )
    result = training.train(job, settings, net, functools.partial(measure, settings))
    training.add_early(result.history, settings.early_epochs)
    return result


def measure(settings: Settings, moment: Moment) -> Mapping[str, float]:
    """Metrics of an epoch."""
    found: dict[str, float] = {}
    if moment.epoch <= settings.early_epochs:
        found["probe_error"] = training.error_on(moment.task, moment.net, settings.early_images)
    if moment.epoch == settings.epochs:
        if settings.dependence:
            found |= probes.dependence(moment.task, moment.net, moment.seed)
        if settings.reestimate:
            found |= training.healed(moment)
    return found
