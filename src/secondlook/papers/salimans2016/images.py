"""MNIST and CIFAR-10 with each technique alone, and each left out of the full recipe; nets of DCGAN.

The game is `secondlook.games.images`. Both nets have batch normalization as DCGAN has it; virtual batch normalization takes its place in
the generator. Minibatch features stand beside what the discriminator's last layer sees. Class labels, which Table 3 also takes away, are
not in the recipe here. Shapes: R = 1 replica, B batch, C H W an image.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import nn

from secondlook.games.images import ImageSettings, image_game
from secondlook.nets.dcgan import WEIGHT_STD, DCGANDiscriminator, DCGANGenerator
from secondlook.nets.features import FeatureDiscriminator
from secondlook.nets.minibatch import MinibatchFeatures
from secondlook.nets.mlp import StackedLinear
from secondlook.nets.virtual_norm import VirtualBatchNorm, WithReference
from secondlook.papers.salimans2016.techniques import TechniqueSettings, with_losses
from secondlook.runner.job import Job, Result
from secondlook.train.adversarial import train_adversarial
from secondlook.train.game import Alone, Game, Noise, Seeds, alone, init_generators
from secondlook.train.streams import seed_default, torch_generator

#: channels of the images of a data set
CHANNELS = {"mnist": 1, "fashion_mnist": 1, "cifar10": 3}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(TechniqueSettings, ImageSettings):
    """Settings of an image game and of its techniques."""

    def __post_init__(self) -> None:
        ImageSettings.__post_init__(self)
        TechniqueSettings.__post_init__(self)


def run(job: Job) -> Result:
    """Play one replica per seed, one after the other.

    Metrics: those of `secondlook.train.adversarial.train_adversarial` and `secondlook.metrics.image_quality.ImageJudge`.
    """
    settings = job.settings(Settings)

    def game(device: torch.device) -> Game:
        plain = image_game(job, settings, device)
        built = dataclasses.replace(
            plain,
            generator=lambda seeds: generator(settings, plain.noise, seeds),
            discriminator=lambda seeds: discriminator(settings, seeds),
        )
        return with_losses(built, settings)

    return train_adversarial(job, game)


def common(settings: Settings) -> dict[str, Any]:
    """What both nets are built with."""
    return {"channels": CHANNELS[settings.dataset], "side": settings.side, "kernel": settings.kernel}


def generator(settings: Settings, noise: Noise, seeds: Seeds) -> nn.Module:
    """Return DCGAN's generator for one seed; with virtual batch normalization its reference batch is noise of the same kind."""

    def build() -> nn.Module:
        net = DCGANGenerator(width=settings.g_width, noise=settings.noise, **common(settings))
        if settings.on.norm != "virtual":
            return net
        layers = [virtual(layer) if isinstance(layer, nn.BatchNorm2d) else layer for layer in net.layers]
        return WithReference(layers, noise(settings.reference, torch_generator(seeds[0], "reference")))

    return alone(build, "generator")(seeds)


def virtual(norm: nn.BatchNorm2d) -> VirtualBatchNorm:
    """Return what takes the place of batch normalization, with the same scale and shift."""
    new = VirtualBatchNorm(norm.num_features)
    with torch.no_grad():
        new.scale.view(-1).copy_(norm.weight)  # type: ignore[union-attr] # it has a scale
        new.shift.view(-1).copy_(norm.bias)
    return new


def discriminator(settings: Settings, seeds: Seeds) -> nn.Module:
    """Return DCGAN's discriminator for one seed, its last layer after minibatch features where these are on."""
    seed_default(seeds[0], "init discriminator")
    net = DCGANDiscriminator(width=settings.d_width, **common(settings))
    body = nn.Sequential(*list(net.layers)[:-2], *([nn.Flatten()] if settings.kernel == 4 else []))
    features = sum(parameter[0].numel() for name, parameter in net.layers[-2].named_parameters() if name == "weight")  # one logit
    head: list[nn.Module] = []
    if settings.on.minibatch:
        head.append(MinibatchFeatures(features, settings.kernels, settings.kernel_size, init_generators(seeds, "minibatch")))
    inputs = features + settings.kernels * settings.on.minibatch
    head.append(StackedLinear(inputs, 1, init_generators(seeds, "discriminator"), small))
    return FeatureDiscriminator(Alone(body), nn.Sequential(*head))


def small(weight: torch.Tensor, bias: torch.Tensor, generator: torch.Generator) -> None:
    """Fill as DCGAN does: N(0, 0.02); biases 0."""
    weight.normal_(0, WEIGHT_STD, generator=generator)
    bias.zero_()
