"""What each setting is, in a line: the ``#:`` comment above its field, read from the source of the dataclass and of those it extends."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import textwrap
from typing import Any

from secondlook.check.stand_ins import stand_ins


@dataclasses.dataclass(frozen=True)
class Described:
    """A setting of an experiment."""

    #: the first line of its comment; "" where it has none
    text: str
    #: its value where a protocol gives none; dataclasses.MISSING where it must give one
    default: Any


def describe_settings(module: str) -> dict[str, Described]:
    """Setting -> what it is, of the dataclass ``Settings`` of an experiment's module, without importing torch."""
    with stand_ins():
        model: type[Any] = importlib.import_module(module).Settings
        texts: dict[str, str] = {}
        for cls in reversed(model.__mro__):
            if dataclasses.is_dataclass(cls):
                texts |= _texts(cls)
        return {field.name: Described(texts.get(field.name, ""), _default(field)) for field in dataclasses.fields(model)}


@functools.cache  # many experiments extend the same class
def _texts(cls: type[Any]) -> dict[str, str]:
    return comments(inspect.getsource(cls))


def comments(source: str) -> dict[str, str]:
    """Field -> first line of the ``#:`` comment above it, of the source of one class."""
    text = textwrap.dedent(source)
    lines = text.splitlines()
    (cls,) = ast.parse(text).body
    assert isinstance(cls, ast.ClassDef)
    found = {}
    for node in cls.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            start = node.lineno - 1
            while start > 0 and lines[start - 1].lstrip().startswith("#:"):
                start -= 1
            if start < node.lineno - 1:
                found[node.target.id] = lines[start].lstrip().removeprefix("#:").strip()
    return found


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
