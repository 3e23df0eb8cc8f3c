"""From tables to verdicts, by the rules that the protocol wrote down before the run.

Verdicts: ``replicated``, ``direction only``, ``not replicated``, ``inconclusive``, ``not run``. At reduced fidelity a claim can only be
``direction only`` or ``inconclusive``; where a control failed, it is ``inconclusive``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from secondlook.errors import UserError, did_you_mean
from secondlook.formatting import number
from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.rules import Arm, Correlation, Difference, Equal, MeasuredTest, Ratio, Test, arms_of
from secondlook.protocol.schema import Fidelity
from secondlook.stats.estimates import LEVEL
from secondlook.stats.judge import ALPHA, judge, rule_text
from secondlook.stats.power import power
from secondlook.tables.read import factors, snapshot

CONTROL_LEVEL = 0.99  # a negative control that fails by chance voids claims, so it gets less chance

Tables = Mapping[str, pd.DataFrame]


def decide(
    claim: Claim, tables: Tables, fidelity: Fidelity | None, controls: Mapping[str, Mapping[str, Any]] = {}, paper: str = ""
) -> dict[str, Any]:
    """Return the verdict on one claim as plain JSON: verdict, why, effect, interval, p, n, power, controls, arms with every replica.

    Args:
        claim: the claim and its rule.
        tables: experiment -> collected table, of those that ran.
        fidelity: of the claim's experiment at this scale, None where it does not run.
        controls: outcomes of `check_control`.
        paper: its name, the first part of the claim's id in the project.

    Raises:
        UserError: the claim names a factor, a value or a metric that its table does not have.
    """
    outcome: dict[str, Any] = {"verdict": "not run", "why": claim.not_run, "effect": None, "interval": None, "p": None, "n": [], "arms": []}
    outcome |= {"unit": getattr(claim.test, "unit", ""), "smallest_effect": getattr(claim.test, "smallest_effect", None), "power": None}
    outcome["rule"] = rule_text(claim.test) if claim.test else ""
    if claim.test and claim.experiment:
        outcome |= _tested(claim.test, claim.experiment, tables, claim.reported_value)
    checked = [dict(controls[name]) for name in claim.controls if name in controls] if outcome["verdict"] != "not run" else []
    if failed := [control["id"] for control in checked if control["passed"] is False]:
        outcome |= {
            "verdict": "inconclusive",
            "why": f"control failed: {', '.join(failed)}; without it the verdict would be {outcome['verdict']}",
        }
    elif fidelity == "reduced" and outcome["verdict"] in ("replicated", "not replicated"):
        agrees = outcome["verdict"] == "replicated"
        outcome["why"] = f"{outcome['why']}; at reduced fidelity this can show a direction at most"
        outcome["verdict"] = "direction only" if agrees else "inconclusive"
    if undecided := [control["id"] for control in checked if control["passed"] is None]:
        outcome["why"] += f"; not decided: control {', '.join(undecided)}"
    return {
        "id": f"{paper}/{claim.id}" if paper else claim.id,
        "sentence": claim.sentence,
        "source": claim.source,
        "reported": claim.reported.model_dump() if claim.reported else None,
        "experiment": claim.experiment,
        "kind": claim.test.kind if claim.test else None,
        "fidelity": fidelity if outcome["verdict"] != "not run" else None,
        **outcome,
        "controls": checked,
    }


def check_control(control: Control, tables: Tables) -> dict[str, Any]:
    """Return a control's outcome: ``passed`` is None where it did not run, or the evidence is too little to say."""
    said = {"id": control.id, "sentence": control.sentence}
    needed = {control.experiment, *(arm.experiment for arm in arms_of(control.test) if arm.experiment)}
    if missing := sorted(needed - set(tables)):
        return said | {"passed": None, "why": f"{missing[0]} does not run at this scale"}
    if isinstance(control.test, Equal):
        outcome = _exact(control.test, tables[control.experiment])
        return said | {"passed": outcome["verdict"] == "replicated", "why": outcome["why"]}
    picked = [_pick(control.test, arm, tables[arm.experiment or control.experiment]) for arm in arms_of(control.test)]
    judgement = judge(control.test, _samples(control.test, picked), level=LEVEL if control.expect == "effect" else CONTROL_LEVEL)
    if judgement.estimate is None:
        return said | {"passed": None, "why": judgement.why}
    if control.expect == "effect":  # too little evidence is no failure, and no success
        passed = {"replicated": True, "not replicated": False}.get(judgement.verdict)
        found = judgement.estimate
        mean = f"{number(found.effect, control.test.unit)}, 95 % interval [{found.low:.4g}, {found.high:.4g}]"
        return said | {"passed": passed, "why": f"{judgement.why}: {mean}"}
    nothing = 1.0 if isinstance(control.test, Ratio) else 0.0
    low, high = judgement.estimate.low, judgement.estimate.high
    return said | {"passed": bool(low <= nothing <= high), "why": f"{100 * CONTROL_LEVEL:g} % interval [{low:.4g}, {high:.4g}]"}


def _tested(test: Test, experiment: str, tables: Tables, reported: float | None) -> dict[str, Any]:
    """Apply a claim's test, where its experiment ran."""
    if experiment not in tables:
        return {"why": f"the experiment {experiment} does not run at this scale"}
    return _exact(test, tables[experiment]) if isinstance(test, Equal) else _judged(test, experiment, tables, reported)


def _exact(test: Equal, table: pd.DataFrame) -> dict[str, Any]:
    rows = _where(table, test.cells)
    if rows.empty:
        raise UserError(f"no run has the factors {test.cells} of the claim")
    final = snapshot(rows)
    _known(final, test.metric, test.given, test.to if isinstance(test.to, str) else None)
    if test.given:
        final = final[final[test.given] == 1]
    if final.empty:
        return {"verdict": "inconclusive", "why": f"no replica meets the premise {test.given}"}
    expected = final[test.to] if isinstance(test.to, str) else test.to
    gap = (final[test.metric] - expected).abs().where(~final["diverged"])
    agree = int((gap <= test.tolerance).sum())  # a diverged replica and a missing value do not agree
    largest = float(gap.max())
    return {
        "verdict": "replicated" if agree == len(final) else "not replicated",
        "why": f"{agree} of {len(final)} replicas agree; largest difference {largest:.3g}, allowed {test.tolerance:g}",
        "effect": largest if math.isfinite(largest) else None,
        "n": [len(final)],
    }


def _judged(test: MeasuredTest, experiment: str, tables: Tables, reported: float | None) -> dict[str, Any]:
    arms = arms_of(test)
    if missing := sorted({arm.experiment for arm in arms if arm.experiment} - set(tables)):
        return {"why": f"the experiment {missing[0]} does not run at this scale"}
    picked = [_pick(test, arm, tables[arm.experiment or experiment]) for arm in arms]
    # The lowest of k arms is low by luck as well: where the first arm was picked by what is compared, its interval is for k comparisons.
    luck = picked[0].candidates if arms[0].pick == test.metric else 1
    level = 1 - ALPHA / luck
    samples = _samples(test, picked)
    judgement = judge(test, samples, level=level)
    outcome: dict[str, Any] = {"verdict": judgement.verdict, "why": judgement.why, "rule": rule_text(test, level)}
    outcome |= {"n": [len(sample) for sample in samples], "arms": [arm.as_json() for arm in picked]}
    if judgement.estimate:
        found = judgement.estimate
        outcome |= {"effect": found.effect, "interval": [found.low, found.high], "p": found.p}
        outcome["power"] = power(test, samples, reported, level=level, candidates=[arm.candidates for arm in picked])
    if isinstance(test, Difference) and test.given_lower and judgement.estimate:
        means = [arm.mean(test.given_lower, math.inf) for arm in picked]
        if not means[1] <= means[0]:
            ends = f"{picked[1].label} ends at {test.given_lower} {means[1]:.4g}, above {means[0]:.4g} of {picked[0].label}"
            outcome |= {"verdict": "inconclusive", "why": f"its premise fails: {ends}"}
    return outcome


def _samples(test: MeasuredTest, picked: Sequence[_Picked]) -> list[list[float]]:
    """One sample an arm; for a correlation those that `judge` asks for."""
    if not isinstance(test, Correlation):
        return [arm.values for arm in picked]
    arm = picked[0]
    if test.over == "replicas":
        _known(arm.snapshot, test.beside)
        sound = np.isfinite(arm.snapshot[test.metric]) & np.isfinite(arm.snapshot[test.beside])
        return [list(arm.snapshot.loc[sound, name]) for name in (test.metric, test.beside)]
    return [arm.values]


def _along_training(test: Correlation, rows: pd.DataFrame) -> pd.Series:
    """Spearman's rho of the two metrics over the steps at which both were measured, a replica each; 0 without at least three."""
    _known(rows.pivot_table(index="step", columns="metric", values="value"), test.metric, test.beside)

    def rho(replica: pd.DataFrame) -> float:
        both = replica.pivot_table(index="step", columns="metric", values="value").reindex(columns=[test.metric, test.beside]).dropna()
        moves = len(both) >= 3 and both.nunique().min() > 1
        return float(stats.spearmanr(both[test.metric], both[test.beside]).statistic) if moves else 0.0

    keys = [*factors(rows), "replica"]
    filled = rows.fillna(dict.fromkeys(factors(rows), ""))
    early = filled[filled["step"] <= filled["step"].max() * test.at]
    return early.groupby(keys, sort=True)[["step", "metric", "value"]].apply(rho)


@dataclass(frozen=True)
class _Picked:
    """The cell that an arm stands for."""

    label: str
    #: its factors
    cells: dict[str, str]
    #: metrics of its replicas at the claim's point of training
    snapshot: pd.DataFrame
    #: the claim's metric, a replica each
    values: list[float]
    diverged: int
    #: how many cells it was picked from
    candidates: int = 1

    def mean(self, metric: str, diverged: float) -> float:
        """Mean of another metric over the replicas."""
        _known(self.snapshot, metric)
        return float(np.mean(_values(self.snapshot, metric, diverged)))

    def as_json(self) -> dict[str, Any]:
        """For claims.json."""
        return {"label": self.label, "cells": self.cells, "values": self.values, "diverged": self.diverged}


def _pick(test: MeasuredTest, arm: Arm, table: pd.DataFrame) -> _Picked:
    """Take an arm's cell; of several, the one whose mean of ``pick`` is lowest."""
    rows = _where(table, arm.cells)
    rows = rows[rows[[name for name in factors(table) if name not in arm.cells]].isna().all(axis=1)]
    if rows.empty:
        raise UserError(f"no run has the factors {arm.cells} of the arm '{arm.label}'")
    values_at = snapshot(rows, test.at)
    if isinstance(test, Correlation) and test.over == "steps":
        values_at[test.metric] = _along_training(test, rows).reindex(values_at.index).fillna(0.0)
    _known(values_at, test.metric, optional=values_at["diverged"].all())
    varied = [name for name, values in arm.cells.items() if len(values) > 1]
    cells = [(key, cell) for key, cell in values_at.groupby(level=varied, sort=False)] if varied else [((), values_at)]
    candidates = len(cells)
    if candidates > 1:
        if arm.pick is None:
            raise UserError(f"arm '{arm.label}' has {candidates} cells and no 'pick'")
        _known(values_at, arm.pick, optional=values_at["diverged"].all())
        means = [np.mean(_values(cell, arm.pick, math.inf)) for _, cell in cells]
        cells = [cells[int(np.argmin(means))]]
    key, cell = cells[0]
    return _Picked(
        label=f"{arm.label} ({', '.join(map(str, key))})" if key else arm.label,
        cells={
            name: str(value)
            for name, value in zip(cell.index.names, np.atleast_1d(cell.index[0]), strict=True)
            if value and name != "replica"
        },
        snapshot=cell,
        values=_values(cell, test.metric, test.diverged),
        diverged=sum(_diverged(cell, test.metric)),
        candidates=candidates,
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
