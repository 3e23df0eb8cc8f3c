"""How a paper's answer.md is cut into sections: a line ``## Heading`` begins one, and each is filled in on its own."""

from __future__ import annotations

import re

HEADING = re.compile(r"^## +(.+?) *#*$", re.MULTILINE)


def pieces(text: str) -> list[tuple[str | None, str, int]]:
    """Cut a text at its headings: title or None, what stands below it, number of the line on which that begins."""
    marks = list(HEADING.finditer(text))
    starts = [(None, 0), *((mark[1], mark.end()) for mark in marks)]
    ends = [*(mark.start() for mark in marks), len(text)]
    found = [(title, text[start:end], text.count("\n", 0, start) + 1) for (title, start), end in zip(starts, ends, strict=True)]
    return [piece for piece in found if piece[0] is not None or piece[1].strip()]
