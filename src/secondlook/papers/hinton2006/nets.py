"""The deep autoencoder: an encoder that narrows down to a linear code, and a decoder of the same layers in reverse.

Shapes: R replicas, B batch, P pixels, Z code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from secondlook.nets.mlp import Initialise, StackedMLP
from secondlook.papers.hinton2006.rbm import RBM

Units = Literal["sigmoid", "relu"]
Start = Literal["small", "xavier", "he", "rbm"]
ACTIVATIONS = {"sigmoid": torch.sigmoid, "relu": torch.relu}
#: standard deviation of small weights
SMALL = 0.01


def initialise(start: Start) -> Initialise:
    """Return how a layer's weights are drawn; biases are 0.

    small: normal, `SMALL` wide, and so for weights that a stack of RBMs replaces; xavier: uniform (Glorot and Bengio 2010, eq. 16);
    he: normal, for rectified units (He et al. 2015, eq. 10).
    """

    def fill(weight_IO: torch.Tensor, bias_O: torch.Tensor, generator: torch.Generator) -> None:
        inputs, outputs = weight_IO.shape
        if start == "xavier":
            bound = (6 / (inputs + outputs)) ** 0.5
            weight_IO.uniform_(-bound, bound, generator=generator)
        else:
            weight_IO.normal_(0, (2 / inputs) ** 0.5 if start == "he" else SMALL, generator=generator)
        bias_O.zero_()

    return fill


class Autoencoder(nn.Module):
    """R autoencoders of one shape.

    Args:
        pixels: pixels of an image.
        hidden: hidden units of the encoder's layers; the decoder has them in reverse.
        code: numbers of the code, whose units are linear.
        units: what hidden units compute; the outputs are logistic.
        start: how the weights begin.
        generators: one a replica, which its weights are drawn from.
    """

    def __init__(
        self, pixels: int, hidden: Sequence[int], code: int, units: Units, start: Start, generators: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        fill, activation = initialise(start), ACTIVATIONS[units]
        self.encoder = StackedMLP([pixels, *hidden, code], generators, activation=activation, initialise=fill, shape=(code,))
        self.decoder = StackedMLP([code, *reversed(hidden), pixels], generators, activation=activation, initialise=fill, shape=(pixels,))

    def forward(self, images_RBP: torch.Tensor) -> torch.Tensor:
        """Return the logits of the reconstructions [R, B, P]."""
        return self.decoder(self.encoder(images_RBP))

    def unroll(self, machines: Sequence[RBM]) -> None:
        """Take the weights of a stack of RBMs: as they are on the way to the code, transposed on the way back (Fig. 1 of the paper)."""
        for machine, up, down in zip(machines, self.encoder.layers, reversed(self.decoder.layers), strict=True):
            up.load_state_dict({"weight": machine.weight_RVH, "bias": machine.hidden_R1H})
            down.load_state_dict({"weight": machine.weight_RVH.transpose(1, 2), "bias": machine.visible_R1V})
