"""From tables to the samples of a test: the cell of each arm, a value a replica."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from secondlook.errors import UserError, did_you_mean
from secondlook.protocol.rules import Arm, Correlation, Counts, Equal, MeasuredTest, Share, arms_of
from secondlook.stats.floor import correlations, excess, permutation_p
from secondlook.tables.read import factors, length, point, snapshot

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Picked:
    """The cell that an arm stands for."""

    label: str
    #: its factors
    cells: dict[str, str]
    #: the test's value of each replica
    values: np.ndarray
    replicas: tuple[int, ...]
    diverged: int
    #: mean of the metric that a premise looks at, where there is one
    premise: float = math.nan
    #: of a correlation, the p-value of no excess over the floor
    p: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For claims.json."""
        return {
            "label": self.label,
            "cells": self.cells,
            "values": [float(value) for value in self.values],
            "replicas": list(self.replicas),
            "diverged": self.diverged,
        }


def first_replicas(table: pd.DataFrame, first: int, count: int) -> pd.DataFrame:
    """Rows of the first ``count`` replicas, whose seeds begin with ``first``."""
    return table[table["replica"].between(first, first + count - 1)]


def pick_arms(test: MeasuredTest, experiment: str, tables: Tables) -> list[Picked]:
    """The cell of each arm of a test.

    Raises:
        UserError: the test names a factor, a value or a metric that its table does not have.
    """
    return [_pick(test, arm, tables[arm.experiment or experiment]) for arm in arms_of(test)]


def _pick(test: MeasuredTest, arm: Arm, table: pd.DataFrame) -> Picked:
    rows = where(table, arm.cells)
    rows = rows[rows[[name for name in factors(table) if name not in arm.cells]].isna().all(axis=1)]
    if rows.empty:
        raise UserError(f"no run has the factors {arm.cells} of the arm '{arm.label}'")
    updates = length(rows, table)
    values = snapshot(rows, test.at, updates)
    _known(values, test.metric, optional=values["diverged"].all())
    varied = [name for name, levels in arm.cells.items() if len(levels) > 1]
    cells = [(key, cell) for key, cell in values.groupby(level=varied, sort=False)] if varied else [((), values)]
    if len(cells) > 1 and not isinstance(test, Share):  # a share may be that of the replicas of several cells
        if arm.pick is None:
            raise UserError(f"arm '{arm.label}' has {len(cells)} cells and no 'pick'")
        _known(values, arm.pick, optional=values["diverged"].all())
        cells = [min(cells, key=lambda each: float(np.mean(_values(each[1], str(arm.pick), math.inf))))]
    key, cell = cells[0] if len(cells) == 1 else ((), values)
    label = f"{arm.label} ({', '.join(map(str, key))})" if key else arm.label
    if isinstance(test, Share) and test.given:
        _known(cell, test.given)
        cell = cell[cell[test.given] == 1]
    numbers, p = _values(cell, test.metric, test.diverged), None
    if isinstance(test, Correlation):
        numbers, p = _excess(test, where(rows, {name: [value] for name, value in zip(varied, key, strict=False)}), cell, updates)
    if isinstance(test, Counts | Share) and not set(numbers) <= {0.0, 1.0}:
        raise UserError(
            f"claim metric '{test.metric}' must be 1 or 0 in every replica, since a share is made of it; it has {numbers.tolist()}"
        )
    premise = getattr(test, "given_lower", None)
    if premise:
        _known(cell, premise)
    return Picked(
        label=label,
        cells={
            name: str(value)
            for name, value in zip(cell.index.names, np.atleast_1d(cell.index[0]) if len(cell) else (), strict=False)
            if value and name != "replica" and len(set(cell.index.get_level_values(name))) == 1
        },
        values=numbers,
        replicas=tuple(int(each) for each in cell.index.get_level_values("replica")),
        diverged=int(sum(_diverged(cell, test.metric))),
        premise=float(np.mean(_values(cell, premise, math.inf))) if premise else math.nan,
        p=p,
    )


def _excess(test: Correlation, rows: pd.DataFrame, cell: pd.DataFrame, updates: float) -> tuple[np.ndarray, float | None]:
    """Each replica's part of what own correlations have above the floor, and the p-value of no excess.

    A replica that diverged has none, 0, and no part in the floor of the others. With fewer than three sound ones there is no excess.
    """
    sound = ~np.array(_diverged(cell, test.metric), bool)
    numbers, p = np.zeros(len(cell)), None
    if sound.sum() > 2:
        matrix = correlation_matrix(test, rows, cell.index[sound].get_level_values("replica"), updates)
        numbers[sound], p = excess(matrix), permutation_p(matrix)
    return numbers, p


def correlation_matrix(test: Correlation, rows: pd.DataFrame, replicas: pd.Index, updates: float) -> np.ndarray:
    """Correlations [R, R] of replica i's metric, times the sign, with replica j's other metric over the rows that all of them have."""
    _known(rows.pivot_table(index="step", columns="metric", values="value"), test.metric, test.beside)
    early = rows[rows["step"] <= point(updates, test.at)]
    curves = [
        early[early["metric"] == name].pivot_table(index="replica", columns="step", values="value").reindex(replicas)
        for name in (test.metric, test.beside)
    ]
    steps = [step for step in curves[0].columns if step in curves[1] and not any(curve[step].isna().any() for curve in curves)]
    if len(steps) < 3:
        return np.zeros((len(replicas), len(replicas)))
    return correlations(test.sign * curves[0][steps].to_numpy(), curves[1][steps].to_numpy())


def gaps_of(test: Equal, table: pd.DataFrame) -> np.ndarray:
    """Distance of each replica's final value from the known one; infinite for one that diverged or has no value.

    Raises:
        UserError: no run has the cells of the test, or a metric is missing.
    """
    rows = where(table, test.cells)
    if rows.empty:
        raise UserError(f"no run has the factors {test.cells} of the claim")
    final = snapshot(rows)
    _known(final, test.metric, test.given, test.to if isinstance(test.to, str) else None)
    if test.given:
        final = final[final[test.given] == 1]
    expected = final[test.to] if isinstance(test.to, str) else test.to
    gap = (final[test.metric] - expected).abs().where(~final["diverged"].astype(bool)).fillna(math.inf)
    return gap.to_numpy(float)


def _diverged(cell: pd.DataFrame, metric: str) -> list[bool]:
    """Which replicas were marked as diverged or ended at no number."""
    values = cell[metric] if metric in cell else pd.Series(np.nan, index=cell.index)
    return [bool(marked or not math.isfinite(value)) for marked, value in zip(cell["diverged"], values, strict=True)]


def _values(cell: pd.DataFrame, metric: str, diverged: float) -> np.ndarray:
    """A metric's value of each replica, with ``diverged`` for those that did."""
    values = cell[metric] if metric in cell else [math.nan] * len(cell)
    return np.array([diverged if lost else float(value) for value, lost in zip(values, _diverged(cell, metric), strict=True)])


def _known(frame: pd.DataFrame, *metrics: str | None, optional: bool = False) -> None:
    for metric in metrics:
        if metric is not None and metric not in frame and not optional:
            raise UserError(f"claim metric '{metric}' is not in the table.{did_you_mean(metric, frame.columns)}")


def where(table: pd.DataFrame, cells: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Rows with these factor values."""
    if unknown := sorted(set(cells) - set(factors(table))):
        hint = did_you_mean(unknown[0], factors(table))
        raise UserError(f"a claim names the factor '{unknown[0]}', which its experiment does not have.{hint}")
    keep = pd.Series(True, index=table.index)
    for factor, values in cells.items():
        keep &= table[factor].isin([str(value) for value in values])
    return table[keep]
