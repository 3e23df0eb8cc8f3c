"""Effects with their intervals: plain functions of samples, one value a replica along the last axis.

Axes before it are experiments that are judged at once, as a simulation judges them. Every interval is made of two one-sided bounds, each
wrong with a probability of at most ``alpha``. Means are compared with Student's t in Welch's form and not with a bootstrap: with few
replicas a bootstrap interval covers far less than it says. An interval of no width is never certainty: where replicas do not differ at all
it is infinite, unless the metric declares its resolution.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from scipy import special, stats
from statsmodels.stats.proportion import confint_proportions_2indep

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
    count = values.shape[-1]
    variance = _variance(values, resolution)
    return _student(values.mean(-1), np.sqrt(variance / count), np.full(variance.shape, count - 1.0), alpha)


def difference(first: np.ndarray, second: np.ndarray, alpha: float, *, paired: bool = False, resolution: float | None = None) -> Estimate:
    """mean(second) - mean(first): Welch's t (1947), or the paired t where replica i of both arms shares its seed."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    if paired:
        return mean(second - first, alpha, resolution)
    errors = [_variance(arm, resolution) / arm.shape[-1] for arm in (first, second)]
    total = errors[0] + errors[1]
    with np.errstate(divide="ignore", invalid="ignore"):  # no spread in either arm: _student sees to it
        freedom = total**2 / sum(error**2 / (arm.shape[-1] - 1) for error, arm in zip(errors, (first, second), strict=True))
    return _student(second.mean(-1) - first.mean(-1), np.sqrt(total), np.where(total > 0, freedom, 1.0), alpha)


def _variance(values: np.ndarray, resolution: float | None) -> np.ndarray:
    """Unbiased variance, at least that of rounding to ``resolution``; what is a rounding error of the machine counts as none."""
    variance = np.asarray(values.var(-1, ddof=1))
    with np.errstate(invalid="ignore"):
        variance = np.where(np.sqrt(variance) <= NONE * np.abs(values).max(-1), 0.0, variance)
    return np.maximum(variance, resolution**2 / 12) if resolution else variance


def _student(effect: np.ndarray, error: np.ndarray, freedom: np.ndarray, alpha: float) -> Estimate:
    half = np.where(error > 0, special.stdtrit(freedom, 1 - alpha) * error, np.inf)
    return Estimate(np.asarray(effect), effect - half, effect + half)


# -- ranks: where replicas diverged, their value is a word and not a number ----------------------------------------------------------


def shift(first: np.ndarray, second: np.ndarray, alpha: float, *, paired: bool = False) -> Estimate:
    """Shift of one sample against another by ranks: Hodges & Lehmann's estimate (1963) with its exact interval.

    Two samples: the differences of all pairs and the distribution of Mann and Whitney's U. Paired: the Walsh averages of the differences
    and that of Wilcoxon's signed ranks. The interval is infinite where there are too few replicas for ``alpha``.
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
    if below == 0:
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


@functools.cache
def difference_of_shares(hits: tuple[int, int], sizes: tuple[int, int], alpha: float) -> Estimate:
    """Share of the second minus that of the first: Newcombe's hybrid score bounds (1998)."""
    low, high = confint_proportions_2indep(hits[1], sizes[1], hits[0], sizes[0], method="newcomb", alpha=2 * alpha)
    return Estimate(np.asarray(hits[1] / sizes[1] - hits[0] / sizes[0]), np.asarray(low), np.asarray(high))


@functools.cache
def more_successes_p(hits: tuple[int, int], sizes: tuple[int, int]) -> float:
    """One-sided p-value of the second share being no larger than the first: Boschloo's exact test (1970)."""
    columns = [[hits[0], hits[1]], [sizes[0] - hits[0], sizes[1] - hits[1]]]
    return float(stats.boschloo_exact(columns, alternative="less").pvalue)
