"""Nothing wrong without a word: edits while a campaign runs, lost records, damaged files, kills. All with real Snakemake."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toy_edits import CODE
from toy_jobs import FROM_CLAIMS, FROM_PLAIN, FROM_SAMPLE, PLAIN, RUN_PLAIN
from toy_project import INSTRUMENTS, PACKAGE, PAPER, RESULTS, Project, clean_environment

from secondlook.files import read_json
from secondlook.parent import alive, born

PLAIN_RUN = f"{RESULTS}/plain/only/seeds=0-2"

#: waits, in its first run, until the file "go" is there
WAITS = """
import time
from pathlib import Path

answer = run


def run(job):
    Path("started").touch()
    deadline = time.monotonic() + 60
    while not Path("go").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer(job)
"""


def wait_for(path: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """Start the workflow in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--nocolor", *arguments],
        cwd=project.folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def started(project: Project) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start workflows; none outlives the test."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        processes.append(start(project, *arguments))
        return processes[-1]

    yield begin
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


# ---- code that is edited while the workflow runs


@pytest.mark.parametrize(
    ("waits", "path", "target"),
    [
        (f"{INSTRUMENTS}/ruler.py", f"{PAPER}/measured.py", f"{RESULTS}/measured/only/seeds=0-2/job.json"),
        (f"{PAPER}/plain.py", f"{PACKAGE}/stats/decide.py", f"{RESULTS}/claims.json"),
    ],
)
def test_a_job_whose_code_was_edited_meanwhile_refuses_to_run(
    project: Project, started: Callable[..., subprocess.Popen[str]], waits: str, path: str, target: str
) -> None:
    """While an earlier job runs, the code of a later one is edited."""
    project.append(waits, WAITS)
    project.append(path, "\n\nEDITED = 2\n")
    workflow = started(target)
    wait_for(project / "started")
    before = (project / path).read_text(encoding="utf-8")
    (project / path).write_text(before.replace("EDITED = 2", "EDITED = 3"), encoding="utf-8")
    (project / "go").touch()
    said, _ = workflow.communicate(timeout=120)
    assert workflow.returncode != 0
    assert "error: the code of this job was edited after the workflow was started" in said
    assert "Traceback" not in said
    assert not (project / target).exists()
    (project / path).write_text(before, encoding="utf-8")
    project.run(target)


def test_an_edit_while_a_run_computes_does_not_reach_it(project: Project, started: Callable[..., subprocess.Popen[str]]) -> None:
    """It is recorded under the digest of the code that it ran, and the next start knows that this is not today's."""
    project.append(f"{PAPER}/plain.py", WAITS + "\n\ndef later():\n    from secondlook.nets import toynet\n\n    return toynet\n")
    workflow = started(f"{PLAIN_RUN}/job.json")
    wait_for(project / "started")
    before = (project / f"{PAPER}/plain.py").read_text(encoding="utf-8")
    (project / f"{PAPER}/plain.py").write_text("raise RuntimeError('edited')\n", encoding="utf-8")
    (project / "go").touch()
    workflow.communicate(timeout=120)
    assert workflow.returncode == 0
    (project / f"{PAPER}/plain.py").write_text(before, encoding="utf-8")
    assert project.dry(f"{PLAIN_RUN}/job.json").labels == []
    project.append(f"{PAPER}/plain.py", CODE)
    assert project.dry(f"{PLAIN_RUN}/job.json").labels == sorted(RUN_PLAIN)


# ---- without Snakemake's records


@pytest.fixture
def clone(project: Project) -> Project:
    """The project with results that were copied, so with new times, and without Snakemake's records."""
    shutil.rmtree(project / ".snakemake")
    shutil.copytree(project / "results", project / "copied", copy_function=shutil.copyfile)
    shutil.rmtree(project / "results")
    (project / "copied").rename(project / "results")
    return project


def test_copied_results_are_up_to_date(clone: Project) -> None:
    assert clone.dry().labels == []
    assert clone.run().labels == []


@pytest.mark.parametrize(
    ("path", "jobs"),
    [
        (f"{PAPER}/plain.py", FROM_PLAIN),
        (f"{PAPER}/sample.py", FROM_SAMPLE),
        (f"{PACKAGE}/stats/decide.py", FROM_CLAIMS),
    ],
)
def test_copied_results_of_other_code_are_stale(clone: Project, path: str, jobs: set[str]) -> None:
    clone.append(path, CODE)
    assert clone.dry().labels == sorted(jobs)


def test_results_without_seals_are_made_again_and_train_nothing(clone: Project) -> None:
    """Their records still say by which code they were made."""
    shutil.rmtree(clone / "results/quick/seals")
    before = (clone / f"{PLAIN_RUN}/run.json").read_bytes()
    assert set(clone.run(f"{RESULTS}/plain.csv").labels) == PLAIN
    assert (clone / f"{PLAIN_RUN}/run.json").read_bytes() == before


# ---- damaged and missing products


def edit(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [edit, cut, Path.unlink])
@pytest.mark.parametrize(
    ("name", "first"),
    [
        (f"{PLAIN_RUN}/history.csv", "run toy/plain/only/seeds=0-2"),
        (f"{PLAIN_RUN}/arrays.safetensors", "run toy/plain/only/seeds=0-2"),
        (f"{PLAIN_RUN}/run.json", "run toy/plain/only/seeds=0-2"),
        (f"{RESULTS}/plain.csv", "collect toy/plain"),
        (f"{RESULTS}/plain.runs.json", "collect toy/plain"),
        (f"{RESULTS}/claims.json", "decide toy"),
        (f"{RESULTS}/figures/curves.png", "figure toy/curves"),
    ],
)
def test_a_damaged_product_is_named_and_made_again(project: Project, name: str, first: str, damage: Callable[[Path], None]) -> None:
    before = (project / name).read_bytes()
    damage(project / name)
    outcome = project.dry()
    assert first in outcome.labels
    what = "is missing" if damage is Path.unlink else "is not as its job left it"
    assert f"{name} {what}: it is made again." in outcome.text
    if (damage, name) in {(cut, f"{RESULTS}/claims.json"), (edit, f"{PLAIN_RUN}/history.csv")}:  # the whole way for two
        project.run()
        assert (project / name).read_bytes() == before
        assert project.dry().labels == []


def test_a_damaged_product_elsewhere_is_left_alone(project: Project) -> None:
    """Who asks for one figure gets that alone."""
    cut(project / f"{RESULTS}/plain.csv")
    assert project.dry("toy_sheet").labels == []


def test_what_is_damaged_between_start_and_reading_stops_the_job(project: Project, started: Callable[..., subprocess.Popen[str]]) -> None:
    project.append(f"{PAPER}/plain.py", WAITS)
    workflow = started(f"{RESULTS}/claims.json")
    wait_for(project / "started")
    edit(project / f"{RESULTS}/final.csv")
    (project / "go").touch()
    said, _ = workflow.communicate(timeout=120)
    assert f"error: {RESULTS}/final.csv is not as its job left it: it was edited or damaged. Start the workflow again" in said
    assert "Traceback" not in said
    project.run(f"{RESULTS}/claims.json")


# ---- kills


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP])
def test_after_a_kill_a_plain_start_goes_on(project: Project, started: Callable[..., subprocess.Popen[str]], how: signal.Signals) -> None:
    project.append(f"{PAPER}/plain.py", WAITS + "\n\nFIRST = True\n")
    workflow = started(f"{PLAIN_RUN}/job.json")
    wait_for(project / "started")
    owner = read_json(next((project / "work").glob("*/owner.json")))
    job, birth = owner["process"], born(owner["process"])
    assert alive(job, birth)
    os.kill(workflow.pid, how)  # Snakemake alone, as from another terminal; its job is not told
    workflow.wait(timeout=30)
    deadline = time.monotonic() + 30
    while alive(job, birth):
        assert time.monotonic() < deadline, "the job outlives its workflow"
        time.sleep(0.1)
    tmp = project / f"{RESULTS}/.plain.csv.abc.tmp"
    tmp.touch()
    assert list((project / ".snakemake/locks").glob("*.lock"))
    (project / "go").touch()
    outcome = project.run()
    assert "left its lock, which no process holds any more: removed" in outcome.text
    assert not tmp.exists()
    assert not list((project / "work").glob("*"))
    assert project.dry().labels == []


def test_a_lock_that_somebody_holds_stays(project: Project, started: Callable[..., subprocess.Popen[str]]) -> None:
    project.append(f"{PAPER}/plain.py", WAITS)
    workflow = started(f"{PLAIN_RUN}/job.json")
    wait_for(project / "started")
    second = project.snakemake("--cores", "1", f"{PLAIN_RUN}/job.json")
    assert second.status != 0
    assert "cannot be locked" in second.text
    (project / "go").touch()
    workflow.communicate(timeout=60)
    assert workflow.returncode == 0


def test_a_lock_of_another_machine_stays_and_the_command_is_said(project: Project) -> None:
    (project / ".snakemake/locks").mkdir(exist_ok=True)
    (project / ".snakemake/locks/0.output.lock").write_text(f"{PLAIN_RUN}/job.json\n")
    (project / ".snakemake/driver").write_text("elsewhere 12\n")
    outcome = project.snakemake("-n")
    assert "snakemake --unlock" in outcome.text
    assert (project / ".snakemake/locks/0.output.lock").exists()


def test_checkpoints_of_edited_code_are_removed(project: Project, started: Callable[..., subprocess.Popen[str]]) -> None:
    project.append(f"{PAPER}/plain.py", WAITS)
    workflow = started(f"{PLAIN_RUN}/job.json")
    wait_for(project / "started")
    os.killpg(workflow.pid, signal.SIGKILL)
    workflow.wait()
    (folder,) = (project / "work").iterdir()
    project.dry()
    assert folder.exists()  # a dry run removes nothing
    project.append(f"{PAPER}/plain.py", CODE)
    outcome = project.run("toy_sheet")
    assert f"Removed work/{folder.name}" in outcome.text
    assert not folder.exists()
