"""Where the marks of a claim's picture stand: the paper's number beside ours on one axis, and every replica of every arm on another.

Positions are per cent of the picture's width, so that it keeps its text size on every screen; the template draws it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MARGIN = 6.0  # per cent left free at both ends, where half of a tick's label stands


@dataclass(frozen=True)
class Axis:
    """A linear axis."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def at(self, value: float) -> float:
        """Position of a value, in per cent of the width."""
        return round(MARGIN + (100 - 2 * MARGIN) * (value - self.low) / (self.high - self.low), 3)


def axis(values: Iterable[float]) -> Axis:
    """An axis that holds these values and has a few round ticks."""
    values = list(values)
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.1 * abs(low) or 1.0
    low, high = low - room, high + room
    step = next(size for size in _round_steps((high - low) / 7) if (high - low) / size <= 7)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    plain = 1e-4 <= step < 1e6
    ticks = tuple((index * step, f"{index * step:.{decimals}f}" if plain else f"{index * step:.3g}") for index in range(first, last + 1))
    return Axis(low, high, ticks)


def _round_steps(least: float) -> list[float]:
    power = 10.0 ** math.floor(math.log10(least))
    return [power * factor for factor in (1, 2, 5, 10, 20)]


def forest(claim: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the picture of a claim shows, as in claims.json; None where there is nothing to place on an axis."""
    effect, arms = _effect(claim), _arms(claim.get("arms") or [])
    return {"effect": effect, "arms": arms} if effect or arms else None


def _effect(claim: Mapping[str, Any]) -> dict[str, Any] | None:
    """Effect, interval, the paper's number, no effect, and the bounds of where the claim holds. An open end of an interval is left out."""
    effect, interval, zone = claim.get("effect"), claim.get("interval"), claim.get("zone")
    reported = (claim.get("reported") or {}).get("value")
    if effect is None or zone is None or (interval is None and reported is None):
        return None
    nothing = zone["zero"]
    lines = [bound for bound in (zone["low"], zone["high"]) if bound is not None and bound != nothing]
    ends = [end for end in interval or [] if end is not None]
    scale = axis([effect, *ends, *lines, *(value for value in (reported, nothing) if value is not None)])
    bounds = [scale.low if interval[0] is None else interval[0], scale.high if interval[1] is None else interval[1]] if interval else None
    return {
        "axis": scale,
        "effect": scale.at(effect),
        "interval": [scale.at(value) for value in bounds] if bounds else None,
        "reported": None if reported is None else scale.at(reported),
        "nothing": None if nothing is None else scale.at(nothing),
        "nothing_value": nothing,
        "lines": [scale.at(value) for value in lines],
        "line_values": lines,
    }


def _arms(arms: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
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
                "values": values,
                "points": [(scale.at(value), value) for value in values],
                "mean": scale.at(sum(values) / len(values)) if values else None,
            }
            for arm, values in held
        ],
    }
