"""A plain convolutional net with batch normalization and dropout in any order, at any rate.

It measures what dropout does to the statistics that batch normalization keeps: the variance of each normalization's input in evaluation
mode against training mode, and the error before and after the statistics are re-estimated without dropout on the same net.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Literal

import numpy as np

from secondlook.papers.chen2019 import probes, training
from secondlook.papers.chen2019.nets import STAGES, PlainNet
from secondlook.papers.chen2019.orders import OrderName, has
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.supervised import Moment, Split, evaluate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(training.Training):
    """What the protocol may say of a plain net."""

    #: order of the layers
    order: OrderName
    #: dropout rate
    #: the share of units that is set to zero; the paper's p is what is kept
    rate: float = 0.0
    #: dropout rate before the linear head alone
    head_rate: float = 0.0
    #: channels of the first convolution
    width: int = 16
    #: what else is measured
    #: shift: batch statistics and the dependence of units; fit: training error, gap and the drift of the layers' inputs
    probe: Literal["shift", "fit"] = "shift"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "width")
        at_least(self, 0, "rate", "head_rate", below=1)

    @property
    def normalised(self) -> bool:
        """Whether the net has batch normalization."""
        return has(self.order, "bn")

    @property
    def drops(self) -> bool:
        """Whether it has dropout between its convolutions."""
        return has(self.order, "drop") and self.rate > 0

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        found = super().metrics()
        if self.probe == "fit":
            return found | {"fitted_error", "gap", "drift", "mean_drift"}
        if self.normalised:
            found |= {"error_reestimated", "healed", *(f"variance_ratio_{place}" for place in range(1, STAGES + 1))}
        if self.dependence:
            found |= {"correlation", "information"} | ({"correlation_ratio", "information_ratio"} if self.drops else set())
        return found


def run(job: Job) -> Result:
    """Train one replica per seed; the last row has what is measured at the end."""
    settings = job.settings(Settings)
    classes = training.CLASSES[settings.dataset]
    net = functools.partial(PlainNet, settings.order, settings.width, settings.side, settings.rate, settings.head_rate, classes)
    return training.train(job, settings, net, functools.partial(measure_fit if settings.probe == "fit" else measure_shift, settings))


def measure_shift(settings: Settings, moment: Moment) -> Mapping[str, float]:
    """Metrics of the last epoch: by what the statistics of training and evaluation differ, and what that costs."""
    if moment.epoch < settings.epochs:
        return {}
    task, net, seed = moment.task, moment.net, moment.seed
    found = probes.dependence(task, net, seed) if settings.dependence else {}
    if settings.normalised:
        found |= training.healed(moment)
        found |= {f"variance_ratio_{place}": ratio for place, ratio in enumerate(probes.variance_ratios(task, net, seed), 1)}
    return found


def measure_fit(settings: Settings, moment: Moment) -> Mapping[str, float]:
    """Drift of the layers' inputs over each epoch, and at the end the gap between training and test error, both in evaluation mode."""
    found, task, arrays = {}, moment.task, moment.arrays
    key, total = f"{moment.seed}/moments", f"{moment.seed}/drifts"
    now = probes.moments(task, moment.net)
    if moment.epoch > 1:
        found["drift"] = probes.drift(arrays[key], now)
        arrays[total] = np.append(arrays.get(total, np.zeros(0)), found["drift"])
    arrays[key] = now
    if moment.epoch == settings.epochs:
        found["mean_drift"] = float(arrays.pop(total, np.zeros(1)).mean())
        del arrays[key]
        found["fitted_error"] = evaluate(dataclasses.replace(task, test=Split(task.train.images_NCHW, task.train.labels_N)), moment.net)[1]
        found["gap"] = moment.tested["test_error"] - found["fitted_error"]
    return found
