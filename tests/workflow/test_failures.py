"""A failed or killed run: it is shown, the others go on, nothing half-written counts, and the next start takes it up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toy_jobs import FROM_GRID, FROM_PLAIN, GRID, RUN_GRID
from toy_project import PACKAGE, PAPER, RESULTS, Project, times

PLAIN_RUN = f"{RESULTS}/plain/only/seeds=0-2"
JOB = {"job.json", "job.sha256"}
RECORD = {"history.csv", "arrays.safetensors", "run.json"}
FIRST, SECOND = (f"{RESULTS}/grid/optimizer=momentum+lr={lr}/seeds=0" for lr in ("0.1", "0.2"))
GRID_LOG = "logs/quick/toy/grid/optimizer=momentum+lr=0.1/seeds=0.log"
KEPT = "it was made from just this before"

RAISES = """
from secondlook.errors import UserError


def run(job):
    raise UserError("the toy's half is not there today")
"""

IS_KILLED_ONCE = """
import os
import signal


def run(job):
    mark = job.work / "step"
    if not mark.exists():
        mark.write_text("41")
        os.kill(os.getpid(), signal.SIGKILL)
    history = History([(seed, int(mark.read_text()), "half", 0.5) for seed in job.seeds])
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))
"""

STOPS_AT_A_SECOND_CELL = """
import os
import signal
from pathlib import Path

train = run


def run(job):
    if (job.values["optimizer"], job.values["lr"]) == ("momentum", 0.2) and not Path("stopped").exists():
        Path("stopped").touch()
        {how}
    return train(job)
"""
IS_KILLED = STOPS_AT_A_SECOND_CELL.format(how="os.kill(os.getpid(), signal.SIGKILL)")
FAILS = STOPS_AT_A_SECOND_CELL.format(how='raise RuntimeError("not now")')


def files_of(project: Project, folder: str) -> set[str]:
    """Names of the files in a folder."""
    return {path.name for path in (project / folder).iterdir()}


def test_a_failed_run_stops_what_follows_from_it_alone(project: Project) -> None:
    module = project / f"{PAPER}/plain.py"
    whole = module.read_text(encoding="utf-8")
    project.append(f"{PAPER}/plain.py", RAISES)
    project.append(f"{PACKAGE}/train/toyopt.py", "\nEDITED = True\n")
    outcome = project.snakemake("--cores", "2")
    assert outcome.status != 0
    assert "error: the toy's half is not there today" in outcome.text  # the log is shown, and says it without a traceback
    assert "Traceback" not in outcome.text
    # Snakemake removes what a job says it made before it starts. The cell's files before are still there, and nothing reads them.
    assert files_of(project, PLAIN_RUN) == RECORD
    waiting = FROM_PLAIN & FROM_GRID | {"collect toy/plain"}  # the verdicts, a figure of them, the report
    assert set(outcome.labels) == FROM_GRID - waiting | {"run toy/plain/only/seeds=0-2"}
    assert not list(project.folder.glob("results/**/*.tmp"))
    assert project.dry().labels == sorted(FROM_PLAIN)

    module.write_text(whole, encoding="utf-8")
    assert project.run().labels == sorted(FROM_PLAIN)
    assert files_of(project, PLAIN_RUN) == JOB | RECORD
    assert project.dry().labels == []


def test_a_killed_run_leaves_its_checkpoint_and_goes_on_there(project: Project) -> None:
    project.append(f"{PAPER}/plain.py", IS_KILLED_ONCE)
    target = f"{PLAIN_RUN}/job.json"
    assert project.snakemake("--cores", "1", target).status != 0
    (mark,) = (project / "work").glob("*/step")
    assert not (project / target).exists()
    project.run(target)
    assert "0,41,half,0.5" in (project / f"{PLAIN_RUN}/history.csv").read_text(encoding="utf-8")
    assert json.loads((project / f"{PLAIN_RUN}/run.json").read_text(encoding="utf-8"))["status"]["0"] == "completed"
    assert not mark.exists()


@pytest.mark.parametrize(
    ("stops", "edited", "kept"),
    [
        pytest.param(IS_KILLED, "", True, id="killed"),
        pytest.param(FAILS, "", True, id="failed"),
        pytest.param(IS_KILLED, "\nEDITED = True\n", False, id="killed, and its code edited"),
    ],
)
def test_a_job_that_stops_keeps_the_cells_it_finished(project: Project, stops: str, edited: str, kept: bool) -> None:
    table = f"{RESULTS}/grid.csv"
    numbers = (project / table).read_bytes()
    project.append(f"{PAPER}/descent.py", stops)
    files = [f"{folder}/{name}" for folder in (FIRST, SECOND) for name in sorted(RECORD)]
    before = times(project, files)
    outcome = project.snakemake("--cores", "2", table)
    assert outcome.status != 0
    assert set(outcome.labels) == RUN_GRID  # the other job of the grid is done, and the table waits
    between = times(project, files)
    assert {path for path in files if between[path] != before[path]} == {path for path in files if path.startswith(FIRST)}
    assert files_of(project, FIRST) == RECORD  # and nothing says that they belong together

    project.append(f"{PAPER}/descent.py", edited)
    again = project.run(table)
    assert set(again.labels) == (GRID - {"run toy/grid/optimizer=sgd+lr=0.1/seeds=0"} if kept else GRID)
    after = times(project, files)
    made = {str(Path(path).parent) for path in files if after[path] != between[path]}
    assert made == ({SECOND} if kept else {FIRST, SECOND})
    assert (KEPT in (project / GRID_LOG).read_text(encoding="utf-8")) == kept
    assert files_of(project, FIRST) == JOB | RECORD
    assert (project / table).read_bytes() == numbers
    assert not list((project / "work").glob("*"))


def test_libraries_that_are_not_the_pinned_ones_make_no_number(project: Project) -> None:
    target = f"{PLAIN_RUN}/job.json"
    code = json.loads((project / f"{PLAIN_RUN}/run.json").read_text(encoding="utf-8"))["code"]
    project.bump("envs/run.yaml", "torch")
    outcome = project.snakemake("--cores", "1", target)
    assert outcome.status != 0
    assert "torch 99.0.1 is wanted" in outcome.text
    assert "'versions: installed'" in outcome.text
    assert "Traceback" not in outcome.text
    assert not (project / target).exists()

    assert project.run("--config", "versions=installed", "--", target).labels == ["run toy/plain/only/seeds=0-2"]
    # the tests run with the locked versions, so these are the numbers of before
    assert json.loads((project / f"{PLAIN_RUN}/run.json").read_text(encoding="utf-8"))["code"] == code
