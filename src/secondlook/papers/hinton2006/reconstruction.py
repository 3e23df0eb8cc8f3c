"""PCA and logistic PCA of the images that the autoencoders of the same seed are trained on, measured on the same test images."""

from __future__ import annotations

import dataclasses
from typing import Literal

from secondlook.papers.hinton2006.images import Data
from secondlook.papers.hinton2006.linear import logistic_pca, pca
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.batches import part
from secondlook.train.device import configure


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: where codes come from
    method: Literal["pca", "logistic-pca"]
    #: numbers of the code
    code: int
    #: sweeps of logistic PCA
    sweeps: int = 20
    #: side of the images
    side: int = 28
    #: training images
    #: drawn by the seed; None: all
    train_images: int | None = None
    #: test images
    #: None: all
    test_images: int | None = None

    def __post_init__(self) -> None:
        at_least(self, 1, "code", "sweeps", "side", "train_images", "test_images")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"squared_error"}


def run(job: Job) -> Result:
    """Fit the codes of one replica per seed; a row's step is 1.

    Metric: squared_error of a test image, summed over its pixels, in the mean.
    Array: "<seed>/reconstructed" [10, P], the first test image of each class as it comes back.
    """
    settings, device = job.settings(Settings), configure(job)
    data = Data(job, settings.side, settings.test_images, device)
    result = Result(History())
    for seed in job.seeds:
        train_NP, test_NP = data.take(part(len(data.images_NP), settings.train_images, seed)).double(), data.test_NP.double()
        if settings.method == "pca":
            found_NP = pca(train_NP, test_NP, settings.code)
        else:
            found_NP, _ = logistic_pca(train_NP, test_NP, settings.code, settings.sweeps)
        result.history.add(seed, 1, squared_error=float((found_NP - test_NP).square().sum(1).mean()))
        result.status[seed] = "completed"
        result.arrays[f"{seed}/reconstructed"] = found_NP[data.shown].float().numpy(force=True)
    return result
