"""Gradient descent; stands on the network and on the optimizers."""

from __future__ import annotations

import dataclasses

import numpy as np

from secondlook.nets.toynet import loss_and_gradient
from secondlook.runner.job import History, Job, Result
from secondlook.train.streams import numpy_generator
from secondlook.train.toyopt import step


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    optimizer: str
    lr: float
    steps: int
    #: zeros saved beside the weight, for a product of more than a megabyte
    ballast: int = 0


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
        arrays[f"{seed}/weight"] = np.array([weight])
        arrays[f"{seed}/ballast"] = np.zeros(settings.ballast)
    return Result(history, arrays, status=dict.fromkeys(job.seeds, "completed"))
