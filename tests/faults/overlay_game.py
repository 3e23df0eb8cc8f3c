"""A game of perceptrons, long enough to be killed in, with many checkpoints."""

from __future__ import annotations

import dataclasses
import functools

from secondlook.papers.toy.toy_game import points
from secondlook.runner.job import Job, Result
from secondlook.train.adversarial import train_adversarial


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: updates
    steps: int

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"sample", "output"}


def run(job: Job) -> Result:
    """Play it."""
    steps = job.settings(Settings).steps
    game = functools.partial(points, steps=steps, record=(0, steps // 2, steps))
    return train_adversarial(dataclasses.replace(job, checkpoint_seconds=0.2), game)
