"""A ring of eight Gaussians with each technique alone, and each left out of the full recipe.

The game is `secondlook.games.planar`; the nets have the places that the techniques need. Shapes: R replicas, B batch.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import torch
from torch import nn

from secondlook.games.planar import ACTIVATION, INITIALISE, PlanarSettings, planar_game
from secondlook.nets.features import FeatureDiscriminator
from secondlook.nets.minibatch import MinibatchFeatures
from secondlook.nets.mlp import StackedLinear, StackedMLP
from secondlook.nets.virtual_norm import BatchNorm, VirtualBatchNorm, WithReference
from secondlook.papers.salimans2016.techniques import TechniqueSettings, share_of_companions, with_losses
from secondlook.runner.job import Job, Result
from secondlook.train.adversarial import train_adversarial
from secondlook.train.game import Game, Measured, Moment, Seeds, init_generators
from secondlook.train.streams import torch_generator

#: points of the first seed that are kept at the end, for a figure
KEPT = 1000
#: samples whose dependence on the rest of the batch is looked at, and draws of that rest
FIXED, DRAWS = 32, 16


class Function(nn.Module):
    """A function as a layer."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply it."""
        return ACTIVATION[self.name](x)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(TechniqueSettings, PlanarSettings):
    """Settings of a game in the plane and of its techniques."""

    def __post_init__(self) -> None:
        PlanarSettings.__post_init__(self)
        TechniqueSettings.__post_init__(self)

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return super().metrics() | {"companions"}


def run(job: Job) -> Result:
    """Play one replica per seed, all together.

    Metrics: those of `secondlook.train.adversarial.train_adversarial` and `secondlook.games.planar.planar_game`; and at the last row
    ``companions``, the share of the variance of the generator's samples that the rest of their batch decides, at the training batch size.
    Arrays: "<first seed>/samples", float32 [1000, 2], of the last row.
    """
    settings = job.settings(Settings)
    return train_adversarial(job, lambda device: technique_game(settings, device, job.seeds[0]))


def technique_game(settings: Settings, device: torch.device, shown: int) -> Game:
    """Return the game; samples of the seed ``shown`` are kept."""
    plain = planar_game(settings, device)

    def measure(moment: Moment) -> list[Measured]:
        rows = list(plain.measure(moment))
        if moment.step == settings.steps:
            shares = share_of_companions(moment.generator, *batches(settings, moment))
            rows = [Measured({**row.metrics, "companions": share}) for row, share in zip(rows, shares, strict=True)]
            place = moment.seeds.index(shown)
            samples = moment.samples(KEPT)[place].float().cpu().numpy()
            rows[place] = dataclasses.replace(rows[place], arrays={"samples": samples})
        return rows

    game = dataclasses.replace(
        plain,
        generator=lambda seeds: generator(settings, seeds),
        discriminator=lambda seeds: discriminator(settings, seeds),
        measure=measure,
    )
    return with_losses(game, settings)


def batches(settings: Settings, moment: Moment) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return fixed noise [R, F, Z] and what fills its batch up, several draws of [R, B - F, Z]."""
    fixed = min(FIXED, settings.batch // 2)

    def draw(count: int, number: int) -> torch.Tensor:
        return torch.stack([moment.noise(count, torch_generator(seed, "eval", 2, number, device=moment.device)) for seed in moment.seeds])

    return draw(fixed, 0), [draw(settings.batch - fixed, 1 + number) for number in range(DRAWS)]


def generator(settings: Settings, seeds: Seeds) -> nn.Module:
    """Return R perceptrons from noise to the plane, with the normalization of the technique before each function."""
    generators = init_generators(seeds, "generator")
    widths, initialise = [settings.noise, *[settings.width] * settings.layers], INITIALISE[settings.init]
    if settings.on.norm == "none":
        return StackedMLP([*widths, 2], generators, activation=ACTIVATION[settings.activation], initialise=initialise, shape=(2,))
    norm = VirtualBatchNorm if settings.on.norm == "virtual" else BatchNorm
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [StackedLinear(before, after, generators, initialise), norm(after, len(seeds)), Function(settings.activation)]
    layers.append(StackedLinear(widths[-1], 2, generators, initialise))
    if settings.on.norm == "batch":
        return nn.Sequential(*layers)
    reference = torch.stack(
        [torch.randn(settings.reference, settings.noise, generator=torch_generator(seed, "reference")) for seed in seeds]
    )
    return WithReference(layers, reference)


def discriminator(settings: Settings, seeds: Seeds) -> nn.Module:
    """Return R perceptrons from the plane to an output; f is the last hidden layer, and minibatch features stand beside it where on."""
    generators = init_generators(seeds, "discriminator")
    make: dict[str, Any] = {"activation": ACTIVATION[settings.activation], "initialise": INITIALISE[settings.init]}
    hidden = [settings.width] * settings.layers
    body = StackedMLP([2, *hidden], generators, output=make["activation"], shape=(settings.width,), **make)
    head: list[nn.Module] = []
    if settings.on.minibatch:
        chances = init_generators(seeds, "minibatch")
        head.append(MinibatchFeatures(settings.width, settings.kernels, settings.kernel_size, chances))
    inputs = settings.width + settings.kernels * settings.on.minibatch
    return FeatureDiscriminator(body, nn.Sequential(*head, StackedLinear(inputs, 1, generators, make["initialise"])))
