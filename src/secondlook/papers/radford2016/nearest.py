"""Appendix 8.1: a conditional DCGAN on MNIST, judged by a nearest neighbour that knows its samples alone.

Images have one more channel that tells the label (`nets.with_label`), so that the usual loop plays the usual game.
Shapes: N images, P pixels.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch

from secondlook.data.images import load_images
from secondlook.games.images import ImageSource, to_bytes
from secondlook.games.settings import GameSettings
from secondlook.metrics.neighbours import BLOCK, squared_distances
from secondlook.papers.radford2016.nets import CLASSES, ConditionalDiscriminator, ConditionalGenerator
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least, at_most
from secondlook.train.adversarial import train_adversarial
from secondlook.train.game import Game, Measured, Moment, Noise, alone, uniform_noise
from secondlook.train.streams import torch_generator

#: pixels and the label's channel of the conditional nets
PIXELS = (0.0, 1.0)
#: of MNIST's images
SIDE = 28


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(GameSettings):
    """Settings of a game between the conditional nets."""

    #: channels of the generator's layer next to the images
    g_width: int = 64
    #: channels of the discriminator's first layer
    d_width: int = 64
    #: scale and shift of batch normalization
    affine: bool = False
    #: units of the fully connected layer
    units: int = 1024
    #: length of the noise vector
    noise: int = 100
    #: training images
    #: the first so many; None: all
    train_images: int | None = None
    #: test images
    #: the first so many; None: all
    test_images: int | None = None
    #: generated images that a nearest neighbour knows, and training images that another one does
    samples: int
    #: samples of the first seed that are kept
    sheet: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "g_width", "d_width", "units", "noise", "train_images", "test_images", "samples")
        at_least(self, 0, "sheet")
        at_most(self, "batch", "train_images")
        at_most(self, "samples", "train_images")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write: those of the loop, and the errors."""
        return super().metrics() | {"nn_error", "nn_error_real", "nn_excess"}


def run(job: Job) -> Result:
    """Play one replica per seed.

    Metrics: those of `secondlook.train.adversarial.train_adversarial`; and in the last row ``nn_error``, the test error in percent of a
    nearest neighbour among ``samples`` generated images with the labels that they were made for, ``nn_error_real``, among as many training
    images, and ``nn_excess``, the first less the second. Arrays: the first samples of the first seed.
    """
    settings = job.settings(Settings)
    return train_adversarial(job, lambda device: _game(job, settings, device))


def labelled_noise(noise: Noise) -> Noise:
    """Return a source of noise whose last column is a label, 0 to 9, each as likely."""

    def draw(count: int, generator: torch.Generator) -> torch.Tensor:
        z = noise(count, generator)
        return torch.cat([z, torch.randint(CLASSES, (count, 1), generator=generator, device=z.device).to(z.dtype)], 1)

    return draw


def nearest_error(known: tuple[torch.Tensor, torch.Tensor], test: tuple[torch.Tensor, torch.Tensor]) -> float:
    """Return the error in percent of a nearest neighbour (Euclidean) among known images, uint8 [N, ...], with labels [N]."""
    known_NP, wrong = known[0].flatten(1).double(), 0
    for images, labels in zip(test[0].split(BLOCK), test[1].split(BLOCK), strict=True):
        places = squared_distances(images.flatten(1).double(), known_NP).argmin(1)
        wrong += int((known[1][places] != labels).sum())
    return 100 * wrong / len(test[1])


def _game(job: Job, settings: Settings, device: torch.device) -> Game:
    train = load_images(job, "mnist", "train", SIDE, settings.train_images, device)
    test = load_images(job, "mnist", "test", SIDE, settings.test_images, device)
    noise = labelled_noise(uniform_noise(settings.noise))

    def measure(moment: Moment) -> list[Measured]:
        if moment.step < settings.steps:
            return [Measured({})]
        z = noise(settings.samples, torch_generator(moment.seeds[0], "eval", device=device))
        made = torch.cat([moment.generator(part[None])[0] for part in z.split(BLOCK)])
        images = to_bytes(made[:, :1], PIXELS)
        drawn = torch.randperm(len(train[1]), generator=torch_generator(moment.seeds[0], "eval", 1))[: settings.samples].to(device)
        error = nearest_error((images, z[:, -1].long()), test)
        real = nearest_error((train[0][drawn], train[1][drawn]), test)
        kept: dict[str, np.ndarray] = {}
        if moment.seeds[0] == job.seeds[0]:
            kept = {"conditional": images[: settings.sheet].numpy(force=True)}
        return [Measured({"nn_error": error, "nn_error_real": real, "nn_excess": error - real}, kept)]

    labels_N1HW = train[1].to(torch.uint8)[:, None, None, None].expand(-1, 1, SIDE, SIDE)
    options: dict[str, Any] = {"units": settings.units, "affine": settings.affine}
    return Game(
        generator=alone(lambda: ConditionalGenerator(width=settings.g_width, noise=settings.noise, **options), "generator"),
        discriminator=alone(lambda: ConditionalDiscriminator(width=settings.d_width, **options), "discriminator"),
        data=ImageSource(torch.cat([train[0], labels_N1HW], 1), settings.batch, PIXELS),
        noise=noise,
        measure=measure,
        **settings.game_fields(),
    )
