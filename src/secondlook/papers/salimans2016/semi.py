"""A classifier from a few labels, many images without, and a generator (section 5): K classes and one more for what is generated.

D's logits l give D(x) = Z / (Z + 1), Z = sum of exp l_k, as if the extra class had the logit 0. D minimises the cross-entropy of the
labelled images plus half of -log D(x) - log(1 - D(G(z))), as the released code weighs it; G matches features, or has an adversarial loss.
The loop is `secondlook.train.adversarial`; labelled images come in by its penalty.
Shapes: R replicas, B batch, N images, L labelled ones, K classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from secondlook.data.images import load_images
from secondlook.errors import UserError
from secondlook.games.images import ImageSource, to_bytes, to_floats
from secondlook.games.settings import GameSettings
from secondlook.metrics.energy import energy_distance, spread
from secondlook.nets.features import FeatureDiscriminator, absolute_feature_gap, feature_gap
from secondlook.papers.salimans2016.semi_nets import (
    CLASSES,
    convolution_discriminator,
    convolution_generator,
    perceptron_discriminator,
    perceptron_generator,
)
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.adversarial import train_adversarial
from secondlook.train.game import Game, Measured, Moment, Seeds
from secondlook.train.losses import AdversarialLoss, adversarial_loss
from secondlook.train.streams import torch_generator
from secondlook.train.updates import Adam

#: images that weights are initialised from
FIRST = 500
#: noise at the input and in hidden layers of the perceptrons; the released script's and less
NOISE = {"released": (0.3, 0.5), "low": (0.1, 0.3)}
#: images of the first seed that are kept for a figure
KEPT = 40


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(GameSettings):
    """Settings of a semi-supervised game."""

    #: what the generator learns by, and whether images without labels count
    #: ordinary: an adversarial loss; minibatch: the same, with minibatch features in D; supervised: D sees labelled images alone
    technique: Literal["feature_matching", "minibatch", "ordinary", "supervised"]
    #: data set
    dataset: Literal["mnist", "cifar10", "svhn"]
    #: labelled images
    #: the same number of each class
    labels: int
    #: side of the images in pixels
    side: int
    #: kind of both nets
    nets: Literal["perceptron", "convolution"] = "perceptron"
    #: units of the discriminator's hidden layers, or channels of its first convolutions
    d_widths: tuple[int, ...] = (1000, 500, 250, 250, 250)
    #: units of the generator's hidden layers, or channels of its last one
    g_widths: tuple[int, ...] = (500, 500)
    #: noise in perceptrons that discriminate
    noise_level: Literal["released", "low"] = "released"
    #: length of the noise vector
    #: each number is uniform on [0, 1]
    noise: int = 100
    #: kernels of minibatch discrimination
    kernels: int = 100
    #: numbers of each of its kernels
    kernel_size: int = 5
    #: form of feature matching
    #: squared: the paper's; absolute: that of the released code on CIFAR-10 and SVHN
    matching: Literal["squared", "absolute"] = "squared"
    #: weights at which the classifier is tested
    #: a running average, corrected for its start at zero or as the released code has it, or the last ones
    average: Literal["corrected", "as_released", "none"] = "as_released"
    #: rate of that average
    average_rate: float = 1.0e-4
    #: share of the training from which on the step sizes fall to 0
    #: 1: they stay as they are
    decay_from: float = 1.0
    #: images without labels, the labelled ones among them
    #: the first so many; None: all
    train_images: int | None = None
    #: test images
    #: the first so many; None: all
    test_images: int | None = None
    #: samples of each side that the energy distance is computed on
    energy_points: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "side", "d_widths", "g_widths", "noise", "kernels", "kernel_size", "train_images", "test_images")
        at_least(self, 2, "energy_points")
        at_least(self, CLASSES, "labels")
        at_least(self, 0, "decay_from", most=1)
        at_least(self, 0, "average_rate", below=1)
        above(self, 0, "average_rate")
        if self.labels % CLASSES:
            raise UserError(f"setting 'labels': {self.labels} are not the same number of each of {CLASSES} classes")
        if self.nets == "convolution" and (self.side != 32 or len(self.d_widths) != 1 or len(self.g_widths) != 1):
            raise UserError("setting 'nets': convolutions take images of 32 pixels and one width for each net")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return super().metrics() | {"test_error", "errors", "energy"}

    @property
    def pixels(self) -> tuple[float, float]:
        """Range of the generator's pixels."""
        return (0.0, 1.0) if self.nets == "perceptron" else (-1.0, 1.0)


class LabelledDiscriminator(FeatureDiscriminator):
    """A discriminator that holds the labelled images of its replicas."""

    def __init__(self, net: FeatureDiscriminator, images_RLCHW: torch.Tensor, labels_RL: torch.Tensor) -> None:
        super().__init__(net.body, net.head)
        self.images: torch.Tensor
        self.labels: torch.Tensor
        self.register_buffer("images", images_RLCHW, persistent=False)
        self.register_buffer("labels", labels_RL, persistent=False)

    def supervised_loss(self, batch: int, chances: Sequence[torch.Generator]) -> torch.Tensor:
        """Return the cross-entropy of a batch of labelled images, [R]; each comes as often as any other, or once less."""
        chosen = torch.stack([self._choice(batch, chance) for chance in chances])
        rows = torch.arange(len(chosen), device=chosen.device)[:, None]
        logits = self.logits(self.images[rows, chosen])
        return F.cross_entropy(logits.flatten(0, 1), self.labels[rows, chosen].flatten(), reduction="none").view(chosen.shape).mean(1)

    def _choice(self, batch: int, chance: torch.Generator) -> torch.Tensor:
        count = self.labels.shape[1]
        orders = [torch.randperm(count, generator=chance, device=chance.device) for _ in range(-(-batch // count))]
        return torch.cat(orders)[:batch]


def draw_labelled(labels_N: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    """Return the places of ``count`` images, as many of each class, the first of a shuffled order."""
    order = torch.randperm(len(labels_N), generator=torch_generator(seed, "labels"))
    shuffled = labels_N[order]
    places = [order[shuffled == label][: count // CLASSES] for label in range(CLASSES)]
    if min(map(len, places)) < count // CLASSES:
        raise UserError(f"setting 'labels': a class has fewer than {count // CLASSES} training images")
    return torch.cat(places)


def run(job: Job) -> Result:
    """Train one replica per seed: perceptrons all together, convolutions one after the other.

    Metrics: those of `secondlook.train.adversarial.train_adversarial`; ``test_error`` in percent, ``errors``, the same as a number of
    10,000, at the averaged weights if there are any; ``energy``, the energy distance of samples and test images, pixels on [0, 1].
    A net with minibatch features is tested at the training batch size. Arrays: "<first seed>/sheet", uint8 [40, C, H, W], at the last row.
    """
    settings = job.settings(Settings)
    return train_adversarial(job, lambda device: semi_game(job, settings, device))


def pair(settings: Settings) -> AdversarialLoss:
    """Return the losses: half of the cross-entropy for D, nothing of it without unlabelled images."""
    named, share = adversarial_loss(settings.loss), 0.0 if settings.technique == "supervised" else 0.5
    return dataclasses.replace(named, discriminator=lambda real, fake: share * named.discriminator(real, fake))


def match(settings: Settings, discriminator: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return the loss of feature matching, [R]."""
    assert isinstance(discriminator, FeatureDiscriminator)
    gap = feature_gap if settings.matching == "squared" else absolute_feature_gap
    return gap(discriminator.features(real), discriminator.features(fake))


def supervise(settings: Settings, discriminator: nn.Module, chances: Sequence[torch.Generator]) -> torch.Tensor:
    """Return the loss of a labelled batch, [R]."""
    assert isinstance(discriminator, LabelledDiscriminator)
    return discriminator.supervised_loss(settings.batch, chances)


def semi_game(job: Job, settings: Settings, device: torch.device) -> Game:
    """Return the game."""
    train, train_labels = load_images(job, settings.dataset, "train", settings.side, settings.train_images)
    test, test_labels = load_images(job, settings.dataset, "test", settings.side, settings.test_images, device)
    test_floats = to_floats(test, settings.pixels)
    real = test[: settings.energy_points].flatten(1) / 255
    real_spread = spread(real)  # the same for every replica and row
    shape = tuple(train.shape[1:])
    kernels = (settings.kernels, settings.kernel_size) if settings.technique == "minibatch" else None

    def generator(seeds: Seeds) -> nn.Module:
        if settings.nets == "perceptron":
            return perceptron_generator(settings.noise, settings.g_widths, shape, seeds)
        return convolution_generator(settings.noise, settings.g_widths[0], shape[0], seeds)

    def discriminator(seeds: Seeds) -> nn.Module:
        chosen = [draw_labelled(train_labels, settings.labels, seed) for seed in seeds]
        orders = [torch.randperm(len(train), generator=torch_generator(seed, "init order"))[:FIRST] for seed in seeds]
        first = to_floats(torch.stack([train[order] for order in orders]), settings.pixels)
        if settings.nets == "perceptron":
            net = perceptron_discriminator(settings.d_widths, NOISE[settings.noise_level], kernels, first, seeds)
        else:
            net = convolution_discriminator(settings.d_widths[0], kernels, first[0], seeds)
        images = to_floats(torch.stack([train[places] for places in chosen]), settings.pixels)
        return LabelledDiscriminator(net, images, torch.stack([train_labels[places] for places in chosen]))

    def unit_noise(count: int, chance: torch.Generator) -> torch.Tensor:
        return torch.rand(count, settings.noise, generator=chance, device=chance.device)

    def measure(moment: Moment) -> list[Measured]:
        wrong = errors(moment.discriminator, test_floats, test_labels, settings, len(moment.seeds))
        samples = to_bytes(moment.samples(max(settings.energy_points, KEPT), batch=settings.batch), settings.pixels)
        rows = []
        for seed, share, made in zip(moment.seeds, wrong, samples, strict=True):
            distance = energy_distance(made[: settings.energy_points].flatten(1) / 255, real, real_spread)
            kept: dict[str, np.ndarray] = {}
            if seed == job.seeds[0] and moment.step == settings.steps:
                kept["sheet"] = made[:KEPT].cpu().numpy()
            rows.append(Measured({"test_error": 100 * share, "errors": 10000 * share, "energy": distance}, kept))
        return rows

    def rule(lr: float, updates: int) -> Adam:
        decay = (round(settings.decay_from * updates), updates) if settings.decay_from < 1 else None
        return Adam(lr, settings.beta1, settings.beta2, decay=decay)

    matched = settings.technique == "feature_matching"
    fields = settings.game_fields() | {
        "loss": pair(settings),
        "generator_rule": rule(settings.g_lr, settings.steps),
        "discriminator_rule": rule(settings.d_lr, -(-settings.steps // settings.g_steps) * settings.d_steps),
        "penalty": lambda discriminator, real, fake, chances: supervise(settings, discriminator, chances),
        "generator_loss": (lambda discriminator, real, fake: match(settings, discriminator, real, fake)) if matched else None,
        "average_rate": None if settings.average == "none" else settings.average_rate,
        "average_corrected": settings.average == "corrected",
    }
    return Game(
        generator=generator,
        discriminator=discriminator,
        data=ImageSource(train.to(device), settings.batch, settings.pixels),
        noise=unit_noise,
        measure=measure,
        together=settings.nets == "perceptron",
        **fields,
    )


def errors(net: nn.Module, images_NCHW: torch.Tensor, labels_N: torch.Tensor, settings: Settings, replicas: int) -> list[float]:
    """Return the share of images that each replica classifies wrongly; batches have the size of training, the last one is filled up."""
    assert isinstance(net, FeatureDiscriminator)
    count, batch = len(images_NCHW), settings.batch
    filled = torch.arange(-(-count // batch) * batch, device=images_NCHW.device) % count
    found = []
    for places in filled.split(batch):
        logits = net.logits(images_NCHW[places].expand(replicas, *[-1] * images_NCHW.ndim))
        found.append(logits.argmax(-1) != labels_N[places])
    wrong = torch.cat(found, 1)[:, :count].double()
    return wrong.mean(1).tolist()
