"""Stands on nothing but the runner."""

from __future__ import annotations

from secondlook.runner.job import History, Job, Result


def run(job: Job) -> Result:
    """Measure what is known beforehand."""
    history = History()
    for seed in job.seeds:
        history.add(seed, 0, half=0.5)
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))
