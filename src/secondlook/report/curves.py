"""Every replica's curves of an experiment, small enough to draw in a page: a script that a page loads when a reader asks for it.

A script and no JSON file, since a page that was opened from disk may run the one and not read the other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from secondlook.labels import label
from secondlook.tables.read import factors, read_table

#: points of a line, and lines of a metric, at most
POINTS, LINES = 80, 240
#: bytes of a script at most; metrics that no longer fit are left out, those that claims and figures read first
LARGEST = 400_000
#: says that a replica stopped; no curve
NO_CURVE = "diverged"


def curves_script(key: str, table: Path, metrics: Mapping[str, str], first: list[str]) -> str | None:
    """Return the script of one experiment; None where nothing was measured at two steps or more.

    Args:
        key: its name in the report, "paper/experiment".
        table: its collected table.
        metrics: what a metric means, where that is written.
        first: metrics in the order in which a reader will want them.
    """
    frame = read_table(table)
    frame = frame[frame["metric"] != NO_CURVE]
    names = factors(frame)
    order = {name: place for place, name in enumerate(first)}
    found: dict[str, Any] = {}
    cells: list[str] = []
    size = 0
    for metric in sorted(frame["metric"].unique(), key=lambda name: (order.get(name, len(order)), name)):
        lines = _lines(frame[frame["metric"] == metric], names, cells)
        if not lines:
            continue
        said = json.dumps({"means": metrics.get(metric, ""), "lines": lines}, separators=(",", ":"))
        size += len(said)
        if size > LARGEST and found:
            break
        found[metric] = json.loads(said)
    if not found:
        return None
    content = json.dumps({"cells": cells, "metrics": found}, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return f"(window.secondLookCurves ??= {{}})[{json.dumps(key)}] = {content};\n"


def _lines(rows: pd.DataFrame, names: list[str], cells: list[str]) -> list[list[Any]]:
    """[number of the cell, seed, steps, values] of each replica; new cells are added to ``cells``."""
    found: list[list[Any]] = []
    for group, line in rows.fillna(dict.fromkeys(names, "")).groupby([*names, "replica"], sort=False):
        *levels, seed = group
        line = line.sort_values("step", kind="stable").drop_duplicates("step", keep="last")
        if len(line) < 2 or len(found) >= LINES:
            continue
        chosen = line.iloc[np.unique(np.linspace(0, len(line) - 1, POINTS).round().astype(int))]
        cell = ", ".join(label(name, level) for name, level in zip(names, levels, strict=True) if level != "") or "the only cell"
        if cell not in cells:
            cells.append(cell)
        values = [float(f"{value:.4g}") if math.isfinite(value) else None for value in chosen["value"]]
        found.append([cells.index(cell), int(seed), chosen["step"].tolist(), values])
    return found
