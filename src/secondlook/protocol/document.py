"""Reading the YAML files that people write, with the line of every key, so that a mistake can be shown where it stands."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from secondlook.errors import Mistake, UserError

try:
    from yaml import CSafeLoader as SafeLoader  # ten times faster; not in every build of PyYAML
except ImportError:  # pragma: no cover
    from yaml import SafeLoader  # type: ignore[assignment]

#: aliases of aliases may not turn a small file into a large one
MOST_VALUES = 100_000


class Block(dict[str, Any]):
    """A mapping that knows the line of each of its keys."""

    def __init__(self, values: Iterable[tuple[str, Any]] = (), lines: dict[str, int] | None = None) -> None:
        super().__init__(values)
        self.lines = lines or {}

    def put(self, key: str, value: Any, line: int | None) -> None:
        """Set a key together with the line that it stands on."""
        self[key] = value
        if line is not None:
            self.lines[key] = line


class Items(list[Any]):
    """A list that knows the line of each of its items."""

    def __init__(self, values: Iterable[Any] = (), lines: Sequence[int] = ()) -> None:
        super().__init__(values)
        self.lines = list(lines)


def line_of(data: Any, place: Sequence[str | int]) -> int | None:
    """Line of the key at ``place``; of the innermost block above it that has one, where the key itself is missing."""
    line = None
    for key in place:
        if isinstance(data, Block):
            line = data.lines.get(str(key), line)
            data = data.get(str(key))
        elif isinstance(data, Items) and isinstance(key, int) and key < len(data):
            line = data.lines[key] if key < len(data.lines) else line
            data = data[key]
        else:
            break
    return line


def load_document(path: str | Path) -> Any:
    """Read a YAML file; keys become text at every depth, as in JSON.

    Raises:
        UserError: it is missing or not YAML; the message has file and line.
    """
    try:
        data = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text: {error}") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"not valid YAML: {error.problem or error.context}"
        raise UserError(str(Mistake(str(path), mark.line + 1 if mark else None, "(syntax)", what))) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{path} is not valid YAML: {error}") from error
    if sum(1 for _ in itertools.islice(_values(data), MOST_VALUES)) == MOST_VALUES:
        raise UserError(f"{path} holds {MOST_VALUES:,} values or more, counting each alias; no file of this project is that large")
    return data


def _values(data: Any) -> Iterator[Any]:
    yield data
    for value in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _values(value)


class _Loader(SafeLoader):
    """YAML as people write it: 1e-8 is a number, a key may not stand twice, and nothing is merged."""


def _block(loader: _Loader, node: yaml.MappingNode) -> Any:
    block = Block()
    yield block
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a word or a number", key_node.start_mark)
        if key_node.tag == "tag:yaml.org,2002:merge":
            raise yaml.constructor.ConstructorError(None, None, "merge keys (<<) are not used here: say 'like'", key_node.start_mark)
        key = str(loader.construct_object(key_node))
        if key in block:
            raise yaml.constructor.ConstructorError(None, None, f"key '{key}' stands twice", key_node.start_mark)
        block.put(key, loader.construct_object(value_node, deep=True), key_node.start_mark.line + 1)


def _items(loader: _Loader, node: yaml.SequenceNode) -> Any:
    items = Items(lines=[child.start_mark.line + 1 for child in node.value])
    yield items
    items.extend(loader.construct_object(child, deep=True) for child in node.value)


_Loader.add_constructor("tag:yaml.org,2002:map", _block)
_Loader.add_constructor("tag:yaml.org,2002:seq", _items)
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789"))
