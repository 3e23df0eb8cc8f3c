"""What a bug in the museum is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One bug."""

    name: str
    #: where it was reported, or where it would come from
    reported: str
    #: inside the package
    file: str
    #: old text, which must occur exactly once -> new text
    edits: dict[str, str]
    #: each must fail, of a parametrized one at least one case
    tests: tuple[str, ...]
