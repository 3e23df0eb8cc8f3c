"""Perceptrons against a mixture of Gaussians in the plane: modes, distance to the data, and a critic retrained from scratch.

Shapes: R replicas, B batch, Z noise.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import torch
from torch import nn

from secondlook.data.mixtures import Mixture, mixture
from secondlook.games.contest import Contest
from secondlook.metrics.modes import mode_coverage
from secondlook.metrics.wasserstein import w1
from secondlook.nets.mlp import StackedMLP, orthogonal, torch_default
from secondlook.train.discriminator import discriminate, fit_discriminator
from secondlook.train.game import Game, Measured, Moment, Seeds, init_generators, normal_noise
from secondlook.train.streams import torch_generator

#: orthogonal with gain 1.4 and tanh: the toy of poolio/unrolled_gan, which xudonmao/LSGAN copies
INITIALISE = {"orthogonal": orthogonal(1.4), "torch": torch_default}
ACTIVATION = {"tanh": torch.tanh, "relu": torch.relu}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlanarSettings(Contest):
    """Settings of a game in the plane."""

    #: a name of `secondlook.data.mixtures`
    data: str
    width: int = 128
    #: hidden layers of each net
    layers: int = 2
    activation: Literal["tanh", "relu"] = "tanh"
    init: Literal["orthogonal", "torch"] = "orthogonal"
    #: size of the noise, N(0, 1)
    noise: int = 256
    #: samples that modes are counted on
    points: int = 2500
    #: samples of each side that the exact Wasserstein distance is computed on; 0: not computed
    w1_points: int = 0
    #: updates of a critic retrained from scratch at each row, on the frozen generator; 0: none
    fresh_steps: int = 0


def planar_game(settings: PlanarSettings, device: torch.device) -> Game:
    """Return the game; all replicas play together.

    Metrics: modes, high_quality, reverse_kl, jsd (`secondlook.metrics.modes`); w1; fresh_d_loss, the loss of the retrained critic.
    """
    target = mixture(settings.data)
    hidden = [settings.width] * settings.layers
    make = {"activation": ACTIVATION[settings.activation], "initialise": INITIALISE[settings.init]}

    def data(seed: int, draw: int) -> torch.Tensor:
        return target.sample(settings.batch, torch_generator(seed, "data", draw, device=device))

    def discriminator(seeds: Seeds, player: str = "discriminator") -> nn.Module:
        return StackedMLP([2, *hidden, 1], init_generators(seeds, player), **make)

    def fresh_loss(moment: Moment) -> list[float]:
        """Loss, on fresh samples, of a critic that starts from the same random weights at each row."""

        def draw(step: int) -> tuple[torch.Tensor, torch.Tensor]:
            return samples(step, settings.batch)

        def samples(step: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
            generators = [torch_generator(seed, "fresh", moment.step, step, device=device) for seed in moment.seeds]
            real = torch.stack([target.sample(count, generator) for generator in generators])
            noise = torch.stack([moment.noise(count, generator) for generator in generators])
            with torch.no_grad():
                return real, moment.generator(noise)

        critic, moves = discriminator(moment.seeds, "fresh discriminator").to(device), settings.moves()
        with torch.enable_grad():
            constraint = moves["after_step"] or moves["before_step"]
            fit_discriminator(critic, draw, moves["loss"], moves["discriminator_rule"], settings.fresh_steps, after_step=constraint)
        # One batch would say little: the loss is compared with a distance over few rows.
        return discriminate(critic, *samples(settings.fresh_steps, settings.points), moves["loss"])[0].tolist()

    def measure(moment: Moment) -> list[Measured]:
        rows = [
            planar_metrics(samples, target, settings, seed)
            for seed, samples in zip(moment.seeds, moment.samples(settings.points), strict=True)
        ]
        if settings.fresh_steps:
            rows = [row | {"fresh_d_loss": loss} for row, loss in zip(rows, fresh_loss(moment), strict=True)]
        return [Measured(row) for row in rows]

    return Game(
        generator=lambda seeds: StackedMLP([settings.noise, *hidden, 2], init_generators(seeds, "generator"), shape=(2,), **make),
        discriminator=discriminator,
        data=data,
        noise=normal_noise(settings.noise),
        measure=measure,
        together=True,
        **settings.moves(),
    )


def planar_metrics(samples: torch.Tensor, target: Mixture, settings: PlanarSettings, seed: int) -> dict[str, float]:
    """Measure samples [points, 2] of one replica; the real samples of the distance are the same at every step."""
    points = samples.double().cpu().numpy()
    metrics = mode_coverage(points, target)
    if settings.w1_points:
        real = target.sample(settings.w1_points, torch_generator(seed, "eval", 1)).double().numpy()
        metrics["w1"] = w1(points[: settings.w1_points], real)
    return metrics
