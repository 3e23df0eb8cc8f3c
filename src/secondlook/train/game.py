"""What an adversarial game is: two nets, two losses, two update rules, a schedule of whose turn it is, and what is measured.

Shapes: R replicas of a group (1 where they play one after the other), B batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from secondlook.errors import UserError
from secondlook.train.extras import StepSchedule, one_step
from secondlook.train.losses import AdversarialLoss
from secondlook.train.streams import seed_default, torch_generator
from secondlook.train.updates import Rule

Seeds = Sequence[int]
Noise = Callable[[int, torch.Generator], torch.Tensor]


def normal_noise(size: int) -> Noise:
    """Return a source of noise [count, size], each number from N(0, 1)."""
    return lambda count, generator: torch.randn(count, size, generator=generator, device=generator.device)


def uniform_noise(size: int, bound: float = 1.0) -> Noise:
    """Return a source of noise [count, size], each number uniform on +-``bound``."""
    return lambda count, generator: (torch.rand(count, size, generator=generator, device=generator.device) * 2 - 1) * bound


class Alone(nn.Module):
    """A net without a replica axis as a group of one: [1, B, ...] -> [1, B, ...]."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the net."""
        return self.net(x[0])[None]


def alone(build: Callable[[], nn.Module], player: str) -> Callable[[Seeds], nn.Module]:
    """Return a builder for `Game` of a net that takes torch's default generator, which is seeded from the stream "init" of ``player``."""

    def make(seeds: Seeds) -> nn.Module:
        (seed,) = seeds
        seed_default(seed, f"init {player}")  # nets are built on the CPU
        return Alone(build())

    return make


def init_generators(seeds: Seeds, player: str) -> list[torch.Generator]:
    """Return one generator per replica, from the stream "init" of ``player``, for `secondlook.nets.mlp`."""
    return [torch_generator(seed, f"init {player}") for seed in seeds]


@dataclasses.dataclass(frozen=True)
class Moment:
    """What is measured: a group's nets at a step, in evaluation mode."""

    #: generator steps done
    step: int
    seeds: tuple[int, ...]
    generator: nn.Module
    discriminator: nn.Module
    noise: Noise
    device: torch.device
    #: further counters of the stream "eval"; none: samples come from the same noise at every step
    draw: tuple[int, ...] = ()

    def samples(self, count: int, batch: int = 500) -> torch.Tensor:
        """Return ``count`` samples per replica, [R, count, ...], from noise of the stream "eval"."""
        z = torch.stack([self.noise(count, torch_generator(seed, "eval", *self.draw, device=self.device)) for seed in self.seeds])
        return torch.cat([self.generator(part) for part in z.split(batch, dim=1)], dim=1)


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a replica's moment gave."""

    metrics: Mapping[str, float]
    #: name -> array for a later stage
    arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Game:
    """What is played; everything that differs between papers."""

    #: seeds of a group -> net from noise [R, B, ...] to samples
    generator: Callable[[Seeds], nn.Module]
    #: seeds of a group -> net from samples to outputs [R, B]
    discriminator: Callable[[Seeds], nn.Module]
    loss: AdversarialLoss
    generator_rule: Rule
    discriminator_rule: Rule
    #: (seed, number of the draw) -> real samples [B, ...] on the device
    data: Callable[[int, int], torch.Tensor]
    noise: Noise
    batch: int
    #: generator steps in all
    steps: int
    #: generator steps after which a row is written; 0 is before training
    record: Sequence[int]
    measure: Callable[[Moment], Sequence[Measured]]
    discriminator_steps: StepSchedule = one_step
    #: steps of the generator in a row, each a step of the history
    generator_steps: int = 1
    #: both gradients at the same weights, then both updates (one step each, one batch of noise); else the players alternate
    simultaneous: bool = False
    #: the generator's step takes the fakes of the discriminator's last one, not fresh ones
    shared_noise: bool = False
    #: what is done to the discriminator's weights before each of its steps, also before it sees the batch, and after
    before_step: Callable[[Sequence[torch.Tensor]], None] | None = None
    after_step: Callable[[Sequence[torch.Tensor]], None] | None = None
    #: (discriminator, real, fake, a generator of the stream "penalty" for each replica) -> [R], added to the discriminator's loss
    penalty: Callable[[nn.Module, torch.Tensor, torch.Tensor, Sequence[torch.Generator]], torch.Tensor] | None = None
    #: (discriminator, real, fake) -> [R], what the generator minimises in place of its part of ``loss``; the real batch is one of its own
    generator_loss: Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor] | None = None
    #: weight of historical averaging in both players' costs (`secondlook.train.averages`); 0: there is none
    historical: float = 0.0
    #: rate of the running average of the discriminator's weights at which it is measured; None: measured as it is
    average_rate: float | None = None
    #: that average is corrected for its start at zero
    average_corrected: bool = True
    #: count the discriminator's steps that go up its own gradient, at the price of looking at each: the metric ``d_uphill``
    watch_uphill: bool = False
    #: all replicas along one axis, or one after the other
    together: bool = False
    #: what the run's record should say of how it was measured
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.simultaneous and (self.generator_steps != 1 or self.penalty is not None or self.generator_loss is not None):
            raise UserError("a simultaneous game has one step of each player and no penalty or loss beside its pair")
