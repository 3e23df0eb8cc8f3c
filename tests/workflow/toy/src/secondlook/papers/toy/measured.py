"""Measures with an instrument; could import a library that it does not call here."""

from __future__ import annotations

import dataclasses

import numpy as np

from secondlook.runner.job import History, Job, Result


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: marks of the ruler
    length: int
    #: white around a picture
    margin: int
    #: darkness of a picture
    tint: float

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"longest"}


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Exact, and never asked for."""
    import ot

    return float(ot.wasserstein_1d(first, second))


def run(job: Job) -> Result:
    """Draw a picture a seed with the ruler's marks."""
    settings = job.settings(Settings)
    history, arrays = History(), {}
    for seed in job.seeds:
        marks = job.arrays("ruler", seed)["marks"]
        history.add(seed, 0, longest=marks[-1])
        arrays[f"{seed}/picture"] = np.pad(settings.tint * np.outer(marks, marks) + seed, settings.margin)
    return Result(history, arrays)
