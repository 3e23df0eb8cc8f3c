"""Gathering runs: one table, one column a factor, and nothing lost or rounded on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_runs import make_run

from secondlook.files import read_json
from secondlook.tables.collect import collect, last_values, read_rows


def gather(tmp_path: Path, *folders: Path) -> list[str]:
    collect(folders, tmp_path / "table.csv", tmp_path / "records.json")
    return (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()


def test_rows_stand_in_the_order_given_with_their_cell_before_them(tmp_path: Path) -> None:
    lines = gather(
        tmp_path,
        make_run(tmp_path, "b", {"rule": "sgd", "lr": 0.0003}, [(1, 5, "loss", 0.5), (0, 5, "loss", 0.25)]),
        make_run(tmp_path, "a", {"rule": "adam", "lr": 1e-8}, [(0, 5, "loss", 0.1 + 0.2)]),
    )
    assert lines == [
        "rule,lr,replica,step,metric,value",
        "sgd,0.0003,1,5,loss,0.5",
        "sgd,0.0003,0,5,loss,0.25",
        "adam,1e-08,0,5,loss,0.30000000000000004",
    ]
    assert [record["name"] for record in read_json(tmp_path / "records.json")] == ["b", "a"]


def test_a_cell_without_a_factor_leaves_it_empty(tmp_path: Path) -> None:
    lines = gather(
        tmp_path,
        make_run(tmp_path, "a", {"lr": 0.1}, [(0, 1, "loss", 1.0)], decay=7),
        make_run(tmp_path, "b", {"lr": 0.1, "decay": 0}, [(0, 1, "loss", 2.0)]),
    )
    assert lines == ["lr,decay,replica,step,metric,value", "0.1,,0,1,loss,1.0", "0.1,0,0,1,loss,2.0"]


def test_a_decided_factor_has_its_word_and_its_number(tmp_path: Path) -> None:
    lines = gather(
        tmp_path,
        make_run(tmp_path, "a", {"rule": "sgd", "lr": "selected"}, [(0, 1, "loss", 1.0)], lr=0.05),
        make_run(tmp_path, "b", {"rule": "adam", "lr": "beyond"}, [], lr=None),  # not needed: no rows
        make_run(tmp_path, "c", {"rule": "adam", "lr": 0.001}, [(0, 1, "loss", 3.0)]),
    )
    assert lines == ["rule,lr,lr_value,replica,step,metric,value", "sgd,selected,0.05,0,1,loss,1.0", "adam,0.001,0.001,0,1,loss,3.0"]
    assert [record["values"]["lr"] for record in read_json(tmp_path / "records.json")] == [0.05, None, 0.001]


def test_an_experiment_without_factors(tmp_path: Path) -> None:
    assert gather(tmp_path, make_run(tmp_path, "a", {}, [(0, 1, "loss", 1.0)], lr=9)) == ["replica,step,metric,value", "0,1,loss,1.0"]


def test_what_is_not_a_finite_number_survives(tmp_path: Path) -> None:
    rows = [(0, 1, "loss", float("inf")), (0, 2, "loss", float("nan")), (0, 3, "loss", -5e-324)]
    gather(tmp_path, make_run(tmp_path, "a", {"form": "None"}, rows))
    assert [row["value"] for row in read_rows(tmp_path / "table.csv")] == ["inf", "nan", "-5e-324"]
    assert read_rows(tmp_path / "table.csv")[0]["form"] == "None"


# ---- last values


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, str]]:
    gather(
        tmp_path,
        make_run(tmp_path, "a", {"lr": 0.1}, [(0, 1, "loss", 9.0), (0, 2, "loss", 1.0), (0, 2, "error", 5.0), (1, 1, "loss", 2.0)]),
        make_run(tmp_path, "b", {"lr": 1.0}, [(0, 1, "loss", 3.0), (0, 2, "diverged", 1.0), (1, 1, "diverged", 1.0), (2, 1, "loss", 4.0)]),
        make_run(tmp_path, "c", {"lr": 0.1, "decay": 0}, [(0, 1, "loss", 77.0)]),
    )
    return read_rows(tmp_path / "table.csv")


def test_last_value_of_each_replica(rows: list[dict[str, str]]) -> None:
    assert last_values(rows, "error", {"lr": 0.1}) == {0: 5.0}
    assert last_values(rows, "absent", {"lr": 0.1}) == {}
    assert last_values(rows, "loss", {"lr": 0.1, "decay": 0}) == {0: 77.0}


def test_a_diverged_replica_has_no_value_whenever_it_diverged(rows: list[dict[str, str]]) -> None:
    assert last_values(rows, "loss", {"lr": 1.0}) == {0: None, 1: None, 2: 4.0}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_replica_that_ended_at_no_number_counts_as_diverged(tmp_path: Path, value: float) -> None:
    gather(tmp_path, make_run(tmp_path, "a", {"lr": 0.1}, [(0, 1, "loss", 1.0), (0, 2, "loss", value), (1, 1, "loss", 2.0)]))
    assert last_values(read_rows(tmp_path / "table.csv"), "loss", {"lr": 0.1}) == {0: None, 1: 2.0}


def test_a_cell_with_one_factor_more_is_another_cell(rows: list[dict[str, str]]) -> None:
    assert last_values(rows, "loss", {"lr": 0.1}) == {0: 1.0, 1: 2.0}
