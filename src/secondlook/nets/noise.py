"""Gaussian noise between the layers of a net in training, also of replicas that train together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class GaussianNoise(nn.Module):
    """Add N(0, sigma) to every number in training, fresh at each call; nothing in evaluation.

    Alone a net draws from torch's default generator, which a game seeds before each step; of nets that play together each replica, along
    the first axis, has a generator of its own (`draw_from`).
    """

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.sigma = sigma
        self._generators: Sequence[torch.Generator] = ()

    def draw_from(self, generators: Sequence[torch.Generator]) -> None:
        """Take the noise of each replica from its generator, from now on."""
        self._generators = generators

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x with noise."""
        if not self.training or self.sigma == 0:
            return x
        if not self._generators:
            return x + self.sigma * torch.randn_like(x)
        drawn = [torch.randn(x.shape[1:], generator=generator, device=x.device) for generator in self._generators]
        return x + self.sigma * torch.stack(drawn)
