"""Reading a collected table: types, every bit of a value, and words that pandas would take for nothing."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_runs import make_run

from secondlook.tables.collect import collect
from secondlook.tables.read import final_values, read_table, read_tables


def read(tmp_path: Path, *folders: Path) -> pd.DataFrame:
    collect(folders, tmp_path / "table.csv", tmp_path / "records.json")
    return read_table(tmp_path / "table.csv")


def test_types(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        make_run(tmp_path, "a", {"lr": 0.1, "n": 100, "bias": True}, [(0, 1, "loss", 1.0)]),
        make_run(tmp_path, "b", {"lr": 1.0}, [(3, 20000, "loss", 2.0)]),
    )
    assert list(table["lr"]) == ["0.1", "1.0"]
    assert list(table["n"].fillna("-")) == ["100", "-"]
    assert list(table["bias"].fillna("-")) == ["True", "-"]
    assert (list(table["replica"]), list(table["step"]), list(table["value"])) == ([0, 3], [1, 20000], [1.0, 2.0])
    assert [table[name].dtype.kind for name in ("replica", "step", "value")] == ["i", "i", "f"]


def test_values_keep_every_bit(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    bits = random.integers(0, 0x7FF0000000000000, 3000, dtype=np.int64)  # any non-negative finite double
    values = [struct.unpack("d", struct.pack("q", int(pattern)))[0] for pattern in bits] + random.normal(size=3000).tolist()
    table = read(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, [(0, step, "loss", value) for step, value in enumerate(values)]))
    assert list(table["value"]) == values


def test_nan_and_infinity_are_values(tmp_path: Path) -> None:
    table = read(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, [(0, 1, "loss", math.nan), (0, 2, "loss", -math.inf)]))
    assert math.isnan(table["value"][0])
    assert table["value"][1] == -math.inf


@pytest.mark.parametrize("word", ["None", "none", "null", "NA", "nan", "NULL", "n/a".replace("/", "-"), "0", "True"])
def test_a_word_stays_a_word(tmp_path: Path, word: str) -> None:
    table = read(tmp_path, make_run(tmp_path, "a", {"form": word}, [(0, 1, word, 1.0)]), make_run(tmp_path, "b", {}, [(0, 1, "loss", 2.0)]))
    assert table["form"][0] == word
    assert table["metric"][0] == word
    assert pd.isna(table["form"][1])  # while a cell without the factor has none


def test_a_table_without_rows(tmp_path: Path) -> None:
    table = read(tmp_path, make_run(tmp_path, "a", {"lr": "beyond"}, [], lr=None))
    assert list(table.columns) == ["lr", "lr_value", "replica", "step", "metric", "value"]
    assert table.empty


def test_several_tables(tmp_path: Path) -> None:
    read(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, [(0, 1, "loss", 1.0)]))
    assert {name: len(table) for name, table in read_tables({"one": tmp_path / "table.csv"}).items()} == {"one": 1}
    assert read_tables({}) == {}


def test_final_values_are_the_last_of_each_replica_and_none_where_it_diverged(tmp_path: Path) -> None:
    rows = [(0, 2, "loss", 1.0), (0, 1, "loss", 9.0), (1, 1, "loss", 2.0), (1, 2, "diverged", 1.0), (2, 1, "diverged", 1.0)]
    table = read(
        tmp_path,
        make_run(tmp_path, "a", {"lr": 0.1}, [*rows, (0, 2, "error", 7.0)]),
        make_run(tmp_path, "b", {"lr": 0.1, "decay": 0}, [(0, 1, "loss", 5.0)]),
    )
    final = final_values(table, "loss", ["lr", "decay"])
    assert list(final.columns) == ["lr", "decay", "replica", "value"]
    found = {(row.lr, "" if pd.isna(row.decay) else row.decay, row.replica): row.value for row in final.itertuples()}
    assert found.pop(("0.1", "", 0)) == 1.0
    assert found.pop(("0.1", "0", 0)) == 5.0
    assert math.isnan(found.pop(("0.1", "", 1)))
    assert math.isnan(found.pop(("0.1", "", 2)))
    assert found == {}


def test_a_last_value_that_is_no_number_is_not_passed_over(tmp_path: Path) -> None:
    table = read(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, [(0, 1, "loss", 1.0), (0, 2, "loss", math.nan)]))
    assert math.isnan(final_values(table, "loss", ["lr"])["value"].item())
