"""Small parts that a game may be given: how many steps the discriminator gets, and what is done to its weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

#: number of the generator's step, from 0 -> steps of the discriminator before it
StepSchedule = Callable[[int], int]


def constant_steps(count: int) -> StepSchedule:
    """Return ``count`` steps before each step of the generator."""
    return lambda step: count


one_step = constant_steps(1)


def wgan_steps(count: int) -> StepSchedule:
    """Return the schedule of the official WGAN code (main.py): 100 steps for the first 25 generator steps and every 500th, else ``count``.

    The paper does not mention it; the code's README says that it was forgotten there.
    """
    return lambda step: 100 if step < 25 or step % 500 == 0 else count


@dataclass(frozen=True)
class Clip:
    """Clamp all weights to [-bound, bound] (Arjovsky et al. 2017, Algorithm 1)."""

    bound: float

    @torch.no_grad()
    def __call__(self, parameters: Sequence[torch.Tensor]) -> None:
        """Clamp in place."""
        for parameter in parameters:
            parameter.clamp_(-self.bound, self.bound)
