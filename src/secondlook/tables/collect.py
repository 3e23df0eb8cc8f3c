"""Gather the runs of one experiment: one tidy table of all measurements, and one list of their records."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from secondlook.files import write_json, write_text
from secondlook.runner.record import HISTORY, read_run

MEASUREMENT = ("replica", "step", "metric", "value")


def collect(folders: Sequence[Path], table: Path, records: Path) -> None:
    """Write ``table`` (CSV) and ``records`` (JSON) from the run folders, in the order given.

    The table has a column for each factor, then replica, step, metric, value. A cell without some factor leaves it empty. A factor that a
    selection decided stands as "selected" or "beyond", with the number it came to in a further column ``<factor>_value``.

    Raises:
        UserError: a record is missing, damaged, or not as its run left it.
    """
    runs = [(folder, read_run(folder, HISTORY)) for folder in folders]
    factors = list(dict.fromkeys(factor for _, run in runs for factor in run["cell"]))
    decided = [
        factor for factor in factors if any(run["values"][factor] != run["cell"][factor] for _, run in runs if factor in run["cell"])
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*factors, *(f"{factor}_value" for factor in decided), *MEASUREMENT])
    for folder, run in runs:
        labels = [run["cell"].get(factor, "") for factor in factors] + [run["values"].get(factor, "") for factor in decided]
        with (folder / HISTORY).open(encoding="utf-8", newline="") as history:
            rows = csv.reader(history)
            next(rows)
            writer.writerows([*labels, *row] for row in rows)
    write_text(table, text.getvalue())
    write_json(records, [run for _, run in runs])


def read_rows(table: Path) -> list[dict[str, str]]:
    """Read a table as a list of rows."""
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def last_values(rows: Sequence[dict[str, str]], metric: str, labels: dict[str, Any]) -> dict[int, float | None]:
    """Last value of ``metric`` of each replica in the cell with just these labels; None for one that diverged or ended at no number."""
    values: dict[int, float] = {}
    diverged: set[int] = set()
    wanted = dict.fromkeys(factor_columns(list(rows[0]) if rows else []), "") | {factor: str(label) for factor, label in labels.items()}
    for row in rows:
        if all(row[factor] == label for factor, label in wanted.items()):
            if row["metric"] == metric:
                values[int(row["replica"])] = float(row["value"])
            elif row["metric"] == "diverged":
                diverged.add(int(row["replica"]))
    return {replica: value if math.isfinite(value) else None for replica, value in values.items()} | dict.fromkeys(diverged)


def factor_columns(columns: Sequence[str]) -> list[str]:
    """Factor columns of a table: what is no measurement, without the numbers that selections came to (``<factor>_value``)."""
    names = [name for name in columns if name not in MEASUREMENT]
    return [name for name in names if name.removesuffix("_value") == name or name.removesuffix("_value") not in names]
