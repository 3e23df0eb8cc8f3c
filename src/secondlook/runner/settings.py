"""Checking what a protocol gives an experiment against its dataclass of settings; the dataclass alone checks names only."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import types
import typing
from collections.abc import Hashable, Mapping
from typing import Any, Literal

from secondlook.errors import did_you_mean


def wrong_settings(model: Any, values: Mapping[str, Any]) -> dict[str, str]:
    """Return setting -> what is wrong, by the dataclass ``model``: no field or another type, a field without a value or default."""
    fields = {field.name: field for field in dataclasses.fields(model)}
    found = {name: f"unknown setting.{did_you_mean(name, fields)}" for name in values if name not in fields}
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            found[name] = f"no value is given, and {model.__module__}.{model.__name__} has no default for it"
    hints = _hints(model)
    for name, value in values.items():
        if name in fields and (what := type_error(hints[name], value)):
            found[name] = f"{value!r} {what}"
    return found


@functools.cache  # the start of the workflow asks for it at every cell of every scale
def _hints(model: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(model)


def type_error(hint: Any, value: Any) -> str | None:
    """Return what is wrong with ``value`` for a setting of type ``hint``, or None.

    Choices and numbers are checked; what else a type may say is the experiment's own business. A mapping, where the type does not ask for
    one, stands for the values that it holds (by loss, say).
    """
    kinds = _kinds(hint)
    if isinstance(value, Mapping) and not any(_is(kind, Mapping) for kind in kinds):
        return next((found for item in value.values() if (found := type_error(hint, item))), None)
    choices = [choice for kind in kinds if typing.get_origin(kind) is Literal for choice in typing.get_args(kind)]
    if any(value == choice and type(value) is type(choice) for choice in choices):
        return None
    plain = {kind for kind in kinds if kind in (int, float, str, bool, type(None))}
    if len(plain) + sum(typing.get_origin(kind) is Literal for kind in kinds) < len(kinds):
        return None  # something richer is allowed as well
    if isinstance(value, float) and not math.isfinite(value):
        return "is no finite number"
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
