"""Checking what a protocol gives an experiment against the types of its settings; a dataclass alone checks names only."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from secondlook.errors import did_you_mean


def problem(hint: Any, value: Any) -> str | None:
    """Return what is wrong with ``value`` for a setting of type ``hint``, or None.

    Choices and numbers are checked; what else a type may say is the experiment's own business. A mapping, where the type does not ask for
    one, stands for the values that it holds (by loss, say).
    """
    kinds = _kinds(hint)
    if isinstance(value, Mapping) and not any(_is(kind, Mapping) for kind in kinds):
        return next((found for item in value.values() if (found := problem(hint, item))), None)
    choices = [choice for kind in kinds if typing.get_origin(kind) is Literal for choice in typing.get_args(kind)]
    if any(value == choice and type(value) is type(choice) for choice in choices):
        return None
    plain = {kind for kind in kinds if kind in (int, float, str, bool, type(None))}
    if len(plain) + sum(typing.get_origin(kind) is Literal for kind in kinds) < len(kinds):
        return None  # something richer is allowed as well
    if type(value) in plain or (type(value) is int and float in plain):
        return None
    numbers = " or ".join(sorted(kind.__name__ for kind in plain - {type(None)}))
    if choices and not numbers:
        return f"is not known.{did_you_mean(str(value), map(str, choices))}"
    others = f" and not {' or '.join(map(repr, choices))}" if choices else ""
    exponent = re.fullmatch(r"(-?\d+)(e-?\d+)", str(value)) if isinstance(value, str) else None
    return f"is no {numbers}{others}" + (f" (YAML reads {value} as text: write {exponent[1]}.0{exponent[2]})" if exponent else "")


def _kinds(hint: Any) -> tuple[Any, ...]:
    """The members of a union, or the type alone."""
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _is(kind: Any, wanted: type) -> bool:
    origin = typing.get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, wanted)
