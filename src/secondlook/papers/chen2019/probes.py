"""What is measured on a net without changing it: batch statistics, variance shift, dependence of a layer's inputs, and their drift.

Every function works on a copy of the net. "As in training" means batch normalization by the batch's own statistics, over batches as large
as in training, and dropout at work. Shapes: N images, B batch, C channels, H height, W width, U samples of a unit, K units.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import nn

from secondlook.train.streams import seed_default
from secondlook.train.supervised import Task

#: training images that a probe looks at, at most
IMAGES = 1000
#: images of which dependence is measured, channels of a layer, and positions of the maps of a batch, at most
SAMPLED_IMAGES, CHANNELS, POSITIONS = 960, 16, 1024
#: images of which the drift is measured
MOMENT_IMAGES = 256
#: bins of a unit's values, of equal width over four standard deviations around the mean; a dropped unit has a bin of its own
BINS = 12


def norms(net: nn.Module) -> dict[str, nn.Module]:
    """Batch normalizations, in the order of the forward pass."""
    return {name: layer for name, layer in net.named_modules() if isinstance(layer, nn.BatchNorm2d)}


def fed(net: nn.Module) -> dict[str, nn.Module]:
    """Convolutions whose input other layers make: all but the first one and the shortcuts, in the order of the forward pass."""
    found = [(name, layer) for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d) and "shortcut" not in name]
    return dict(found[1:])


def batches(task: Task, count: int = IMAGES) -> Iterator[torch.Tensor]:
    """Whole batches of the first training images, prepared, as large as in training."""
    images_NCHW = task.train.images_NCHW[:count]
    for part_BCHW in images_NCHW.split(task.batch):
        if len(part_BCHW) == task.batch:
            yield task.prepare(part_BCHW).contiguous(memory_format=torch.channels_last)


def _modes(net: nn.Module, *, norm: bool, dropout: bool) -> nn.Module:
    """Put the net in evaluation mode but for its batch normalizations and dropouts, which are as asked."""
    net.eval()
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.train(norm)
        elif isinstance(layer, nn.Dropout):
            layer.train(dropout)
    return net


@torch.no_grad()
def reestimated(task: Task, net: nn.Module) -> nn.Module:
    """Return a copy whose batch statistics are means over batches of training images *without dropout*; its weights are the same."""
    twin = _modes(copy.deepcopy(net), norm=True, dropout=False)
    for layer in norms(twin).values():
        assert isinstance(layer, nn.BatchNorm2d)
        layer.reset_running_stats()
        layer.momentum = None  # a cumulative mean, each batch with the same weight
    for batch_BCHW in batches(task):
        twin(batch_BCHW)
    return twin.eval()


@torch.no_grad()
def variance_ratios(task: Task, net: nn.Module, seed: int) -> list[float]:
    """Variance of what enters each batch normalization in evaluation mode over that as in training; geometric mean over channels.

    1 where there is no shift (Li et al. 2018).
    """
    twin = copy.deepcopy(net)
    layers = norms(twin)
    shares = []
    for training in (False, True):
        _modes(twin, norm=training, dropout=training)
        sums: dict[str, list[torch.Tensor]] = {name: [] for name in layers}
        seed_default(seed, "eval", device=task.device)
        with watched(layers, lambda name, x, _, sums=sums: sums[name].append(x.double().var((0, 2, 3), correction=0))):  # type: ignore[misc]
            for batch_BCHW in batches(task):
                twin(batch_BCHW)
        shares.append([torch.stack(parts).mean(0) for parts in sums.values()])
    return [float((tested / trained).log().mean().exp()) for tested, trained in zip(*shares, strict=True)]


@contextlib.contextmanager
def watched(layers: Mapping[str, nn.Module], note: Callable[[str, torch.Tensor, torch.Tensor], object]) -> Iterator[None]:
    """Call ``note`` with name, input and output of each of the layers whenever they are used."""
    hooks = [layer.register_forward_hook(lambda _, x, y, name=name: note(name, x[0], y)) for name, layer in layers.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def dependence(task: Task, net: nn.Module, seed: int) -> dict[str, float]:
    """How dependent pairs of channels are, as in training: means over the inputs of the convolutions, and what dropout changes.

    ``correlation``: mean absolute correlation of pairs; ``information``: mean mutual information in nats, of binned values.
    ``correlation_ratio``, ``information_ratio``: the same after each dropout layer over before it, in the same pass; none without dropout.
    """
    twin = _modes(copy.deepcopy(net), norm=True, dropout=True)
    drops = {name: layer for name, layer in twin.named_modules() if isinstance(layer, nn.Dropout)}
    inputs: dict[str, list[torch.Tensor]] = {name: [] for name in fed(twin)}
    pairs: dict[str, tuple[list[torch.Tensor], list[torch.Tensor]]] = {name: ([], []) for name in drops}
    seed_default(seed, "eval", device=task.device)

    def note_drop(name: str, x: torch.Tensor, y: torch.Tensor) -> None:
        if x.ndim == 4:  # not the one before the linear head
            before, after = pairs[name]
            before.append(_flat(x))
            after.append(_flat(y))

    with watched(fed(twin), lambda name, x, _: inputs[name].append(_flat(x))), watched(drops, note_drop):
        for batch_BCHW in batches(task, SAMPLED_IMAGES):
            twin(batch_BCHW)
    measured = [(correlation(x), information(x, x)) for x in map(torch.cat, inputs.values())]
    found = dict(zip(("correlation", "information"), np.mean(measured, axis=0).tolist(), strict=True))
    sums = np.zeros(4)
    for name, (before, after) in pairs.items():
        if before:
            x, kept = torch.cat(before), 1 - float(drops[name].p)
            y = torch.cat(after) * kept
            sums += [correlation(y), correlation(x), information(y, x), information(x, x)]
    if sums[1] > 0 and sums[3] > 0:
        found |= {"correlation_ratio": float(sums[0] / sums[1]), "information_ratio": float(sums[2] / sums[3])}
    return found


def _flat(x_BCHW: torch.Tensor) -> torch.Tensor:
    """Samples of the first channels: [U, K], at most ``POSITIONS`` of each batch, spread evenly."""
    x_UK = x_BCHW[:, :CHANNELS].permute(0, 2, 3, 1).reshape(-1, min(CHANNELS, x_BCHW.shape[1]))
    return x_UK[:: max(1, len(x_UK) // POSITIONS)].clone()


def correlation(x_UK: torch.Tensor) -> float:
    """Mean absolute correlation over pairs of columns, of those that are not constant."""
    x_UK = x_UK.double()[:, x_UK.std(0) > 0]
    among = torch.corrcoef(x_UK.T).abs()
    return float(among[_pairs(len(among))].mean()) if x_UK.shape[1] > 1 else 0.0


def information(x_UK: torch.Tensor, scale_UK: torch.Tensor) -> float:
    """Mean mutual information in nats over pairs of columns, of binned values, less its bias (Miller 1955).

    Args:
        scale_UK: whose means and deviations set the bins, so that values before and after dropout fall into the same ones.
    """
    live = scale_UK.std(0) > 0
    x_UK, scale_UK = x_UK[:, live], scale_UK[:, live]
    samples, units = x_UK.shape
    if units < 2:
        return 0.0
    places = ((x_UK - scale_UK.mean(0)) / scale_UK.std(0) + 2) / 4 * BINS
    bins = torch.where(x_UK == 0, 0, 1 + places.floor().clamp(0, BINS - 1).long())  # 0: set to zero, by dropout or by ReLU
    ones = torch.zeros(samples, units * (BINS + 1), device=x_UK.device)  # [U, K (bins + 1)], one-hot; sums are counts, and exact
    ones.scatter_(1, bins + (BINS + 1) * torch.arange(units, device=x_UK.device), 1.0)
    joint_KbKb = (ones.T @ ones).double().view(units, BINS + 1, units, BINS + 1).transpose(1, 2) / samples
    alone_Kb = ones.double().mean(0).view(units, BINS + 1)
    product = alone_Kb[:, None, :, None] * alone_Kb[None, :, None, :]
    nats = torch.where(joint_KbKb > 0, joint_KbKb * (joint_KbKb / product).log(), 0.0).sum((2, 3))
    used = (alone_Kb > 0).sum(1)
    bias = ((joint_KbKb > 0).sum((2, 3)) - used[:, None] - used[None, :] + 1) / (2 * samples)
    return float((nats - bias)[_pairs(units)].mean())


def _pairs(units: int) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = torch.triu_indices(units, units, 1)
    return first, second


@torch.no_grad()
def moments(task: Task, net: nn.Module) -> np.ndarray:
    """Mean and deviation of each channel that enters a convolution, [units, 2]: batch statistics, no dropout, the same images each time."""
    twin = _modes(copy.deepcopy(net), norm=True, dropout=False)
    found: list[torch.Tensor] = []
    with watched(fed(twin), lambda _, x, __: found.append(torch.stack([x.mean((0, 2, 3)), x.std((0, 2, 3))], 1))):
        twin(task.prepare(task.train.images_NCHW[:MOMENT_IMAGES]).contiguous(memory_format=torch.channels_last))
    return torch.cat(found).double().cpu().numpy()


def drift(before: np.ndarray, after: np.ndarray) -> float:
    """Mean distance of the units' laws between two times, in deviations: Wasserstein's of normal laws with these means and deviations."""
    pooled = np.sqrt((before[:, 1] ** 2 + after[:, 1] ** 2) / 2)
    live = pooled > 0
    return float((np.linalg.norm(after - before, axis=1)[live] / pooled[live]).mean())
