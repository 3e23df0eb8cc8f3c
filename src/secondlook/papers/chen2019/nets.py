"""Residual and plain convolutional nets of any order of layers.

Sources: He et al. 2015, section 4.2 (6 n + 2 layers; the bottleneck of 9 n + 2) and 2016 (pre-activation); the Keras example
``cifar10_resnet.py``. Shapes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import nn

from secondlook.papers.chen2019.orders import OrderName, split, unit

STAGES = 3
#: channels that leave a bottleneck unit, over those inside it
EXPANSION = 4


def convolution(channels: int, planes: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size at stride 1; He et al.'s initial weights, fan in. It has a bias: no order depends on BN's shift."""
    layer = nn.Conv2d(channels, planes, kernel, stride, padding=kernel // 2)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert layer.bias is not None  # none was switched off above
    nn.init.zeros_(layer.bias)
    return layer


def companions(names: Sequence[str], channels: int, rate: float) -> list[nn.Module]:
    """Make the layers that are no convolution. ``rate`` is the share of units that dropout sets to zero; at 0 there is no dropout layer."""
    made: dict[str, type[nn.Module]] = {"bn": nn.BatchNorm2d, "relu": nn.ReLU, "drop": nn.Dropout}
    arguments: dict[str, list[float]] = {"bn": [channels], "relu": [], "drop": [rate]}
    return [made[name](*arguments[name]) for name in names if name != "drop" or rate]


class Unit(nn.Module):
    """A residual unit: y = shortcut(x) + body(x), and ReLU after that where the arm has it there.

    The shortcut is a strided 1 x 1 convolution where size or width change, else the identity.

    Args:
        convolutions: of each weight layer: channels in, channels out, kernel, stride.
    """

    def __init__(
        self, order: OrderName, convolutions: Sequence[tuple[int, int, int, int]], rate: float, *, relu_after_addition: bool
    ) -> None:
        super().__init__()
        self.relu_after_addition = relu_after_addition
        layers: list[nn.Module] = []
        channels, weights = convolutions[0][0], iter(convolutions)
        names = unit(order, len(convolutions), relu_after_addition=relu_after_addition)
        for name in names[: names.index("add")]:
            if name == "conv":
                inside = next(weights)
                layers.append(convolution(*inside))
                channels = inside[1]
            else:
                layers += companions([name], channels, rate)
        self.body = nn.Sequential(*layers)
        first, stride = convolutions[0][0], max(one[3] for one in convolutions)
        self.shortcut = nn.Identity() if stride == 1 and first == channels else convolution(first, channels, 1, stride)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return [B, C', H', W']."""
        y_BCHW = self.shortcut(x_BCHW) + self.body(x_BCHW)
        return y_BCHW.relu() if self.relu_after_addition else y_BCHW


class ResidualNet(nn.Module):
    """A residual net of three stages for small images.

    Args:
        depth: 6 n + 2 weight layers in basic units, 9 n + 2 in bottlenecks, for n units a stage.
        width: channels of the first stage, twice and four times as many in the others; bottlenecks put out four times these.
        rate: share of units that dropout sets to zero.
    """

    def __init__(
        self,
        order: OrderName,
        depth: int,
        width: int,
        rate: float,
        *,
        relu_after_addition: bool = False,
        kind: Literal["basic", "bottleneck"] = "basic",
        classes: int = 10,
    ) -> None:
        super().__init__()
        before, after = split(order)
        self.stem = nn.Sequential(convolution(3, width, 3), *companions(after, width, rate))
        units, channels = [], width
        for stage in range(STAGES):
            planes = width * 2**stage
            for number in range((depth - 2) // (6 if kind == "basic" else 9)):
                stride = 2 if stage and not number else 1
                if kind == "basic":
                    convolutions = [(channels, planes, 3, stride), (planes, planes, 3, 1)]
                else:
                    convolutions = [(channels, planes, 1, stride), (planes, planes, 3, 1), (planes, EXPANSION * planes, 1, 1)]
                units.append(Unit(order, convolutions, rate, relu_after_addition=relu_after_addition))
                channels = convolutions[-1][1]
        self.units = nn.Sequential(*units)
        self.last = nn.Sequential(*companions(before, channels, rate))
        self.head = nn.Linear(channels, classes)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, classes]; the mean over the map stands for a pooling layer that a GPU would not repeat bit for bit."""
        return self.head(self.last(self.units(self.stem(images_BCHW))).mean((2, 3)))


class Halve(nn.Module):
    """The largest of each 2 x 2 block; equal ones share the gradient, so that a GPU repeats it bit for bit."""

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H / 2, W / 2]."""
        return _LargestOfFour.apply(x_BCHW)


def _corners(x_BCHW: torch.Tensor) -> list[torch.Tensor]:
    """The four pixels of all 2 x 2 blocks, as views [B, C, H / 2, W / 2]; H and W must be even."""
    blocks = x_BCHW.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))
    return [blocks[:, :, :, row, :, column] for row in (0, 1) for column in (0, 1)]


class _LargestOfFour(torch.autograd.Function):
    """What ``amax`` over two axes of two pixels gives, with its gradient and its order in memory, in half of its time on a CPU."""

    @staticmethod
    def forward(ctx: Any, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H / 2, W / 2]."""
        largest = functools.reduce(torch.maximum, _corners(x_BCHW)).contiguous()
        ctx.save_for_backward(x_BCHW, largest)
        return largest

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> torch.Tensor:
        """Return the gradient, which pixels that are equally large share evenly."""
        x_BCHW, largest = ctx.saved_tensors
        won = [corner == largest for corner in _corners(x_BCHW)]
        share = slopes[0] / sum(winners.to(largest.dtype) for winners in won)
        found = torch.empty_like(x_BCHW, memory_format=torch.contiguous_format)
        for corner, winners in zip(_corners(found), won, strict=True):
            torch.mul(share, winners, out=corner)
        return found


class PlainNet(nn.Module):
    """Three 3 x 3 convolutions and a linear head; after each ReLU the map is halved.

    Args:
        width: channels of the first convolution, twice and four times as many in the others.
        side: of the images in pixels, divisible by 8.
        rate: share of units that dropout sets to zero.
        head_rate: the same of a dropout before the linear layer.
    """

    def __init__(self, order: OrderName, width: int, side: int, rate: float, head_rate: float = 0.0, classes: int = 10) -> None:
        super().__init__()
        before, after = split(order)
        layers: list[nn.Module] = []
        channels = 3
        for stage in range(STAGES):
            planes = width * 2**stage
            layers += companions(before, channels, rate) if stage else []
            layers += [convolution(channels, planes, 3), *companions(after, planes, rate)]
            channels = planes
        layers += companions(before, channels, rate)
        self.layers = nn.Sequential(*(part for layer in layers for part in ((layer, Halve()) if isinstance(layer, nn.ReLU) else (layer,))))
        self.drop = nn.Dropout(head_rate) if head_rate else nn.Identity()
        self.head = nn.Linear(channels * (side // 2**STAGES) ** 2, classes)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, classes]."""
        return self.head(self.drop(self.layers(images_BCHW).flatten(1)))
