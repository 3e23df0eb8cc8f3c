"""Reads what descent saved; stands on the network, not on the optimizers."""

from __future__ import annotations

import dataclasses

from secondlook.nets.toynet import SLOPE
from secondlook.runner.job import History, Job, Result


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: whose weights
    optimizer: str
    #: at which step size
    lr: float

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"gap"}


def run(job: Job) -> Result:
    """Measure how far each replica's weight is from the slope."""
    job.settings(Settings)
    history = History()
    for seed in job.seeds:
        history.add(seed, 0, gap=abs(job.arrays("weights", seed)["weight"][0] - SLOPE))
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))
