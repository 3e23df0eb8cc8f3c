"""Section 3, guideline on nonlinearities: what reaches the first layer of a deep net, and how many units are silent.

A deep net without batch normalization, at its start: the same weights and images for four nonlinearities.
Shapes: B images, U units.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F

from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.device import configure
from secondlook.train.streams import torch_generator

FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: nonlinearity
    activation: Literal["sigmoid", "tanh", "relu", "leaky_relu"]
    #: variance of a weight times the number of inputs of its layer
    #: 2 keeps the size of gradients through ReLU, 1 through the identity
    gain: float
    #: hidden layers
    depth: int
    #: units of each layer
    units: int
    #: inputs, from N(0, 1)
    batch: int

    def __post_init__(self) -> None:
        at_least(self, 2, "depth")
        at_least(self, 1, "units", "batch")
        above(self, 0, "gain")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"gradient", "zeros", "size", "lost_decades", "silent"}


def run(job: Job) -> Result:
    """Measure one net per seed; a row's step counts hidden layers from the input.

    Metrics of a layer: ``gradient``, root mean square of the derivatives of a random linear function of the last layer by this one's sums
    over that by the last layer's; ``zeros``, share of outputs that are exactly 0; ``size``, their root mean square. In the last row also
    ``lost_decades``, minus the decimal logarithm of the first layer's gradient, and ``silent``, the mean of ``zeros`` over all layers.
    """
    settings = job.settings(Settings)
    configure(job)
    history = History()
    for seed in job.seeds:
        gradients, zeros, sizes = measure(settings, seed)
        for layer in range(settings.depth):
            history.add(seed, layer + 1, gradient=gradients[layer] / gradients[-1], zeros=zeros[layer], size=sizes[layer])
        lost = -torch.tensor(gradients[0] / gradients[-1], dtype=torch.float64).log10().item()
        history.add(seed, settings.depth, lost_decades=lost, silent=sum(zeros) / settings.depth)
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))


def measure(settings: Settings, seed: int) -> tuple[list[float], list[float], list[float]]:
    """Return root mean square gradients, shares of zeros and root mean square outputs of each hidden layer, in float64."""
    draw, function = torch_generator(seed, "init"), FUNCTIONS[settings.activation]
    x_BU = torch.randn(settings.batch, settings.units, generator=torch_generator(seed, "data"), dtype=torch.float64)
    scale = (settings.gain / settings.units) ** 0.5
    sums, zeros, sizes = [], [], []
    for _ in range(settings.depth):
        weight_UU = torch.randn(settings.units, settings.units, generator=draw, dtype=torch.float64) * scale
        sums.append((x_BU @ weight_UU).requires_grad_())
        x_BU = function(sums[-1])
        zeros.append((x_BU == 0).double().mean().item())
        sizes.append(x_BU.square().mean().sqrt().item())
    head_U = torch.randn(settings.units, generator=draw, dtype=torch.float64)
    gradients = torch.autograd.grad((x_BU @ head_U).sum(), sums)
    return [gradient.square().mean().sqrt().item() for gradient in gradients], zeros, sizes
