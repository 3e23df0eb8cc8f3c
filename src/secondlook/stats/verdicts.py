"""From measurements to a verdict, by the rule that the protocol wrote down before the run.

Verdicts: ``replicated``, ``direction only``, ``not replicated``, ``inconclusive``, ``not run``. At reduced fidelity a claim can only be
``direction only`` or ``inconclusive``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from secondlook.claims import Arm, Claim, Difference, Exact
from secondlook.errors import UserError, did_you_mean
from secondlook.model import Fidelity
from secondlook.stats.intervals import FEWEST, welch_interval
from secondlook.tables import factors, snapshot
from secondlook.words import number


def decide(claim: Claim, table: pd.DataFrame | None, fidelity: Fidelity | None) -> dict[str, Any]:
    """Return the verdict on one claim as plain JSON: verdict, why, effect, interval, n, and the arms with every replica.

    Args:
        claim: the claim and its rule.
        table: the experiment's collected table, None where it does not run at this scale.
        fidelity: of the experiment at this scale.

    Raises:
        UserError: the claim names a factor, a value or a metric that the table does not have.
    """
    outcome: dict[str, Any] = {
        "verdict": "not run",
        "why": claim.not_run,
        "effect": None,
        "interval": None,
        "n": [],
        "unit": "",
        "arms": [],
    }
    if claim.not_run is None and table is None:
        outcome["why"] = f"the experiment {claim.experiment} does not run at this scale"
    elif isinstance(claim.test, Exact):
        outcome |= _exact(claim.test, table)
    elif isinstance(claim.test, Difference):
        outcome |= _difference(claim.test, table)
    if fidelity == "reduced" and outcome["verdict"] in ("replicated", "not replicated"):
        agrees = outcome["verdict"] == "replicated"
        outcome["why"] = f"{outcome['why']}; at reduced fidelity this can show a direction at most"
        outcome["verdict"] = "direction only" if agrees else "inconclusive"
    return {
        "id": claim.id,
        "sentence": claim.sentence,
        "where": claim.where,
        "reported": claim.reported.model_dump() if claim.reported else None,
        "experiment": claim.experiment,
        "fidelity": fidelity if outcome["verdict"] != "not run" else None,
        "rule": rule_text(claim),
        **outcome,
    }


def rule_text(claim: Claim) -> str:
    """Return the decision rule in words."""
    test = claim.test
    if isinstance(test, Exact):
        given = f", where {test.given} holds," if test.given else ""
        bound = f"differs from {test.equals} by at most {test.tolerance:g}" if test.tolerance else f"equals {test.equals}"
        return f"replicated if in every replica{given} the final {test.metric} {bound}; else not replicated"
    if isinstance(test, Difference):
        when = "final" if test.at == 1 else f"after {100 * test.at:g} % of training,"
        least = number(test.smallest_effect, test.unit)
        parts = [
            f"{when} {test.metric}, {test.second.label} minus {test.first.label}, 95 % Welch interval",
            f"replicated if it lies above 0 and the mean is at least {least}; direction only if it lies above 0 and the mean is smaller",
            f"not replicated if it lies below {least}; else, or with fewer than {FEWEST} replicas an arm, inconclusive",
        ]
        if test.given_lower:
            parts.append(
                f"inconclusive, too, unless {test.second.label} has a mean {test.given_lower} not above that of {test.first.label}"
            )
        return "; ".join(parts)
    return ""


def _exact(test: Exact, table: pd.DataFrame) -> dict[str, Any]:
    rows = _where(table, test.where)
    if rows.empty:
        raise UserError(f"no run has the factors {test.where} of the claim")
    final = snapshot(rows)
    _known(final, test.metric, test.given, test.equals if isinstance(test.equals, str) else None)
    if test.given:
        final = final[final[test.given] == 1]
    if final.empty:
        return {"verdict": "inconclusive", "why": f"no replica meets the premise {test.given}"}
    expected = final[test.equals] if isinstance(test.equals, str) else test.equals
    gap = (final[test.metric] - expected).abs().where(~final["diverged"])
    agree = int((gap <= test.tolerance).sum())  # a diverged replica and a missing value do not agree
    largest = float(gap.max())
    return {
        "verdict": "replicated" if agree == len(final) else "not replicated",
        "why": f"{agree} of {len(final)} replicas agree; largest difference {largest:.3g}, allowed {test.tolerance:g}",
        "effect": largest if math.isfinite(largest) else None,
        "n": [len(final)],
    }


def _difference(test: Difference, table: pd.DataFrame) -> dict[str, Any]:
    arms = [_pick(test, arm, table) for arm in (test.first, test.second)]
    first, second = (arm.values for arm in arms)
    outcome: dict[str, Any] = {"n": [len(first), len(second)], "unit": test.unit, "arms": [arm.as_json() for arm in arms]}
    if min(len(first), len(second)) < FEWEST:
        return outcome | {
            "verdict": "inconclusive",
            "why": f"{len(first)} and {len(second)} replicas; a verdict needs {FEWEST} in each arm",
        }
    effect = float(np.mean(second) - np.mean(first))
    low, high = welch_interval(first, second)
    outcome |= {"effect": effect, "interval": [low, high]}
    if test.given_lower:
        means = [arm.mean(test.given_lower, math.inf) for arm in arms]
        if not means[1] <= means[0]:
            ends = f"{arms[1].label} ends at {test.given_lower} {means[1]:.4g}, above {means[0]:.4g} of {arms[0].label}"
            return outcome | {"verdict": "inconclusive", "why": f"its premise fails: {ends}"}
    if low > 0:
        enough = effect >= test.smallest_effect
        verdict, why = (
            ("replicated", "the interval lies above 0")
            if enough
            else ("direction only", "the interval lies above 0, but the effect is smaller")
        )
    elif high < test.smallest_effect:
        verdict, why = (
            "not replicated",
            "the interval lies below 0" if high < 0 else "the interval lies below the smallest effect that counts",
        )
    else:
        verdict, why = "inconclusive", "the interval holds 0"
    return outcome | {"verdict": verdict, "why": why}


@dataclass(frozen=True)
class _Picked:
    """The cell that an arm stands for."""

    label: str
    #: its factors
    where: dict[str, str]
    #: metrics of its replicas at the claim's point of training
    snapshot: pd.DataFrame
    #: the claim's metric, a replica each
    values: list[float]
    diverged: int

    def mean(self, metric: str, diverged: float) -> float:
        """Mean of another metric over the replicas."""
        _known(self.snapshot, metric)
        return float(np.mean(_values(self.snapshot, metric, diverged)))

    def as_json(self) -> dict[str, Any]:
        """For claims.json."""
        return {"label": self.label, "where": self.where, "values": self.values, "diverged": self.diverged}


def _pick(test: Difference, arm: Arm, table: pd.DataFrame) -> _Picked:
    """Take an arm's cell; of several, the one whose mean of ``pick`` is lowest."""
    rows = _where(table, arm.where)
    rows = rows[rows[[name for name in factors(table) if name not in arm.where]].isna().all(axis=1)]
    if rows.empty:
        raise UserError(f"no run has the factors {arm.where} of the arm '{arm.label}'")
    values_at = snapshot(rows, test.at)
    _known(values_at, test.metric, optional=values_at["diverged"].all())
    varied = [name for name, values in arm.where.items() if len(values) > 1]
    cells = [(key, cell) for key, cell in values_at.groupby(level=varied, sort=False)] if varied else [((), values_at)]
    if len(cells) > 1:
        if arm.pick is None:
            raise UserError(f"arm '{arm.label}' has {len(cells)} cells and no 'pick'")
        _known(values_at, arm.pick, optional=values_at["diverged"].all())
        means = [np.mean(_values(cell, arm.pick, math.inf)) for _, cell in cells]
        cells = [cells[int(np.argmin(means))]]
    key, cell = cells[0]
    return _Picked(
        label=f"{arm.label} ({', '.join(map(str, key))})" if key else arm.label,
        where={
            name: str(value)
            for name, value in zip(cell.index.names, np.atleast_1d(cell.index[0]), strict=True)
            if value and name != "replica"
        },
        snapshot=cell,
        values=_values(cell, test.metric, test.diverged),
        diverged=sum(_diverged(cell, test.metric)),
    )


def _diverged(cell: pd.DataFrame, metric: str) -> list[bool]:
    """Which replicas were marked as diverged or ended at no number."""
    values = cell[metric] if metric in cell else pd.Series(np.nan, index=cell.index)
    return [bool(marked or not math.isfinite(value)) for marked, value in zip(cell["diverged"], values, strict=True)]


def _values(cell: pd.DataFrame, metric: str, diverged: float) -> list[float]:
    """A metric's value of each replica, with ``diverged`` for those that did."""
    bad = _diverged(cell, metric)
    values = cell[metric] if metric in cell else [math.nan] * len(cell)
    return [diverged if lost else float(value) for value, lost in zip(values, bad, strict=True)]


def _known(frame: pd.DataFrame, *metrics: str | None, optional: bool = False) -> None:
    for metric in metrics:
        if metric is not None and metric not in frame and not optional:
            raise UserError(f"claim metric '{metric}' is not in the table.{did_you_mean(metric, frame.columns)}")


def _where(table: pd.DataFrame, where: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Rows with these factor values."""
    if unknown := sorted(set(where) - set(factors(table))):
        hint = did_you_mean(unknown[0], factors(table))
        raise UserError(f"a claim names the factor '{unknown[0]}', which its experiment does not have.{hint}")
    keep = pd.Series(True, index=table.index)
    for factor, values in where.items():
        keep &= table[factor].isin([str(value) for value in values])
    return table[keep]
