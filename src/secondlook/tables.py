"""Reading collected tables for claims and figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

NUMBERS = {"replica": int, "step": int, "value": float}


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a collected table: replica and step as integers, value as float, metric and factors as text (missing where a cell lacks one)."""
    columns = pd.read_csv(path, nrows=0).columns
    return pd.read_csv(path, dtype={name: NUMBERS.get(name, str) for name in columns}, float_precision="round_trip")


def read_tables(paths: Mapping[str, str | Path]) -> dict[str, pd.DataFrame]:
    """Read several tables by experiment."""
    return {name: read_table(path) for name, path in paths.items()}


def final_values(table: pd.DataFrame, metric: str, by: list[str]) -> pd.DataFrame:
    """Last value of ``metric`` of each replica: columns ``by``, replica, value. A diverged replica has no value."""
    keys = [*by, "replica"]
    bad = table.loc[table["metric"] == "diverged", keys].assign(diverged=True)
    last = (
        table[table["metric"] == metric]
        .sort_values("step", kind="stable")
        .groupby(keys, dropna=False, sort=False)["value"]
        .last()
        .reset_index()
    )
    merged = last.merge(bad, on=keys, how="outer")
    merged.loc[merged["diverged"].notna(), "value"] = float("nan")
    return merged.drop(columns="diverged")
