"""Reads a data set; stands on the network."""

from __future__ import annotations

from secondlook.data.load import load
from secondlook.nets.toynet import SLOPE
from secondlook.runner.job import History, Job, Result


def run(job: Job) -> Result:
    """Measure one pixel."""
    pixel = load(*job.datasets["toydata"])["train_images"][0, 0, 0, 0]
    history = History()
    for seed in job.seeds:
        history.add(seed, 0, pixel=SLOPE * pixel)
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))
