"""Effects with their intervals: plain functions of samples, one value a replica along the last axis.

Axes before it are experiments that are judged at once, as a simulation judges them. Every interval is made of two one-sided bounds, each
wrong with a probability of at most ``alpha``. Means are compared with Student's t in Welch's form and not with a bootstrap: with few
replicas a bootstrap interval covers far less than it says. An interval of no width is never certainty: where replicas do not differ at all
it is infinite, unless the metric declares its resolution.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special, stats

#: a standard deviation below this share of the values themselves is a rounding error
NONE = 1e-12


class Estimate(NamedTuple):
    """Effects, and the lower and upper bounds of each."""

    effect: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def exp(self) -> Estimate:
        """Of logarithms, the ratios."""
        with np.errstate(over="ignore"):
            return Estimate(*(np.exp(each) for each in self))


def mean(values: np.ndarray, alpha: float, resolution: float | None = None) -> Estimate:
    """Mean of one sample, Student's t."""
    values = np.asarray(values, float)
    return _of_one(values, alpha, _rounding(resolution), np.abs(values))


def difference(first: np.ndarray, second: np.ndarray, alpha: float, *, paired: bool = False, resolution: float | None = None) -> Estimate:
    """mean(second) - mean(first): Welch's t (1947), or the paired t where replica i of both arms shares its seed."""
    arms = np.asarray(first, float), np.asarray(second, float)
    return _of_two(arms, alpha, paired, (_rounding(resolution),) * 2, tuple(np.abs(arm) for arm in arms))


def ratio(first: np.ndarray, second: np.ndarray, alpha: float, *, paired: bool = False, resolution: float | None = None) -> Estimate:
    """Geometric mean of the second over that of the first: the same on logarithms. All values must be positive."""
    arms = np.asarray(first, float), np.asarray(second, float)
    logs = tuple(np.log(arm) for arm in arms)
    rounding = tuple(_rounding(resolution) / np.exp(2 * log.mean(-1)) for log in logs)
    return _of_two(logs, alpha, paired, rounding, tuple(np.maximum(np.abs(log), 1.0) for log in logs)).exp()


def _of_one(values: np.ndarray, alpha: float, rounding: np.ndarray | float, sizes: np.ndarray) -> Estimate:
    count = values.shape[-1]
    variance = _variance(values, rounding, sizes)
    return _student(values.mean(-1), np.sqrt(variance / count), np.full(variance.shape, count - 1.0), alpha)


def _of_two(
    arms: Sequence[np.ndarray], alpha: float, paired: bool, rounding: Sequence[np.ndarray | float], sizes: Sequence[np.ndarray]
) -> Estimate:
    """Difference of two samples, given the variance of rounding in each and how large its numbers were before they were subtracted."""
    first, second = arms
    if paired:
        return _of_one(second - first, alpha, rounding[0] + rounding[1], np.maximum(*sizes))
    variances = [_variance(*each) for each in zip(arms, rounding, sizes, strict=True)]
    counts = first.shape[-1], second.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):  # no spread in either arm: _student sees to it
        errors = [variance / count for variance, count in zip(variances, counts, strict=True)]
        freedom = sum(errors) ** 2 / sum(error**2 / (count - 1) for error, count in zip(errors, counts, strict=True))
    # an arm that shows no spread is not known for certain: it is given that of the other
    known = [np.where(mine > 0, mine, other) / count for mine, other, count in zip(variances, variances[::-1], counts, strict=True)]
    total = sum(known)
    return _student(second.mean(-1) - first.mean(-1), np.sqrt(total), np.where(total > 0, freedom, 1.0), alpha)


def _rounding(resolution: float | None) -> float:
    """Variance of rounding to a resolution."""
    return resolution**2 / 12 if resolution else 0.0


def _variance(values: np.ndarray, rounding: np.ndarray | float, sizes: np.ndarray) -> np.ndarray:
    """Unbiased variance, at least that of rounding; an error of the machine, by the sizes of the numbers, counts as none."""
    variance = np.asarray(values.var(-1, ddof=1))
    with np.errstate(invalid="ignore"):
        return np.maximum(np.where(np.sqrt(variance) <= NONE * sizes.max(-1), 0.0, variance), rounding)


def _student(effect: np.ndarray, error: np.ndarray, freedom: np.ndarray, alpha: float) -> Estimate:
    half = np.where(error > 0, special.stdtrit(freedom, 1 - alpha) * error, np.inf)
    return Estimate(np.asarray(effect), effect - half, effect + half)


# -- ranks: where replicas diverged, their value is a word and not a number ----------------------------------------------------------


def shift(first: np.ndarray, second: np.ndarray, alpha: float, *, paired: bool = False) -> Estimate:
    """Shift of one sample against another by ranks: Hodges & Lehmann's estimate (1963) with its exact interval.

    Two samples: the differences of all pairs and the distribution of Mann and Whitney's U. Paired: the Walsh averages of the differences
    and that of Wilcoxon's signed ranks. The interval is infinite where there are too few replicas for ``alpha``, and where it would have no
    width: both arms diverged as a whole, say, and nothing is known of either.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if paired:
        each = b - a
        rows, columns = np.triu_indices(len(each))
        points, counts = (each[rows] + each[columns]) / 2, _signed_rank_counts(len(each))
    else:
        points, counts = np.subtract.outer(b, a).ravel(), _u_counts(len(a), len(b))
    points = np.sort(points)
    below = int(np.searchsorted(np.cumsum(counts) / counts.sum(), alpha, side="right"))  # points that may be left out at each end
    if below == 0 or points[below - 1] == points[-below]:
        return Estimate(np.median(points), np.asarray(-np.inf), np.asarray(np.inf))
    return Estimate(np.median(points), points[below - 1], points[-below])


def _u_counts(m: int, n: int) -> np.ndarray:
    """How many orders of two samples have U = 0, 1, ..., m n: the coefficients of Gauss's binomial polynomial."""
    counts = np.zeros(m * n + 1)
    counts[0] = 1
    for i in range(1, m + 1):
        for power in range(m * n, n + i - 1, -1):  # times 1 - x^(n + i)
            counts[power] -= counts[power - n - i]
        for power in range(i, m * n + 1):  # over 1 - x^i
            counts[power] += counts[power - i]
    return counts


def _signed_rank_counts(n: int) -> np.ndarray:
    """How many choices of signs have a sum of positive ranks of 0, 1, ..., n (n + 1) / 2."""
    counts = np.ones(1)
    for rank in range(1, n + 1):
        counts = np.concatenate([counts, np.zeros(rank)]) + np.concatenate([np.zeros(rank), counts])
    return counts


# -- shares: binomial, never normal --------------------------------------------------------------------------------------------------


def share(hits: np.ndarray, size: int, alpha: float) -> Estimate:
    """Share of successes: Clopper & Pearson's exact bounds (1934)."""
    hits = np.asarray(hits, float)
    with np.errstate(invalid="ignore"):
        low = np.where(hits > 0, special.betaincinv(hits, size - hits + 1, alpha), 0.0)
        high = np.where(hits < size, special.betaincinv(hits + 1, size - hits, 1 - alpha), 1.0)
    return Estimate(hits / size, low, high)


def difference_of_shares(hits: tuple[np.ndarray, np.ndarray], sizes: tuple[int, int], alpha: float) -> Estimate:
    """Share of the second minus that of the first: Newcombe's way of joining two intervals (1998), with Clopper and Pearson's for Wilson's.

    Wilson's are right on average alone: with ten replicas an arm, at an alpha of 0.05, a difference of 0.5 would be excluded in 10 % of
    experiments in which it is there.
    """
    first, second = (share(each, size, alpha) for each, size in zip(hits, sizes, strict=True))
    effect = second.effect - first.effect
    below = np.hypot(second.effect - second.low, first.high - first.effect)
    above = np.hypot(second.high - second.effect, first.effect - first.low)
    return Estimate(effect, effect - below, effect + above)


@functools.cache
def more_successes_p(hits: tuple[int, int], sizes: tuple[int, int]) -> float:
    """One-sided p-value of the second share being no larger than the first: Boschloo's exact test (1970)."""
    columns = [[hits[0], hits[1]], [sizes[0] - hits[0], sizes[1] - hits[1]]]
    return float(stats.boschloo_exact(columns, alternative="less").pvalue)
