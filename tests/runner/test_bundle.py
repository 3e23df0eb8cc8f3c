"""One job: the records that it leaves or does not leave, of one run or of several, and what it says of them."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from tiny_paper import EVERYWHERE, TRAIN, papers_in, protocol, write_paper

import secondlook.papers
from secondlook import machine
from secondlook.errors import UserError
from secondlook.files import read_json, write_json
from secondlook.machine import git_commit, gpu_present, resolve_device
from secondlook.plan.plan import Plan, make_plan
from secondlook.protocol.config import load_config
from secondlook.protocol.project import load_project
from secondlook.runner.bundle import LIBRARIES, check_versions, make_bundle
from secondlook.runner.record import write_run

BROKEN = """
def run(job):
    (job.work / "checkpoint").write_text("half way")
    raise RuntimeError("killed")
"""
#: what it hands back cannot be saved
UNSAVED = TRAIN.replace("np.full((2, 3), seed + settings.lr, np.float32)", "np.array(['text'])")
#: notes each call; is killed in the run whose number of steps stands in the file "kill"
COUNTED = TRAIN.replace(
    "    settings = job.settings(Settings)\n",
    """
    settings = job.settings(Settings)
    with Path("calls").open("a") as calls:
        calls.write(f"{settings.steps}\\n")
    if Path("kill").exists() and Path("kill").read_text() == str(settings.steps):
        raise RuntimeError("killed")
""",
).replace("import numpy as np\n", "from pathlib import Path\n\nimport numpy as np\n")

BOTH = [{"steps": [2, 9], "lr": {"select": "best"}}, {"steps": [2, 9], "lr": {"select": "best", "take": "beyond"}}]
EXPERIMENTS = {
    "plain": {"title": "", "module": "train", "cells": [{"steps": [2, 3]}], "settings": {"lr": 0.5}, "scales": EVERYWHERE},
    "broken": {"title": "", "module": "broken", "scales": EVERYWHERE},
    "unsaved": {"title": "", "module": "unsaved", "settings": {"lr": 0.5}, "scales": EVERYWHERE},
    "absent": {"title": "", "module": "absent", "scales": EVERYWHERE},
    "null": {"title": "", "module": "train", "settings": {"lr": 0.5, "diverge": 1.0, "note": None}, "scales": EVERYWHERE},
    "tuned": {"title": "", "module": "train", "cells": BOTH, "scales": EVERYWHERE},
    "many": {
        "title": "",
        "module": "counted",
        "cells": [{"steps": [2, 3, 4]}],
        "settings": {"lr": 0.5},
        "cells_per_job": "all",
        "scales": EVERYWHERE,
    },
    "mixed": {
        "title": "",
        "module": "train",
        "cells": [*BOTH, {"steps": 2, "lr": 0.25}],
        "cells_per_job": "all",
        "scales": EVERYWHERE,
    },
}
SELECTIONS = {"best": {"experiments": ["plain"], "factor": "lr", "metric": "loss", "per": ["steps"]}}
FILES = {"train.py": TRAIN, "broken.py": BROKEN, "unsaved.py": UNSAVED, "counted.py": COUNTED}
PLAN = Plan({"toyjob": protocol(experiments=EXPERIMENTS, selections=SELECTIONS)}, load_config({}))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory beside a paper called "toyjob"."""
    write_paper(tmp_path / "papers", "toyjob", FILES)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with papers_in(tmp_path / "papers"):
        yield tmp_path / "here"


def spec(experiment: str, cell: str = "only", inputs: dict[str, list[str]] | None = None, **changes: Any) -> dict[str, Any]:
    """What the plan hands to a job whose first run is of this cell; keywords replace parts of it."""
    parts = PLAN.spec(PLAN.bundle("toyjob", experiment, cell, "seeds=0-2"))
    for run in parts["runs"]:
        run["inputs"] = inputs or {}
    return json.loads(json.dumps(parts | changes))


def make(spec: dict[str, Any], *, out: str = "out", code: str = "c0de", device: str = "auto", **options: Any) -> list[dict[str, Any]]:
    """Make the job's runs; return their records."""
    make_bundle(spec, code=code, out=Path(out), work=Path("work"), datasets={}, device=device, **options)
    return [read_json(Path(out) / run["folder"] / "run.json") for run in spec["runs"]]


def run(spec: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The same of a job of one run."""
    (record,) = make(spec, **options)
    return record


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- a record

PLAIN = Path("out/steps=3/seeds=0-2")


def test_the_record(place: Path) -> None:
    record = run(spec("plain", "steps=3"))
    with (PLAIN / "history.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["replica", "step", "metric", "value"]
    expected = [(seed, step, 1 / (0.5 * step) + seed / 100) for seed in range(3) for step in (1, 2, 3)]
    assert [(int(row[0]), int(row[1]), float(row[3])) for row in rows[1:]] == expected
    assert {row[2] for row in rows[1:]} == {"loss"}

    arrays = load_file(PLAIN / "arrays.safetensors")
    assert sorted(arrays) == ["0/weights", "1/weights", "2/weights"]
    assert arrays["2/weights"].dtype == np.float32
    assert arrays["2/weights"].tolist() == [[2.5] * 3] * 2

    assert record.pop("facts") == {"work": record.pop("computation")}  # the name of its checkpoint folder is that of this computation
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
    assert len(record.pop("sha256")) == 64  # of all else
    assert record.pop("files") == {name: sha256(PLAIN / name) for name in ("history.csv", "arrays.safetensors")}
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
        "fell_back_to_cpu": False,
        "threads": 1,
        "determinism": "bitwise",
    }


def test_the_record_names_the_libraries_that_the_run_loaded(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in LIBRARIES:
        monkeypatch.delitem(sys.modules, module, raising=False)
    always = {"python", "numpy", "torch", "torchvision"}
    assert run(spec("plain", "steps=3"))["versions"].keys() == always
    monkeypatch.setitem(sys.modules, "ot", sys)  # stands for the real one, which takes a second to load
    versions = run(spec("plain", "steps=3"), code="other")["versions"]
    assert versions.keys() == always | {"pot"}
    assert versions["pot"] == version("pot")


def test_a_replica_that_diverged_is_marked(place: Path) -> None:
    record = run(spec("plain", "steps=3", settings={"lr": 2.0, "diverge": 1.0}))
    assert record["status"] == dict.fromkeys("012", "diverged at step 1")
    assert {line.split(",")[2] for line in (PLAIN / "history.csv").read_text().splitlines()[1:]} == {"diverged"}


def test_nothing_else_is_left(place: Path) -> None:
    run(spec("plain", "steps=3"))
    names = ["arrays.safetensors", "history.csv", "job.json", "job.sha256", "run.json"]
    assert sorted(path.name for path in PLAIN.iterdir()) == names
    assert list(Path("work").iterdir()) == []  # the job's checkpoint was there


def test_a_job_that_fails_leaves_no_record_and_keeps_its_checkpoint(place: Path) -> None:
    with pytest.raises(RuntimeError, match="killed"):
        run(spec("broken"))
    assert not Path("out").exists()
    (folder,) = Path("work").iterdir()
    assert (folder / "checkpoint").read_text() == "half way"


def test_run_json_is_written_last(place: Path) -> None:
    with pytest.raises(Exception, match=r"(?i)dtype|str|key"):
        run(spec("unsaved"))
    assert sorted(path.name for path in Path("out/only/seeds=0-2").iterdir()) == ["history.csv"]
    assert len(list(Path("work").iterdir())) == 1


def test_the_checkpoint_folder_is_of_this_computation_alone(place: Path) -> None:
    base = spec("plain", "steps=2")
    folder = run(base)["facts"]["work"]
    assert run(base)["facts"]["work"] == folder
    assert run(base | {"scale": "smoke", "gpu": 1}, device="cpu")["facts"]["work"] == folder  # changes no number
    others = [base | {"experiment": "other"}, base | {"seeds": [0, 1]}, base | {"settings": {"lr": 0.25}}, spec("plain", "steps=3")]
    folders = {run(other)["facts"]["work"] for other in others} | {run(base, code="other")["facts"]["work"]}
    assert len(folders | {folder}) == 6


def test_the_checkpoint_folder_is_of_these_inputs_and_threads_alone(place: Path) -> None:
    """Both change numbers: what a killed job left must not go on with others."""
    base = spec("plain", "steps=2")
    folder = run(base)["facts"]["work"]
    assert run(base | {"threads": 2})["facts"]["work"] != folder
    Path("earlier").mkdir()
    folders = {folder}
    for weight in (1.0, 2.0):
        save_file({"0/w": np.full(2, weight, np.float32)}, "earlier/arrays.safetensors")
        said = {"paper": "toyjob", "experiment": "plain", "cell": {}, "values": {}, "seeds": [0]}
        write_run(Path("earlier"), {**said, "files": {"arrays.safetensors": sha256(Path("earlier/arrays.safetensors"))}})
        folders.add(run(spec("plain", "steps=2", inputs={"codes": ["earlier"]}))["facts"]["work"])
    assert len(folders) == 3


def test_a_setting_may_be_null(place: Path) -> None:
    """Here the module knows no setting 'note', which it says only if it runs."""
    with pytest.raises(UserError, match="note: unknown setting"):
        run(spec("null"))


def test_a_module_that_is_missing_is_named(place: Path) -> None:
    with pytest.raises(UserError, match="there is no module secondlook.papers.toyjob.absent"):
        run(spec("absent"))


# ---- selected values


def write_choices(choices: list[dict[str, Any]]) -> None:
    write_json("results/quick/toyjob/selections/best.json", {"factor": "lr", "choices": choices})


CHOICES = [
    {"group": {"steps": 2}, "best": 0.25, "edge": "low", "beyond": 0.125},
    {"group": {"steps": 9}, "best": 0.5, "edge": None, "beyond": None},
]


@pytest.mark.parametrize(("cell", "lr"), [("steps=2+lr=selected", 0.25), ("steps=9+lr=selected", 0.5), ("steps=2+lr=beyond", 0.125)])
def test_a_selected_factor_has_the_value_that_its_group_chose(place: Path, cell: str, lr: float) -> None:
    write_choices(CHOICES)
    record = run(spec("tuned", cell))
    assert record["values"]["lr"] == lr
    assert record["cell"]["lr"] == cell.rpartition("=")[2]  # while the cell keeps the word of its folder
    assert load_file(f"out/{cell}/seeds=0-2/arrays.safetensors")["0/weights"][0, 0] == lr


def test_a_run_beyond_an_edge_is_not_needed_where_the_best_is_inside(place: Path) -> None:
    write_choices(CHOICES)
    record = run(spec("tuned", "steps=9+lr=beyond", module="absent"))  # and so the module is not even imported
    assert record["values"] == {"steps": 9, "lr": None}
    assert {status.partition(":")[0] for status in record["status"].values()} == {"not needed"}
    folder = Path("out/steps=9+lr=beyond/seeds=0-2")
    assert (folder / "history.csv").read_text() == "replica,step,metric,value\n"
    assert load_file(folder / "arrays.safetensors") == {}


def test_a_group_that_has_no_choice_is_named(place: Path) -> None:
    write_choices(CHOICES[:1])
    with pytest.raises(UserError, match=r"best\.json has no choice for \{'steps': 9\}; needed for 'lr' of toyjob/tuned"):
        run(spec("tuned", "steps=9+lr=selected"))


def test_selected_and_fixed_cells_share_a_job(place: Path) -> None:
    write_choices(CHOICES)
    records = make(spec("mixed", "steps=2+lr=selected"))
    assert [record["values"]["lr"] for record in records] == [0.25, 0.5, 0.125, None, 0.25]
    # The chosen value is that of the last cell; the two may run at the same time, in two jobs, and have a checkpoint each.
    assert records[0]["values"] == records[4]["values"]
    assert records[0]["facts"]["work"] != records[4]["facts"]["work"]
    assert list(Path("work").iterdir()) == []


# ---- several runs in one job

MANY = [f"steps={steps}/seeds=0-2" for steps in (2, 3, 4)]
NUMBERS = ("history.csv", "arrays.safetensors")


def calls() -> list[str]:
    return Path("calls").read_text().split()


def numbers(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in NUMBERS]


def alone(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """A job of its own for each run of a job."""
    return [spec | {"runs": [one]} for one in spec["runs"]]


def test_a_run_is_bit_for_bit_the_same_alone(place: Path) -> None:
    together = make(spec("many", "steps=2"))
    apart = [run(one, out="alone") for one in alone(spec("many", "steps=2"))]
    assert calls() == ["2", "3", "4"] * 2
    for folder, one, other in zip(MANY, together, apart, strict=True):
        assert numbers(Path("out") / folder) == numbers(Path("alone") / folder)
        for key in set(one) - {"started", "wall_seconds", "cpu_seconds", "peak_memory_mb", "sha256"}:
            assert one[key] == other[key], key


def test_a_real_run_is_bit_for_bit_the_same_alone(tmp_path: Path) -> None:
    """With torch, whose state one run could leave to the next: both codings of LSGAN, each with a net of its own."""
    plan = make_plan(load_project(Path(secondlook.papers.__path__[0]), ["mao2017"]), load_config({"scale": "smoke"}))
    (job,) = plan.bundles("mao2017", "optimal")
    whole = plan.spec(job)
    whole["settings"]["steps"] = 20
    assert len(whole["runs"]) > 1
    for name, specs in {"together": [whole], "alone": alone(whole), "turned": [whole | {"runs": whole["runs"][::-1]}]}.items():
        for one in specs:
            make_bundle(one, code="c0de", out=tmp_path / name, work=tmp_path / "work", datasets={}, device="cpu")
    for one in whole["runs"]:
        assert len((tmp_path / "together" / one["folder"] / "history.csv").read_text()) > 100
        assert numbers(tmp_path / "together" / one["folder"]) == numbers(tmp_path / "alone" / one["folder"])
        assert numbers(tmp_path / "together" / one["folder"]) == numbers(tmp_path / "turned" / one["folder"])


def test_a_job_says_which_run_it_is_at(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(spec("many", "steps=2"))
    assert capsys.readouterr().err.splitlines() == [f"run {number} of 3: {folder}" for number, folder in enumerate(MANY, 1)]
    make(spec("plain", "steps=2"))
    assert capsys.readouterr().err == ""


def test_each_run_has_the_time_that_it_took_itself(place: Path) -> None:
    started = time.monotonic()
    records = make(spec("many", "steps=2"))
    took = time.monotonic() - started
    assert sum(record["wall_seconds"] for record in records) <= took + 0.002
    assert all(record["wall_seconds"] >= 0 for record in records)
    assert sum(record["cpu_seconds"] for record in records) <= time.process_time() + 0.002


def test_what_a_job_says_of_its_runs(place: Path) -> None:
    make(spec("many", "steps=2"))
    leader = Path("out") / MANY[0]
    assert list(read_json(leader / "job.json")["runs"].items()) == [(folder, sha256(Path("out") / folder / "run.json")) for folder in MANY]
    lines = [f"{sha256(Path('out') / folder / name)}  {folder}/{name}\n" for folder in MANY for name in NUMBERS]
    assert (leader / "job.sha256").read_text() == "".join(lines)
    for folder in MANY[1:]:  # only the first run's folder has them
        assert sorted(path.name for path in (Path("out") / folder).iterdir()) == ["arrays.safetensors", "history.csv", "run.json"]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum")
def test_sha256sum_checks_the_numbers(place: Path) -> None:
    make(spec("many", "steps=2"))

    def check() -> subprocess.CompletedProcess[str]:
        command = ["sha256sum", "--check", "--strict", f"{MANY[0]}/job.sha256"]
        return subprocess.run(command, cwd="out", capture_output=True, text=True, check=False)

    assert check().returncode == 0, check().stderr
    history = Path("out") / MANY[2] / "history.csv"
    history.write_text(history.read_text().replace("0,1,loss,2.0", "0,1,loss,2.5"))
    assert check().returncode == 1
    assert f"{MANY[2]}/history.csv: FAILED" in check().stdout


def test_equal_numbers_make_equal_check_sums(place: Path) -> None:
    """What waits for numbers waits for this file, and is left alone when it did not change."""
    make(spec("many", "steps=2"))
    leader = Path("out") / MANY[0]
    before = (leader / "job.sha256").read_bytes(), (leader / "job.json").read_bytes()
    make(spec("many", "steps=2"), code="other")
    assert (leader / "job.sha256").read_bytes() == before[0]
    assert (leader / "job.json").read_bytes() != before[1]  # while the records tell the code
    make(spec("many", "steps=2", settings={"lr": 0.25}))
    assert (leader / "job.sha256").read_bytes() != before[0]


# ---- a job that was killed and starts again


def kill(steps: int, **options: Any) -> None:
    """Let the job die in the run with so many steps; the next call is not killed."""
    Path("kill").write_text(str(steps))
    with pytest.raises(RuntimeError, match="killed"):
        make(spec("many", "steps=2"), **options)
    Path("kill").unlink()


def test_what_was_finished_before_a_kill_is_kept(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kill(3)
    first = Path("out") / MANY[0]
    assert sorted(path.name for path in first.iterdir()) == ["arrays.safetensors", "history.csv", "run.json"]  # the job says nothing yet
    assert not (Path("out") / MANY[1]).exists()
    kept = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first.iterdir()}
    capsys.readouterr()
    make(spec("many", "steps=2"))
    assert calls() == ["2", "3", "3", "4"]
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept} == kept
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == [f"run 1 of 3: {MANY[0]}", "it was made from just this before"]
    assert len(said) == 4
    assert list(read_json(first / "job.json")["runs"]) == MANY
    assert list(Path("work").iterdir()) == []


def test_a_second_kill_keeps_what_both_finished(place: Path) -> None:
    kill(3)
    kill(4)
    make(spec("many", "steps=2"))
    assert calls() == ["2", "3", "3", "4", "4"]


def test_a_complete_job_makes_nothing_again(place: Path) -> None:
    """What its files were made from did not change; who wants a run to be made again removes its folder."""
    kill(3)
    for _ in range(3):
        make(spec("many", "steps=2"))
    assert calls() == ["2", "3", "3", "4"]
    shutil.rmtree(Path("out") / MANY[1])
    make(spec("many", "steps=2"))
    assert calls()[4:] == ["3"]


def edit(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"2", b"3", 1))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


@pytest.mark.parametrize("damage", [edit, cut, Path.unlink])
@pytest.mark.parametrize("name", ["run.json", "history.csv", "arrays.safetensors"])
def test_a_record_that_is_not_as_it_was_is_made_again(place: Path, name: str, damage: Callable[[Path], None]) -> None:
    kill(3)
    first = Path("out") / MANY[0]
    before = numbers(first)
    damage(first / name)
    make(spec("many", "steps=2"))
    assert calls() == ["2", "3", "2", "3", "4"]
    assert numbers(first) == before
    assert read_json(first / "run.json")["files"] == {name: sha256(first / name) for name in NUMBERS}


def test_a_folder_that_was_lost_is_made_again(place: Path) -> None:
    kill(3)
    shutil.rmtree("out")
    make(spec("many", "steps=2"))
    assert calls() == ["2", "3", "2", "3", "4"]


def test_a_finished_run_of_another_computation_is_not_kept(place: Path) -> None:
    kill(3)
    make(spec("many", "steps=2"), code="other")
    assert calls() == ["2", "3", *"234"]
    kill(3)
    make(spec("many", "steps=2", threads=2))
    assert calls()[5:] == ["2", "3", *"234"]


def test_records_of_an_earlier_job_are_not_taken_for_finished_ones(place: Path) -> None:
    """All three lie there, whole, from another code; the job that is killed has made the first alone."""
    make(spec("many", "steps=2"), code="other")
    kill(3)
    records = make(spec("many", "steps=2"))
    assert calls()[3:] == ["2", "3", "3", "4"]
    assert {record["code"] for record in records} == {"c0de"}


# ---- versions


def test_a_job_that_is_cut_otherwise_takes_its_runs_from_the_old_one(place: Path) -> None:
    """Else what the old one says would pass for up to date once the cells are cut as they were."""
    whole = spec("many", "steps=2")
    make(whole)
    folders = [run["folder"] for run in whole["runs"]]
    make(whole | {"runs": whole["runs"][1:]})
    assert not list((Path("out") / folders[0]).glob("job.*"))
    assert list(read_json(Path("out") / folders[1] / "job.json")["runs"]) == folders[1:]
    make(whole | {"runs": whole["runs"][:1]})
    assert (Path("out") / folders[1] / "job.json").exists()  # none of its runs was made again


def test_other_versions_of_the_libraries_are_refused(place: Path) -> None:
    locked = {"numpy": "0.0.1", "torch": version("torch"), "no-such-library": "1"}
    says = (
        r"not the locked ones: numpy 0\.0\.1 is wanted, .* is installed; no-such-library 1 is wanted, none is installed\. "
        r"Install them \('make setup'\), or say 'versions: installed' in config\.yaml"
    )
    with pytest.raises(UserError, match=says):
        run(spec("plain", "steps=2"), versions=locked)
    assert list(place.iterdir()) == []


def test_the_wanted_versions_are_taken(place: Path) -> None:
    wanted = {name: version(name) for name in ("numpy", "torch")}
    check_versions(wanted)
    check_versions({})
    assert run(spec("plain", "steps=2"), versions=wanted)["versions"].items() >= wanted.items()


# ---- device


def test_auto_falls_back_to_the_cpu_and_says_so(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(machine, "gpu_present", lambda: False)
    record = run(spec("plain", "steps=2", gpu=1), device="auto")
    assert (record["device"], record["fell_back_to_cpu"]) == ("cpu", True)
    assert capsys.readouterr().err == "no GPU here: this job, which would use one, runs on the CPU\n"


def test_so_it_does_where_torch_cannot_use_the_gpu(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "gpu_present", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    record = run(spec("plain", "steps=2", gpu=1), device="auto")
    assert (record["device"], record["fell_back_to_cpu"]) == ("cpu", True)
    assert capsys.readouterr().err == "there is a GPU, but torch cannot use it: this job runs on the CPU\n"


@pytest.mark.parametrize(("gpu", "device"), [(0, "auto"), (0, "cuda"), (0, "cpu"), (1, "cpu")])
def test_a_job_that_needs_no_gpu_or_may_not_use_one_has_not_fallen_back(
    place: Path, capsys: pytest.CaptureFixture[str], gpu: int, device: str
) -> None:
    record = run(spec("plain", "steps=2", gpu=gpu), device=device)
    assert (record["device"], record["fell_back_to_cpu"]) == ("cpu", False)
    assert capsys.readouterr().err == ""


def test_a_gpu_that_is_not_there_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
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
