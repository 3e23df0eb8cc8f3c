"""Where a claim holds on the axis of its effect, and what an interval beside that zone says. The whole rule of every verdict is here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from secondlook.protocol.rules import Correlation, Counts, Difference, Equivalence, MeasuredTest, Ordering, Ratio, bounds_of

Outcome = Literal["supported", "weaker than claimed", "contradicted", "undecided", "not run"]
OUTCOMES: tuple[Outcome, ...] = ("supported", "weaker than claimed", "contradicted", "undecided", "not run")
#: how a claim is contradicted
HOW = ("absent", "opposite", "smaller", "larger")
#: of what was judged, those that are an answer
DECIDED: frozenset[Outcome] = frozenset({"supported", "weaker than claimed", "contradicted"})


@dataclass(frozen=True)
class Zone:
    """The effects with which a claim is true."""

    low: float = -math.inf
    high: float = math.inf
    #: the effect that is none; None where the claim speaks of a value and not of an effect
    zero: float | None = None
    #: an effect of 1 on the scale that all claims share: the smallest that counts, or the margin
    one: float | None = None
    #: the effect is a ratio, and distances are those of logarithms
    log: bool = False

    def position(self, value: float | None) -> float | None:
        """Where an effect lies on the scale that all claims share: 0 is no effect, 1 the smallest that counts; None where there is none."""
        if value is None or self.zero is None or self.one is None or self.zero == self.one:
            return None
        if self.log:
            return math.log(value / self.zero) / math.log(self.one / self.zero) if value > 0 else None
        return (value - self.zero) / (self.one - self.zero)

    def as_json(self) -> dict[str, float | bool | None]:
        """For claims.json; an open end is null."""
        ends = {name: None if math.isinf(value) else value for name, value in (("low", self.low), ("high", self.high))}
        return {**ends, "zero": self.zero, "one": self.one, "log": self.log}


def zone_of(test: MeasuredTest) -> Zone:
    """The zone of a test."""
    low, high = bounds_of(test)
    match test:
        case Ratio():
            return Zone(low, high, zero=1.0, one=low, log=True)
        case Difference() | Ordering() | Counts():
            return Zone(low, high, zero=0.0, one=low)
        case Equivalence():
            return Zone(low, high, zero=0.0, one=high)
        case Correlation():
            return Zone(low, high, zero=0.0, one=test.low or None)
    return Zone(low, high)


def inside(low: np.ndarray | float, high: np.ndarray | float, zone: Zone) -> np.ndarray:
    """Whether intervals lie wholly in the zone: the claim is supported."""
    return np.greater_equal(low, zone.low) & np.less_equal(high, zone.high)


def outside(low: np.ndarray | float, high: np.ndarray | float, zone: Zone) -> np.ndarray:
    """Whether intervals have no point in common with the zone: the claim is weaker than claimed, or contradicted."""
    return np.less(high, zone.low) | np.greater(low, zone.high)


def outcome_of(low: float, high: float, zone: Zone) -> tuple[Outcome, str]:
    """Return the outcome of an interval, and how: what it excludes, in words."""
    if inside(low, high, zone):
        return "supported", "the interval lies wholly where the claim holds"
    if not outside(low, high, zone):
        there = zone.zero is not None and math.isfinite(zone.low) and math.isinf(zone.high) and low > zone.zero
        return "undecided", "there is an effect, but whether it is large enough is open" if there else "the interval lies on both sides"
    one_sided = zone.zero is not None and math.isinf(zone.high)
    if not one_sided or zone.zero is None:
        return "contradicted", "larger" if low > zone.high else "smaller"
    if low > zone.zero:
        return "weaker than claimed", "there is an effect, but smaller than what counts"
    return "contradicted", "opposite" if high < zone.zero else "absent"
