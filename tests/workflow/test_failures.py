"""A failed or killed run: it is shown, the others go on, nothing half-written stays, and the next start takes it up."""

from __future__ import annotations

import json

from toy_jobs import FROM_GRID, FROM_PLAIN
from toy_project import PACKAGE, PAPER, RESULTS, Project

PLAIN_RUN = f"{RESULTS}/plain/only/seeds=0-2"

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
        mark.parent.mkdir(parents=True)
        mark.write_text("41")
        os.kill(os.getpid(), signal.SIGKILL)
    history = History([(seed, int(mark.read_text()), "half", 0.5) for seed in job.seeds])
    return Result(history, status=dict.fromkeys(job.seeds, "completed"))
"""


def test_a_failed_run_stops_what_follows_from_it_alone(project: Project) -> None:
    module = project / f"{PAPER}/plain.py"
    whole = module.read_text(encoding="utf-8")
    project.append(f"{PAPER}/plain.py", RAISES)
    project.append(f"{PACKAGE}/train/toyopt.py", "\nEDITED = True\n")
    outcome = project.snakemake("--cores", "2")
    assert outcome.status != 0
    assert "error: the toy's half is not there today" in outcome.text  # the log is shown, and says it without a traceback
    assert "Traceback" not in outcome.text
    assert not list((project / PLAIN_RUN).glob("*")), "Snakemake removes what a job had before it starts, and what a failed one left"
    waiting = FROM_PLAIN & FROM_GRID | {"collect toy/plain"}  # the verdicts, a figure of them, the report
    assert set(outcome.labels) == FROM_GRID - waiting | {"run toy/plain/only/seeds=0-2"}
    assert not list(project.folder.glob("results/**/*.tmp"))
    assert project.dry().labels == sorted(FROM_PLAIN)

    module.write_text(whole, encoding="utf-8")
    assert project.run().labels == sorted(FROM_PLAIN)
    assert project.dry().labels == []


def test_a_killed_run_leaves_its_checkpoint_and_goes_on_there(project: Project) -> None:
    project.append(f"{PAPER}/plain.py", IS_KILLED_ONCE)
    target = f"{PLAIN_RUN}/run.json"
    assert project.snakemake("--cores", "1", target).status != 0
    (mark,) = (project / "work").glob("*/step")
    assert not (project / target).exists()
    project.run(target)
    assert "0,41,half,0.5" in (project / f"{PLAIN_RUN}/history.csv").read_text(encoding="utf-8")
    assert json.loads((project / target).read_text(encoding="utf-8"))["status"]["0"] == "completed"
    assert not mark.exists()
