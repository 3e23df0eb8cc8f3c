"""Averages of a net's weights over its updates: historical averaging pulls towards one, and a classifier is tested at one.

Shapes are those of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

Tensors = Sequence[torch.Tensor]


class WeightAverage:
    """An average of weights that is brought up to date with `include`.

    Args:
        parameters: the weights; their average starts at zero.
        rate: share of the newest weights in a running average; None: the mean of all weights so far.
        corrected: divide a running average by what it holds of all weights, 1 - (1 - rate)^n, as Adam does. Without, its first values are
            near zero: after n updates with rate 1e-4 it holds n / 10,000 of them.
    """

    def __init__(self, parameters: Tensors, rate: float | None = None, corrected: bool = True) -> None:
        self.parameters, self.rate, self.corrected, self.count = list(parameters), rate, corrected, 0
        self._sums = [torch.zeros_like(parameter) for parameter in self.parameters]

    @torch.no_grad()
    def include(self) -> None:
        """Count the weights as they are now."""
        self.count += 1
        share = 1 / self.count if self.rate is None else self.rate
        for average, parameter in zip(self._sums, self.parameters, strict=True):
            average.lerp_(parameter, share)

    def values(self) -> list[torch.Tensor]:
        """The average; the weights themselves before the first `include`."""
        if not self.count:
            return [parameter.detach().clone() for parameter in self.parameters]
        held = 1 - (1 - self.rate) ** self.count if self.rate is not None and self.corrected else 1.0
        return [average / held for average in self._sums]

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a checkpoint must keep, besides ``count``; copies of nothing."""
        return {str(index): average for index, average in enumerate(self._sums)}

    def load(self, tensors: Mapping[str, torch.Tensor], count: int) -> None:
        """Put back what `tensors` and ``count`` gave."""
        for index, average in enumerate(self._sums):
            average.copy_(tensors[str(index)])
        self.count = count


class HistoricalAveraging:
    """A player's cost has weight ||theta - (1 / t) sum_i theta[i]||^2 (Salimans et al. 2016, section 3.3).

    The mean is over all iterates up to and with the current one, and is held fixed: the gradient is 2 weight (theta - mean).
    """

    def __init__(self, parameters: Tensors, weight: float) -> None:
        self.average, self.weight = WeightAverage(parameters), weight

    @torch.no_grad()
    def added_to(self, gradients: Tensors) -> list[torch.Tensor]:
        """Count the weights as they are now, and return the gradients with that of the cost."""
        self.average.include()
        pulls = zip(gradients, self.average.parameters, self.average.values(), strict=True)
        return [gradient + 2 * self.weight * (parameter - mean) for gradient, parameter, mean in pulls]
