"""From measurements to a verdict, by the rule that the protocol wrote down before the run.

Verdicts: ``replicated``, ``direction only``, ``not replicated``, ``inconclusive``, ``not run``. At reduced fidelity a claim can only be
``direction only`` or ``inconclusive``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from secondlook.errors import UserError, did_you_mean
from secondlook.protocol import Arm, Claim, Difference, Exact, Fidelity
from secondlook.stats.intervals import FEWEST, welch_interval
from secondlook.words import number


def decide(claim: Claim, table: pd.DataFrame | None, fidelity: Fidelity | None) -> dict[str, Any]:
    """Return the verdict on one claim as plain JSON: verdict, why, effect, interval, n, and the arms with every replica.

    Args:
        table: the experiment's collected table, None where it does not run at this scale.
        fidelity: of the experiment at this scale.
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
    reported = claim.reported.model_dump() if claim.reported else None
    return {
        "id": claim.id,
        "sentence": claim.sentence,
        "where": claim.where,
        "reported": reported,
        "experiment": claim.experiment,
        "fidelity": fidelity if outcome["verdict"] != "not run" else None,
        "rule": rule_text(claim),
        **outcome,
    }


def rule_text(claim: Claim) -> str:
    """Return the decision rule in words."""
    test = claim.test
    if isinstance(test, Exact):
        given = f", where {test.given} holds" if test.given else ""
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
    final = _final(_where(table, test.where, exact_cell=False), 1.0)
    names = [test.metric, *([test.equals] if isinstance(test.equals, str) else []), *([test.given] if test.given else [])]
    for name in names:
        if name not in final:
            raise UserError(f"claim metric '{name}' is not in the table.{did_you_mean(name, final.columns)}")
    if test.given:
        final = final[final[test.given] == 1]
    if final.empty:
        return {"verdict": "inconclusive", "why": f"no replica meets the premise {test.given}"}
    expected = final[test.equals] if isinstance(test.equals, str) else test.equals
    gap = (final[test.metric] - expected).abs()
    failed = int((~(gap <= test.tolerance)).sum())  # a missing value counts as a failure
    total = len(final)
    return {
        "verdict": "not replicated" if failed else "replicated",
        "why": f"{total - failed} of {total} replicas agree; largest difference {gap.max():.3g}, allowed {test.tolerance:g}",
        "effect": float(gap.max()),
        "n": [total],
    }


def _difference(test: Difference, table: pd.DataFrame) -> dict[str, Any]:
    arms = [_arm(test, arm, table) for arm in (test.first, test.second)]
    first, second = (arm["values"] for arm in arms)
    outcome: dict[str, Any] = {"n": [len(first), len(second)], "unit": test.unit, "arms": arms}
    if min(len(first), len(second)) < FEWEST:
        return outcome | {
            "verdict": "inconclusive",
            "why": f"{len(first)} and {len(second)} replicas; a verdict needs {FEWEST} in each arm",
        }
    effect = float(np.mean(second) - np.mean(first))
    low, high = welch_interval(first, second)
    outcome |= {"effect": effect, "interval": [low, high]}
    if test.given_lower:
        mean_first, mean_second = (_mean(table, arm["where"], test.given_lower) for arm in arms)
        if not mean_second <= mean_first:
            ends = f"{arms[1]['label']} ends at {test.given_lower} {mean_second:.4g}, above {mean_first:.4g} of {arms[0]['label']}"
            return outcome | {"verdict": "inconclusive", "why": f"its premise fails: {ends}"}
    if low > 0:
        enough = effect >= test.smallest_effect
        verdict, why = (
            ("replicated", "the interval lies above 0")
            if enough
            else ("direction only", "the interval lies above 0, but the effect is smaller")
        )
    elif high < max(test.smallest_effect, 0):
        verdict, why = (
            "not replicated",
            "the interval lies below 0" if high < 0 else "the interval lies below the smallest effect that counts",
        )
    else:
        verdict, why = "inconclusive", "the interval holds 0"
    return outcome | {"verdict": verdict, "why": why}


def _arm(test: Difference, arm: Arm, table: pd.DataFrame) -> dict[str, Any]:
    """Values of one arm, a replica each; with several cells, those of the cell whose mean of ``pick`` is lowest."""
    rows = _where(table, arm.where, exact_cell=True)
    if rows.empty:
        raise UserError(f"no run has the factors {arm.where} of the arm '{arm.label}'")
    factors = _factors(table)
    cells = [(dict(zip(factors, key, strict=True)), cell) for key, cell in rows.groupby(factors, dropna=False, sort=False)]
    if len(cells) > 1:
        if arm.pick is None:
            raise UserError(f"arm '{arm.label}' has {len(cells)} cells and no 'pick'")
        means = [_final(cell, test.at, test.diverged).get(arm.pick, pd.Series([math.inf])).mean() for _, cell in cells]
        cells = [cells[int(np.argmin(means))]]
    labels, cell = cells[0]
    where = {name: [value] for name, value in labels.items() if not pd.isna(value)}
    final = _final(cell, test.at, test.diverged)
    picked = [str(labels[name]) for name, values in arm.where.items() if len(values) > 1]
    label = f"{arm.label} ({', '.join(picked)})" if picked else arm.label
    return {
        "label": label,
        "where": where,
        "values": [float(value) for value in final[test.metric]],
        "diverged": int(final["diverged"].sum()),
    }


def _mean(table: pd.DataFrame, where: Mapping[str, Sequence[Any]], metric: str) -> float:
    return float(_final(_where(table, where, exact_cell=True), 1.0, math.inf)[metric].mean())


def _factors(table: pd.DataFrame) -> list[str]:
    """Factor columns: all before the measurement, without the numbers that selections came to."""
    return [name for name in table.columns if name not in ("replica", "step", "metric", "value") and not name.endswith("_value")]


def _where(table: pd.DataFrame, where: Mapping[str, Sequence[Any]], *, exact_cell: bool) -> pd.DataFrame:
    """Rows with these factor values; with ``exact_cell``, and without any other factor."""
    if unknown := sorted(set(where) - set(_factors(table))):
        hint = did_you_mean(unknown[0], _factors(table))
        raise UserError(f"a claim names the factor '{unknown[0]}', which its experiment does not have.{hint}")
    keep = pd.Series(True, index=table.index)
    for factor in _factors(table):
        if factor in where:
            keep &= table[factor].astype(str).isin([str(value) for value in where[factor]])
        elif exact_cell:
            keep &= table[factor].isna()
    return table[keep]


def _final(rows: pd.DataFrame, at: float, diverged: float | None = None) -> pd.DataFrame:
    """One row a replica and cell, one column a metric: the last value at or before the share ``at`` of the longest replica's updates.

    A diverged replica has ``diverged`` in every metric.
    """
    factors = _factors(rows)
    last = rows["step"].max() * at
    early = rows[(rows["step"] <= last) & (rows["metric"] != "diverged")]
    if early.empty:  # the first measurement came later than that: take it
        early = rows[(rows["metric"] != "diverged") & (rows["step"] == rows["step"].min())]
    wide = (
        early.sort_values("step", kind="stable")
        .groupby([*factors, "replica", "metric"], dropna=False, sort=False)["value"]
        .last()
        .unstack("metric")
    )
    bad = rows[rows["metric"] == "diverged"].groupby([*factors, "replica"], dropna=False, sort=False)["value"].last()
    wide = wide.reindex(wide.index.union(bad.index, sort=False))
    wide["diverged"] = wide.index.isin(bad.index)
    if diverged is not None:
        wide.loc[wide["diverged"], [name for name in wide.columns if name != "diverged"]] = diverged
    return wide
