"""Ranges that settings must lie in, for their ``__post_init__``: nonsense is refused before any training.

Plain Python: a plan checks settings where no library of numbers is installed. A setting that is None is left out; of one that holds several
numbers each must lie in the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from secondlook.errors import UserError


def at_least(settings: object, least: float, *names: str, most: float = math.inf, below: float = math.inf) -> None:
    """Refuse a setting that is less than ``least``, more than ``most``, or not less than ``below``."""
    if most < math.inf:
        expected = f"from {least:g} to {most:g}"
    else:
        expected = f"at least {least:g}" + (f" and below {below:g}" if below < math.inf else "")
    _check(settings, names, lambda value: least <= value <= most and value < below, expected)


def above(settings: object, bound: float, *names: str) -> None:
    """Refuse a setting that is not more than ``bound``."""
    _check(settings, names, lambda value: value > bound, f"above {bound:g}")


def finite(settings: object, *names: str) -> None:
    """Refuse a setting that is no number, or infinite."""
    _check(settings, names, lambda _: True, "a number")


def at_most(settings: object, name: str, other: str) -> None:
    """Refuse a setting that is more than another one."""
    value, most = getattr(settings, name), getattr(settings, other)
    if value is not None and most is not None and value > most:
        raise UserError(f"setting '{name}' must be at most '{other}', got {name} {value} and {other} {most}")


def _check(settings: object, names: Sequence[str], holds: Callable[[float], bool], expected: str) -> None:
    for name in names:
        setting = getattr(settings, name)
        for value in setting if isinstance(setting, list | tuple) else [setting]:
            if value is None:
                continue
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise UserError(f"setting '{name}' must be {expected}, and finite, got {value!r}")
            if not holds(value):
                raise UserError(f"setting '{name}' must be {expected}, got {value}")
