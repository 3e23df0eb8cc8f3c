"""The pictures of a claim: its effect on the scale that all claims share, and every replica of every arm on an axis of their own.

On the shared scale 0 is no effect and 1 the smallest that counts, or the margin within which nothing may differ; of a ratio, distances are
those of logarithms. So a reader checks one thing: does the bar lie in the zone where the claim holds?
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secondlook.formatting import number

MARGIN = 6.0  # per cent left free at both ends, where half of a tick's label stands
#: what lies farther from no effect is drawn at the edge, with a tip that points outward
FAR = 5.0
#: width of the bar's picture in its own units, no effect in the middle
WIDE = 280.0


def place(position: float) -> float:
    """Where a position of the shared scale lies in the bar's picture."""
    return round(WIDE / 2 * (1 + max(-FAR, min(FAR, position)) / FAR), 1)


def scale_of(claim: Mapping[str, Any]) -> Callable[[float], float | None] | None:
    """The function from a claim's effects to the shared scale; None where the claim has no effect to place.

    A value between two bounds stands at 0 half way between them. One with a single bound stands at 1 on it.
    """
    if claim["tolerance"] is not None:
        return lambda value: value / claim["tolerance"] if claim["tolerance"] else math.copysign(2 * FAR, value) if value else 0.0
    zone = claim["zone"]
    if zone is None:
        return None
    low, high, zero, one = (zone[name] for name in ("low", "high", "zero", "one"))
    if zone["log"]:
        return lambda value: math.log(value / zero) / math.log(one / zero) if value > 0 and one != zero else None
    if low is not None and high is not None:
        return lambda value: (2 * value - low - high) / (high - low)
    if zero is not None and one is not None and one != zero:
        return lambda value: (value - zero) / (one - zero)
    bound = low if low is not None else high
    return (lambda value: value / bound) if bound else None


def bar(claim: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the small picture of a claim shows, in its own units; None where there is nothing to place.

    ``zone`` is a pair of ends; ``dot``, ``range`` and ``paper`` are where effect, interval and the paper's number stand; ``tips`` are the
    sides, -1 or 1, on which the interval or the effect goes on beyond the edge; ``zero`` tells whether 0 is no effect, ``least`` whether 1
    is the smallest that counts; ``thin`` is an interval that decides nothing.
    """
    scale = scale_of(claim)
    if scale is None or claim["effect"] is None or (dot := scale(claim["effect"])) is None:
        return None
    zone = claim["zone"] or {"low": -claim["tolerance"], "high": claim["tolerance"], "zero": 0.0}
    # a single bound below nothing stands at 1 all the same: the axis runs backwards
    side = -1 if zone["low"] is None and (zone["high"] or 0) < 0 else 1
    outermost = (-side * 2 * FAR, side * 2 * FAR)

    def at(ends: Sequence[float | None]) -> list[float]:
        found = [None if end is None else scale(end) for end in ends]
        return sorted(far if end is None else end for end, far in zip(found, outermost, strict=True))

    spread = at(claim["interval"]) if claim["interval"] else None
    bounds = at((zone["low"], zone["high"]))
    reported = (claim["reported"] or {}).get("value")
    paper = scale(reported) if reported is not None else None
    outer = [*(spread or []), dot]
    return {
        "zone": [place(bounds[0]), place(bounds[1])],
        "edges": [place(bound) for bound in bounds if abs(bound) <= FAR],
        "dot": place(dot),
        "range": [place(end) for end in spread] if spread else None,
        "paper": None if paper is None else place(paper),
        "tips": [side for side in (-1, 1) if any(side * position > FAR for position in outer)],
        "zero": zone["zero"] is not None,
        "thin": claim["outcome"] == "undecided",
    }


@dataclass(frozen=True)
class Axis:
    """A linear axis."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def at(self, value: float) -> float:
        """Position of a value, in per cent of the width."""
        return round(MARGIN + (100 - 2 * MARGIN) * (value - self.low) / (self.high - self.low), 2)


def axis(values: Iterable[float]) -> Axis:
    """An axis that holds these values and has a few round ticks."""
    values = list(values)
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.1 * abs(low) or 1.0
    low, high = low - room, high + room
    step = next(size for size in _round_steps((high - low) / 6) if (high - low) / size <= 6)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    plain = 1e-4 <= step < 1e6
    ticks = tuple((index * step, f"{index * step:.{decimals}f}" if plain else f"{index * step:.3g}") for index in range(first, last + 1))
    return Axis(low, high, ticks)


def _round_steps(least: float) -> list[float]:
    power = 10.0 ** math.floor(math.log10(least))
    return [power * factor for factor in (1, 2, 5, 10, 20)]


def strip(arms: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return where the replicas of a claim's arms stand, in per cent of the width; None where it has none."""
    held = [(arm, [value for value in arm.get("values") or [] if value is not None and math.isfinite(value)]) for arm in arms]
    everything = [value for _, values in held for value in values]
    if not everything:
        return None
    scale = axis(everything)
    return {
        "axis": scale,
        "rows": [
            {
                "label": arm["label"],
                "diverged": arm.get("diverged", 0),
                "values": [number(value) for value in values],
                "points": [scale.at(value) for value in values],
                "mean": scale.at(sum(values) / len(values)) if values else None,
                "mean_value": sum(values) / len(values) if values else None,
            }
            for arm, values in held
        ],
    }
