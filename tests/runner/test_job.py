"""One job: what an experiment is given, and the record that it leaves or does not leave."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tiny_paper import EVERYWHERE, TRAIN, papers_in, protocol, write_paper

from secondlook import machine
from secondlook.errors import UserError
from secondlook.files import read_json, write_json
from secondlook.machine import git_commit, gpu_present, resolve_device
from secondlook.plan.plan import Plan
from secondlook.protocol.config import load_config
from secondlook.runner.job import LIBRARIES, History, Job, run_job

# ---- history


def test_a_history_keeps_order_and_every_bit() -> None:
    history = History([(0, 1, "loss", 0.1 + 0.2)])
    history.add(np.int64(1), np.int32(2), loss=np.float64(1e-300), error=5)
    assert history.to_csv() == "replica,step,metric,value\n0,1,loss,0.30000000000000004\n1,2,loss,1e-300\n1,2,error,5.0\n"


def test_a_history_made_from_numpy_rows_is_plain_numbers() -> None:
    assert History([(np.int64(0), np.int64(1), "loss", np.float64(0.5))]).to_csv().splitlines()[1] == "0,1,loss,0.5"


# ---- settings


@dataclasses.dataclass(frozen=True)
class Settings:
    lr: float
    steps: int = 10
    widths: list[int] = dataclasses.field(default_factory=list)


def test_settings_are_the_values_over_the_defaults(make_job: Callable[..., Job]) -> None:
    assert make_job(values={"lr": 0.1}).settings(Settings) == Settings(0.1, 10, [])
    assert make_job(values={"lr": 0.1, "widths": [3], "steps": 2}).settings(Settings) == Settings(0.1, 2, [3])


def test_an_unknown_setting_is_refused_with_the_nearest_one(make_job: Callable[..., Job]) -> None:
    with pytest.raises(UserError, match=r"toy/toy: unknown setting 'step' in protocol\.yaml\. Did you mean 'steps'\?"):
        make_job(values={"lr": 0.1, "step": 3}).settings(Settings)


def test_a_setting_without_value_or_default_is_refused(make_job: Callable[..., Job]) -> None:
    with pytest.raises(UserError, match=r"toy/toy: protocol\.yaml gives no value for 'lr', and .*Settings has no default"):
        make_job(values={"steps": 3}).settings(Settings)


# ---- arrays of earlier runs


def save(folder: Path, arrays: dict[str, float]) -> Path:
    folder.mkdir()
    save_file({key: np.full(2, value, np.float32) for key, value in arrays.items()}, folder / "arrays.safetensors")
    return folder


def test_arrays_of_a_seed_come_from_whichever_block_holds_it(make_job: Callable[..., Job], tmp_path: Path) -> None:
    blocks = (save(tmp_path / "a", {"0/w": 0.0, "1/w": 1.0, "1/net/b": 1.5}), save(tmp_path / "b", {"12/w": 12.0}))
    job = make_job(inputs={"codes": blocks})
    assert {key: array.tolist() for key, array in job.arrays("codes", 1).items()} == {"w": [1.0, 1.0], "net/b": [1.5, 1.5]}
    assert job.arrays("codes", 12)["w"].tolist() == [12.0, 12.0]
    with pytest.raises(UserError, match="input 'codes' has no replica 2; it has 0, 1, 12"):
        job.arrays("codes", 2)


def test_one_replica_serves_every_seed(make_job: Callable[..., Job], tmp_path: Path) -> None:
    job = make_job(inputs={"codes": (save(tmp_path / "a", {"7/w": 7.0}),)})
    assert job.arrays("codes", 0)["w"].tolist() == job.arrays("codes", 3)["w"].tolist() == [7.0, 7.0]


def test_an_input_without_arrays_is_refused(make_job: Callable[..., Job], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it has none"):
        make_job(inputs={"codes": (save(tmp_path / "a", {}),)}).arrays("codes", 0)


# ---- a whole job

BROKEN = """
def run(job):
    job.work.mkdir(parents=True)
    (job.work / "checkpoint").write_text("half way")
    raise RuntimeError("killed")
"""
#: what it hands back cannot be saved
UNSAVED = TRAIN.replace("np.full((2, 3), seed + settings.lr, np.float32)", "np.array(['text'])")

EXPERIMENTS = {
    "plain": {"title": "", "module": "train", "cells": [{"steps": [2, 3]}], "settings": {"lr": 0.5}, "scales": EVERYWHERE},
    "broken": {"title": "", "module": "broken", "scales": EVERYWHERE},
    "unsaved": {"title": "", "module": "unsaved", "settings": {"lr": 0.5}, "scales": EVERYWHERE},
    "absent": {"title": "", "module": "absent", "scales": EVERYWHERE},
    "null": {"title": "", "module": "train", "settings": {"lr": 0.5, "diverge": 1.0, "note": None}, "scales": EVERYWHERE},
    "tuned": {
        "title": "",
        "module": "train",
        "cells": [{"steps": [2, 9], "lr": {"select": "best"}}, {"steps": [2, 9], "lr": {"select": "best", "take": "beyond"}}],
        "scales": EVERYWHERE,
    },
}
SELECTIONS = {"best": {"experiments": ["plain"], "factor": "lr", "metric": "loss", "per": ["steps"]}}
FILES = {
    "train.py": TRAIN,
    "broken.py": BROKEN,
    "unsaved.py": UNSAVED,
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory beside a paper called "toyjob"."""
    write_paper(tmp_path / "papers", "toyjob", FILES)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with papers_in(tmp_path / "papers"):
        yield tmp_path / "here"


@pytest.fixture
def spec() -> Callable[..., dict[str, Any]]:
    """Return a function: experiment, cell -> what the plan hands to the job; keywords replace parts of it."""
    plan = Plan({"toyjob": protocol(experiments=EXPERIMENTS, selections=SELECTIONS)}, load_config({}))

    def make(experiment: str, cell: str = "only", **changes: Any) -> dict[str, Any]:
        parts = plan.spec(plan.run("toyjob", experiment, cell, "seeds=0-2"))
        return json.loads(json.dumps(parts | {"code": "c0de"} | changes))

    return make


def run(spec: dict[str, Any], out: Path = Path("out"), device: str = "auto") -> dict[str, Any]:
    run_job(spec, out=out, work=Path("work"), datasets={}, device=device)
    return read_json(out / "run.json")


def test_the_record(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    record = run(spec("plain", "steps=3"))
    with Path("out/history.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["replica", "step", "metric", "value"]
    expected = [(seed, step, 1 / (0.5 * step) + seed / 100) for seed in range(3) for step in (1, 2, 3)]
    assert [(int(row[0]), int(row[1]), float(row[3])) for row in rows[1:]] == expected
    assert {row[2] for row in rows[1:]} == {"loss"}

    arrays = load_file("out/arrays.safetensors")
    assert sorted(arrays) == ["0/weights", "1/weights", "2/weights"]
    assert arrays["2/weights"].dtype == np.float32
    assert arrays["2/weights"].tolist() == [[2.5] * 3] * 2

    assert record.pop("facts").keys() == {"work"}
    assert datetime.fromisoformat(record.pop("started")).utcoffset().total_seconds() == 0
    assert 0 <= record.pop("wall_seconds") < 60
    assert 0 < record.pop("cpu_seconds") < 3600
    assert 5 < record.pop("peak_memory_mb") < 1e6
    assert record.pop("versions") == {
        "python": ".".join(map(str, sys.version_info[:3])),
        **{name: version(name) for name in ("numpy", "torch", "torchvision")},
        **{name: version(name) for module, name in LIBRARIES.items() if module in sys.modules},  # what another test has loaded
    }
    assert record.pop("commit") == git_commit()
    assert record == {
        "paper": "toyjob",
        "experiment": "plain",
        "scale": "quick",
        "cell": {"steps": 3},
        "values": {"lr": 0.5, "steps": 3},
        "seeds": [0, 1, 2],
        "status": {"0": "completed", "1": "completed", "2": "completed"},
        "code": "c0de",
        "data": {},
        "device": "cpu",
        "device_name": "toy device",
        "threads": 1,
        "determinism": "bitwise",
    }


def test_the_record_names_the_libraries_that_the_run_loaded(
    place: Path, spec: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in LIBRARIES:
        monkeypatch.delitem(sys.modules, module, raising=False)
    always = {"python", "numpy", "torch", "torchvision"}
    assert run(spec("plain", "steps=3"))["versions"].keys() == always
    monkeypatch.setitem(sys.modules, "ot", sys)  # stands for the real one, which takes a second to load
    versions = run(spec("plain", "steps=3"))["versions"]
    assert versions.keys() == always | {"pot"}
    assert versions["pot"] == version("pot")


def test_nothing_else_is_left(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    run(spec("plain", "steps=2"))
    assert sorted(path.name for path in Path("out").iterdir()) == ["arrays.safetensors", "history.csv", "run.json"]
    assert list(Path("work").iterdir()) == []  # the job's checkpoint was there


def test_a_job_that_fails_leaves_no_record_and_keeps_its_checkpoint(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(RuntimeError, match="killed"):
        run(spec("broken"))
    assert not Path("out").exists()
    (folder,) = Path("work").iterdir()
    assert (folder / "checkpoint").read_text() == "half way"


def test_run_json_is_written_last(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(Exception, match=r"(?i)dtype|str|key"):
        run(spec("unsaved"))
    assert Path("out/history.csv").exists()
    assert not Path("out/run.json").exists()
    assert len(list(Path("work").iterdir())) == 1


def test_the_checkpoint_folder_is_of_this_computation_alone(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    base = spec("plain", "steps=2")
    folder = run(base)["facts"]["work"]
    assert run(base)["facts"]["work"] == folder
    assert run(base | {"scale": "smoke", "gpu": 1}, device="cpu")["facts"]["work"] == folder  # changes no number
    others = [
        base | {"code": "other"},
        base | {"experiment": "other"},
        base | {"seeds": [0, 1]},
        base | {"values": base["values"] | {"lr": 0.25}},
    ]
    folders = {run(other)["facts"]["work"] for other in others}
    assert len(folders | {folder}) == 5


def test_the_checkpoint_folder_is_of_these_inputs_and_threads_alone(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    """Both change numbers: what a killed job left must not go on with others."""
    base = spec("plain", "steps=2")
    folder = run(base)["facts"]["work"]
    assert run(base | {"threads": 2})["facts"]["work"] != folder
    save(Path("earlier"), {"0/w": 1.0})
    first = run(base | {"inputs": {"codes": ["earlier"]}})["facts"]["work"]
    save_file({"0/w": np.full(2, 2.0, np.float32)}, "earlier/arrays.safetensors")
    second = run(base | {"inputs": {"codes": ["earlier"]}})["facts"]["work"]
    assert len({folder, first, second}) == 3


def write_choices(choices: list[dict[str, Any]]) -> None:
    write_json("results/quick/toyjob/selections/best.json", {"factor": "lr", "choices": choices})


CHOICES = [
    {"group": {"steps": 2}, "best": 0.25, "edge": "low", "beyond": 0.125},
    {"group": {"steps": 9}, "best": 0.5, "edge": None, "beyond": None},
]


@pytest.mark.parametrize(("cell", "lr"), [("steps=2,lr=selected", 0.25), ("steps=9,lr=selected", 0.5), ("steps=2,lr=beyond", 0.125)])
def test_a_selected_factor_has_the_value_that_its_group_chose(
    place: Path, spec: Callable[..., dict[str, Any]], cell: str, lr: float
) -> None:
    write_choices(CHOICES)
    record = run(spec("tuned", cell))
    assert record["values"]["lr"] == lr
    assert record["cell"]["lr"] == cell.rpartition("=")[2]  # while the cell keeps the word of its folder
    assert load_file("out/arrays.safetensors")["0/weights"][0, 0] == lr


def test_a_run_beyond_an_edge_is_not_needed_where_the_best_is_inside(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    write_choices(CHOICES)
    record = run(spec("tuned", "steps=9,lr=beyond", module="absent"))  # and so the module is not even imported
    assert record["values"] == {"steps": 9, "lr": None}
    assert {status.partition(":")[0] for status in record["status"].values()} == {"not needed"}
    assert Path("out/history.csv").read_text() == "replica,step,metric,value\n"
    assert load_file("out/arrays.safetensors") == {}


def test_a_group_that_has_no_choice_is_named(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    write_choices(CHOICES[:1])
    with pytest.raises(UserError, match=r"best\.json has no choice for \{'steps': 9\}; needed for 'lr' of toyjob/tuned"):
        run(spec("tuned", "steps=9,lr=selected"))


def test_a_setting_may_be_null(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    """Here the module knows no setting 'note', which it says only if it runs."""
    with pytest.raises(UserError, match="unknown setting 'note'"):
        run(spec("null"))


def test_a_module_that_is_missing_is_named(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(UserError, match="absent"):
        run(spec("absent"))


# ---- device

NO_GPU = pytest.mark.skipif(gpu_present(), reason="this machine has a GPU")


@NO_GPU
def test_auto_falls_back_to_the_cpu(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    assert run(spec("plain", "steps=2", gpu=1), device="auto")["device"] == "cpu"


@NO_GPU
def test_a_gpu_that_is_not_there_is_refused(place: Path, spec: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(UserError, match=r"'device: cuda', but torch finds no GPU .*'device: auto'"):
        run(spec("plain", "steps=2", gpu=1), device="cuda")
    assert not Path("out").exists()


def test_an_experiment_that_uses_no_gpu_runs_on_the_cpu_whatever_is_asked() -> None:
    assert [resolve_device(asked, wants_gpu=False) for asked in ("auto", "cpu", "cuda")] == ["cpu"] * 3
    assert resolve_device("cpu", wants_gpu=True) == "cpu"


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_hidden_gpu_is_none(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert not gpu_present()


# ---- commit


def test_outside_a_checkout_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(machine, "__file__", str(tmp_path / "job.py"))
    assert git_commit() == "unknown"


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_commit_and_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        return subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    monkeypatch.setattr(machine, "__file__", str(tmp_path / "job.py"))
    (tmp_path / "job.py").write_text("1\n")
    git("init", "--quiet")
    assert git_commit() == "unknown"  # no commit yet
    git("add", "job.py")
    git("commit", "--quiet", "--message", "One")
    commit = git("rev-parse", "HEAD")
    assert git_commit() == commit
    (tmp_path / "results.csv").write_text("untracked\n")
    assert git_commit() == commit
    (tmp_path / "job.py").write_text("2\n")
    assert git_commit() == commit + "+changes"
