"""Welch's interval against the formula written out, and against what an interval of 95 % promises."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_ind

from secondlook.stats import estimates
from secondlook.stats.estimates import FEWEST, LEVEL


def welch_interval(first, second) -> tuple[float, float]:
    found = estimates.difference(first, second)
    return found.low, found.high


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


@pytest.mark.parametrize("paired", [False, True])
def test_p_values_are_scipys(paired: bool) -> None:
    first, second = [7.65, 7.5, 7.8, 7.6, 7.7], [7.7, 7.65, 7.75, 7.9, 7.95]
    ours = estimates.difference(first, second, paired=paired)
    theirs = stats.ttest_rel(second, first) if paired else stats.ttest_ind(second, first, equal_var=False)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval()), rel=1e-9)


def test_pairs_find_what_two_samples_cannot() -> None:
    seeds = [1.0, 20.0, 300.0, 4000.0]
    first, second = seeds, [value + shift for value, shift in zip(seeds, (0.9, 1.1, 1.0, 1.05), strict=True)]
    assert estimates.difference(first, second, paired=True).low > 0.8
    assert estimates.difference(first, second).low < 0


def test_a_ratio_is_a_difference_of_logarithms() -> None:
    found = estimates.ratio([1.0, 2.0, 4.0], [3.0, 6.0, 12.0])
    assert found.effect == pytest.approx(3.0, rel=1e-12)
    low, high = by_hand(list(np.log([1.0, 2.0, 4.0])), list(np.log([3.0, 6.0, 12.0])))
    assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)), rel=1e-9)
    with pytest.raises(ValueError, match="positive"):
        estimates.ratio([1.0, 0.0, 2.0], [1.0, 2.0, 3.0])


def test_shares_by_newcombe_and_fisher() -> None:
    """Newcombe 1998, method 10: 56/70 against 48/80, difference 0.2, interval 0.0524 to 0.3339."""
    found = estimates.shares([1] * 48 + [0] * 32, [1] * 56 + [0] * 14)
    assert found.effect == pytest.approx(0.2, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert found.p == pytest.approx(stats.fisher_exact([[48, 32], [56, 14]]).pvalue, rel=1e-12)


def test_a_rank_correlation() -> None:
    x = np.arange(20.0)
    y = x + np.random.default_rng(0).normal(0, 6, 20)
    found = estimates.rank_correlation(x, y)
    assert found.effect == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert 0 < found.low < found.effect < found.high < 1
    assert found.p < 0.01
    assert estimates.rank_correlation(x, y) == found  # seeded
    assert estimates.rank_correlation(x, np.exp(y / 10)).effect == pytest.approx(found.effect, abs=1e-12)  # ranks alone count
    flat = estimates.rank_correlation(x, np.ones(20))
    assert (flat.effect, flat.low, flat.high, flat.p) == (0.0, -1.0, 1.0, 1.0)
    perfect = estimates.rank_correlation([1, 2, 3, 4], [5, 6, 7, 9])
    assert (perfect.effect, perfect.low, perfect.high) == pytest.approx((1, 1, 1))
    assert perfect.p == pytest.approx(2 / 24, abs=0.03)


def test_holm_is_that_of_statsmodels() -> None:
    for p_values in np.random.default_rng(0).random((20, 6)) ** 3:
        assert estimates.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist(), abs=1e-12)


def test_holm_by_hand() -> None:
    assert estimates.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_equivalence_is_statsmodels_tost() -> None:
    first, second = [7.65, 7.5, 7.8, 7.6, 7.7], [7.7, 7.65, 7.75, 7.9, 7.95]
    ours = estimates.equivalence_p(first, second, 0.5)
    theirs, *_ = ttost_ind(np.array(second), np.array(first), -0.5, 0.5, usevar="unequal")
    assert ours == pytest.approx(theirs, rel=1e-9)
    assert estimates.equivalence_p([1.0] * 3, [1.2] * 3, 0.3) == 0.0
    assert estimates.equivalence_p([1.0] * 3, [1.4] * 3, 0.3) == 1.0


def test_why_means_are_not_bootstrapped() -> None:
    """With four replicas BCa promises 95 % and keeps far less; Student's t keeps what it promises."""
    random = np.random.default_rng(2)
    held = {"bca": 0, "t": 0}
    for _ in range(300):
        sample = random.normal(0, 1, 4)
        bounds = stats.bootstrap((sample,), np.mean, method="BCa", n_resamples=999, rng=random).confidence_interval
        held["bca"] += bounds.low <= 0 <= bounds.high
        found = estimates.mean(sample)
        held["t"] += found.low <= 0 <= found.high
    assert held["bca"] / 300 < 0.9
    assert 0.92 < held["t"] / 300 < 0.98
