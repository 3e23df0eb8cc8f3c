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
from secondlook.tables.read import final_values, length, point, read_table, read_tables, snapshot


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


# -- as training stood at a share of its updates -------------------------------------------------------------------------------------


def ten(replica: int, *, last: int = 10, **diverged: int) -> list[tuple[int, int, str, float]]:
    """Step k has the loss k; ``at`` is the step at which it diverged."""
    return [(replica, step, "loss", float(step)) for step in range(1, last + 1)] + [
        (replica, step, "diverged", 1.0) for step in diverged.values()
    ]


def stood(table: pd.DataFrame, at: float, updates: float | None = None) -> dict[int, tuple[float, bool]]:
    """Replica -> its loss, and whether it had diverged by then."""
    found = snapshot(table, at, updates)
    replicas = found.index.get_level_values("replica")
    return {replica: (loss, lost) for replica, loss, lost in zip(replicas, found["loss"], found["diverged"], strict=True)}


def test_a_replica_that_diverges_later_is_sound_until_then(tmp_path: Path) -> None:
    """It once had the value of a diverged one at every point of training."""
    table = read(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, [*ten(0), *ten(1, last=7, at=8)]))
    assert stood(table, 0.5) == {0: (5.0, False), 1: (5.0, False)}
    assert stood(table, 0.7) == {0: (7.0, False), 1: (7.0, False)}
    assert stood(table, 0.8) == {0: (8.0, False), 1: (7.0, True)}
    assert stood(table, 1.0)[1][1]


def test_before_its_first_measurement_the_first_counts(tmp_path: Path) -> None:
    table = read(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, [(0, 5, "loss", 5.0), (0, 10, "loss", 10.0), (1, 8, "loss", 8.0)]))
    assert stood(table, 0.1) == {0: (5.0, False), 1: (8.0, False)}
    assert stood(table, 0.6) == {0: (5.0, False), 1: (8.0, False)}


def test_a_replica_that_was_never_measured_diverged_at_whatever_point(tmp_path: Path) -> None:
    """It diverged at step 3, the first measurement would have been at step 5: at step 1 it must not vanish from the replicas."""
    table = read(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, [(0, 5, "loss", 5.0), (0, 10, "loss", 10.0), (1, 3, "diverged", 1.0)]))
    for at in (0.1, 0.3, 1.0):
        found = stood(table, at)
        assert found[0] == (5.0 if at < 1 else 10.0, False)
        assert math.isnan(found[1][0])
        assert found[1][1]


def test_the_length_of_a_training_is_that_of_a_sound_replica(tmp_path: Path) -> None:
    """All of b diverged at step 4; half of training is step 5 of a's ten, and not step 2."""
    rows = [*ten(0, last=3, at=4), *ten(1, last=3, at=4)]
    table = read(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, ten(0)), make_run(tmp_path, "b", {"lr": 9.0, "decay": 0}, rows))
    lost = table[table["lr"] == "9.0"]
    assert length(table[table["lr"] == "0.1"], table) == length(lost, table) == length(table, table) == 10
    assert length(lost, lost) == 4
    assert stood(lost, 0.5, 10) == {0: (3.0, True), 1: (3.0, True)}
    assert stood(lost, 0.5) == {0: (2.0, False), 1: (2.0, False)}


def test_arms_may_be_of_different_length(tmp_path: Path) -> None:
    table = read(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, ten(0)), make_run(tmp_path, "b", {"lr": 1.0}, ten(0, last=6)))
    assert length(table[table["lr"] == "1.0"], table) == 6


@pytest.mark.parametrize(
    ("updates", "at", "last"), [(100, 0.29, 29), (100, 0.57, 57), (10, 0.7, 7), (1000, 0.001, 1), (10, 0.55, 5), (7, 1.0, 7)]
)
def test_a_share_of_the_updates_is_what_it_says(updates: int, at: float, last: int) -> None:
    """0.29 * 100 is 28.999999999999996 in floating point."""
    assert int(point(updates, at)) == last


def test_a_snapshot_has_a_row_a_replica_and_cell_and_a_column_a_metric(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        make_run(tmp_path, "a", {"lr": 0.1}, [(0, 1, "loss", 1.0), (0, 2, "loss", 2.0), (0, 2, "error", 3.0), (1, 2, "loss", 4.0)]),
        make_run(tmp_path, "b", {"lr": 0.1, "decay": 0}, [(0, 1, "loss", 5.0)]),
    )
    found = snapshot(table)
    assert list(found.index.names) == ["lr", "decay", "replica"]
    assert found.loc[("0.1", "", 0), ["loss", "error"]].tolist() == [2.0, 3.0]
    assert math.isnan(found.loc[("0.1", "", 1), "error"])
    assert found.loc[("0.1", "0", 0), "loss"] == 5.0
    assert not found["diverged"].any()
