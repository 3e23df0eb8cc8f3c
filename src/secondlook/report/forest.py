"""Where the marks of a claim's picture stand: the paper's number beside ours on one axis, and every replica of every arm on another.

Positions are per cent of the picture's width, so that it keeps its text size on every screen; the template draws it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: an effect of none; a kind that is not here has no such line
NOTHING = {"difference": 0.0, "ordering": 0.0, "counts": 0.0, "correlation": 0.0, "equivalence": 0.0, "ratio": 1.0}
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


def forest(claim: Mapping[str, Any], test: Any = None) -> dict[str, Any] | None:
    """Return what the picture of a claim shows; None where there is nothing to place on an axis.

    Args:
        claim: as in claims.json; keys that it lacks are left out of the picture.
        test: the protocol's rule, which holds the lines that count where claims.json does not repeat them.
    """
    effect, arms = _effect(claim, test), _arms(claim.get("arms") or [])
    return {"effect": effect, "arms": arms} if effect or arms else None


def _effect(claim: Mapping[str, Any], test: Any) -> dict[str, Any] | None:
    kind = claim.get("kind") or getattr(test, "kind", None)
    effect, interval = claim.get("effect"), claim.get("interval")
    reported = (claim.get("reported") or {}).get("value")
    if effect is None or kind == "equal" or (interval is None and reported is None):
        return None
    nothing = _nothing(kind)
    lines = _lines(kind, claim, test)
    placed = [effect, *(interval or []), *([reported] if reported is not None else []), *lines, *([nothing] if nothing is not None else [])]
    scale = axis(placed)
    return {
        "axis": scale,
        "effect": scale.at(effect),
        "interval": [scale.at(value) for value in interval] if interval else None,
        "reported": None if reported is None else scale.at(reported),
        "nothing": None if nothing is None else scale.at(nothing),
        "nothing_value": nothing,
        "lines": [scale.at(value) for value in lines],
        "line_values": lines,
    }


def _nothing(kind: str | None) -> float | None:
    """The effect that is none, where the kind of test has one."""
    return NOTHING.get(kind) if kind else None


def _lines(kind: str | None, claim: Mapping[str, Any], test: Any) -> list[float]:
    """The effects from which on a claim counts."""
    if kind == "within":
        return [value for value in (getattr(test, "low", None), getattr(test, "high", None)) if value is not None]
    if kind == "equivalence":
        margin = getattr(test, "margin", None)
        return [-margin, margin] if margin else []
    smallest = claim.get("smallest_effect")
    if smallest is None:
        smallest = getattr(test, "smallest_effect", None)
    return [smallest] if smallest is not None and smallest != _nothing(kind) else []


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
