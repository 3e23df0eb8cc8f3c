"""Two folders of results hold the same numbers, or it is said which do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_runs import make_run

from secondlook.cli import main
from secondlook.files import file_sha256
from secondlook.runner.record import read_run, write_run
from secondlook.tables.compare import compare

ROWS = [(0, 1, "loss", 0.1 + 0.2), (0, 2, "loss", 0.25), (1, 1, "loss", float("nan"))]
ARRAYS = {"0/w": np.array([0.0, 1.0], np.float32), "1/w": np.array([2.0, np.nan], np.float32)}


def save(folder: Path, name: str, cell: dict[str, Any], rows: list[Any] = ROWS, arrays: dict[str, np.ndarray] = ARRAYS) -> None:
    """A run of toy/grid at quick."""
    path = make_run(folder, name, cell, rows)
    save_file(arrays, path / "arrays.safetensors")
    record = read_run(path) | {"scale": "quick"}
    record["files"]["arrays.safetensors"] = file_sha256(path / "arrays.safetensors")
    write_run(path, record)


def test_equal_numbers_are_equal_however_their_folders_are_called_and_cut(tmp_path: Path) -> None:
    save(tmp_path / "old", "rule=sgd,lr=0.1/seeds=0-1", {"rule": "sgd", "lr": 0.1})
    for seed in (0, 1):
        rows = [row for row in ROWS if row[0] == seed]
        save(tmp_path / "new", f"lr=0.1+rule=sgd/seeds={seed}", {"lr": 0.1, "rule": "sgd"}, rows, {f"{seed}/w": ARRAYS[f"{seed}/w"]})
    lines, same = compare(tmp_path / "old", tmp_path / "new")
    assert same
    assert lines == [
        "toy/grid: 2 replicas equal, 0 different, 0 only in the first, 0 only in the second",
        "2 and 2 replicas, 3 rows and 16 bytes of arrays in the first: equal",
    ]


@pytest.mark.parametrize(
    ("rows", "arrays"),
    [
        ([(0, 1, "loss", 0.3), *ROWS[1:]], ARRAYS),  # the last bit
        ([ROWS[1], ROWS[0], ROWS[2]], ARRAYS),
        ([*ROWS, (0, 3, "loss", 0.25)], ARRAYS),
        (ROWS, ARRAYS | {"0/w": np.array([-0.0, 1.0], np.float32)}),
        (ROWS, ARRAYS | {"0/w": np.array([0.0, 1.0], np.float64)}),
        (ROWS, ARRAYS | {"0/w": np.array([[0.0, 1.0]], np.float32)}),
        (ROWS, ARRAYS | {"0/v": np.zeros(1, np.float32)}),
        (ROWS, {"1/w": ARRAYS["1/w"]}),
    ],
)
def test_a_difference_names_the_replica(tmp_path: Path, rows: list[Any], arrays: dict[str, np.ndarray]) -> None:
    save(tmp_path / "old", "a", {"lr": 0.1})
    save(tmp_path / "new", "a", {"lr": 0.1}, rows, arrays)
    lines, same = compare(tmp_path / "old", tmp_path / "new")
    assert not same
    assert lines[0] == "toy/grid: 1 replicas equal, 1 different, 0 only in the first, 0 only in the second"
    assert lines[1] == '  different: {"lr": 0.1} seed 0'
    assert lines[-1].endswith(": NOT equal")


def test_what_only_one_has_is_counted(tmp_path: Path) -> None:
    save(tmp_path / "old", "a", {"lr": 0.1})
    save(tmp_path / "old", "b", {"lr": 1.0})
    save(tmp_path / "new", "a", {"lr": 0.1})
    lines, same = compare(tmp_path / "old", tmp_path / "new")
    assert (lines[0], same) == ("toy/grid: 2 replicas equal, 0 different, 2 only in the first, 0 only in the second", False)
    lines, same = compare(tmp_path / "new", tmp_path / "old")
    assert (lines[0], same) == ("toy/grid: 2 replicas equal, 0 different, 0 only in the first, 2 only in the second", False)


def test_no_results_are_not_equal_results(tmp_path: Path) -> None:
    assert not compare(tmp_path, tmp_path)[1]


def test_the_command_line_says_so_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "old", "a", {"lr": 0.1})
    save(tmp_path / "new", "a", {"lr": 0.2})
    assert main(["same", str(tmp_path / "old"), str(tmp_path / "old")]) == 0
    assert capsys.readouterr().out.endswith(": equal\n")
    assert main(["same", str(tmp_path / "old"), str(tmp_path / "new")]) == 1
    said = capsys.readouterr()
    assert said.out.endswith(": NOT equal\n")
    assert said.err.startswith("error: ")
