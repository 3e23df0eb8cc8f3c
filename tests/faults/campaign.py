"""Kills at random moments of every stage, each followed by a plain start: nothing may be lost, left over, or different in a single bit.

As a script, `python tests/faults/campaign.py --kills 56 --seed 0` prints a table. It works on a toy project in a temporary folder, with a
classifier and a game that write a checkpoint every fifth of a second, and ends with an error if anything was lost.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from toy_project import PAPER, RESULTS, Project, clean_environment, lay_out

HERE = Path(__file__).parent
EXPERIMENTS = """
  game:
    title: A game
    module: game
    scales: {quick: {exact: true, seeds: 2, settings: {steps: 6000}}}
  classifier:
    title: A classifier
    module: classifier
    scales: {quick: {exact: true, seeds: 2, settings: {epochs: 400}}}
"""
MEASURED = ("sample", "output", "train_loss", "train_error", "test_loss", "test_error")
METRICS = "\n".join(f"  {name}: {{means: of a toy}}" for name in MEASURED)
DATASET = "resources/datasets/toydata.safetensors"


@dataclass(frozen=True)
class Stage:
    """A kind of job, how to have one of it done again, and how long it takes."""

    name: str
    verb: str
    #: what is removed so that the job runs again
    undo: str
    target: str
    seconds: float


STAGES = [
    Stage("fetch", "fetch", DATASET, DATASET, 1.5),
    Stage("train (classifier)", "run", f"{RESULTS}/classifier/only", f"{RESULTS}/classifier.csv", 7),
    Stage("train (game)", "run", f"{RESULTS}/game/only", f"{RESULTS}/game.csv", 7),
    Stage("interim", "interim", f"{RESULTS}/looks/watched/1.json", f"{RESULTS}/looks/watched/1.json", 3),
    Stage("collect", "collect", f"{RESULTS}/classifier.csv", f"{RESULTS}/classifier.csv", 0.7),
    Stage("decide", "decide", f"{RESULTS}/claims.json", f"{RESULTS}/claims.json", 3),
    Stage("figure", "figure", f"{RESULTS}/figures/curves.svg", "toy_curves", 3),
    Stage("report", "report", "results/quick/report/index.html", "results/quick/report/index.html", 3),
]
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
#: who gets the signal: Snakemake alone, its job alone, or all of them, as from a terminal
VICTIMS = ["snakemake", "job", "all"]


@dataclass
class Tally:
    """What became of the kills in one stage."""

    kills: int = 0
    #: kills that met the job alive
    hits: int = 0
    #: starts that took up a checkpoint
    resumed: int = 0
    lost: list[str] = field(default_factory=list)


def lay_out_with_trainings(folder: Path) -> Project:
    """The toy project with a classifier and a game."""
    project = lay_out(folder)
    for name in ("game", "classifier"):
        shutil.copy(HERE / f"overlay_{name}.py", project / f"{PAPER}/{name}.py")
    for name in ("toy_game", "toy_task"):
        shutil.copy(HERE.parent / f"helpers/{name}.py", project / f"{PAPER}/{name}.py")
    project.replace(f"{PAPER}/protocol.yaml", "\nselections:\n", f"{EXPERIMENTS}\nselections:\n")
    project.replace(f"{PAPER}/protocol.yaml", "\nmetrics:\n", f"\nmetrics:\n{METRICS}\n")
    return project


def numbers(project: Project) -> dict[str, str]:
    """File -> hash of everything that may not differ: tables, arrays, verdicts, choices, figures, data."""
    kinds = {".csv", ".safetensors", ".svg", ".png"}
    files = [path for path in (project / "results").rglob("*") if path.suffix in kinds or path.name in ("claims.json", "job.sha256")]
    files += [*(project / RESULTS).glob("looks/*/*.json"), *(project / RESULTS).glob("selections/*.json"), project / DATASET]
    files = [path for path in files if "seals" not in path.parts]  # they hold times
    return {str(path.relative_to(project.folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}


def leftovers(project: Project) -> list[str]:
    """Temporary and other hidden files, checkpoints and locks."""
    found = [path for folder in ("results", "work", "resources") for path in (project / folder).rglob(".*") if ".cache" not in path.parts]
    found += [*(project / "work").glob("*"), *(project / ".snakemake/locks").glob("*.lock")]
    return sorted(str(path.relative_to(project.folder)) for path in found)


def members(session: int) -> list[psutil.Process]:
    """Living processes of a session, which holds Snakemake and all that it started but what began a session of its own."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def job_of(session: int, verb: str) -> psutil.Process | None:
    """The Python process of a verb; None while there is none."""
    for process in members(session):
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if "secondlook" in line and verb in line and not any("set -euo" in word for word in line):
            return process
    return None


def kill_once(project: Project, stage: Stage, chance: random.Random, how: signal.Signals, victim: str) -> bool:
    """Start the stage, kill at a random moment of it, wait until all of it is gone; tell whether the job was met alive."""
    workflow = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor", stage.target],
        cwd=project.folder,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    job = None
    while job is None and workflow.poll() is None:
        job = job_of(workflow.pid, stage.verb)
        time.sleep(0.02)
    while stage.verb == "run" and workflow.poll() is None and not list((project / "work").glob("*/owner.json")):
        time.sleep(0.02)  # a moment of the training, not of the import of torch before it
    time.sleep(chance.uniform(0, stage.seconds))
    hit = job is not None and job.is_running() and job.status() != psutil.STATUS_ZOMBIE
    try:
        if victim == "all":
            os.killpg(workflow.pid, how)
        elif victim == "job" and job:
            job.send_signal(how)
        else:
            os.kill(workflow.pid, how)
    except (ProcessLookupError, psutil.Error):
        hit = False
    workflow.wait(timeout=120)
    deadline = time.monotonic() + 60
    while members(workflow.pid):
        if time.monotonic() > deadline:
            os.killpg(workflow.pid, signal.SIGKILL)
            raise AssertionError(f"{stage.name}: a process outlives {how.name} to {victim}")
        time.sleep(0.1)
    return hit


def undo(project: Project, stage: Stage) -> None:
    """Have the job of the stage done again."""
    path = project / stage.undo
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def campaign(project: Project, kills: int, seed: int, stages: list[Stage] = STAGES) -> Iterator[tuple[Stage, Tally]]:
    """Kill, start again, compare; yield each stage with its tally.

    Every stage gets its share of the kills, every signal and victim in turn. A training is killed up to three times before it may end.
    """
    chance = random.Random(seed)
    whole = project.snakemake("--cores", "2")
    assert whole.status == 0, whole.text
    reference, usual = numbers(project), leftovers(project)
    ways = list(itertools.product(SIGNALS, VICTIMS))
    chance.shuffle(ways)
    way = itertools.cycle(ways)
    for number, stage in enumerate(stages):
        tally = Tally()
        share = kills // len(stages) + (number < kills % len(stages))
        while tally.kills < share:
            undo(project, stage)
            for _ in range(min(chance.randint(1, 3) if stage.verb == "run" else 1, share - tally.kills)):
                tally.hits += kill_once(project, stage, chance, *next(way))
                tally.kills += 1
            again = project.snakemake("--cores", "2", stage.target)  # plain: nothing unlocked, nothing removed by hand
            if again.status != 0:
                tally.lost.append(f"{stage.name}: the next start failed:\n{again.text[-2000:]}")
                break
            if stage.verb == "run":
                log = project / f"logs/quick/toy/{Path(stage.target).stem}/only/seeds=0-1.log"
                tally.resumed += "taking up a checkpoint" in log.read_text(encoding="utf-8")
            found = numbers(project)
            tally.lost += [f"{stage.name}: {name}" for name in reference if name in found and found[name] != reference[name]]
        yield stage, tally
    end = project.snakemake("--cores", "2")
    assert end.status == 0, end.text
    found = numbers(project)
    different = [name for name in sorted({*reference, *found}) if reference.get(name) != found.get(name)]
    assert not different, f"lost or different: {different}"
    assert leftovers(project) == usual, f"left over: {set(leftovers(project)) - set(usual)}"
    assert project.dry().labels == []


def main() -> None:
    """Run a campaign and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=56)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.monotonic()
    print("| stage | kills | met the job alive | checkpoints taken up | lost |\n|---|---|---|---|---|")
    total = Tally()
    with tempfile.TemporaryDirectory(prefix="second-look-faults-") as folder:
        project = lay_out_with_trainings(Path(folder) / "project")
        for stage, tally in campaign(project, options.kills, options.seed):
            print(f"| {stage.name} | {tally.kills} | {tally.hits} | {tally.resumed} | {len(tally.lost)} |", flush=True)
            print(*tally.lost, sep="\n", end="\n" if tally.lost else "", file=sys.stderr)
            total = Tally(total.kills + tally.kills, total.hits + tally.hits, total.resumed + tally.resumed, total.lost + tally.lost)
    print(f"| all | {total.kills} | {total.hits} | {total.resumed} | {len(total.lost)} |")
    print(f"{time.monotonic() - started:.0f} s; results identical bit for bit, nothing left over, every start plain")
    sys.exit(bool(total.lost))


if __name__ == "__main__":
    main()
