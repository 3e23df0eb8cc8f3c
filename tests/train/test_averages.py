"""Averages of weights, and the pull of historical averaging."""

import numpy as np
import pytest
import torch

from secondlook.train.averages import HistoricalAveraging, WeightAverage


def walk(average: WeightAverage, weights: torch.Tensor, values: list[float]) -> None:
    for value in values:
        weights.fill_(value)
        average.include()


def test_a_mean_counts_all_weights_alike() -> None:
    weights = torch.zeros(3)
    average = WeightAverage([weights])
    walk(average, weights, [1.0, 2.0, 6.0])
    torch.testing.assert_close(average.values()[0], torch.full((3,), 3.0))


@pytest.mark.parametrize("corrected", [True, False])
def test_a_running_average_is_the_released_recursion_and_its_correction(corrected: bool) -> None:
    weights, values, expected = torch.zeros(2, dtype=torch.float64), [5.0, 4.0, 7.0], 0.0
    average = WeightAverage([weights], 0.1, corrected)
    walk(average, weights, values)
    for value in values:
        expected += 0.1 * (value - expected)
    held = 1 - 0.9**3 if corrected else 1.0
    assert average.values()[0].tolist() == pytest.approx([expected / held] * 2)


def test_before_the_first_update_the_weights_are_their_average() -> None:
    assert WeightAverage([torch.ones(2)], 0.1).values()[0].tolist() == [1.0, 1.0]


def test_it_goes_on_from_a_checkpoint() -> None:
    weights = torch.zeros(2)
    first, second = WeightAverage([weights], 0.3), WeightAverage([weights], 0.3)
    walk(first, weights, [1.0, 2.0])
    second.load({name: tensor.clone() for name, tensor in first.tensors().items()}, first.count)
    for average in (first, second):
        walk(average, weights, [3.0])
    assert torch.equal(first.values()[0], second.values()[0])


def test_historical_averaging_adds_the_gradient_of_its_cost_with_the_mean_held_fixed() -> None:
    iterates = np.random.default_rng(0).normal(size=(4, 3))
    weights = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    history = HistoricalAveraging([weights], 0.7)
    for step, iterate in enumerate(iterates, 1):
        with torch.no_grad():
            weights.copy_(torch.from_numpy(iterate))
        (pulled,) = history.added_to([torch.ones(3, dtype=torch.float64)])
        cost = 0.7 * (weights - torch.from_numpy(iterates[:step].mean(0))).square().sum()
        (slope,) = torch.autograd.grad(cost, [weights])
        torch.testing.assert_close(pulled, 1 + slope)
