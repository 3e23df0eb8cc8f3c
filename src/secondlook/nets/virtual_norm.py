"""Batch normalization and virtual batch normalization (Salimans et al. 2016, section 3.5), for perceptrons and for images.

Both work on [R, B, F] of stacked perceptrons and on images [B, C, H, W] of one net, over all but the channels.
Shapes: R replicas, B batch, N reference batch, F features, C channels.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

#: added to a variance
EPS = 1e-5


class _Norm(nn.Module):
    """Scale and shift of each feature, and where the axes lie."""

    def __init__(self, features: int, replicas: int | None, scaled: bool = True) -> None:
        super().__init__()
        shape = (1, features, 1, 1) if replicas is None else (replicas, 1, features)
        self.scale, self.shift = nn.Parameter(torch.ones(shape)) if scaled else None, nn.Parameter(torch.zeros(shape))
        #: the axis of examples, and the axes of pixels
        self.examples = 0 if replicas is None else 1
        self.pixels: tuple[int, ...] = (2, 3) if replicas is None else ()

    def _of_each(self, x: torch.Tensor) -> torch.Tensor:
        """Mean of each example over its pixels."""
        return x.mean(self.pixels, keepdim=True) if self.pixels else x

    def _of_all(self, x: torch.Tensor) -> torch.Tensor:
        """Mean over a batch and its pixels."""
        return x.mean((self.examples, *self.pixels), keepdim=True)

    def _apply_to(self, x: torch.Tensor, mean: torch.Tensor, square: torch.Tensor) -> torch.Tensor:
        variance = (square - mean.square()).clamp_min(0)
        x = (x - mean) / (variance + EPS).sqrt()
        return (x if self.scale is None else x * self.scale) + self.shift


class BatchNorm(_Norm):
    """Normalise by the batch at hand, in training and when samples are drawn, as the released generators do.

    Args:
        features: F or C.
        replicas: R of a stacked net; None for images.
        scaled: is there a scale to learn? There is always a shift.
    """

    def __init__(self, features: int, replicas: int | None = None, scaled: bool = True) -> None:
        super().__init__(features, replicas, scaled)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the same shape."""
        return self._apply_to(x, self._of_all(x), self._of_all(x.square()))


class VirtualBatchNorm(_Norm):
    """Normalise an example by a reference batch and by itself: what it gives does not depend on the rest of its batch.

    mean = w m(x) + (1 - w) m(reference) and the same for the mean square, w = 1 / (N + 1); the reference batch has its own statistics.
    Source: openai/improved-gan @4f5d1ec, imagenet/model.py, VBN. The gradient also flows through the reference batch's statistics.

    Args:
        features: F or C.
        replicas: R of a stacked net; None for images.
    """

    def __init__(self, features: int, replicas: int | None = None) -> None:
        super().__init__(features, replicas)

    def forward(self, x: torch.Tensor, reference: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both normalised."""
        own = 1 / (reference.shape[self.examples] + 1)
        mean, square = self._of_all(reference), self._of_all(reference.square())
        mixed = own * self._of_each(x) + (1 - own) * mean, own * self._of_each(x.square()) + (1 - own) * square
        return self._apply_to(x, *mixed), self._apply_to(reference, mean, square)


class WithReference(nn.Module):
    """Layers in a row, through which a reference batch goes beside each batch; only `VirtualBatchNorm` lets it touch the other.

    Args:
        layers: the layers.
        reference: inputs that are chosen once, before training.
    """

    def __init__(self, layers: Iterable[nn.Module], reference: torch.Tensor) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.reference: torch.Tensor
        self.register_buffer("reference", reference)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the layers make of ``x``."""
        reference = self.reference
        for place, layer in enumerate(self.layers):
            if isinstance(layer, VirtualBatchNorm):
                x, reference = layer(x, reference)
            else:
                x = layer(x)
                if place + 1 < len(self.layers):
                    reference = layer(reference)
        return x
