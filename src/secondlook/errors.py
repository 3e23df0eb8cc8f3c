"""The one exception that a user is meant to read, and the mistakes in files that it lists."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable
from typing import Any


class UserError(Exception):
    """Bad input or a failed outside service.

    The message names what, where, and what to do; the command line prints it without a traceback.
    """


@dataclasses.dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in a file that people write."""

    file: str
    #: None where the mistake has no line of its own (a key that is missing, say, has that of its block)
    line: int | None
    #: dotted path of the key
    key: str
    #: what is wrong, what was expected, and the nearest valid name
    what: str
    #: the value found there; None where it is a whole block or is named by ``what``
    value: Any = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        value = "" if self.value is None else f" (value: {shortened(self.value)})"
        return f"{place}: {self.key}: {self.what}{value}"


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Raise one `UserError` that lists all ``mistakes`` by file and line, each once; do nothing where there is none."""
    found = sorted(set(map(str, sorted(mistakes, key=lambda mistake: (mistake.file, mistake.line or 0)))), key=_place)
    if found:
        raise UserError(f"{len(found)} mistake{'s' if len(found) > 1 else ''} found:\n" + "\n".join(f"  {line}" for line in found))


def _place(line: str) -> tuple[str, int]:
    file, _, rest = line.partition(":")
    number = rest.partition(":")[0]
    return file, int(number) if number.isdigit() else 0


def shortened(value: Any, most: int = 80) -> str:
    """A value as it stands in a message."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


#: a message lists no more names than this
MOST_NAMED = 20


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest known word, else the list of what exists."""
    known = sorted(known)
    near = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    if near:
        return f" Did you mean '{near[0]}'?"
    more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
    return f" Known: {', '.join(known[:MOST_NAMED]) or 'none'}{more}."
