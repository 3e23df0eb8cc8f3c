"""Perceptrons against a mixture of Gaussians in the plane: modes, distance to the data, and a critic retrained from scratch.

Shapes: R replicas, B batch, Z noise.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import torch
from torch import nn

from secondlook.data.mixtures import Mixture, mixture
from secondlook.games.settings import GameSettings
from secondlook.metrics.modes import METRICS, mode_coverage
from secondlook.metrics.wasserstein import w1
from secondlook.nets.mlp import StackedMLP, orthogonal, torch_default
from secondlook.runner.ranges import at_least, at_most
from secondlook.train.discriminator import discriminate, fit_discriminator
from secondlook.train.game import Game, Measured, Moment, Seeds, init_generators, normal_noise
from secondlook.train.streams import torch_generator

#: orthogonal with gain 1.4 and tanh: the toy of poolio/unrolled_gan, which xudonmao/LSGAN copies
INITIALISE = {"orthogonal": orthogonal(1.4), "torch": torch_default}
ACTIVATION = {"tanh": torch.tanh, "relu": torch.relu}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlanarSettings(GameSettings):
    """Settings of a game in the plane."""

    #: mixture of Gaussians that the data come from
    #: a name of `secondlook.data.mixtures`
    data: Literal["ring", "ring-wide", "ring-as-coded", "grid25"]
    #: units of each hidden layer
    width: int = 128
    #: hidden layers of each net
    layers: int = 2
    #: function after each hidden layer
    activation: Literal["tanh", "relu"] = "tanh"
    #: initial weights
    init: Literal["orthogonal", "torch"] = "orthogonal"
    #: length of the noise vector
    #: each number is drawn from N(0, 1)
    noise: int = 256
    #: samples that modes are counted on
    points: int = 2500
    #: samples of each side that the exact Wasserstein distance is computed on
    #: 0: not computed
    w1_points: int = 0
    #: updates of a critic retrained from scratch at each row
    #: on the frozen generator; 0: there is none
    fresh_steps: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "width", "noise", "points")
        at_least(self, 0, "layers", "w1_points", "fresh_steps")
        at_most(self, "w1_points", "points")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write: those of the game, of `secondlook.metrics.modes`, and what is asked for."""
        asked = {"w1"} if self.w1_points else set()
        asked |= {"fresh_d_loss"} if self.fresh_steps else set()
        return super().metrics() | {*METRICS} | asked


def planar_game(settings: PlanarSettings, device: torch.device) -> Game:
    """Return the game; all replicas play together.

    Metrics: modes, held, high_quality, reverse_kl, jsd (`secondlook.metrics.modes`); w1; fresh_d_loss, the loss of the retrained critic.
    """
    target = mixture(settings.data)
    hidden = [settings.width] * settings.layers
    make: dict[str, Any] = {"activation": ACTIVATION[settings.activation], "initialise": INITIALISE[settings.init]}

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

        critic, fields = discriminator(moment.seeds, "fresh discriminator").to(device), settings.game_fields()
        with torch.enable_grad():
            constraint = fields["after_step"] or fields["before_step"]
            fit_discriminator(critic, draw, fields["loss"], fields["discriminator_rule"], settings.fresh_steps, after_step=constraint)
        # One batch would say little: the loss is compared with a distance over few rows.
        return discriminate(critic, *samples(settings.fresh_steps, settings.points), fields["loss"])[0].tolist()

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
        **settings.game_fields(),
    )


def planar_metrics(samples: torch.Tensor, target: Mixture, settings: PlanarSettings, seed: int) -> dict[str, float]:
    """Measure samples [points, 2] of one replica; the real samples of the distance are the same at every step."""
    points = samples.double().cpu().numpy()
    metrics = mode_coverage(points, target)
    if settings.w1_points:
        real = target.sample(settings.w1_points, torch_generator(seed, "eval", 1)).double().numpy()
        metrics["w1"] = w1(points[: settings.w1_points], real)
    return metrics
