"""Weight normalization with data-dependent initialization (Salimans & Kingma 2016), as the released code of Salimans et al. 2016 has it.

A layer's weights are W = g V / ||V||, the norm over all that feeds an output. Before training, one pass of real data sets g and b so that
each output has mean 0 and a given standard deviation; then V and b are trained, and g only where it is said
(openai/improved-gan @4f5d1ec, mnist_svhn_cifar10/nn.py: DenseLayer, WeightNormLayer).
Shapes: R replicas, B batch, I inputs, O outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from secondlook.nets.minibatch import MinibatchFeatures

#: added to the sum of squares of a column
EPS = 1e-6


class _WeightNorm(nn.Module):
    """What the layers share: V, g, b, and how data set g and b.

    Args:
        direction: V.
        inputs: axes of V that feed one output.
        scale: shape of g and b beside a batch of outputs.
        examples: axes of a batch of outputs that count examples and pixels.
        train_scale: is g trained?
        spread: standard deviation of the outputs after `initialise`.
    """

    def __init__(
        self,
        direction: torch.Tensor,
        *,
        inputs: tuple[int, ...],
        scale: tuple[int, ...],
        examples: tuple[int, ...],
        train_scale: bool = False,
        spread: float = 1.0,
    ) -> None:
        super().__init__()
        self.inputs, self.examples, self.spread = inputs, examples, spread
        self.direction = nn.Parameter(direction)
        self.scale, self.bias = nn.Parameter(torch.ones(scale), requires_grad=train_scale), nn.Parameter(torch.zeros(scale))

    def product(self, x: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
        """Outputs of the weights ``unit``."""
        raise NotImplementedError

    def _unscaled(self, x: torch.Tensor) -> torch.Tensor:
        return self.product(x, self.direction / (self.direction.square().sum(self.inputs, keepdim=True) + EPS).sqrt())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return g (V / ||V||) x + b."""
        return self._unscaled(x) * self.scale + self.bias

    @torch.no_grad()
    def initialise(self, x: torch.Tensor) -> torch.Tensor:
        """Set g and b so that the outputs for this batch have mean 0 and standard deviation ``spread``, and return those outputs."""
        outputs = self._unscaled(x)
        mean = outputs.mean(self.examples, keepdim=True)
        self.scale.copy_(self.spread / (outputs - mean).square().mean(self.examples, keepdim=True).sqrt())
        self.bias.copy_(-mean * self.scale)
        return self(x)


class StackedWeightNorm(_WeightNorm):
    """R weight-normalised affine maps [R, B, I] -> [R, B, O]; V from N(0, ``std``), of each replica from its generator."""

    def __init__(self, inputs: int, outputs: int, generators: Sequence[torch.Generator], *, std: float = 0.1, **options: Any) -> None:
        drawn = [torch.empty(inputs, outputs).normal_(0, std, generator=generator) for generator in generators]
        super().__init__(torch.stack(drawn), inputs=(1,), scale=(len(generators), 1, outputs), examples=(1,), **options)

    def product(self, x: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
        """Return [R, B, O]."""
        return x @ unit


class ConvWeightNorm(_WeightNorm):
    """A weight-normalised convolution of images [B, C, H, W]; V from N(0, 0.05) of torch's default generator."""

    def __init__(self, before: int, after: int, kernel: int, *, stride: int = 1, padding: int = 0, **options: Any) -> None:
        direction = torch.empty(after, before, kernel, kernel).normal_(0, 0.05)
        super().__init__(direction, inputs=(1, 2, 3), scale=(1, after, 1, 1), examples=(0, 2, 3), **options)
        self.stride, self.padding = stride, padding

    def product(self, x: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W]."""
        return F.conv2d(x, unit, stride=self.stride, padding=self.padding)


class DoublingWeightNorm(_WeightNorm):
    """A weight-normalised 5 x 5 transposed convolution that doubles the side of images [B, C, H, W]; V as in `ConvWeightNorm`."""

    def __init__(self, before: int, after: int, **options: Any) -> None:
        direction = torch.empty(before, after, 5, 5).normal_(0, 0.05)
        super().__init__(direction, inputs=(0, 2, 3), scale=(1, after, 1, 1), examples=(0, 2, 3), **options)

    def product(self, x: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
        """Return [B, C, 2 H, 2 W]."""
        return F.conv_transpose2d(x, unit, stride=2, padding=2, output_padding=1)


def initialise_from_data(layers: Iterable[nn.Module], x: torch.Tensor) -> torch.Tensor:
    """Pass a batch of data through layers, each of which sets itself by what it gets if it can; return what comes out."""
    with torch.no_grad():
        for layer in layers:
            x = layer.initialise(x) if isinstance(layer, _WeightNorm | MinibatchFeatures) else layer(x)
    return x
