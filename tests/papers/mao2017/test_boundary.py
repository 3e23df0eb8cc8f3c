"""The push on fakes beyond the data: its definition on given numbers, and a short training."""

import numpy as np
import pytest
import torch

from secondlook.errors import UserError
from secondlook.papers.mao2017 import boundary

VALUES = {"steps": 30, "batch": 16, "width": 8, "records": 5, "probes": 40, "moderate": 20}


def test_measure_takes_the_fakes_beyond_that_pass_for_real() -> None:
    push = np.array([1.0, 3.0, 0.5, 100.0])
    row = boundary.measure(push, np.array([True, False, True, False]), 2)
    assert row == {"real_side": 0.5, "push_left": 2.0, "push_beyond": 0.5, "relative_push": 0.5 / push.mean()}


def test_no_mean_over_hardly_any_fakes() -> None:
    there = np.zeros(200, bool)
    there[[0, 150]] = True  # one of a hundred beyond
    assert set(boundary.measure(np.ones(200), there, 100)) == {"real_side", "push_left"}


@pytest.mark.parametrize(
    ("push", "left"), [({1: 2.0, 9: 0.4, 3: 4.0}, -1.0), ({5: 3.0}, 0.0), ({}, 0.0), ({1: 1.0, 2: 0.0}, -45.0), ({1: 0.0, 2: 0.0}, 0.0)]
)
def test_decades_of_what_is_left_of_the_largest_push(push: dict[int, float], left: float) -> None:
    assert boundary.decades(push) == pytest.approx(left)


@pytest.mark.parametrize("loss", boundary.BOUNDARY)
def test_a_run_records_both_situations(make_job, loss: str) -> None:
    result = boundary.run(make_job(values=VALUES | {"loss": loss}, seeds=(0, 1)))
    rows = {(replica, step, metric): value for replica, step, metric, value in result.history.rows}
    assert {step for _, step, _ in rows} == {1, 2, 5, 13, 30}
    assert {metric for *_, metric in rows} == boundary.Settings(**VALUES | {"loss": loss}).metrics()
    for seed in (0, 1):
        for place in boundary.SITUATIONS:
            assert 0 <= rows[seed, 30, f"real_side_{place}"] <= 1
            for push in ("push_left", "push_beyond"):
                for when, until in (("", 30), ("_moderate", 20)):
                    steps = [step for step in (1, 2, 5, 13, 30) if step <= until and (seed, step, f"{push}_{place}") in rows]
                    values = [rows[seed, step, f"{push}_{place}"] for step in steps] or [1.0]  # no fake there: nothing faded
                    assert rows[seed, 30, f"{push}_decades{when}_{place}"] == pytest.approx(np.log10(values[-1] / max(values)))
            assert 0 <= rows[seed, 30, f"mean_relative_push_{place}"] <= 2
        # the same net on the same data until the first update has been made
        assert rows[seed, 1, "push_left_seen"] == pytest.approx(rows[seed, 1, "push_left_unseen"], rel=0.2)
        assert rows[seed, 30, "push_left_seen"] != rows[seed, 30, "push_left_unseen"]


def test_the_curves_of_figure_2() -> None:
    """The sigmoid cross-entropy is flat where D says real, the square at its target alone."""
    for loss, flat in (("non-saturating", 6.0), ("ls-0-1-1", 1.0), ("ls-neg1-1-0", 0.0)):
        output, value, slope = boundary.curve(loss)
        assert output[slope.argmin()] == pytest.approx(flat)
        np.testing.assert_allclose(np.abs(np.gradient(value, output))[1:-1], slope[1:-1], atol=0.06)


def test_a_run_keeps_outputs_of_its_first_seed(make_job) -> None:
    result = boundary.run(make_job(values=VALUES | {"loss": "ls-0-1-1"}, seeds=(3, 4)))
    assert {name: array.shape for name, array in result.arrays.items()} == {"3/curve": (3, 241), "3/outputs": (2, 40)}


def test_push_is_the_gradient_of_one_fakes_own_loss(make_job, monkeypatch) -> None:
    """With D(x) = x_1 the gradient is (x_1 - 1, 0) for the targets (0, 1, 1), whatever the number of fakes."""

    class First(torch.nn.Module):
        def __init__(self, *_, **__) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, x_RBI: torch.Tensor) -> torch.Tensor:
            return x_RBI[..., 0] * self.weight

    monkeypatch.setattr(boundary, "StackedMLP", First)
    monkeypatch.setattr(boundary, "fit_discriminator", lambda *_, watched, watch, **__: [watch(step) for step in watched])
    rows = boundary.run(make_job(values=VALUES | {"loss": "ls-0-1-1", "probes": 4000})).history.rows
    last = {metric: value for _, step, metric, value in rows if step == 30}
    assert last["real_side_seen"] == pytest.approx(1.0, abs=1e-3)
    assert last["push_left_seen"] == pytest.approx(3.0, abs=0.03)  # at -2
    assert last["push_beyond_seen"] == pytest.approx(1.0, abs=0.03)  # at 2
    assert last["relative_push_seen"] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"loss": "wasserstein"}, "'wasserstein' has no decision boundary"),
        ({"records": 31}, "'records' must be at most 'steps', got records 31 and steps 30"),
        ({"probes": 0}, "'probes' must be at least 1, got 0"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        boundary.Settings(**{"loss": "minimax"} | VALUES | wrong)
