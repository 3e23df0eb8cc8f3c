"""Multilayer perceptrons, R of them computed together: replicas of one shape, each with its own weights.

Every array carries the replicas as its first axis. A replica's numbers are the same bits alone and among others: products are batched
matrix products, and those with a single row or column, which depend on R, are products and sums of numbers instead. For that a job on a
CPU must have one thread, and batches and hidden layers must be multiples of 32: a CPU computes functions on two vector registers at a
time, up to 32 numbers, and may round what is left over in another way.
Shapes: R replicas, B batch, I inputs of a layer, O its outputs.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

#: (weight [I, O], bias [O], generator) -> None; fills both in place
Initialise = Callable[[torch.Tensor, torch.Tensor, torch.Generator], None]
Activation = Callable[[torch.Tensor], torch.Tensor]


def torch_default(weight: torch.Tensor, bias: torch.Tensor, generator: torch.Generator) -> None:
    """Fill as torch.nn.Linear does: both uniform on +-1 / root(I)."""
    bound = 1 / math.sqrt(weight.shape[0])
    weight.uniform_(-bound, bound, generator=generator)
    bias.uniform_(-bound, bound, generator=generator)


def orthogonal(gain: float) -> Initialise:
    """Return a filling with ``gain`` times a matrix of orthonormal rows or columns; biases 0."""

    def fill(weight: torch.Tensor, bias: torch.Tensor, generator: torch.Generator) -> None:
        nn.init.orthogonal_(weight, gain, generator=generator)
        bias.zero_()

    return fill


def uniform(bound: float) -> Initialise:
    """Return a filling with weights uniform on +-``bound`` (pylearn2's irange); biases 0."""

    def fill(weight: torch.Tensor, bias: torch.Tensor, generator: torch.Generator) -> None:
        weight.uniform_(-bound, bound, generator=generator)
        bias.zero_()

    return fill


class StackedLinear(nn.Module):
    """R affine maps [R, B, I] -> [R, B, O]."""

    def __init__(self, inputs: int, outputs: int, generators: Sequence[torch.Generator], initialise: Initialise) -> None:
        super().__init__()
        weight, bias = torch.empty(len(generators), inputs, outputs), torch.empty(len(generators), 1, outputs)
        for replica, generator in enumerate(generators):
            initialise(weight[replica], bias[replica, 0], generator)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, x_RBI: torch.Tensor) -> torch.Tensor:
        """Return [R, B, O]."""
        if self.weight.shape[2] == 1:  # a matrix product with one column gives other bits for other R
            return (x_RBI * self.weight.transpose(1, 2)).sum(-1, keepdim=True) + self.bias
        if self.weight.shape[1] == 1:  # so does one with one row
            return x_RBI * self.weight + self.bias
        return torch.baddbmm(self.bias, x_RBI, self.weight)


class StackedMLP(nn.Module):
    """R perceptrons of one shape.

    Args:
        sizes: width of the input, of each hidden layer and of the output.
        generators: one a replica, which its weights are drawn from.
        activation: after each hidden layer.
        initialise: how a layer's weights are drawn.
        output: after the last layer.
        shape: shape of one output; () for a discriminator's single number.
        dropout: share of the inputs and of each hidden layer that is dropped in training; one replica at a time, since the draws
            come from torch's global generator.
        pieces: linear pieces of a maxout unit (Goodfellow et al. 2013); the maximum over them then takes the place of ``activation``.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        generators: Sequence[torch.Generator],
        *,
        activation: Activation = torch.relu,
        initialise: Initialise = torch_default,
        output: Activation | None = None,
        shape: Sequence[int] = (),
        dropout: tuple[float, float] = (0.0, 0.0),
        pieces: int = 1,
    ) -> None:
        super().__init__()
        if any(dropout) and len(generators) > 1:
            raise ValueError("dropout draws from torch's global generator: one replica at a time")
        *hidden, last = sizes[1:]
        widths = [size * pieces for size in hidden] + [last]
        self.layers = nn.ModuleList(
            StackedLinear(inputs, outputs, generators, initialise) for inputs, outputs in zip(sizes[:-1], widths, strict=True)
        )
        self.activation, self.output, self.shape, self.dropout, self.pieces = activation, output, tuple(shape), dropout, pieces

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [R, B, *shape] of inputs [R, B, ...], whose further axes are flattened."""
        *hidden, last = self.layers
        x = self._dropped(x.flatten(2), 0)
        for layer in hidden:
            x = layer(x)
            x = x.unflatten(-1, (-1, self.pieces)).amax(-1) if self.pieces > 1 else self.activation(x)
            x = self._dropped(x, 1)
        x = last(x)
        x = self.output(x) if self.output else x
        return x.reshape(*x.shape[:2], *self.shape)

    def _dropped(self, x: torch.Tensor, place: int) -> torch.Tensor:
        """Apply the dropout of the input or of the hidden layers, if there is one: a call that does nothing takes its time as well."""
        return nn.functional.dropout(x, self.dropout[place], self.training) if self.dropout[place] else x

    def one(self, replica: int) -> StackedMLP:
        """Return the perceptron of one replica alone, a copy: what is measured replica by replica need not go through all of them."""
        twin = copy.deepcopy(self)
        for layer in twin.layers:
            for name, parameter in list(layer.named_parameters()):
                setattr(layer, name, nn.Parameter(parameter[replica : replica + 1].detach().clone()))
        return twin
