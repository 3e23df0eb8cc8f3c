"""Counts along a ruler that another paper uses too."""

from __future__ import annotations

import dataclasses

from secondlook.runner.job import History, Job, Result


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say: nothing."""

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"seed"}


def run(job: Job) -> Result:
    """Measure the seed, in units of the ruler."""
    history = History((seed, 0, "seed", seed * job.arrays("ruler", seed)["marks"][-1]) for seed in job.seeds)
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))
