"""From samples to a judgement: the interval of each kind of test beside its zone, apart from where the samples come from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.protocol.rules import Correlation, Counts, Difference, Equivalence, MeasuredTest, Ordering, Ratio, Share, Within
from secondlook.stats import intervals
from secondlook.stats.intervals import Estimate
from secondlook.stats.zones import Outcome, inside, outcome_of, outside, zone_of

ALPHA = 0.05  # of a wrong "supported", and of a wrong "contradicted"
FEWEST = 3  # replicas an arm needs before an interval is worth printing
NOISE = 1e-9  # of a p-value that is a count of equally likely cases, relative: 1/120 is not above 0.05/6


@dataclass(frozen=True)
class Judgement:
    """What a test says of its samples."""

    outcome: Outcome
    why: str
    effect: float | None = None
    #: its bounds; None where there is no interval, and an end that is open is infinite
    interval: tuple[float, float] | None = None


def judge(test: MeasuredTest, samples: Sequence[np.ndarray], alpha: float = ALPHA, *, ranks: bool = False) -> Judgement:
    """Apply the rule of ``test`` to its samples.

    Args:
        test: the test.
        samples: one per arm, in the order of `secondlook.protocol.rules.arms_of`, a value a replica; for a correlation its
            part of the excess over the floor (`secondlook.stats.floor.excess`).
        alpha: of each one-sided bound.
        ranks: True where a replica diverged, whose value is then the worst there is and no number to average.
    """
    fewest = min(map(len, samples))
    if fewest < FEWEST:
        counts = " and ".join(str(len(sample)) for sample in samples)
        return Judgement("undecided", f"{counts} replicas; a verdict needs {FEWEST} in each arm")
    paired = getattr(test, "paired", False)
    if paired and len(samples[0]) != len(samples[1]):
        return Judgement("undecided", "the arms do not have the same replicas, which a paired comparison needs")
    if isinstance(test, Ratio) and min(float(np.min(sample)) for sample in samples) <= 0:
        return Judgement("undecided", "a ratio needs positive values, and some are not")
    effect, low, high = (float(each) for each in estimate(test, samples, alpha, ranks=ranks))
    nothing = 0.0 if isinstance(test, Ratio) else -math.inf
    if low == nothing and math.isinf(high):
        same = all(np.ptp(sample) == 0 for sample in samples) or not ranks
        few = "all replicas have the same value, which is no certainty" if same else "too few replicas for an interval of ranks"
        return Judgement("undecided", few, effect)
    outcome, why = outcome_of(low, high, zone_of(test))
    if isinstance(test, Counts) and outcome in ("supported", "weaker than claimed") and (p := _more(samples)) > alpha * (1 + NOISE):
        return Judgement("undecided", f"Boschloo's exact test gives p = {p:.3g}, and {alpha:.3g} is needed", effect, (low, high))
    return Judgement(outcome, why, effect, (low, high))


def estimate(test: MeasuredTest, samples: Sequence[np.ndarray], alpha: float, *, ranks: bool = False) -> Estimate:
    """The effect of a test and its bounds; axes of the samples before the last are experiments that are judged at once."""
    match test:
        case Difference() | Equivalence():
            if ranks:
                return intervals.shift(samples[0], samples[1], alpha, paired=test.paired)
            return intervals.difference(samples[0], samples[1], alpha, paired=test.paired, resolution=test.resolution)
        case Ratio():
            if ranks:
                return intervals.shift(np.log(samples[0]), np.log(samples[1]), alpha, paired=test.paired).exp()
            return intervals.ratio(samples[0], samples[1], alpha, paired=test.paired, resolution=test.resolution)
        case Ordering():
            return _smallest_step(test, samples, alpha, ranks=ranks)
        case Counts():
            return intervals.difference_of_shares((np.sum(samples[0], -1), np.sum(samples[1], -1)), _sizes(samples), alpha)
        case Share():
            return intervals.share(np.sum(samples[0], axis=-1), samples[0].shape[-1], alpha)
        case Within() | Correlation():
            if ranks:
                return intervals.shift(np.zeros_like(samples[0]), samples[0], alpha, paired=True)
            return intervals.mean(samples[0], alpha, None if isinstance(test, Correlation) else test.resolution)
    raise TypeError(f"no rule for {type(test).__name__}")


def verdicts(test: MeasuredTest, samples: Sequence[np.ndarray], alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Of experiments judged at once: which are supported, and which exclude the claim. The same rule as `judge`, without the words."""
    found = estimate(test, samples, alpha)
    zone = zone_of(test)
    yes, no = inside(found.low, found.high, zone), outside(found.low, found.high, zone)
    if isinstance(test, Counts):
        exact = _all_more(samples) <= alpha * (1 + NOISE)
        yes, no = yes & exact, no & (exact | (found.low <= 0))
    if claims_excess(test) and math.factorial(samples[0].shape[-1]) * alpha * (1 + NOISE) < 1:
        yes = np.zeros_like(yes)  # of so few replicas even the best order is no proof against chance
    return yes, no


def claims_excess(test: MeasuredTest) -> bool:
    """Whether a claim says that a correlation lies above its floor, which matching replicas at random must not do as well."""
    return isinstance(test, Correlation) and test.low is not None and test.low >= 0


def _more(samples: Sequence[np.ndarray]) -> float:
    hits = int(np.sum(samples[0])), int(np.sum(samples[1]))
    return intervals.more_successes_p(hits, _sizes(samples))


def _sizes(samples: Sequence[np.ndarray]) -> tuple[int, int]:
    return samples[0].shape[-1], samples[1].shape[-1]


def _all_more(samples: Sequence[np.ndarray]) -> np.ndarray:
    """Boschloo's p-value of each experiment; each pair of counts is asked once."""
    first, second = (np.sum(sample, axis=-1).astype(int) for sample in samples)
    pairs, place = np.unique(np.stack([first, second]), axis=1, return_inverse=True)
    return np.array([intervals.more_successes_p((int(a), int(b)), _sizes(samples)) for a, b in pairs.T])[place.ravel()]


def _smallest_step(test: Ordering, samples: Sequence[np.ndarray], alpha: float, *, ranks: bool) -> Estimate:
    """The smallest step between neighbours.

    All steps must be there, so that each lower bound stands for itself; one that is not there contradicts the claim, so that the upper
    bounds are for all steps together (Bonferroni).
    """
    pairs = list(itertools.pairwise(samples))

    def steps(each: float) -> list[Estimate]:
        if ranks:
            return [intervals.shift(*pair, each) for pair in pairs]
        return [intervals.difference(*pair, each, resolution=test.resolution) for pair in pairs]

    lower, upper = steps(alpha), steps(alpha / len(pairs))
    effect = np.min([step.effect for step in lower], axis=0)
    return Estimate(effect, np.min([step.low for step in lower], axis=0), np.min([step.high for step in upper], axis=0))
