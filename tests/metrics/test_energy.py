"""The energy distance against closed forms and the double loop."""

import numpy as np
import pytest
import torch

from secondlook.metrics.energy import energy_distance


def test_it_is_the_double_loop_over_different_points() -> None:
    x, y = torch.randn(5, 2, dtype=torch.float64), torch.randn(4, 2, dtype=torch.float64)
    between = np.mean([float((a - b).norm()) for a in x for b in y])
    within = [np.mean([float((a - b).norm()) for i, a in enumerate(z) for j, b in enumerate(z) if i != j]) for z in (x, y)]
    assert energy_distance(x, y) == pytest.approx(2 * between - sum(within))


def test_two_points_at_a_distance() -> None:
    assert energy_distance(torch.zeros(3, 2), torch.tensor([[3.0, 4.0]] * 2)) == pytest.approx(10)


def test_samples_of_one_distribution_are_at_zero_on_average() -> None:
    draw = torch.Generator().manual_seed(0)
    found = [energy_distance(torch.randn(50, 3, generator=draw), torch.randn(50, 3, generator=draw)) for _ in range(200)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(200)
