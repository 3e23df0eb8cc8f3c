"""Blocks of later looks: those that nobody needs end at once and say why, and those that were made before are kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file
from tiny_paper import EXACT, TRAIN, papers_in, protocol, write_paper

import secondlook
from secondlook import machine
from secondlook.errors import UserError
from secondlook.files import read_json, write_json
from secondlook.plan.plan import Plan
from secondlook.protocol.config import load_config
from secondlook.runner.bundle import make_bundle
from secondlook.runner.status import NOT_NEEDED, seeds_that_ran
from secondlook.tables.arrays import read_arrays
from secondlook.tables.compare import compare

SOURCE = str(Path(secondlook.__file__).parents[1])
WHY = "not needed: no claim that reads it was open after the look before"
LOOKS = {"quick": EXACT | {"seeds": 6, "looks": [3, 6]}}
#: notes each call; loads torch, as a training does
COUNTED = TRAIN.replace(
    "    settings = job.settings(Settings)\n",
    """
    settings = job.settings(Settings)
    with Path("calls").open("a") as calls:
        calls.write(f"{settings.lr} ")
""",
).replace("import numpy as np\n", "from pathlib import Path\n\nimport numpy as np\nimport torch\n")
PLAN = Plan(
    {
        "toylook": protocol(
            experiments={
                "grid": {"title": "", "module": "train", "cells": {"lr": [0.5, 1.0]}, "scales": {"quick": EXACT}},
                "watched": {"title": "", "module": "train", "cells": {"lr": [0.5, 1.0]}, "scales": LOOKS},
                "many": {"title": "", "module": "train", "cells": {"lr": [0.5, 1.0, 2.0]}, "cells_per_job": "all", "scales": LOOKS},
                "tuned": {
                    "title": "",
                    "module": "train",
                    "cells": [{"lr": {"select": "best"}}, {"lr": {"select": "best", "take": "beyond"}}],
                    "scales": LOOKS,
                },
            },
            selections={"best": {"experiments": ["grid"], "factor": "lr", "metric": "loss"}},
        )
    },
    load_config({}),
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory beside the paper."""
    write_paper(tmp_path / "papers", "toylook", {"train.py": COUNTED})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with papers_in(tmp_path / "papers"):
        yield tmp_path / "here"


def spec(experiment: str, cell: str, seeds: str = "seeds=3-5", **changes: Any) -> dict[str, Any]:
    """What the plan hands to a job; keywords replace parts of it."""
    return json.loads(json.dumps(PLAN.spec(PLAN.bundle("toylook", experiment, cell, seeds)) | changes))


def answer(experiment: str, **cells: bool) -> None:
    """Write an interim decision: "lr=0.5" by the keyword "half", and so on."""
    names = {"half": "lr=0.5", "one": "lr=1.0", "two": "lr=2.0", "selected": "lr=selected", "beyond": "lr=beyond"}
    write_json(Path(PLAN.interim("toylook", experiment, 1)), {names[key]: wanted for key, wanted in cells.items()})


def make(spec: dict[str, Any], *, code: str = "c0de", out: str = "out", device: str = "auto") -> list[dict[str, Any]]:
    """Make the job's runs; return their records."""
    make_bundle(spec, code=code, out=Path(out), work=Path("work"), datasets={}, device=device)
    return [read_json(Path(out) / run["folder"] / "run.json") for run in spec["runs"]]


def calls() -> list[str]:
    return Path("calls").read_text().split() if Path("calls").exists() else []


def test_the_spec_names_the_decision_that_it_waits_for() -> None:
    assert [run["interim"] for run in spec("many", "lr=0.5")["runs"]] == ["results/quick/toylook/looks/many/1.json"] * 3
    assert [run["interim"] for run in spec("many", "lr=0.5", "seeds=0-2")["runs"]] == [None] * 3


def test_a_block_of_the_first_look_asks_nobody(place: Path) -> None:
    (record,) = make(spec("watched", "lr=0.5", "seeds=0-2"))
    assert record["status"] == dict.fromkeys("012", "completed")


def test_a_block_that_is_not_needed_says_why_and_holds_nothing(place: Path) -> None:
    answer("watched", half=False, one=True)
    (record,) = make(spec("watched", "lr=0.5"))
    assert record["status"] == dict.fromkeys("345", WHY)
    assert (record["seeds"], seeds_that_ran(record)) == ([3, 4, 5], [])
    assert WHY.startswith(NOT_NEEDED)
    folder = Path("out/lr=0.5/seeds=3-5")
    assert (folder / "history.csv").read_text() == "replica,step,metric,value\n"
    assert load_file(folder / "arrays.safetensors") == {}
    assert (folder / "job.json").exists()
    assert (folder / "job.sha256").exists()
    (record,) = make(spec("watched", "lr=1.0"))
    assert record["status"] == dict.fromkeys("345", "completed")
    assert calls() == ["1.0"]


def test_cells_of_one_job_are_needed_each_for_itself(place: Path) -> None:
    answer("many", half=False, one=True, two=False)
    records = make(spec("many", "lr=0.5"))
    assert [set(record["status"].values()) for record in records] == [{WHY}, {"completed"}, {WHY}]
    assert calls() == ["1.0"]
    assert list(read_json(Path("out/lr=0.5/seeds=3-5/job.json"))["runs"]) == [f"lr={lr}/seeds=3-5" for lr in ("0.5", "1.0", "2.0")]


def test_a_cell_of_which_the_decision_says_nothing_is_a_mistake(place: Path) -> None:
    answer("watched", one=True)
    with pytest.raises(KeyError):
        make(spec("watched", "lr=0.5"))


# ---- with a selection


@pytest.mark.parametrize(
    ("beyond", "wanted", "status"),
    [
        (4.0, True, "completed"),
        (4.0, False, WHY),
        (None, True, "not needed: the selection's best is not at an edge of its grid"),
        (None, False, "not needed: the selection's best is not at an edge of its grid"),
    ],
)
def test_a_selection_and_a_look_must_both_want_it(place: Path, beyond: float | None, wanted: bool, status: str) -> None:
    choice = {"group": {}, "best": 2.0, "edge": beyond and "high", "beyond": beyond}
    write_json("results/quick/toylook/selections/best.json", {"factor": "lr", "choices": [choice]})
    answer("tuned", selected=True, beyond=wanted)
    (record,) = make(spec("tuned", "lr=beyond"))
    assert set(record["status"].values()) == {status}
    assert record["values"] == {"lr": beyond}
    (record,) = make(spec("tuned", "lr=selected"))
    assert set(record["status"].values()) == {"completed"}


# ---- no torch


RUN = """
import json, sys
import secondlook.papers
from secondlook.cli import main
secondlook.papers.__path__.append(sys.argv[1])
status = main(["run", "--spec", sys.argv[2], "--work", "work", "--device", sys.argv[3], "--out", "out"])
print(json.dumps([status, *sorted({"torch", "pandas", "scipy", "secondlook.papers.toylook.train"} & set(sys.modules))]))
"""


@pytest.mark.parametrize(
    ("wanted", "gpu", "device", "loaded"),
    [
        (False, 0, "auto", []),
        (False, 1, "auto", []),
        (False, 1, "cuda", []),  # although there is no GPU: nobody asks for one
        (True, 0, "auto", ["secondlook.papers.toylook.train", "torch"]),
    ],
)
def test_a_job_that_nobody_needs_does_not_load_torch(place: Path, wanted: bool, gpu: int, device: str, loaded: list[str]) -> None:
    answer("many", half=wanted, one=wanted, two=wanted)
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(place.parent / "papers"), json.dumps(spec("many", "lr=0.5", gpu=gpu)), device],
        env=os.environ | {"PYTHONPATH": SOURCE, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [0, *loaded]


def test_what_nobody_needs_fell_back_from_no_gpu(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(machine, "gpu_present", lambda: False)
    answer("many", half=False, one=False, two=False)
    assert [record["fell_back_to_cpu"] for record in make(spec("many", "lr=0.5", gpu=1))] == [False] * 3
    assert "GPU" not in capsys.readouterr().err
    answer("many", half=False, one=True, two=False)
    make(spec("many", "lr=0.5", gpu=1))
    assert "no GPU here" in capsys.readouterr().err


# ---- a decision that was made again


def records(*cells: str) -> dict[Path, int]:
    """Files of the later blocks with the times at which they were written."""
    return {path: path.stat().st_mtime_ns for cell in cells for path in Path(f"out/{cell}/seeds=3-5").iterdir() if "job" not in path.name}


def test_a_block_is_kept_where_the_answer_is_the_same(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer("many", half=False, one=True, two=True)
    make(spec("many", "lr=0.5"))
    job = Path("out/lr=0.5/seeds=3-5/job.json").read_bytes()
    before = records("lr=0.5", "lr=1.0", "lr=2.0")
    Path("out/lr=0.5/seeds=3-5/job.json").unlink()  # as Snakemake does before a job starts
    capsys.readouterr()
    make(spec("many", "lr=0.5"))
    assert records("lr=0.5", "lr=1.0", "lr=2.0") == before
    assert calls() == ["1.0", "2.0"]
    assert Path("out/lr=0.5/seeds=3-5/job.json").read_bytes() == job
    assert capsys.readouterr().err.count("it was made from just this before") == 3
    assert list(Path("work").glob("*")) == []


def test_where_it_changes_for_one_cell_the_others_are_kept(place: Path) -> None:
    answer("many", half=False, one=True, two=True)
    make(spec("many", "lr=0.5"))
    before = records("lr=1.0")
    answer("many", half=True, one=True, two=False)
    statuses = [set(record["status"].values()) for record in make(spec("many", "lr=0.5"))]
    assert statuses == [{"completed"}, {"completed"}, {WHY}]
    assert calls() == ["1.0", "2.0", "0.5"]
    assert records("lr=1.0") == before
    assert "loss" not in Path("out/lr=2.0/seeds=3-5/history.csv").read_text()  # it is needed no more, and nothing is left of it


def test_a_block_of_another_computation_is_made_again(place: Path) -> None:
    answer("watched", half=True)
    base = spec("watched", "lr=0.5")
    make(base)
    make(base, code="other")
    make(base, code="other")
    assert calls() == ["0.5"] * 2
    make(base | {"threads": 2}, code="other")
    make(base | {"settings": {"steps": 3}}, code="other")
    assert calls() == ["0.5"] * 4


@pytest.mark.parametrize("name", ["history.csv", "arrays.safetensors", "run.json"])
def test_a_damaged_block_is_made_again(place: Path, name: str) -> None:
    answer("watched", half=True)
    make(spec("watched", "lr=0.5"))
    path = Path("out/lr=0.5/seeds=3-5") / name
    whole = path.read_bytes()
    if name == "run.json":
        path.unlink()
    else:
        path.write_bytes(whole[:-1])
    make(spec("watched", "lr=0.5"))
    assert calls() == ["0.5"] * 2
    assert name == "run.json" or path.read_bytes() == whole


def test_a_block_of_the_first_look_is_kept_as_well(place: Path) -> None:
    for _ in range(2):
        make(spec("watched", "lr=0.5", "seeds=0-2"))
    assert calls() == ["0.5"]


def test_an_attempt_that_fails_leaves_what_was_made(place: Path) -> None:
    answer("many", half=True, one=False, two=False)
    make(spec("many", "lr=0.5"))
    answer("many", half=True, one=True, two=True)
    with pytest.raises(UserError, match="unknown setting"):
        make(spec("many", "lr=0.5") | {"settings": {"note": 1}})
    make(spec("many", "lr=0.5"))
    assert calls() == ["0.5", "1.0", "2.0"]


# ---- who reads the records


def test_replicas_that_nobody_needed_are_none(place: Path) -> None:
    answer("many", half=False, one=True, two=False)
    made = make(spec("many", "lr=0.5"))
    assert [seeds_that_ran(record) for record in made] == [[], [3, 4, 5], []]
    paths = [Path("out") / run["folder"] / "run.json" for run in spec("many", "lr=0.5")["runs"]]
    assert [(record.cell, record.seeds) for record in read_arrays(paths)["many"]] == [({"lr": 1.0}, (3, 4, 5))]
    lines, same = compare(Path("out"), Path("out"))
    assert same
    assert lines[0].startswith("toylook/many: 3 replicas equal, 0 different")
