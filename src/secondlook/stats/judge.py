"""From samples to a judgement: the rule of each kind of test, apart from where its samples come from, so that it can be calibrated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.formatting import number
from secondlook.protocol.rules import Correlation, Counts, Difference, Equal, Equivalence, MeasuredTest, Ordering, Ratio, Test, Within
from secondlook.stats import estimates
from secondlook.stats.estimates import FEWEST, LEVEL, Estimate, Sample

ALPHA = 1 - LEVEL


@dataclass(frozen=True)
class Judgement:
    """What a test says of its samples."""

    verdict: str
    why: str
    estimate: Estimate | None = None


def judge(test: MeasuredTest, samples: Sequence[Sample], *, level: float = LEVEL) -> Judgement:
    """Apply the rule of ``test`` to its samples.

    Args:
        test: the test; one of the kind ``equal`` has no samples.
        samples: one per arm, in the order of `secondlook.protocol.rules.arms_of`; for a correlation over steps the replicas' correlations,
            over replicas the two metrics.
        level: of the interval; higher where one of several cells was picked by what is compared here.
    """
    fewest = min(map(len, samples))
    if fewest < FEWEST:
        counts = " and ".join(str(len(sample)) for sample in samples)
        return Judgement("inconclusive", f"{counts} replicas; a verdict needs {FEWEST} in each arm")
    match test:
        case Difference():
            if test.paired and len({len(sample) for sample in samples}) > 1:
                return Judgement("inconclusive", "the arms do not have the same replicas, which a paired comparison needs")
            return _above(estimates.difference(*samples, paired=test.paired, level=level), test.smallest_effect)
        case Ordering():
            return _ordered(test, samples)
        case Counts():
            return _exact_too(_above(estimates.shares(*samples, level=level), test.smallest_effect), "Fisher's exact")
        case Ratio():
            if min(min(sample) for sample in samples) <= 0:
                return Judgement("inconclusive", "a ratio needs positive values, and some are not")
            return _above(estimates.ratio(*samples, level=level), test.smallest_effect, nothing=1.0)
        case Correlation():
            signed = [np.multiply(test.sign, samples[0]), *samples[1:]]
            if test.over == "steps":
                return _above(estimates.mean_correlation(*signed, level=level), test.smallest_effect)
            return _exact_too(_above(estimates.rank_correlation(*signed, level=level), test.smallest_effect), "the permutation")
        case Equivalence():
            return _equivalent(test, samples)
        case Within():
            return _within(estimates.mean(samples[0], level=level), test)
    raise TypeError(f"no rule for {type(test).__name__}")


def rule_text(test: Test, level: float = LEVEL) -> str:
    """Return the rule of a test in words."""
    if isinstance(test, Equal):
        given = f", where {test.given} holds," if test.given else ""
        bound = f"differs from {test.to} by at most {test.tolerance:g}" if test.tolerance else f"equals {test.to}"
        return f"replicated if in every replica{given} the final {test.metric} {bound}; else not replicated"
    when = "final" if test.at == 1 else f"after {100 * test.at:g} % of training (the first measurement, where that comes later),"
    percent = f"{100 * level:.3g} % interval"
    few = f"with fewer than {FEWEST} replicas an arm inconclusive"
    if isinstance(test, Equivalence):
        return (
            f"{when} {test.metric}, {test.second.label} minus {test.first.label}: replicated if two one-sided tests place it within "
            f"± {number(test.margin, test.unit)} (p at most {ALPHA:.2g}); not replicated if its 95 % interval lies outside; "
            f"{few}, as anything else"
        )
    if isinstance(test, Within):
        bounds = f"{number(test.low)} to {number(test.high, test.unit)}"
        return (
            f"{when} {test.metric} of {test.arm.label}: replicated if the {percent} of its mean lies within {bounds}; "
            f"not replicated if it lies outside; {few}, as anything else"
        )
    nothing = "1" if isinstance(test, Ratio) else "0"
    least = number(test.smallest_effect, test.unit)
    parts = [
        f"{when} {test.metric}, {_effect_text(test, percent)}",
        f"replicated if it lies above {nothing} and the mean is at least {least}; "
        f"direction only if it lies above {nothing} and the mean is smaller",
        f"not replicated if it lies below {least}; {few}, as anything else",
    ]
    if isinstance(test, Difference) and test.given_lower:
        parts.append(f"inconclusive, too, unless {test.second.label} has a mean {test.given_lower} not above that of {test.first.label}")
    parts.append(f"a diverged replica counts as {number(test.diverged)}")
    return "; ".join(parts)


def _effect_text(test: Difference | Ordering | Counts | Ratio | Correlation, percent: str) -> str:
    """What the effect of a test is, and its interval."""
    match test:
        case Difference():
            return f"{test.second.label} minus {test.first.label}, {percent} ({'paired t' if test.paired else 'Welch'})"
        case Ordering():
            return f"{' < '.join(arm.label for arm in test.arms)}; smallest step, intervals for all steps together (Welch, Holm)"
        case Counts():
            return f"share of successes, {test.second.label} minus {test.first.label}, {percent} (Newcombe) and Fisher's exact test"
        case Ratio():
            return f"{test.second.label} over {test.first.label}, {percent} (Welch on logarithms)"
        case Correlation():
            return f"rank correlation with {test.beside} over {test.over}{' times -1' if test.sign < 0 else ''}, {percent}"


def _above(estimate: Estimate, smallest: float, nothing: float = 0.0) -> Judgement:
    """The common rule: an effect claimed to be larger than ``nothing``, and to reach ``smallest``."""
    if estimate.low > nothing:
        if estimate.effect >= smallest:
            return Judgement("replicated", f"the interval lies above {nothing:g}", estimate)
        return Judgement("direction only", f"the interval lies above {nothing:g}, but the effect is smaller", estimate)
    if estimate.high < max(smallest, nothing):
        side = f"below {nothing:g}" if estimate.high < nothing else "below the smallest effect that counts"
        return Judgement("not replicated", f"the interval lies {side}", estimate)
    return Judgement("inconclusive", f"the interval holds {nothing:g}", estimate)


def _exact_too(judgement: Judgement, name: str) -> Judgement:
    """Ask the exact test too where the interval is approximate: three pairs are in order by luck one time in six."""
    p = judgement.estimate.p if judgement.estimate else None
    if judgement.verdict in ("replicated", "direction only") and p is not None and p > ALPHA:
        return Judgement("inconclusive", f"{name} test gives p = {p:.3g}", judgement.estimate)
    return judgement


def _ordered(test: Ordering, samples: Sequence[Sample]) -> Judgement:
    pairs = list(itertools.pairwise(samples))
    steps = [estimates.difference(*pair, level=1 - ALPHA / len(pairs)) for pair in pairs]
    smallest = min(steps, key=lambda step: step.effect)
    corrected = estimates.holm([step.p for step in steps if step.p is not None])  # Student's t gives every step one
    together = Estimate(smallest.effect, min(step.low for step in steps), min(step.high for step in steps), max(corrected))
    wrong = [index for index, (step, p) in enumerate(zip(steps, corrected, strict=True)) if step.effect < 0 and p <= ALPHA]
    if wrong:
        names = f"{test.arms[wrong[0]].label} and {test.arms[wrong[0] + 1].label}"
        return Judgement("not replicated", f"{names} stand the other way round", together)
    if all(step.effect > 0 and p <= ALPHA for step, p in zip(steps, corrected, strict=True)):
        if smallest.effect >= test.smallest_effect:
            return Judgement("replicated", "every step is above 0 (Holm)", together)
        return Judgement("direction only", "every step is above 0 (Holm), but one is smaller than what counts", together)
    if any(step.high < test.smallest_effect for step in steps):
        return Judgement("not replicated", "a step lies below the smallest effect that counts", together)
    return Judgement("inconclusive", f"{sum(p > ALPHA for p in corrected)} of {len(steps)} steps cannot be told from 0", together)


def _equivalent(test: Equivalence, samples: Sequence[Sample]) -> Judgement:
    first, second = samples
    estimate = estimates.difference(first, second)
    p = estimates.equivalence_p(first, second, test.margin)
    estimate = Estimate(estimate.effect, estimate.low, estimate.high, p)
    if p <= ALPHA:
        return Judgement("replicated", "both one-sided tests reject a difference as large as the margin", estimate)
    if estimate.low >= test.margin or estimate.high <= -test.margin:
        return Judgement("not replicated", "the interval lies outside the margin", estimate)
    return Judgement("inconclusive", "a difference as large as the margin cannot be excluded", estimate)


def _within(estimate: Estimate, test: Within) -> Judgement:
    estimate = Estimate(estimate.effect, estimate.low, estimate.high, None)
    if test.low <= estimate.low and estimate.high <= test.high:
        return Judgement("replicated", "the interval lies within", estimate)
    if estimate.high < test.low or estimate.low > test.high or not math.isfinite(estimate.effect):
        return Judgement("not replicated", "the interval lies outside", estimate)
    return Judgement("inconclusive", "the interval lies partly outside", estimate)
