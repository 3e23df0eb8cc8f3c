"""Welch's interval against the formula written out, and against what an interval of 95 % promises."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from scipy import stats

from secondlook.stats.intervals import FEWEST, LEVEL, welch_interval


def by_hand(first: list[float], second: list[float]) -> tuple[float, float]:
    """Welch 1947, with Satterthwaite's degrees of freedom."""
    parts = [statistics.variance(arm) / len(arm) for arm in (first, second)]
    freedom = sum(parts) ** 2 / sum(part**2 / (len(arm) - 1) for part, arm in zip(parts, (first, second), strict=True))
    middle = statistics.mean(second) - statistics.mean(first)
    reach = stats.t.ppf(0.975, freedom) * math.sqrt(sum(parts))
    return middle - reach, middle + reach


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1.0, 2.0, 3.0], [4.0, 6.0, 11.0]),
        ([7.65, 7.5, 7.8, 7.6, 7.7], [9.6, 9.4, 9.8, 9.7, 9.5]),
        ([0.1, 0.11], [5.0, 1.0, 9.0, 3.0, 2.0, 8.0]),
        ([1.0, 1.0, 1.0], [2.0, 2.5, 2.0]),  # no spread in one arm
        ([1e-9, 2e-9, 4e-9], [3e-9, 1e-9, 2e-9]),
    ],
)
def test_against_the_formula(first: list[float], second: list[float]) -> None:
    assert welch_interval(first, second) == pytest.approx(by_hand(first, second), rel=1e-9, abs=0)
    low, high = welch_interval(first, second)
    assert welch_interval(second, first) == pytest.approx((-high, -low), rel=1e-9, abs=0)


def test_a_known_interval() -> None:
    """Difference 3, standard errors 1/sqrt(3) each, 4 degrees of freedom: 3 -+ 2.776445 * sqrt(2/3)."""
    assert welch_interval([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]) == pytest.approx((0.7330421, 5.2669579), abs=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "difference"), [([0.0] * 3, [0.0] * 5, 0.0), ([1.0] * 3, [1.5] * 3, 0.5), ([90.0] * 4, [10.0] * 3, -80.0)]
)
def test_without_any_spread_the_interval_is_a_point(first: list[float], second: list[float], difference: float) -> None:
    assert welch_interval(first, second) == (difference, difference)


def test_an_interval_of_95_per_cent_holds_the_truth_in_95_per_cent_of_experiments() -> None:
    """Four replicas against six, with unequal spread. Standard error of the share: 0.5 points."""
    random = np.random.default_rng(1)
    pairs = [(random.normal(0, 1, 4), random.normal(2, 2, 6)) for _ in range(2000)]
    held = np.mean([low <= 2 <= high for low, high in (welch_interval(first, second) for first, second in pairs)])
    assert 0.935 < held < 0.965
    # the bounds are narrow enough to catch the quantile of the normal distribution
    errors = [
        abs(np.mean(second) - np.mean(first) - 2) / math.sqrt(np.var(first, ddof=1) / 4 + np.var(second, ddof=1) / 6)
        for first, second in pairs
    ]
    assert np.mean(np.array(errors) < 1.96) < 0.935


def test_level_and_fewest() -> None:
    assert (LEVEL, FEWEST) == (0.95, 3)
