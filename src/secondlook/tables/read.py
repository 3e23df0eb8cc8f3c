"""Reading collected tables for claims and figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from secondlook.tables.collect import factor_columns

NUMBERS = {"replica": int, "step": int, "value": float}


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a collected table: replica and step as integers, value as float, metric and factors as text (missing where a cell lacks one)."""
    columns = pd.read_csv(path, nrows=0).columns
    return pd.read_csv(
        path,
        dtype={name: NUMBERS.get(name, str) for name in columns},
        keep_default_na=False,  # a factor may have the value "None" or "NA"
        na_values={name: ["nan"] if name == "value" else [""] for name in columns},
    )


def read_tables(paths: Mapping[str, str | Path]) -> dict[str, pd.DataFrame]:
    """Read several tables by experiment."""
    return {name: read_table(path) for name, path in paths.items()}


def factors(table: pd.DataFrame) -> list[str]:
    """Factor columns of a table."""
    return factor_columns(list(table.columns))


def length(rows: pd.DataFrame, table: pd.DataFrame) -> float:
    """Updates of a whole training among some rows of a table: of its longest sound replica; where none is sound, of any in the table."""
    keyed = rows.fillna(dict.fromkeys(factors(rows), "")).set_index([*factors(rows), "replica"])
    sound = keyed[~keyed.index.isin(keyed.index[keyed["metric"] == "diverged"])]
    return float((table if sound.empty else sound)["step"].max())


def point(updates: float, at: float) -> float:
    """The last update of a share of a training; 0.29 of 100 is 29, whatever floating point makes of it."""
    return updates * at * (1 + 1e-12)


def snapshot(table: pd.DataFrame, at: float = 1.0, updates: float | None = None) -> pd.DataFrame:
    """Return one row a replica (index: factors, replica) and one column a metric, as training stood at a share of its updates.

    A metric's value is the last one at or before the share ``at`` of ``updates`` (by default the longest replica's), or the first one where
    all came later; missing where it was not measured. The column ``diverged`` tells which replicas were marked so by then, or before they
    were measured at all. An absent factor is "".
    """
    keys = [*factors(table), "replica"]
    table = table.fillna(dict.fromkeys(factors(table), ""))
    rows = table[table["metric"] != "diverged"].sort_values("step", kind="stable")
    by_then = point(table["step"].max() if updates is None else updates, at)
    first = rows.drop_duplicates([*keys, "metric"], keep="first")
    latest = rows[rows["step"] <= by_then].drop_duplicates([*keys, "metric"], keep="last")
    chosen = pd.concat([first, latest]).drop_duplicates([*keys, "metric"], keep="last")
    wide = chosen.set_index([*keys, "metric"])["value"].unstack("metric")
    lost = table[table["metric"] == "diverged"].set_index(keys)
    bad = lost.index[(lost["step"] <= by_then) | ~lost.index.isin(rows.set_index(keys).index)].unique()
    if len(keys) == 1:  # unstack and set_index then give plain indices
        wide.index.name = bad.name = "replica"
    wide = wide.reindex(wide.index.union(bad))
    wide["diverged"] = wide.index.isin(bad)
    return wide


def final_values(table: pd.DataFrame, metric: str, by: list[str]) -> pd.DataFrame:
    """Last value of ``metric`` of each replica: columns ``by``, replica, value. A replica that diverged has no value."""
    final = snapshot(table)
    values = final[metric].where(~final["diverged"]) if metric in final else pd.Series(np.nan, index=final.index)
    frame = values.rename("value").reset_index()
    return frame[[*by, "replica", "value"]]
