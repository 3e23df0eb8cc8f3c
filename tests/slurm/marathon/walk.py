"""A walk with checkpoints, as long and as hungry as a test wants."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch

from secondlook.runner.job import Job, Result
from secondlook.train.resumable import Progress
from secondlook.train.streams import torch_generator


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: steps
    steps: int
    #: seconds that a step takes
    pause: float
    #: what happens to its job
    trouble: Literal["none", "cancelled", "requeued", "slow", "hungry", "later"]

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"place"}


class Walk:
    """One replica."""

    def __init__(self, seeds: tuple[int, ...]) -> None:
        self.seeds, self.step, self.place = seeds, 0, torch.zeros(1)

    def advance(self) -> None:
        """Take a random step."""
        self.place += torch.randn(1, generator=torch_generator(self.seeds[0], "walk", self.step))
        self.step += 1

    def tensors(self) -> dict[str, torch.Tensor]:
        """For a checkpoint."""
        return {"place": self.place}

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"step": self.step}

    def load(self, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
        """From a checkpoint."""
        self.place.copy_(tensors["place"])
        self.step = state["step"]


def run(job: Job) -> Result:
    """Walk. A file with the cell's name beside the Snakefile makes the first attempt a hundred times as slow."""
    settings = job.settings(Settings)
    mark, pause = Path(settings.trouble), settings.pause
    if mark.exists():
        mark.unlink()
        pause *= 100
    ballast = torch.ones(250_000_000 if settings.trouble == "hungry" else 1)  # 1 GB
    progress = Progress(job, torch.device("cpu"), [(seed,) for seed in job.seeds], unit="steps")
    for walk in progress.groups(Walk):
        while walk.step < settings.steps:
            time.sleep(pause * float(ballast[-1]))
            walk.advance()
            progress.history.add(walk.seeds[0], walk.step, place=float(walk.place))
            if walk.step < settings.steps:
                progress.save(walk)
        progress.status[walk.seeds[0]] = "completed"
    return progress.result()
