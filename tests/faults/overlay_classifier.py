"""A classifier of random images, long enough to be killed in, with many checkpoints."""

from __future__ import annotations

import dataclasses

from secondlook.papers.toy.toy_task import train
from secondlook.runner.job import Job, Result


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say."""

    #: passes over the data
    epochs: int

    def metrics(self) -> set[str]:
        """Names of what `run` writes."""
        return {"train_loss", "train_error", "test_loss", "test_error", "lr"}


def run(job: Job) -> Result:
    """Train it."""
    return train(dataclasses.replace(job, checkpoint_seconds=0.2), epochs=job.settings(Settings).epochs)
