"""Measures with an instrument; could import a library that it does not call here."""

from __future__ import annotations

import numpy as np

from secondlook.runner.job import History, Job, Result


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Exact, and never asked for."""
    import ot

    return float(ot.wasserstein_1d(first, second))


def run(job: Job) -> Result:
    """Draw a picture a seed with the ruler's marks."""
    history, arrays = History(), {}
    for seed in job.seeds:
        marks = job.arrays("ruler", seed)["marks"]
        history.add(seed, 0, longest=marks[-1])
        arrays[f"{seed}/picture"] = np.outer(marks, marks) + seed
    return Result(history, arrays)
