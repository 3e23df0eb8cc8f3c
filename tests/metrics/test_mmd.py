"""The squared MMD against sums over all pairs."""

from __future__ import annotations

import math

import pytest
import torch

from secondlook.metrics.mmd import mmd2


def normal(count: int, seed: int, size: int = 2) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_it_is_the_sum_over_pairs(scale: float) -> None:
    x, y = normal(6, 0).double(), normal(5, 1).double() + 1

    def kernel(a: torch.Tensor, b: torch.Tensor) -> float:
        return 4 * scale**2 / (4 * scale**2 + float((a - b).square().sum()))

    own = [sum(kernel(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j) / (len(s) * (len(s) - 1)) for s in (x, y)]
    cross = sum(kernel(a, b) for a in x for b in y) / 30
    assert mmd2(x, y, scale) == pytest.approx(own[0] + own[1] - 2 * cross, abs=1e-12)


def test_equal_distributions_scatter_around_zero() -> None:
    values = torch.tensor([mmd2(normal(200, 2 * seed), normal(200, 2 * seed + 1)) for seed in range(40)])
    assert abs(values.mean()) < 3 * values.std() / math.sqrt(40) and values.min() < 0 < values.max()


def test_it_rises_with_the_shift_and_is_nan_where_a_point_is() -> None:
    x, y = normal(300, 0), normal(300, 1)
    values = [mmd2(x, y + shift) for shift in (0.5, 1.0, 3.0, 30.0)]
    assert values == sorted(values) and 1.0 < values[-1] < 2.0
    y[0] = float("nan")
    assert math.isnan(mmd2(x, y))
