"""Gradients through depth, against differences and what theory says of them."""

import itertools

import numpy as np
import pytest
import torch

from secondlook.papers.radford2016.activations import FUNCTIONS, Settings, measure, run
from secondlook.train.streams import torch_generator

VALUES = {"depth": 4, "units": 16, "batch": 8, "gain": 2.0}


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_gradients_are_those_of_finite_differences(activation: str) -> None:
    """One sum of the first layer moved by a little, for every unit of one image."""
    settings = Settings(activation=activation, depth=2, units=3, batch=1, gain=2.0)
    draw = torch_generator(5, "init")
    x = torch.randn(1, 3, generator=torch_generator(5, "data"), dtype=torch.float64)
    first, second = (torch.randn(3, 3, generator=draw, dtype=torch.float64) * (2 / 3) ** 0.5 for _ in range(2))
    head = torch.randn(3, generator=draw, dtype=torch.float64)
    function = FUNCTIONS[activation]

    def output(sums: torch.Tensor) -> float:
        return float(function(function(sums) @ second) @ head)

    moved = [output(x @ first + step) - output(x @ first - step) for step in 1e-6 * torch.eye(3, dtype=torch.float64)]
    expected = float(np.sqrt(np.mean((np.array(moved) / 2e-6) ** 2)))
    assert measure(settings, 5)[0][0] == pytest.approx(expected, rel=1e-6)


def test_zeros_are_relus_alone() -> None:
    shares = {name: measure(Settings(activation=name, **VALUES), 0)[1] for name in FUNCTIONS}
    assert shares["sigmoid"] == shares["tanh"] == shares["leaky_relu"] == [0.0] * 4
    assert all(0.3 < share < 0.7 for share in shares["relu"])


def test_with_hes_variance_relu_keeps_the_gradient_and_with_half_of_it_loses_root_two_a_layer() -> None:
    lost = {}
    for gain in (1.0, 2.0):
        gradients = [measure(Settings(activation="relu", depth=6, units=256, batch=64, gain=gain), seed)[0] for seed in range(8)]
        lost[gain] = np.mean([np.log(each[-1] / each[0]) for each in gradients]) / 5
    assert lost[2.0] == pytest.approx(0, abs=0.05)
    assert lost[1.0] - lost[2.0] == pytest.approx(np.log(2) / 2, abs=1e-6)


def test_the_sigmoid_lets_through_a_quarter_at_most() -> None:
    gradients, _, _ = measure(Settings(activation="sigmoid", depth=6, units=64, batch=64, gain=1.0), 0)
    assert all(before < 0.35 * after for before, after in itertools.pairwise(gradients))


def test_a_replica_is_the_same_alone_and_among_others(make_job) -> None:
    values = VALUES | {"activation": "relu"}
    rows = run(make_job(values=values, seeds=(3, 4, 5))).history.rows
    assert run(make_job(values=values, seeds=(4,))).history.rows == [row for row in rows if row[0] == 4]
    assert {row[3] for row in rows if row[:3] == (3, 1, "gradient")} != {row[3] for row in rows if row[:3] == (4, 1, "gradient")}
    last = {metric: value for seed, step, metric, value in rows if (seed, step) == (4, 4)}
    first = {metric: value for seed, step, metric, value in rows if (seed, step) == (4, 1)}
    assert last["gradient"] == 1.0
    assert last["lost_decades"] == pytest.approx(-np.log10(first["gradient"]))
    assert last["silent"] == pytest.approx(np.mean([row[3] for row in rows if row[0] == 4 and row[2] == "zeros"]))
