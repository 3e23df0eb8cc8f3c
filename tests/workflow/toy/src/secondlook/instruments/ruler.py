"""A ruler: what is measured with it belongs to no paper."""

from __future__ import annotations

import dataclasses

import numpy as np

from secondlook.runner.job import History, Job, Result


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: marks
    length: int

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"gap"}


def run(job: Job) -> Result:
    """Make marks at equal distances."""
    marks = np.linspace(0, 1, job.settings(Settings).length)
    history = History((seed, 0, "gap", marks[1] - marks[0]) for seed in job.seeds)
    return Result(history, {f"{seed}/marks": marks for seed in job.seeds}, facts={"marks": len(marks)})
