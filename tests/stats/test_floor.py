"""A rank correlation along training against its floor."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from secondlook.stats import intervals
from secondlook.stats.floor import correlations, excess, permutation_p

STEPS = 25


def curves(replicas: int, shared: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two falling curves a replica, [R, T] each; bumps of the one are those of the other, times ``shared``."""
    rng = np.random.default_rng(seed)
    trend = np.linspace(3, 0, STEPS)
    bumps = rng.normal(0, 1, (replicas, STEPS))
    return trend + bumps, trend + shared * bumps + rng.normal(0, 0.3, (replicas, STEPS))


def test_correlations_are_scipys() -> None:
    losses, distances = curves(4, 1.0, 0)
    losses[2] = losses[2].round()  # with ties
    matrix = correlations(losses, distances)
    for i, j in itertools.product(range(4), repeat=2):
        assert matrix[i, j] == pytest.approx(stats.spearmanr(losses[i], distances[j]).statistic, abs=1e-12)


def test_a_curve_that_never_moves_correlates_with_nothing() -> None:
    losses, distances = curves(3, 1.0, 0)
    losses[1] = 2.0
    assert correlations(losses, distances)[1].tolist() == [0.0] * 3


def apart(matrix: np.ndarray) -> float:
    """The mean of the diagonal less the mean of all else."""
    return float(np.diagonal(matrix).mean() - matrix[~np.eye(len(matrix), dtype=bool)].mean())


def test_the_parts_are_the_jackknifes_and_their_mean_is_the_excess() -> None:
    """By leaving each replica out."""
    for count in (3, 4, 9):
        matrix = correlations(*curves(count, 1.0, count))
        without = [apart(np.delete(np.delete(matrix, place, 0), place, 1)) for place in range(count)]
        assert excess(matrix) == pytest.approx([count * apart(matrix) - (count - 1) * one for one in without])
        assert excess(matrix).mean() == pytest.approx(apart(matrix))


def test_bounds_of_the_excess_are_wrong_about_as_often_as_they_say() -> None:
    """Curves that share their bumps, with an excess of 0.43. Own correlations less rows and columns would be wrong in a fifth."""
    matrices = [correlations(*curves(8, 0.6, seed)) for seed in range(900)]
    truth = float(np.mean([apart(matrix) for matrix in matrices]))
    found = [intervals.mean(excess(matrix), 0.05) for matrix in matrices[:500]]
    assert np.mean([one.low > truth for one in found]) < 0.08
    assert np.mean([one.high < truth for one in found]) < 0.08
    assert np.std([float(one.effect) for one in found]) == pytest.approx(
        np.mean([excess(m).std(ddof=1) for m in matrices]) / 8**0.5, rel=0.2
    )


def test_two_curves_that_both_fall_have_no_excess() -> None:
    """They correlate by 0.4 and more, which is what once stood for a claim that holds."""
    wrong = 0
    for seed in range(200):
        matrix = correlations(*curves(5, 0.0, seed))
        found = intervals.mean(excess(matrix), 0.05)
        wrong += bool(found.low > 0)
        if seed < 20:
            assert np.diagonal(matrix).mean() > 0.3
    assert wrong <= 18  # 5 % of 200, and three standard deviations


def test_curves_that_move_together_have_one() -> None:
    matrix = correlations(*curves(6, 1.0, 0))
    assert intervals.mean(excess(matrix), 0.05).low > 0.1
    assert permutation_p(matrix) == 1 / 720


def test_the_rule_is_monotone() -> None:
    """Better correlations never make a claim fail: once [0.9, 0.8, 0.7] passed and [1, 0.8, 0.7] did not."""

    def low(own: list[float]) -> float:
        matrix = np.full((3, 3), 0.1)
        np.fill_diagonal(matrix, own)
        return float(intervals.mean(excess(matrix), 0.05).low)

    assert low([1.0, 0.8, 0.7]) > 0.3
    assert low([0.9, 0.8, 0.7]) > 0.3


def test_the_p_value_counts_orders() -> None:
    """With three replicas of which only those matched with themselves agree, one order in six does as well: itself."""
    assert permutation_p(np.eye(3)) == 1 / 6
    assert permutation_p(np.ones((3, 3))) == 1.0
    matrix = np.array([[0.5, 0.9], [0.9, 0.5]])
    assert permutation_p(matrix) == 1.0
    assert permutation_p(matrix[::-1]) == 0.5


def test_of_many_orders_some_are_drawn_the_same_each_time() -> None:
    matrix = correlations(*curves(9, 0.0, 1))
    orders = np.array(list(itertools.permutations(range(9))))
    exact = (matrix[np.arange(9), orders].sum(1) >= np.trace(matrix) - 1e-12).mean()
    assert permutation_p(matrix) == pytest.approx(exact, abs=0.02)
    assert permutation_p(matrix) == permutation_p(matrix)
    assert permutation_p(np.eye(9)) == 1 / 10000  # never 0
