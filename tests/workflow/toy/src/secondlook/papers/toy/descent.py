"""Gradient descent; stands on the network and on the optimizers."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from secondlook.nets.toynet import loss_and_gradient
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.streams import numpy_generator
from secondlook.train.toyopt import step


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: rule of the updates
    optimizer: Literal["sgd", "momentum", "heavy"]
    #: step size
    lr: float
    #: updates
    steps: int
    #: rows that mean nothing
    #: for a table of more than a megabyte
    ballast: int = 0

    def __post_init__(self) -> None:
        at_least(self, 1, "steps")

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"loss", "ballast"} if self.ballast else {"loss"}


def run(job: Job) -> Result:
    """Train one replica a seed."""
    settings = job.settings(Settings)
    history, arrays = History(), {}
    for seed in job.seeds:
        inputs = numpy_generator(seed, "data").normal(size=8)
        weight = velocity = 0.0
        for number in range(settings.steps):
            loss, gradient = loss_and_gradient(weight, inputs)
            history.add(seed, number, loss=loss)
            weight, velocity = step(weight, velocity, gradient, settings.optimizer, settings.lr)
        for number in range(settings.ballast):
            history.add(seed, number, ballast=0.0)
        arrays[f"{seed}/weight"] = np.array([weight])
    return Result(history, arrays, status=dict.fromkeys(job.seeds, "completed"))
