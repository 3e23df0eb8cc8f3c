"""Counts along a ruler that another paper uses too."""

from __future__ import annotations

from secondlook.runner.job import History, Job, Result


def run(job: Job) -> Result:
    """Measure the seed, in units of the ruler."""
    history = History((seed, 0, "seed", seed * job.arrays("ruler", seed)["marks"][-1]) for seed in job.seeds)
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))
