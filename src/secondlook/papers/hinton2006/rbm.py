"""Restricted Boltzmann machines, R of them computed together, trained by one step of contrastive divergence.

Source: the authors' rbm.m (logistic hidden units) and rbmhidlinear.m (linear hidden units with unit Gaussian noise). As there, the hidden
units are drawn once, given the data; the reconstruction and what it does to the hidden units are means, not draws.
Shapes: R replicas, B batch, V visible units, H hidden units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch

#: standard deviation of the initial weights; the biases start at 0
START = 0.1
#: of the weights alone, coupled with the step size
WEIGHT_DECAY = 0.0002

Units = Literal["logistic", "linear"]


class RBM:
    """R machines with logistic visible units, whose values may lie between 0 and 1.

    Args:
        visible: visible units.
        hidden: hidden units.
        units: law of a hidden unit given the visible ones: logistic, or Gaussian of variance 1 ("linear").
        generators: one a replica, which its weights are drawn from.
        device: where they lie.
    """

    def __init__(
        self, visible: int, hidden: int, units: Units, generators: Sequence[torch.Generator], device: str | torch.device = "cpu"
    ) -> None:
        self.units = units
        weights = torch.stack([torch.randn(visible, hidden, generator=generator) for generator in generators])
        self.weight_RVH = (START * weights).to(device)
        self.hidden_R1H = torch.zeros(len(generators), 1, hidden, device=device)
        self.visible_R1V = torch.zeros(len(generators), 1, visible, device=device)
        #: what the parameters last moved by, in the order of `parameters`
        self.moves = [torch.zeros_like(parameter) for parameter in self.parameters]

    @property
    def parameters(self) -> list[torch.Tensor]:
        """Weights, biases of the hidden units, biases of the visible units."""
        return [self.weight_RVH, self.hidden_R1H, self.visible_R1V]

    def up(self, visible_RBV: torch.Tensor) -> torch.Tensor:
        """Return the means [R, B, H] of the hidden units given the visible ones."""
        inputs = torch.baddbmm(self.hidden_R1H, visible_RBV, self.weight_RVH)
        return inputs.sigmoid() if self.units == "logistic" else inputs

    def down(self, hidden_RBH: torch.Tensor) -> torch.Tensor:
        """Return the means [R, B, V] of the visible units given the hidden ones."""
        return torch.baddbmm(self.visible_R1V, hidden_RBH, self.weight_RVH.transpose(1, 2)).sigmoid()

    def noise(self, batch: int, generators: Sequence[torch.Generator]) -> torch.Tensor:
        """Draw what `draw` needs, [R, B, H]: normal numbers for linear units, uniform ones for logistic units."""
        draw = torch.rand if self.units == "logistic" else torch.randn
        hidden = self.weight_RVH.shape[2]
        return torch.stack([draw(batch, hidden, generator=generator, device=generator.device) for generator in generators])

    def draw(self, means_RBH: torch.Tensor, noise_RBH: torch.Tensor) -> torch.Tensor:
        """Return states [R, B, H] of the hidden units with these means."""
        return (means_RBH > noise_RBH).to(means_RBH.dtype) if self.units == "logistic" else means_RBH + noise_RBH

    def slopes(self, visible_RBV: torch.Tensor, noise_RBH: torch.Tensor) -> list[torch.Tensor]:
        """Return the directions of CD-1, in the order of `parameters`: what the data say less what their reconstructions say."""
        positive_RBH = self.up(visible_RBV)
        negative_RBV = self.down(self.draw(positive_RBH, noise_RBH))
        negative_RBH = self.up(negative_RBV)
        products = visible_RBV.transpose(1, 2) @ positive_RBH - negative_RBV.transpose(1, 2) @ negative_RBH
        return [
            products / visible_RBV.shape[1],
            (positive_RBH - negative_RBH).mean(1, keepdim=True),
            (visible_RBV - negative_RBV).mean(1, keepdim=True),
        ]

    def learn(self, visible_RBV: torch.Tensor, noise_RBH: torch.Tensor, lr: float, momentum: float) -> None:
        """Do one update: momentum times the last move, plus the step size times the direction of CD-1 less the weights' decay."""
        slopes = self.slopes(visible_RBV, noise_RBH)
        slopes[0].sub_(self.weight_RVH, alpha=WEIGHT_DECAY)
        for parameter, move, slope in zip(self.parameters, self.moves, slopes, strict=True):
            move.mul_(momentum).add_(slope, alpha=lr)
            parameter.add_(move)
