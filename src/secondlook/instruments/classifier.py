"""The feature nets: small classifiers of the real images, in whose features generated images are compared with real ones.

Two trained nets and one with random weights show how far a score depends on the net that gives it.
Shapes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import torch

from secondlook.data.images import load_images
from secondlook.errors import UserError
from secondlook.metrics.image_quality import weights_sha256
from secondlook.nets.classifier import Classifier
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least, at_most
from secondlook.train.optimizers import build
from secondlook.train.streams import stream_seed
from secondlook.train.supervised import METRICS, Split, Task, train_supervised


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of a feature net."""

    #: data set
    dataset: Literal["mnist", "cifar10", "fashion_mnist"]
    #: side of the images in pixels
    side: int
    #: seed of the initial weights
    #: it names the net
    init: int
    #: epochs
    #: 0: random weights, untrained
    epochs: int
    #: batch size
    batch: int
    #: step size of Adam at the start
    #: it falls linearly to zero over the run
    lr: float
    #: training images
    #: the first so many; None: all
    train_images: int | None = None
    #: test images
    #: the first so many; None: all
    test_images: int | None = None

    def __post_init__(self) -> None:
        at_least(self, 1, "side", "batch", "train_images", "test_images")
        at_most(self, "batch", "train_images")
        at_least(self, 0, "init", "epochs", "lr")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write: those of `secondlook.train.supervised.train_supervised`."""
        return {*METRICS} if self.epochs else {"test_error"}


def run(job: Job) -> Result:
    """Train the net with one seed (of the order of its images).

    Metrics: those of `secondlook.train.supervised.train_supervised`. Arrays: "<seed>/<parameter>". Facts: ``parameters`` (how many),
    ``weights_sha256``, and ``test_error`` at the end in percent.

    Raises:
        UserError: the job has more than one seed.
    """
    settings = job.settings(Settings)
    if len(job.seeds) > 1:
        raise UserError(f"{job.paper}/{job.experiment}: {len(job.seeds)} seeds, but a feature net has one; 'init' tells the nets apart")

    def task(device: torch.device) -> Task:
        train = Split(*load_images(job, settings.dataset, "train", settings.side, settings.train_images, device))
        test = Split(*load_images(job, settings.dataset, "test", settings.side, settings.test_images, device))

        def net() -> Classifier:
            torch.manual_seed(stream_seed(settings.init, "init"))  # in place of the replica's seed: `init` names the weights
            return Classifier(train.images_NCHW.shape[1], settings.side)

        updates = settings.epochs * (len(train.labels_N) // settings.batch)
        return Task(
            net=net,
            optimizer=lambda parameters: build("adam", parameters, settings.lr),
            lr=lambda epoch, done: settings.lr * (1 - done / updates),
            train=train,
            test=test,
            prepare=lambda images_BCHW: images_BCHW.float() / 127.5 - 1,
            augment=lambda images_BCHW, generator: images_BCHW,
            epochs=settings.epochs,
            batch=settings.batch,
            keep_weights=True,
        )

    result = train_supervised(job, task)
    if result.arrays:  # a diverged net has none
        result.facts["parameters"] = sum(array.size for array in result.arrays.values())
        result.facts["weights_sha256"] = weights_sha256({name.partition("/")[2]: array for name, array in result.arrays.items()})
        result.facts["test_error"] = [value for _, _, metric, value in result.history.rows if metric == "test_error"][-1]
    return result
