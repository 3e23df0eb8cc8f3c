"""A cell of a grid, a job of it, and the names of their folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from secondlook.protocol.experiment import Selected
from secondlook.protocol.schema import FactorValue


@dataclass(frozen=True)
class Cell:
    """One point of an experiment's grid."""

    factors: Mapping[str, FactorValue | Selected]

    @property
    def name(self) -> str:
        """Folder name, for example ``optimizer=adam,lr=0.0003``; "only" where the experiment has no factors."""
        return ",".join(f"{factor}={self._text(value)}" for factor, value in self.factors.items()) or "only"

    @property
    def labels(self) -> dict[str, FactorValue]:
        """Factors with a selected value as the word that stands in the folder's name."""
        return {factor: self._text(value) if isinstance(value, Selected) else value for factor, value in self.factors.items()}

    @staticmethod
    def _text(value: FactorValue | Selected) -> str:
        if isinstance(value, Selected):
            return "selected" if value.take == "best" else "beyond"
        return repr(value) if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Run:
    """A job: one cell for one block of seeds."""

    paper: str
    experiment: str
    cell: Cell
    seeds: tuple[int, ...]

    @property
    def seeds_name(self) -> str:
        """Folder name, ``seeds=0-4`` or ``seeds=7``."""
        first, last = self.seeds[0], self.seeds[-1]
        return f"seeds={first}" if first == last else f"seeds={first}-{last}"
