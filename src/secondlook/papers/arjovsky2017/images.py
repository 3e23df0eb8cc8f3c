"""Section 4.3: three generators against real images, each with the Wasserstein loss and with the GAN's."""

from __future__ import annotations

import dataclasses

from secondlook.games.images import CLASSES, ImageSettings, image_game
from secondlook.papers.arjovsky2017.tracking import TRACKING, add_collapses, add_tracking
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.adversarial import train_adversarial


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(ImageSettings):
    """Settings of an image game; the generator "constant" is that of Fig. 6, which has no batch normalization either."""

    #: units of each hidden layer of a perceptron that generates
    mlp_width: int = 512
    #: classes that a generator makes at least if it has learned, and has not collapsed
    #: a class counts with 2 % of the samples
    classes_least: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "mlp_width")
        at_least(self, 1, "classes_least", most=CLASSES)

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return super().metrics() | {*TRACKING, "learned", "judged"}


def run(job: Job) -> Result:
    """Train one replica per seed.

    Metrics: those of `secondlook.train.adversarial.train_adversarial`, `secondlook.games.images.image_game` (fid_a is the distance),
    `add_tracking`, `add_collapses` and `add_learned`. Arrays: sheets of samples.
    """
    settings = adapted(job.settings(Settings))
    result = train_adversarial(job, lambda device: image_game(job, settings, device))
    add_tracking(result, "fid_a")
    add_collapses(result, "classes_a", settings.classes_least)
    add_learned(result, settings)
    return result


def adapted(settings: Settings) -> Settings:
    """Give each generator its own width and normalization."""
    if settings.generator == "mlp":
        return dataclasses.replace(settings, g_width=settings.mlp_width)
    if settings.generator == "constant":
        return dataclasses.replace(settings, g_batch_norm=False)
    return settings


def add_learned(result: Result, settings: Settings) -> None:
    """Add to the last row of each replica that did not diverge how it ended.

    Metrics: ``learned``, 1 if it has ``classes_least`` classes or more; ``judged``, the number of samples that each row judges.
    """
    classes = {replica: (step, value) for replica, step, metric, value in result.history.rows if metric == "classes_a"}
    for replica, (step, count) in classes.items():
        if result.status.get(replica) == "completed":
            result.history.add(replica, step, learned=count >= settings.classes_least, judged=settings.samples)
