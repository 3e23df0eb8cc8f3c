"""Reads a data set; stands on the network, and on a library that the driver must never load."""

from __future__ import annotations

import dataclasses

import torch

from secondlook.data.load import load
from secondlook.nets.toynet import SLOPE
from secondlook.runner.job import History, Job, Result


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: what a pixel counts
    gain: float

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"pixel"}


def run(job: Job) -> Result:
    """Measure one pixel."""
    settings = job.settings(Settings)
    pixel = torch.from_numpy(load(*job.datasets["toydata"])["train_images"])[0, 0, 0, 0]
    history = History()
    for seed in job.seeds:
        history.add(seed, 0, pixel=SLOPE * settings.gain * float(pixel))
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))
