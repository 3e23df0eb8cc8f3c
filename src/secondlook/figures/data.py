"""What a figure draws, as its module is given it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd

from secondlook.tables.arrays import Record

T = TypeVar("T")


@dataclass(frozen=True)
class FigureData:
    """The results that a figure's protocol names."""

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """Experiment -> table."""
    claims: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Id within the paper ("L5") -> decided claim; empty unless the figure asks for them."""
    arrays: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """Experiment -> what its runs saved."""

    @property
    def table(self) -> pd.DataFrame:
        """The only table."""
        return _only("tables", self.tables)

    @property
    def records(self) -> Sequence[Record]:
        """The records of the only experiment whose arrays are drawn."""
        return _only("arrays", self.arrays)


def _only(kind: str, found: Mapping[str, T]) -> T:
    if len(found) != 1:
        raise ValueError(f"{kind}: the figure draws one experiment, and was given {', '.join(found) or 'none'}")
    return next(iter(found.values()))
