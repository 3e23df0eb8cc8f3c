"""Counts."""

from __future__ import annotations

from secondlook.job import History, Job, Result


def run(job: Job) -> Result:
    """Measure the seed."""
    return Result(History([(seed, 0, "seed", seed) for seed in job.seeds]), status=dict.fromkeys(job.seeds, "completed"))
