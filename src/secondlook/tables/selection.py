"""Choose the cell of a grid with the best outcome, one choice a group, and say when the best lies at the grid's edge.

This is how papers tune: a step size by lowest final training loss, say. The product is a small JSON file that later jobs read, so the
workflow is known in full before anything runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from secondlook.errors import UserError
from secondlook.files import read_json, write_json
from secondlook.tables.collect import last_values, read_rows


def select(spec: Mapping[str, Any], tables: Sequence[Path], records: Sequence[Path], out: Path) -> None:
    """Apply the rule ``spec`` (`secondlook.protocol.paper.Selection`) to the runs and write the choices.

    Each choice has its group, the best value, the edge it lies at ("low", "high" or null), the next value beyond that edge (null when the
    best is interior), and every candidate with its score; a score of null is a divergence, worse than any number.

    Raises:
        UserError: no run of a group measured the metric.
    """
    groups: dict[tuple, dict[Any, list[float | None]]] = {}
    for table, record in zip(tables, records, strict=True):
        rows = read_rows(table)
        for run in read_json(record):
            group = tuple((name, run["values"][name]) for name in spec["per"])
            value = run["values"][spec["factor"]]
            scores = last_values(rows, spec["metric"], run["cell"])
            mine = [scores[seed] for seed in run["seeds"] if seed in scores]
            if mine:
                groups.setdefault(group, {}).setdefault(value, []).extend(mine)
    if not groups:
        raise UserError(f"selection by '{spec['metric']}': no run of {', '.join(spec['experiments'])} has that metric")
    choices = [_choose(dict(group), candidates, spec) for group, candidates in groups.items()]
    write_json(out, {"factor": spec["factor"], "metric": spec["metric"], "by": spec["by"], "choices": choices})


def _score(values: Sequence[float | None], by: str) -> float | None:
    """Mean or worst of a candidate's replicas; None where one diverged."""
    sound = [value for value in values if value is not None]
    if len(sound) < len(values):
        return None
    return max(sound) if by == "worst" else sum(sound) / len(sound)


def _choose(group: dict[str, Any], candidates: Mapping[Any, list[float | None]], spec: Mapping[str, Any]) -> dict[str, Any]:
    ordered = list(candidates)
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in ordered)
    if numeric:
        ordered.sort()
    scores = {value: _score(candidates[value], spec["by"]) for value in ordered}
    best = min(ordered, key=lambda value: math.inf if (score := scores[value]) is None else score)
    edge = None if len(ordered) == 1 or not numeric else {ordered[0]: "low", ordered[-1]: "high"}.get(best)
    beyond = {"low": best / spec["extend_by"], "high": best * spec["extend_by"]}[edge] if edge else None
    return {
        "group": group,
        "best": best,
        "edge": edge,
        "beyond": beyond,
        "candidates": [{"value": value, "score": score} for value, score in scores.items()],
    }
