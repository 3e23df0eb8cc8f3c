"""A paper's own text, answer.md: cut into sections, its numbers filled in from results, its figures and claims beside what speaks of them.

A line ``## Heading`` begins a section. ``{{ figure("name") }}`` places a figure beside the paragraphs before it. The claims that a section
is the first to name stand below it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from secondlook.errors import UserError
from secondlook.formatting import FILTERS
from secondlook.protocol.answer import pieces

NAMES = (
    "Names that can be used: claims[ID].effect, .interval, .n, .outcome, .answer, .arms; the filters said, estimate; scale; figure(NAME)."
)
#: stands in the text where a figure was placed; no answer holds these characters, which Unicode keeps for private use
PLACED = re.compile("\ue000(.*?)\ue001")


@dataclass
class Row:
    """Some paragraphs and the figures beside them."""

    text: str
    """Markdown."""
    figures: list[str] = field(default_factory=list)
    """Names of figures of the paper."""


@dataclass
class Section:
    """A part of an answer."""

    title: str | None
    """Markdown of its heading; None before the first one."""
    rows: list[Row]
    claims: list[str]
    """Keys of the claims that it names, in their order."""

    @property
    def figures(self) -> list[str]:
        """Names of all figures that it places."""
        return [name for row in self.rows for name in row.figures]


class Claims(Mapping[str, Any]):
    """The claims of a paper, which notes those that a text asks for."""

    def __init__(self, claims: Mapping[str, Any]) -> None:
        self._claims = claims
        self.asked: list[str] = []

    def __getitem__(self, key: str) -> Any:
        found = self._claims[key]
        self.asked.append(key)
        return found

    def __iter__(self) -> Any:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)


def read_answer(path: Path, claims: Mapping[str, Any], scale: str) -> list[Section]:
    """Return the sections of an answer.md with its numbers filled in from results; what comes back is still Markdown.

    Each section is filled in on its own: no condition reaches over a heading.

    Raises:
        UserError: the text names a result that does not exist.
    """
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    environment.filters |= FILTERS
    environment.globals["figure"] = lambda name: f"\n\n\ue000{name}\ue001\n\n"
    sections = []
    for title, text, _ in pieces(path.read_text(encoding="utf-8")):
        known = Claims(claims)
        try:
            heading, body = (
                environment.from_string(part).render(claims=known, scale=scale) if part is not None else None for part in (title, text)
            )
        except (TemplateError, TypeError, ValueError) as error:  # a filter that gets an undefined name
            raise UserError(f"{path}: {error}. {NAMES}") from error
        sections.append(Section(heading, _rows(str(body)), list(dict.fromkeys(known.asked))))
    return sections


def _rows(text: str) -> list[Row]:
    """Paragraphs up to a figure, with it; what follows the last figure stands beside it, too."""
    parts = PLACED.split(text)
    rows: list[Row] = []
    for index in range(0, len(parts), 2):
        words, name = parts[index].strip(), parts[index + 1] if index + 1 < len(parts) else None
        if rows and not words and name:
            rows[-1].figures.append(name)
        elif rows and name is None:
            rows[-1].text = f"{rows[-1].text}\n\n{words}".strip()
        elif words or name:
            rows.append(Row(words, [name] if name else []))
    return rows
