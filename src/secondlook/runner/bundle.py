"""Make the runs of one job, one after the other, and leave of each the record that every later stage reads.

A record is a folder with ``history.csv``, ``arrays.safetensors`` and, written last, ``run.json``, which has the hashes of the other two.
When all runs are done, the folder of the first gets ``job.json`` (the hash of each run.json) and ``job.sha256`` (the hashes of the numbers
alone, as sha256sum prints them): what waits for numbers waits for the second, so that equal numbers stop there.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
import resource
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from secondlook.errors import UserError
from secondlook.files import atomic, file_sha256, read_json, write_json, write_text
from secondlook.machine import git_commit, processor_name, resolve_device
from secondlook.runner.job import History, Job, Result
from secondlook.runner.record import ARRAYS, HISTORY, NUMBERS, RECORD, read_run, write_run
from secondlook.runner.status import NOT_NEEDED, seeds_that_ran

#: libraries whose versions stand in a record where the run loaded them: module -> name under which it is installed
LIBRARIES = {"scipy": "scipy", "sklearn": "scikit-learn", "ot": "pot", "torch_fidelity": "torch-fidelity"}
#: in a folder of checkpoints: whose they are
OWNER = "owner.json"


def make_bundle(
    spec: Mapping[str, Any],
    *,
    code: str,
    out: Path,
    work: Path,
    datasets: Mapping[str, Path],
    device: str,
    versions: Mapping[str, str] = {},
    check: Callable[[], None] = lambda: None,
) -> None:
    """Make the runs that ``spec`` describes.

    A run whose record is whole and is of just this computation is kept: it was finished before its job was killed, say, or the file that
    the job waited for was made again with the same content.

    Args:
        spec: what the plan says of this job (`secondlook.plan.plan.Plan.spec`).
        code: digest of the code.
        out: folder of the experiment, below which each run has its own.
        work: parent of the checkpoint folders; a run's own is named by a hash of cell, seeds, code and data.
        datasets: dataset name -> file.
        device: "auto", "cpu" or "cuda".
        versions: library -> version that the digest stands for.
        check: called before a run is written; raises where its code is not that of the digest.

    Raises:
        UserError: the module is missing, a setting is wrong, a library has another version, no GPU is there although one was asked for, an
            array of an earlier run is not as that left it, or a folder takes no file.
    """
    clock = _Clock()
    check_versions(versions)
    idle = [_not_needed(spec, run) for run in spec["runs"]]
    wants_gpu = bool(spec["gpu"]) and not all(idle)  # where nothing is to be done, nobody asks torch
    asked, device = device, resolve_device(device, wants_gpu=wants_gpu)
    fell_back = wants_gpu and asked == "auto" and device == "cpu"
    _take_over(spec, out)
    folders: list[Path] = []
    for number, (run, why_not) in enumerate(zip(spec["runs"], idle, strict=True), 1):
        job = _job(spec, run, code=code, work=work, datasets=datasets, device=device)
        folders.append(job.work)
        if len(spec["runs"]) > 1:
            print(f"run {number} of {len(spec['runs'])}: {run['folder']}", file=sys.stderr, flush=True)
        if _as_before(job, out / run["folder"], needed=why_not is None):
            print("it was made from just this before", file=sys.stderr, flush=True)
            continue
        _make_run(spec, run, job, out / run["folder"], code, clock, check, why_not=why_not, fell_back=fell_back)
    leader = out / spec["runs"][0]["folder"]
    records = {run["folder"]: read_run(out / run["folder"]) for run in spec["runs"]}
    lines = [f"{record['files'][name]}  {folder}/{name}\n" for folder, record in records.items() for name in NUMBERS]
    write_text(leader / "job.sha256", "".join(lines))
    write_json(leader / "job.json", {"runs": {folder: file_sha256(out / folder / RECORD) for folder in records}})
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _take_over(spec: Mapping[str, Any], out: Path) -> None:
    """Remove what jobs that were cut otherwise say of these runs: their files are about to be replaced, whoever made them before.

    Left in place it would pass for up to date once the cells are cut as they were, with the numbers of other settings behind it.
    """
    leader, *_ = folders = [run["folder"] for run in spec["runs"]]
    for job in out.glob("*/*/job.json"):
        if job.parent == out / leader:
            continue
        try:
            mine = not read_json(job)["runs"].keys().isdisjoint(folders)
        except FileNotFoundError:  # another job may take over its share of the same one
            continue
        except (UserError, KeyError, TypeError, AttributeError):  # damaged: nobody can say what it speaks of
            mine = True
        if mine:
            job.with_name("job.sha256").unlink(missing_ok=True)
            job.unlink(missing_ok=True)


def check_versions(versions: Mapping[str, str]) -> None:
    """Refuse to make numbers under a digest that stands for other versions of the libraries.

    Raises:
        UserError: naming each library with the version that is wanted and the one that is there.
    """
    wrong = []
    for name, wanted in versions.items():
        try:
            there = version(name)
        except PackageNotFoundError:
            there = "none"
        if there != wanted:
            wrong.append(f"{name} {wanted} is wanted, {there} is installed")
    if wrong:
        raise UserError(
            f"the libraries that make the numbers are not the locked ones: {'; '.join(wrong)}. Install them ('make setup'), or say "
            "'versions: installed' in config.yaml: results are then kept apart by the versions that are there."
        )


class _Clock:
    """What the time since the last look was, of the wall and of the processor; the first look counts from the start of the job.

    So the first run's times hold the job's start-up, the import of torch among it, but not that of Python before it.
    """

    def __init__(self) -> None:
        self.wall, self.cpu = time.monotonic(), time.process_time()

    def look(self) -> tuple[float, float]:
        before = self.wall, self.cpu
        self.wall, self.cpu = time.monotonic(), time.process_time()
        return round(self.wall - before[0], 3), round(self.cpu - before[1], 3)


def _job(spec: Mapping[str, Any], run: Mapping[str, Any], *, code: str, work: Path, datasets: Mapping[str, Path], device: str) -> Job:
    chosen = {factor: _selected(spec, factor, choice) for factor, choice in run["select"].items()}
    values = {**spec["settings"], **run["factors"], **chosen}
    inputs = {name: tuple(map(Path, folders)) for name, folders in run["inputs"].items()}
    identity = json.dumps(
        {
            "paper": spec["paper"],
            "experiment": spec["experiment"],
            "values": values,
            "code": code,
            "data": spec["data"],
            "inputs": {name: [read_run(folder, ARRAYS)["files"][ARRAYS][:16] for folder in folders] for name, folders in inputs.items()},
            "device": device,
            "threads": spec["threads"],
        },
        sort_keys=True,
    )
    return Job(
        paper=spec["paper"],
        experiment=spec["experiment"],
        values=values,
        seeds=tuple(spec["seeds"]),
        datasets={name: (Path(datasets[name]), digest) for name, digest in spec["data"].items()},
        inputs=inputs,
        device=device,
        threads=spec["threads"],
        # the folder too: a selected value may be that of another cell, whose job may run at the same time
        work=work / hashlib.sha256(f"{identity} {spec['seeds']} {run['folder']}".encode()).hexdigest()[:16],
        identity=identity,
    )


def _make_run(
    spec: Mapping[str, Any],
    run: Mapping[str, Any],
    job: Job,
    out: Path,
    code: str,
    clock: _Clock,
    check: Callable[[], None],
    *,
    why_not: str | None,
    fell_back: bool,
) -> None:
    started = datetime.now(UTC)
    if why_not:
        result = Result(History(), status=dict.fromkeys(job.seeds, f"{NOT_NEEDED}: {why_not}"))
    else:
        _note(job, spec, run, code)
        result = _experiment(spec["module"]).run(job)
    check()
    write_text(out / HISTORY, result.history.to_csv())
    with atomic(out / ARRAYS) as path:
        path.write_bytes(save({name: np.ascontiguousarray(array) for name, array in result.arrays.items()}))
    wall_seconds, cpu_seconds = clock.look()
    write_run(
        out,
        {
            "paper": job.paper,
            "experiment": job.experiment,
            "scale": spec["scale"],
            "cell": run["cell"],
            "values": job.values,
            "seeds": list(job.seeds),
            "status": {str(seed): result.status.get(seed, "completed") for seed in job.seeds},
            "files": {name: file_sha256(out / name) for name in NUMBERS},
            "computation": job.work.name,
            "code": code,
            "data": spec["data"],
            "commit": git_commit(),
            "device": job.device,
            "device_name": result.facts.pop("device_name", processor_name()),
            "fell_back_to_cpu": fell_back,
            "threads": job.threads,
            "determinism": result.determinism,
            "versions": _versions(),
            "facts": result.facts,
            "started": started.isoformat(timespec="seconds"),
            "wall_seconds": wall_seconds,
            "cpu_seconds": cpu_seconds,
            # of the process, which may have made other runs before
            "peak_memory_mb": round(
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024), 1
            ),
        },
    )
    shutil.rmtree(job.work, ignore_errors=True)


def _note(job: Job, spec: Mapping[str, Any], run: Mapping[str, Any], code: str) -> None:
    """Say whose checkpoints lie in a folder, so that the start of a workflow can tell when nobody will take them up any more."""
    said = {
        "scale": spec["scale"],
        "paper": job.paper,
        "experiment": job.experiment,
        "folder": run["folder"],
        "code": code,
        "process": os.getpid(),
    }
    write_json(job.work / OWNER, said)


def _not_needed(spec: Mapping[str, Any], run: Mapping[str, Any]) -> str | None:
    """Why a run is not needed; None where it is. Asked before its experiment's module, and so torch, is imported."""
    if any(_selected(spec, factor, choice) is None for factor, choice in run["select"].items()):
        return "the selection's best is not at an edge of its grid"
    if run["interim"] and not read_json(run["interim"])[run["folder"].split("/")[0]]:
        return "no claim that reads it was open after the look before"
    return None


def _as_before(job: Job, out: Path, *, needed: bool) -> bool:
    """Whether the record that is there is what the job would make: of the same computation, and its files are as they were."""
    if not (out / RECORD).exists():
        return False
    try:
        record = read_run(out, *NUMBERS)
    except UserError as error:
        print(f"{error} So it is.", file=sys.stderr, flush=True)
        return False
    return record.get("computation") == job.work.name and bool(seeds_that_ran(record)) == needed


def _experiment(module: str) -> Any:
    """Import an experiment's module; only its own absence is the user's error, not that of something it imports."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise UserError(f"there is no module {module}; the protocol's 'module' names a file beside it") from error


def _versions() -> dict[str, str]:
    loaded = [name for module, name in LIBRARIES.items() if module in sys.modules]
    return {"python": platform.python_version()} | {name: version(name) for name in ("numpy", "torch", "torchvision", *loaded)}


def _selected(spec: Mapping[str, Any], factor: str, choice: Mapping[str, Any]) -> Any:
    """The value that a selection gives to ``factor``: its best, or the next one beyond the grid's edge (None when the best is interior)."""
    for entry in read_json(choice["file"])["choices"]:
        if all(entry["group"][name] == value for name, value in choice["group"].items()):
            return entry[choice["take"]]
    raise UserError(f"{choice['file']} has no choice for {choice['group']}; needed for '{factor}' of {spec['paper']}/{spec['experiment']}")
