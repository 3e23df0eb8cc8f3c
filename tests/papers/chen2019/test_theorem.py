"""The laws against other ways to the same numbers: by hand, by normal units, by sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from secondlook.errors import UserError
from secondlook.papers.chen2019 import theorem
from secondlook.papers.chen2019.theorem import Pair, Settings, gated


def coins(c: float) -> tuple[np.ndarray, np.ndarray]:
    """Two units of -1 and 1 with correlation c."""
    return np.array([[1 + c, 1 - c], [1 - c, 1 + c]]) / 4, np.array([-1.0, 1.0])


@pytest.mark.parametrize("c", [0.3, 0.8])
@pytest.mark.parametrize("p", [0.95, 0.9, 0.5])
def test_coins_by_hand(c: float, p: float) -> None:
    joint, values = coins(c)
    information = (1 + c) / 2 * math.log(1 + c) + (1 - c) / 2 * math.log(1 - c)
    assert Pair(joint, values).correlation == pytest.approx(c)
    assert Pair(joint, values).information == pytest.approx(information)
    assert gated(joint, values, p).correlation == pytest.approx(p * c)
    assert gated(joint, values, p).information == pytest.approx(p**2 * information)


@pytest.mark.parametrize(("p", "ratio"), [(0.95, 0.93), (0.9, 0.86), (0.5, 0.41)])
def test_rectified_normal_units_lose_more_correlation(p: float, ratio: float) -> None:
    """ReLU of a standard normal unit has mean 1 / sqrt(2 pi) and second moment 1 / 2, whatever the other unit."""
    points = np.linspace(-5, 5, 401)
    first, second = np.meshgrid(points, points, indexing="ij")
    joint = stats.multivariate_normal(cov=[[1, 0.3], [0.3, 1]]).pdf(np.stack([first, second], -1))
    joint /= joint.sum()
    bent = np.maximum(points, 0)
    found = gated(joint, bent, p).correlation / Pair(joint, bent).correlation
    square = 1 / (2 * math.pi)
    assert found == pytest.approx(p * (0.5 - square) / (0.5 - square + (1 - p) * square), abs=1e-4)
    assert found == pytest.approx(ratio, abs=0.005)


def test_gates_by_sampling() -> None:
    joint, values = theorem.draw(3, 5)
    draws = np.random.default_rng(0)
    flat = draws.choice(25, size=400_000, p=joint.ravel())
    x, y = values[flat // 5] * (draws.random(len(flat)) < 0.7), values[flat % 5] * (draws.random(len(flat)) < 0.7)
    assert gated(joint, values, 0.7).correlation == pytest.approx(np.corrcoef(x, y)[0, 1], abs=0.01)


def test_a_gate_that_hides_behind_a_zero_leaves_less_information() -> None:
    """A value of 0 cannot be told from a closed gate; the second law needs units without it."""
    joint = np.array([[3.0, 1.0, 1.0], [1.0, 3.0, 1.0], [1.0, 1.0, 3.0]]) / 15
    seen, hidden = np.array([-1.0, 0.5, 1.0]), np.array([-1.0, 0.0, 1.0])
    whole = Pair(joint, seen).information
    assert Pair(joint, hidden).information == pytest.approx(whole)
    assert gated(joint, seen, 0.5).information == pytest.approx(0.25 * whole)
    assert gated(joint, hidden, 0.5).information < 0.24 * whole


@pytest.mark.parametrize("seed", range(5))
def test_drawn_units_are_standardised_exchangeable_and_never_0(seed: int) -> None:
    joint, values = theorem.draw(seed, 6)
    assert joint.sum() == pytest.approx(1) and np.allclose(joint, joint.T)
    assert Pair(joint, values).moments == pytest.approx((0, 1), abs=1e-12)
    assert Pair(joint, values).correlation > 0.05 and np.abs(values).min() > 0


def test_a_run_writes_its_metrics_and_its_gaps_are_rounding_errors(make_job) -> None:
    result = theorem.run(make_job(values={"keep": 0.7}, seeds=(0, 1, 2)))
    assert {metric for _, _, metric, _ in result.history.rows} == Settings(keep=0.7).metrics()
    assert all(value < 1e-14 for _, _, metric, value in result.history.rows if metric.endswith("_gap"))
    alone = theorem.run(make_job(values={"keep": 0.7}, seeds=(1,))).history.rows
    assert alone == [row for row in result.history.rows if row[0] == 1]


@pytest.mark.parametrize("wrong", [{"keep": 0.0}, {"keep": 1.1}, {"keep": 0.5, "values": 2}])
def test_ranges(wrong: dict) -> None:
    with pytest.raises(UserError):
        Settings(**wrong)
