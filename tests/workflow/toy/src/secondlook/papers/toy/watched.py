"""A level that is measured with noise, by replicas of which not all may be needed."""

from __future__ import annotations

import dataclasses

from secondlook.runner.job import History, Job, Result


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: what is measured
    level: float
    #: how far off a measurement may be
    noise: float

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"draw"}


def run(job: Job) -> Result:
    """Measure it once a seed: too low, right, or too high."""
    settings = job.settings(Settings)
    return Result(History((seed, 0, "draw", settings.level + settings.noise * (seed % 3 - 1)) for seed in job.seeds))
