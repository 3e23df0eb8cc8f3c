"""Effects with interval and p-value. Each function takes plain samples, one value a replica, and says which method it is.

Means are compared with Student's t in Welch's form and not with a bootstrap: with three to five replicas a BCa interval covers far less
than it says (tests/stats/test_estimates.py shows both).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats
from statsmodels.stats.proportion import confint_proportions_2indep

LEVEL = 0.95
FEWEST = 3  # replicas an arm needs before an interval is worth printing
RESAMPLES = 1999

Sample = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Estimate:
    """An effect, its interval, and the two-sided p-value of no effect (None where the method has none)."""

    effect: float
    low: float
    high: float
    p: float | None


def difference(first: Sample, second: Sample, *, paired: bool = False, level: float = LEVEL) -> Estimate:
    """mean(second) - mean(first): Welch's t, or the paired t where replica i of both arms shares its seed."""
    if paired:
        return mean(np.subtract(second, first), level=level)
    a, b = np.asarray(first, float), np.asarray(second, float)
    errors = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    total = sum(errors)
    # Welch 1947, Satterthwaite's degrees of freedom
    df = total**2 / (errors[0] ** 2 / (len(a) - 1) + errors[1] ** 2 / (len(b) - 1)) if total else math.inf
    return _student(float(b.mean() - a.mean()), math.sqrt(total), df, level)


def mean(values: Sample, *, level: float = LEVEL) -> Estimate:
    """Mean of one sample, Student's t; the p-value is that of a mean of zero."""
    array = np.asarray(values, float)
    return _student(float(array.mean()), float(array.std(ddof=1)) / math.sqrt(len(array)), len(array) - 1, level)


def ratio(first: Sample, second: Sample, *, level: float = LEVEL) -> Estimate:
    """Ratio of geometric means, second over first: Welch's t on logarithms; no effect is 1.

    Raises:
        ValueError: a value is not positive.
    """
    if min(*first, *second) <= 0:
        raise ValueError("a ratio needs positive values")
    logs = difference(np.log(first), np.log(second), level=level)
    return Estimate(math.exp(logs.effect), math.exp(logs.low), math.exp(logs.high), logs.p)


def shares(first: Sample, second: Sample, *, level: float = LEVEL) -> Estimate:
    """Share of successes (values 0 or 1), second minus first: Newcombe's hybrid score interval, Fisher's exact p."""
    hits, sizes = [int(sum(first)), int(sum(second))], [len(first), len(second)]
    low, high = confint_proportions_2indep(hits[1], sizes[1], hits[0], sizes[0], method="newcomb", alpha=1 - level)
    table = [[hits[0], sizes[0] - hits[0]], [hits[1], sizes[1] - hits[1]]]
    return Estimate(hits[1] / sizes[1] - hits[0] / sizes[0], float(low), float(high), float(stats.fisher_exact(table).pvalue))


def rank_correlation(x: Sample, y: Sample, *, level: float = LEVEL, seed: int = 0) -> Estimate:
    """Spearman's rho of pairs: BCa bootstrap interval and permutation p, both from the given seed. No spread at all: rho 0."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Estimate(0.0, -1.0, 1.0, 1.0)
    # ranks are taken once; resampling ranks differs from ranking resamples only by ties
    a, b = stats.rankdata(x), stats.rankdata(y)
    rho = float(stats.spearmanr(x, y).statistic)
    drawn = np.random.default_rng(seed)
    if abs(rho) == 1:
        low = high = rho  # every resample is as perfect: the bootstrap has nothing to say
    else:
        result = stats.bootstrap(
            (a, b), _pearson, paired=True, vectorized=True, n_resamples=RESAMPLES, method="BCa", confidence_level=level, rng=drawn
        )
        low, high = (float(bound) for bound in result.confidence_interval)
    test = stats.permutation_test(
        (a,), lambda ranks, axis: _pearson(ranks, b, axis), permutation_type="pairings", n_resamples=RESAMPLES, rng=drawn
    )
    return Estimate(rho, low if math.isfinite(low) else -1.0, high if math.isfinite(high) else 1.0, float(test.pvalue))


def mean_correlation(rhos: Sample, *, level: float = LEVEL) -> Estimate:
    """Mean of correlations, one a replica: Student's t on Fisher's z."""
    limit = 1 - 1e-6  # a perfect correlation would be infinite
    z = mean(np.arctanh(np.clip(rhos, -limit, limit)), level=level)
    return Estimate(math.tanh(z.effect), math.tanh(z.low), math.tanh(z.high), z.p)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979). Written out: a calibration asks for it ten thousand times."""
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(np.asarray(p_values)[order] * (len(p_values) - np.arange(len(p_values))))
    corrected = np.empty(len(p_values))
    corrected[order] = stepped.clip(max=1.0)
    return corrected.tolist()


def equivalence_p(first: Sample, second: Sample, margin: float) -> float:
    """p-value of two one-sided tests (Schuirmann 1987), Welch: small means that the means differ by less than ``margin``."""
    estimate = difference(first, second)
    if estimate.low == estimate.high:
        return 0.0 if abs(estimate.effect) < margin else 1.0
    spread = [np.var(arm, ddof=1) / len(arm) for arm in (first, second)]
    df = sum(spread) ** 2 / sum(part**2 / (len(arm) - 1) for part, arm in zip(spread, (first, second), strict=True))
    error = math.sqrt(sum(spread))
    return float(max(special.stdtr(df, -(estimate.effect + margin) / error), special.stdtr(df, (estimate.effect - margin) / error)))


def _student(effect: float, error: float, df: float, level: float) -> Estimate:
    if error == 0:  # no spread at all
        return Estimate(effect, effect, effect, 1.0 if effect == 0 else 0.0)
    half = float(special.stdtrit(df, (1 + level) / 2)) * error
    return Estimate(effect, effect - half, effect + half, float(2 * special.stdtr(df, -abs(effect) / error)))


def _pearson(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    x, y = x - x.mean(axis, keepdims=True), y - y.mean(axis, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):  # a resample without spread: no correlation
        return np.nan_to_num((x * y).sum(axis) / np.sqrt((x**2).sum(axis) * (y**2).sum(axis)))
