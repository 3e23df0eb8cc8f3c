"""A cell of a grid, a run of it, the bundle of runs that one job makes, and the names of their folders."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from secondlook.protocol.experiment import Product, Selected
from secondlook.protocol.schema import FactorValue


@dataclass(frozen=True)
class Cell:
    """One point of an experiment's grid."""

    factors: Mapping[str, FactorValue | Selected]

    @property
    def name(self) -> str:
        """Folder name, for example ``optimizer=adam+lr=0.0003``; "only" where the experiment has no factors.

        It is a wildcard of the workflow and reaches cluster jobs through a shell and through Snakemake's ``--target-jobs``, which splits at
        commas: no comma, space or quote may stand in it.
        """
        return "+".join(f"{factor}={self._text(value)}" for factor, value in self.factors.items()) or "only"

    @property
    def labels(self) -> dict[str, FactorValue]:
        """Factors with a selected value as the word that stands in the folder's name."""
        return {factor: self._text(value) if isinstance(value, Selected) else value for factor, value in self.factors.items()}

    @property
    def fixed(self) -> dict[str, FactorValue]:
        """Factors whose value no selection decides."""
        return {factor: value for factor, value in self.factors.items() if not isinstance(value, Selected)}

    @staticmethod
    def _text(value: FactorValue | Selected) -> str:
        if isinstance(value, Selected):
            return "selected" if value.take == "best" else "beyond"
        return repr(value) if isinstance(value, float) else str(value)


def cells(grid: Iterable[Product]) -> Iterator[Cell]:
    """Every cell of a grid, the products in their order."""
    for product in grid:
        levels = [value if isinstance(value, list) else [value] for value in product.values()]
        for values in itertools.product(*levels):
            yield Cell(dict(zip(product, values, strict=True)))


def matching(grid: Iterable[Cell], wanted: Mapping[str, Sequence[Any]], *, whole: bool) -> list[Cell]:
    """Cells with these factor values; ``whole``: and with no further factor."""
    texts = {factor: {str(value) for value in values} for factor, values in wanted.items()}
    return [
        cell
        for cell in grid
        if all(factor in cell.labels and str(cell.labels[factor]) in values for factor, values in texts.items())
        and (not whole or set(cell.labels) == set(texts))
    ]


@dataclass(frozen=True)
class Run:
    """One cell for one block of seeds: one folder, one record."""

    paper: str
    experiment: str
    cell: Cell
    seeds: tuple[int, ...]

    @property
    def seeds_name(self) -> str:
        """Folder name, ``seeds=0-4`` or ``seeds=7``."""
        first, last = self.seeds[0], self.seeds[-1]
        return f"seeds={first}" if first == last else f"seeds={first}-{last}"


@dataclass(frozen=True)
class Bundle:
    """The runs that one job makes, one after the other: cells of one experiment, the same seeds."""

    runs: tuple[Run, ...]

    @property
    def leader(self) -> Run:
        """The run whose folder holds what the job says of all of them."""
        return self.runs[0]


def bundles(runs: Sequence[Run], cells_per_job: int | Literal["all"]) -> list[Bundle]:
    """Cut runs of one experiment into bundles: those with the same seeds, in their order, so many at a time."""
    by_seeds: dict[tuple[int, ...], list[Run]] = {}
    for run in runs:
        by_seeds.setdefault(run.seeds, []).append(run)
    found = []
    for same in by_seeds.values():
        size = len(same) if cells_per_job == "all" else cells_per_job
        found += [Bundle(tuple(same[start : start + size])) for start in range(0, len(same), size)]
    return found
