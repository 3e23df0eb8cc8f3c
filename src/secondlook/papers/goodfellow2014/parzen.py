"""The Parzen log-likelihoods of Table 1, by the official estimator, of samples that an earlier experiment kept.

Source: goodfeli/adversarial @1720041, parzen_ll.py. Shapes: N images, C H W an image, D pixels.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from secondlook.data.images import load_images
from secondlook.errors import UserError
from secondlook.metrics.parzen import choose_sigma, parzen_log_likelihood
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least, at_most
from secondlook.train.device import configure, device_name


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What the protocol may say."""

    #: side of the images in pixels
    side: int
    #: training images that the game saw
    train_images: int
    #: images that sigma is chosen on
    #: those that follow the training images
    validation_images: int
    #: samples of one estimate
    samples: int
    #: estimates from samples of their own
    #: two at least, since the spread over them is measured too
    draws: int
    #: candidates for sigma
    #: evenly spaced in the logarithm from 0.1 to 1
    sigmas: int = 10
    #: test images
    #: the first so many; None: all
    test_images: int | None = None

    def __post_init__(self) -> None:
        at_least(self, 1, "side", "train_images", "validation_images", "samples", "sigmas", "test_images")
        at_least(self, 2, "draws")
        at_most(self, "samples", "train_images")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"parzen_draw", "parzen_se", "parzen_sigma", "parzen", "parzen_spread", "parzen_ceiling", "parzen_ceiling_sigma"}


def run(job: Job) -> Result:
    """Estimate once per draw; a row's step is the number of the draw, from 1.

    Metrics of every row: ``parzen_draw``, mean log-likelihood of the test images in nats, ``parzen_se``, its standard error over them, and
    ``parzen_sigma``. Of the last row: ``parzen``, the mean over draws, ``parzen_spread``, the standard deviation over draws, and
    ``parzen_ceiling`` and ``parzen_ceiling_sigma``, the same estimate with training images in place of samples, as many.

    Raises:
        UserError: the earlier experiment kept too few samples.
    """
    settings = job.settings(Settings)
    device = configure(job)
    end = settings.train_images + settings.validation_images
    train_ND = pixels(load_images(job, "mnist", "train", settings.side, end, device)[0])
    test_ND = pixels(load_images(job, "mnist", "test", settings.side, settings.test_images, device)[0])
    validation_ND = train_ND[settings.train_images :]

    def estimate(samples_ND: torch.Tensor) -> tuple[float, float, float]:
        sigma = choose_sigma(samples_ND, validation_ND, np.logspace(-1, 0, settings.sigmas).tolist())
        values_N = parzen_log_likelihood(samples_ND, test_ND, sigma)
        return float(values_N.mean()), float(values_N.std(correction=0)) / math.sqrt(len(values_N)), sigma

    ceiling, _, ceiling_sigma = estimate(train_ND[: settings.samples])
    history = History()
    for seed in job.seeds:
        kept = job.arrays("samples", seed).get("samples", np.empty(0))
        if len(kept) < settings.draws * settings.samples:
            raise UserError(
                f"{job.paper}/{job.experiment}: {settings.draws} draws of {settings.samples} samples asked for, but the input 'samples' "
                f"kept {len(kept)}; raise 'keep' there"
            )
        draws = torch.from_numpy(kept).to(device).split(settings.samples)[: settings.draws]
        means = []
        for draw, samples_NCHW in enumerate(draws, start=1):
            mean, error, sigma = estimate(pixels(samples_NCHW))
            means.append(mean)
            history.add(seed, draw, parzen_draw=mean, parzen_se=error, parzen_sigma=sigma)
        history.add(
            seed,
            settings.draws,
            parzen=float(np.mean(means)),
            parzen_spread=float(np.std(means, ddof=1)),
            parzen_ceiling=ceiling,
            parzen_ceiling_sigma=ceiling_sigma,
        )
    return Result(history, facts={"device_name": device_name(device)})


def pixels(images_NCHW: torch.Tensor) -> torch.Tensor:
    """Return uint8 images as rows [N, D] of pixels in [0, 1]."""
    return images_NCHW.flatten(1).double() / 255
