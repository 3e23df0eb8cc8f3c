"""Sections 5.1 and 5.2: a linear classifier on the discriminator's features, against pixels, random features and the net with labels.

Shapes: N images, F features, C channels, H height, W width.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from secondlook.data.images import load_images
from secondlook.games.images import ImageSettings, image_game
from secondlook.games.settings import GameSettings
from secondlook.nets.dcgan import DCGANDiscriminator
from secondlook.papers.radford2016.linear import error_of_linear
from secondlook.papers.radford2016.nets import CLASSES, DeepDiscriminator, DeepGenerator, Labelled
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.adversarial import train_adversarial
from secondlook.train.device import configure
from secondlook.train.game import Game, Measured, Moment, alone
from secondlook.train.optimizers import build
from secondlook.train.streams import numpy_generator, seed_default
from secondlook.train.supervised import Split, Task, train_supervised

BATCH = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(ImageSettings):
    """Settings of an image game, and of the classifier on its discriminator."""

    #: what the linear classifier sees
    #: gan: a trained discriminator's layers; random: an untrained one's; pixels: the images; supervised: none, the net learns labels itself
    source: Literal["gan", "random", "pixels", "supervised"] = "gan"
    #: the two nets
    #: deep: those of the features of CIFAR-10, six layers of 3 x 3 at 32 pixels
    nets: Literal["dcgan", "deep"] = "dcgan"
    #: images with a label
    #: as many of each class, drawn anew for each seed; None: all
    labelled: int | None
    #: of these, images on which the classifier's strength is chosen
    validation: int
    #: test images
    #: the first so many; None: all
    test_images: int | None = None
    #: linear classifier
    #: svm: squared hinge loss with an L2 penalty; ridge: least squares with one
    classifier: Literal["svm", "ridge"]
    #: weights of the data beside the penalty that it chooses from
    strengths: tuple[float, ...]
    #: epochs of the net with labels
    epochs: int
    #: step size of the net with labels
    label_lr: float = 0.001

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, CLASSES, "labelled", "validation")
        at_least(self, 1, "epochs", "test_images")
        above(self, 0, "label_lr")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write: ``error``, and what the game writes where one is played."""
        return {"error"} | (GameSettings.metrics(self) if self.source == "gan" else set())  # no judge measures here


def run(job: Job) -> Result:
    """Return the test error, in percent, as ``error``, of one replica per seed.

    Metrics: ``error`` at the last step; and those of `secondlook.train.adversarial.train_adversarial` where a game is played. A game that
    diverges has no features: it counts as diverged.
    """
    settings = job.settings(Settings)
    device = configure(job)
    if settings.source == "supervised":
        return _supervised(job, settings)
    data = _Data(job, settings, device)
    if settings.source == "gan":
        return train_adversarial(job, lambda device: _game(job, settings, device, data))
    history = History()
    for seed in job.seeds:
        net = None if settings.source == "pixels" else discriminator(settings, data.channels, seed).to(device)
        history.add(seed, settings.steps, error=data.error(seed, net))
        print(f"seed {seed}: {settings.source}", file=sys.stderr, flush=True)
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))


class _Data:
    """Labelled images of each seed, and the test images."""

    def __init__(self, job: Job, settings: Settings, device: torch.device) -> None:
        self.settings = settings
        self.train_NCHW, self.train_N = load_images(job, settings.dataset, "train", settings.side, None, device)
        self.test_NCHW, self.test_N = load_images(job, settings.dataset, "test", settings.side, settings.test_images, device)

    @property
    def channels(self) -> int:
        """Of the images."""
        return self.train_NCHW.shape[1]

    def labelled(self, seed: int) -> torch.Tensor:
        """Places of the images whose label a seed may use, mixed; as many of each class."""
        draw, labels = numpy_generator(seed, "labels"), self.train_N.cpu().numpy()
        if self.settings.labelled is None:
            return torch.from_numpy(draw.permutation(len(labels)))
        each = self.settings.labelled // CLASSES
        chosen = np.concatenate([draw.permutation(np.flatnonzero(labels == label))[:each] for label in range(CLASSES)])
        return torch.from_numpy(draw.permutation(chosen))

    def error(self, seed: int, net: DCGANDiscriminator | DeepDiscriminator | None) -> float:
        """Test error in percent of a linear classifier on a net's features, or on pixels."""
        chosen, held = self.labelled(seed), self.settings.validation
        x_NF, y_N = described(net, self.train_NCHW[chosen]), self.train_N[chosen].cpu().numpy()
        test_NF = described(net, self.test_NCHW)
        fit, choose = (x_NF[held:], y_N[held:]), (x_NF[:held], y_N[:held])
        return error_of_linear(self.settings.classifier, self.settings.strengths, fit, choose, (test_NF, self.test_N.cpu().numpy()))


@torch.no_grad()
def described(net: DCGANDiscriminator | DeepDiscriminator | None, images_NCHW: torch.Tensor) -> np.ndarray:
    """Return features [N, F] of uint8 images, float32: of a net, in evaluation mode, or the pixels themselves."""
    if net is not None:
        net.eval()
    scaled = (part.float() / 127.5 - 1 for part in images_NCHW.split(BATCH))
    return torch.cat([part.flatten(1) if net is None else net.features(part) for part in scaled]).numpy(force=True)


def build_discriminator(settings: Settings, channels: int) -> DCGANDiscriminator | DeepDiscriminator:
    """Return the net, drawn from torch's default generator."""
    if settings.nets == "deep":
        return DeepDiscriminator(channels, settings.d_width)
    return DCGANDiscriminator(channels, settings.side, width=settings.d_width, kernel=settings.kernel)  # type: ignore[arg-type]


def discriminator(settings: Settings, channels: int, seed: int) -> DCGANDiscriminator | DeepDiscriminator:
    """Return the net as it is before a game with this seed."""
    seed_default(seed, "init discriminator")
    return build_discriminator(settings, channels)


def _game(job: Job, settings: Settings, device: torch.device, data: _Data) -> Game:
    def measure(moment: Moment) -> list[Measured]:
        if moment.step < settings.steps:
            return [Measured({})]
        net: Any = moment.discriminator.net
        return [Measured({"error": data.error(moment.seeds[0], net)})]

    game = image_game(job, settings, device, measure=measure)
    if settings.nets == "dcgan":
        return game
    return dataclasses.replace(
        game,
        generator=alone(lambda: DeepGenerator(data.channels, settings.g_width, settings.noise), "generator"),
        discriminator=alone(lambda: build_discriminator(settings, data.channels), "discriminator"),
    )


def _supervised(job: Job, settings: Settings) -> Result:
    """Train the same layers with the labels of each seed."""
    parts: list[tuple[int, int, str, float]] = []
    status: dict[int, str] = {}
    for seed in job.seeds:

        def task(device: torch.device, seed: int = seed) -> Task:
            data = _Data(job, settings, device)
            chosen = data.labelled(seed).to(device)
            train = Split(data.train_NCHW[chosen], data.train_N[chosen])

            def net() -> nn.Module:
                return Labelled(discriminator(settings, data.channels, seed))

            return Task(
                net=net,
                optimizer=lambda parameters: build("adam", parameters, settings.label_lr),
                lr=lambda epoch, done: settings.label_lr,
                train=train,
                test=Split(data.test_NCHW, data.test_N),
                prepare=lambda images_BCHW: images_BCHW.float() / 127.5 - 1,
                augment=lambda images_BCHW, generator: images_BCHW,
                epochs=settings.epochs,
                batch=settings.batch,
                test_at_end=True,
            )

        # a folder a seed: a training takes up whatever checkpoint of this computation it finds
        one = train_supervised(dataclasses.replace(job, seeds=(seed,), work=job.work / str(seed)), task)
        status |= one.status
        parts += [(seed, settings.steps, "error", value) for _, _, metric, value in one.history.rows if metric == "test_error"][-1:]
        parts += [row for row in one.history.rows if row[2] == "diverged"]
    return Result(History(parts), status=status)
