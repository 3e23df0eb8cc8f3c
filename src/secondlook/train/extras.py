"""Small parts that a game may be given: how many steps the discriminator gets, what is done to its weights, what its slopes cost it.

Shapes: R replicas, B batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

#: number of the generator's step, from 0 -> steps of the discriminator before it
StepSchedule = Callable[[int], int]


def constant_steps(count: int) -> StepSchedule:
    """Return ``count`` steps before each step of the generator."""
    return lambda step: count


one_step = constant_steps(1)


def wgan_steps(count: int, warm_up: int) -> StepSchedule:
    """Return the official WGAN code's schedule: ``warm_up`` steps for the first 25 generator steps and every 500th, else ``count``.

    The code (main.py) has 100 of them. The paper does not mention it; the code's README says that it was forgotten there.
    """
    return lambda step: warm_up if step < 25 or step % 500 == 0 else count


@dataclass(frozen=True)
class Clip:
    """Clamp all weights to [-bound, bound] (Arjovsky et al. 2017, Algorithm 1)."""

    bound: float

    @torch.no_grad()
    def __call__(self, parameters: Sequence[torch.Tensor]) -> None:
        """Clamp in place."""
        for parameter in parameters:
            parameter.clamp_(-self.bound, self.bound)


@dataclass(frozen=True)
class GradientPenalty:
    """Hold the slope near 1 between real data and fakes (Gulrajani et al. 2017, Eq. 3), in place of clipping."""

    weight: float

    def __call__(
        self, discriminator: nn.Module, real: torch.Tensor, fake: torch.Tensor, chances: Sequence[torch.Generator]
    ) -> torch.Tensor:
        """Return ``weight`` times the mean of (norm of the slope - 1)^2 at points between pairs of real and fake [R, B, ...], as [R]."""
        shares = torch.stack([torch.rand(real.shape[1], generator=chance, device=real.device) for chance in chances])
        share = shares.reshape(*shares.shape, *[1] * (real.ndim - 2))
        between = (share * real + (1 - share) * fake).detach().requires_grad_()
        (slope,) = torch.autograd.grad(discriminator(between).sum(), [between], create_graph=True)
        return self.weight * (slope.flatten(2).norm(dim=-1) - 1).square().mean(-1)
