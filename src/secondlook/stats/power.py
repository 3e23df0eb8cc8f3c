"""How often a test would come out as it did, if the effect were there and if it were not: simulated with the run's own n and spread."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from secondlook.protocol.rules import Correlation, Counts, Difference, Equivalence, MeasuredTest, Ordering, Ratio, Within, arms_of
from secondlook.stats.estimates import LEVEL, Sample
from secondlook.stats.judge import judge

SIMULATIONS = 500
SEED = 20171204  # any; the same each time, so that equal results make equal files

Draw = Callable[[float, np.random.Generator], list[Sample]]


def power(
    test: MeasuredTest,
    samples: Sequence[Sample],
    reported: float | None,
    *,
    level: float = LEVEL,
    candidates: Sequence[int] = (1, 1),
    simulations: int = SIMULATIONS,
) -> dict[str, Any] | None:
    """Return how a test of these sizes and this spread behaves, before any cap for reduced fidelity; None where no effect is named.

    ``replicated`` and ``false_not_replicated`` are shares of simulated experiments in which the effect is as claimed (the reported one,
    else twice the smallest that counts), ``false_replicated`` and ``not_replicated`` of those in which there is none.
    """
    effect = claimed_effect(test, reported)
    if effect is None:
        return None
    spread = pooled_spread(test, samples)
    if not math.isfinite(spread):
        return None
    sizes = [len(sample) for sample in samples]
    draw = simulator(test, sizes, spread, candidates)
    rates = rates_of(test, draw, effect, level, simulations)
    return {"assumed_effect": effect, "assumed_spread": spread, **rates, "says": _says(rates)}


def claimed_effect(test: MeasuredTest, reported: float | None) -> float | None:
    """The effect that a claim says is there: the paper's number, else well above the smallest that counts; None where neither is named."""
    if isinstance(test, Equivalence | Within):
        return 0.0  # the claim is that nothing is off
    if reported is not None:
        return reported
    least = test.smallest_effect
    if isinstance(test, Ratio):
        return least**2 if least > 1 else None
    if least == 0:
        return None
    return min((1 + least) / 2, 2 * least) if isinstance(test, Correlation | Counts) else 2 * least


def no_effect(test: MeasuredTest) -> float:
    """The effect under which the claim is false: none, or for a claim of no difference one just outside its margin."""
    if isinstance(test, Equivalence):
        return test.margin
    if isinstance(test, Within):
        return (test.high - test.low) / 2
    return 1.0 if isinstance(test, Ratio) else 0.0


def pooled_spread(test: MeasuredTest, samples: Sequence[Sample]) -> float:
    """Standard deviation within arms, pooled; of logarithms for a ratio, of Fisher's z for correlations; the base share for counts."""
    if isinstance(test, Counts):
        return float(np.mean(samples[0]))
    if isinstance(test, Correlation) and test.over == "replicas":
        return 1.0
    if isinstance(test, Difference) and test.paired and len(samples[0]) == len(samples[1]):
        return float(np.subtract(samples[1], samples[0]).std(ddof=1)) / math.sqrt(2)  # what is left when pairs share their seed
    arrays = [np.asarray(sample, float) for sample in samples]
    if isinstance(test, Ratio):
        if min(array.min() for array in arrays) <= 0:
            return math.nan
        arrays = [np.log(array) for array in arrays]
    if isinstance(test, Correlation):
        arrays = [np.arctanh(np.clip(array, -0.999, 0.999)) for array in arrays]
    freedom = sum(len(array) - 1 for array in arrays)
    return math.sqrt(sum((len(array) - 1) * array.var(ddof=1) for array in arrays if len(array) > 1) / freedom) if freedom else math.nan


def simulator(test: MeasuredTest, sizes: Sequence[int], spread: float, candidates: Sequence[int] = (1, 1)) -> Draw:
    """Return a function (effect, generator) -> samples of one simulated experiment: normal replicas, or successes, or ranked pairs."""

    def lowest(mean: float, size: int, count: int, picked: bool, rng: np.random.Generator) -> Sample:
        cells = rng.normal(mean, spread, (count if picked else 1, size))
        return cells[int(cells.mean(axis=1).argmin())]

    def draw(effect: float, rng: np.random.Generator) -> list[Sample]:
        match test:
            case Counts():
                shares = (spread, min(max(spread + effect, 0.0), 1.0))
                return [(rng.random(size) < share).astype(float) for size, share in zip(sizes, shares, strict=True)]
            case Correlation() if test.over == "replicas":
                x = rng.normal(size=sizes[0])
                return [test.sign * x, effect * x + math.sqrt(1 - effect**2) * rng.normal(size=sizes[0])]
            case Correlation():
                return [test.sign * np.tanh(rng.normal(math.atanh(effect), spread, sizes[0]))]
            case Ordering():
                return [rng.normal(index * effect, spread, size) for index, size in enumerate(sizes)]
            case Within():
                return [rng.normal((test.low + test.high) / 2 + effect, spread, sizes[0])]
            case Ratio():
                return [np.exp(rng.normal(mean, spread, size)) for mean, size in zip((0.0, math.log(effect)), sizes, strict=True)]
            case Difference() if test.paired:
                return [np.zeros(sizes[0]), rng.normal(effect, spread * math.sqrt(2), sizes[0])]
        picked = [arm.pick == test.metric for arm in arms_of(test)]
        arms = zip((0.0, effect), sizes, candidates, picked, strict=True)
        return [lowest(mean, size, count, luck, rng) for mean, size, count, luck in arms]

    return draw


def rates_of(test: MeasuredTest, draw: Draw, effect: float, level: float, simulations: int) -> dict[str, float]:
    """Shares of verdicts among simulated experiments with the effect, and with none."""

    def shares(true_effect: float, stream: int) -> dict[str, float]:
        rng = np.random.default_rng([SEED, stream])
        verdicts = [judge(test, draw(true_effect, rng), level=level).verdict for _ in range(simulations)]
        return {verdict: verdicts.count(verdict) / simulations for verdict in ("replicated", "not replicated")}

    there, absent = shares(effect, 0), shares(no_effect(test), 1)
    return {
        "replicated": there["replicated"],
        "false_not_replicated": there["not replicated"],
        "false_replicated": absent["replicated"],
        "not_replicated": absent["not replicated"],
    }


def _says(rates: dict[str, float]) -> str:
    found = f"an effect as claimed would be found in {100 * rates['replicated']:.0f} % of such experiments"
    if rates["replicated"] < 0.2:
        return f"{found}: this test could hardly have succeeded"
    if rates["not_replicated"] < 0.2:
        return f"{found}; its absence would be noticed in {100 * rates['not_replicated']:.0f} %: this test could hardly have failed"
    return found
