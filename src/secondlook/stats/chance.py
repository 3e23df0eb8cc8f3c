"""What a claim's test could show, by plan: the effect, the spread and the numbers of replicas that the protocol declared, simulated.

A test is worth running where it decides rightly with a probability of `LEAST` both if the claim holds and if it does not. No number of a
run goes in here: a power computed from the spread of a handful of replicas says little.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from secondlook.protocol.rules import Correlation, Counts, Difference, Equivalence, MeasuredTest, Ordering, Ratio, Share, Within
from secondlook.stats.judge import ALPHA, FEWEST, verdicts
from secondlook.stats.looks import spending
from secondlook.stats.zones import zone_of

LEAST = 0.8
SIMULATIONS = 1000
SEED = 20171204  # any; the same each time, so that equal protocols make equal files


@dataclass(frozen=True)
class Design:
    """A test as it is planned."""

    test: MeasuredTest
    #: replicas of each arm at each look, and how many there are in the end
    sizes: tuple[tuple[int, ...], ...]
    #: standard deviation between replicas: of logarithms for ratios, of differences within pairs for paired tests; for counts the share of
    #: successes of the first arm
    spread: float
    #: the effect where the claim holds
    expected: float
    #: and where it does not
    otherwise: float
    #: the part of alpha that the claim has among the primary ones of its paper
    share: float = 1.0

    @property
    def alphas(self) -> list[float]:
        """Of a one-sided bound, at each look."""
        return [alpha * self.share for alpha in spending(len(self.sizes))]


@dataclass(frozen=True)
class Chance:
    """How often the procedure decides rightly."""

    if_true: float
    if_false: float

    @property
    def enough(self) -> bool:
        """Whether the test is worth running."""
        return min(self.if_true, self.if_false) >= LEAST


def chance(design: Design, simulations: int = SIMULATIONS) -> Chance:
    """Return the chance that the claim is supported if it holds, and that it is excluded if it does not."""
    return Chance(rates(design, design.expected, 0, simulations)[0], rates(design, design.otherwise, 1, simulations)[1])


def rates(design: Design, effect: float, stream: int, simulations: int) -> tuple[float, float]:
    """Return the shares of simulated experiments with this effect that end as supported, and that end with the claim excluded."""
    rng = np.random.default_rng([SEED, stream])
    replicas = draw(design, effect, rng, simulations)
    open_ = np.ones(simulations, bool)
    shares = [0.0, 0.0]
    for sizes, alpha in zip(design.sizes, design.alphas, strict=True):
        if min(sizes) < FEWEST:
            continue
        seen = [arm[:, :size] for arm, size in zip(replicas, sizes, strict=True)]
        for kind, answer in enumerate(verdicts(design.test, seen, alpha)):
            shares[kind] += float((answer & open_).sum()) / simulations
            open_ &= ~answer
    return shares[0], shares[1]


def draw(design: Design, effect: float, rng: np.random.Generator, simulations: int) -> list[np.ndarray]:
    """Draw the arms of simulated experiments, [simulations, replicas] each: normal replicas, or successes."""
    test, spread = design.test, design.spread
    shapes = [(simulations, size) for size in design.sizes[-1]]

    def normal(*means: float) -> list[np.ndarray]:
        return [rng.normal(mean, spread, shape) for mean, shape in zip(means, shapes, strict=True)]

    match test:
        case Counts():
            shares = (spread, min(max(spread + effect, 0.0), 1.0))
            return [(rng.random(shape) < share).astype(float) for share, shape in zip(shares, shapes, strict=True)]
        case Share():
            return [(rng.random(shapes[0]) < effect).astype(float)]
        case Within() | Correlation():
            return normal(effect)
        case Ordering():
            return normal(*(index * effect for index in range(len(shapes))))
        case Difference() | Equivalence() | Ratio():
            ratio = isinstance(test, Ratio)
            arms = [np.zeros(shapes[0]), rng.normal(math.log(effect) if ratio else effect, spread, shapes[1])] if test.paired else None
            arms = arms or normal(0.0, math.log(effect) if ratio else effect)
            return [np.exp(arm) for arm in arms] if ratio else arms
    raise TypeError(f"no simulation for {type(test).__name__}")


def edges_of(test: MeasuredTest) -> list[float]:
    """The effects at which it is hardest to tell whether a claim holds: the bounds of its zone."""
    zone = zone_of(test)
    return [bound for bound in (zone.low, zone.high) if math.isfinite(bound)]


def detectable(design: Design) -> float | None:
    """The least effect that the last look would find in `LEAST` of experiments (minimum detectable effect); None where none is found.

    For tests of means alone, from Student's t with the declared spread.
    """
    test, sizes = design.test, design.sizes[-1]
    if not isinstance(test, Difference | Ratio) or min(sizes) < FEWEST:
        return None
    two = not test.paired
    error = design.spread * math.sqrt(sum(1 / size for size in sizes)) if two else design.spread / math.sqrt(sizes[0])
    freedom = sum(sizes) - 2 if two else sizes[0] - 1
    reach = float(special.stdtrit(freedom, 1 - design.alphas[-1]) + special.stdtrit(freedom, LEAST)) * error
    edge = test.smallest_effect
    return edge * math.exp(reach) if isinstance(test, Ratio) else edge + reach


def replicas_needed(test: MeasuredTest, effect: float, spread: float, alpha: float = ALPHA) -> int | None:
    """Replicas an arm with which an effect as large as the measured one would be decided in `LEAST` of experiments.

    From the normal distribution, with two added for Student's; None where more than 1,000 would be needed: the effect lies at a bound.
    """
    zone = zone_of(test)
    scale = math.log if zone.log else float
    if zone.log and effect <= 0:
        return None
    distance = min(abs(scale(effect) - scale(bound)) for bound in edges_of(test))
    if isinstance(test, Share):
        spread = math.sqrt(max(effect * (1 - effect), 0.05))
    if isinstance(test, Counts):
        spread = 0.5
    arms = 1 if getattr(test, "paired", False) or isinstance(test, Within | Correlation | Share) else 2
    wanted = float(special.ndtri(1 - alpha) + special.ndtri(LEAST)) * spread
    count = math.ceil(arms * (wanted / distance) ** 2) + 2 if distance > 0 else math.inf
    return int(count) if count <= 1000 else None
