"""Encoder and decoder as perceptrons that mirror each other, R of them computed together.

Shapes: R replicas, B batch, D pixels, Z what the decoder reads, O what the encoder gives.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from secondlook.nets.mlp import Initialise, StackedMLP, torch_default


class Autoencoder(nn.Module):
    """R pairs of an encoder D - hidden - O and a decoder Z - hidden backwards - D, ReLU between layers, none after the last.

    Args:
        pixels: D.
        hidden: widths of the encoder's hidden layers, the decoder has them backwards.
        outputs: O, numbers that the encoder gives: the code, or mean and log variance of a Gaussian one.
        code: Z, numbers that the decoder reads.
        encoder_generators: one a replica, which the encoder's weights are drawn from.
        decoder_generators: the same for the decoder.
        initialise: how a layer's weights are drawn.
        dropout: share of each hidden layer that is dropped in training; one replica at a time.
    """

    def __init__(
        self,
        pixels: int,
        hidden: Sequence[int],
        outputs: int,
        code: int,
        encoder_generators: Sequence[torch.Generator],
        decoder_generators: Sequence[torch.Generator],
        *,
        initialise: Initialise = torch_default,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        drop = (0.0, dropout)
        self.encoder = StackedMLP([pixels, *hidden, outputs], encoder_generators, initialise=initialise, shape=(outputs,), dropout=drop)
        self.decoder = StackedMLP(
            [code, *reversed(hidden), pixels], decoder_generators, initialise=initialise, shape=(pixels,), dropout=drop
        )

    def encode(self, images_RBD: torch.Tensor) -> torch.Tensor:
        """Return the encoder's numbers [R, B, O]."""
        return self.encoder(images_RBD)

    def decode(self, code_RBZ: torch.Tensor) -> torch.Tensor:
        """Return pixels before any squashing (logits of white), [R, B, D]."""
        return self.decoder(code_RBZ)
