"""Mixtures of Gaussians in the plane, the toy data of GAN papers. Shapes: K modes."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from secondlook.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Mixture:
    """Round Gaussians of one width, at distinct centres."""

    name: str
    centres: np.ndarray
    """[K, 2] float64."""
    std: float
    """Standard deviation of each coordinate, the same for all modes."""
    weights: np.ndarray
    """[K] float64, sum 1."""

    def sample(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Return float32 points [count, 2] on the generator's device. CPU and CUDA draw different points."""
        import torch

        centres, edges = self._tensors(str(generator.device))
        # Not torch.multinomial: on CUDA it is not among the deterministic operations.
        modes = torch.searchsorted(edges, torch.rand(count, generator=generator, device=generator.device), right=True)
        return centres[modes] + self.std * torch.randn(count, 2, generator=generator, device=generator.device)

    @functools.lru_cache(maxsize=8)  # noqa: B019 - drawn from at every training step; the few mixtures live as long as the process
    def _tensors(self, device: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Centres [K, 2] and the inner edges [K - 1] of the modes' shares of [0, 1]."""
        import torch

        edges = self.weights.cumsum()[:-1]
        return torch.tensor(self.centres, dtype=torch.float32, device=device), torch.tensor(edges, dtype=torch.float32, device=device)


def _on_circle(angles: np.ndarray) -> np.ndarray:
    """Points [K, 2] of the unit circle, clockwise from (0, 1) as poolio/unrolled_gan places them."""
    return np.stack([np.sin(angles), np.cos(angles)], 1)


def ring() -> Mixture:
    """8 equal modes on the unit circle, std 0.01: what the ring of the GAN papers is meant to be."""
    return Mixture("ring", _on_circle(np.arange(8) * (math.pi / 4)), 0.01, np.full(8, 1 / 8))


def ring_wide() -> Mixture:
    """The ring with std 0.05: modes wide enough that a short training can fill them."""
    return Mixture("ring-wide", _on_circle(np.arange(8) * (math.pi / 4)), 0.05, np.full(8, 1 / 8))


def ring_as_coded() -> Mixture:
    """The ring as LSGAN's official code draws it: 8 modes, of which the one at (0, 1) has weight 2/9, the others 1/9.

    Source: xudonmao/LSGAN @3b13d36, mixture_gaussian. It puts 9 modes at linspace(0, 2 pi, 9), so that the last falls on the first.
    """
    return Mixture("ring-as-coded", _on_circle(np.linspace(0, 2 * math.pi, 9)[:-1]), 0.01, np.array([2, *[1] * 7]) / 9)


def grid25() -> Mixture:
    """25 equal modes on the grid {-4, -2, 0, 2, 4}^2 with std 0.05, all divided by 2.828 so that a coordinate has variance 1.

    Source: igul222/improved_wgan_training @fa66c57, gan_toy.py, "25gaussians".
    """
    steps = 2.0 * np.arange(-2, 3)
    centres = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(25, 2)
    return Mixture("grid25", centres / 2.828, 0.05 / 2.828, np.full(25, 1 / 25))


MAKERS = {"ring": ring, "ring-wide": ring_wide, "ring-as-coded": ring_as_coded, "grid25": grid25}


def mixture(name: str) -> Mixture:
    """Return the mixture of that name.

    Raises:
        UserError: there is none.
    """
    if name not in MAKERS:
        raise UserError(f"data: unknown mixture '{name}'.{did_you_mean(name, MAKERS)}")
    return MAKERS[name]()
