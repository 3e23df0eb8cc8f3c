"""One job: run an experiment's cell for a block of seeds and leave the record that every later stage reads.

An experiment is a module of a paper or of the instruments with one function ``run(job: Job) -> Result``. This file hands it
a `Job` and writes what comes back: ``history.csv``, ``arrays.safetensors`` and, last, ``run.json``.
It imports numpy and safetensors only, so that a job also runs where nothing but the training libraries is installed.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import importlib
import io
import json
import platform
import resource
import shutil
import sys
import time
import typing
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors.numpy import load_file, save_file

from secondlook.errors import UserError, did_you_mean
from secondlook.files import atomic, read_json, write_json
from secondlook.machine import git_commit, processor_name, resolve_device
from secondlook.runner.settings import problem

T = TypeVar("T")

#: libraries whose versions stand in a record where the run loaded them: module -> name under which it is installed
LIBRARIES = {"scipy": "scipy", "ot": "pot", "torch_fidelity": "torch-fidelity"}

HISTORY_COLUMNS = ("replica", "step", "metric", "value")


class History:
    """Rows (replica, step, metric, value) of a run, in the order they were measured."""

    def __init__(self, rows: Iterable[tuple[int, int, str, float]] = ()) -> None:
        self.rows = [(int(replica), int(step), str(metric), float(value)) for replica, step, metric, value in rows]

    def add(self, replica: int, step: int, **metrics: float) -> None:
        """Add one row a metric."""
        self.rows += [(int(replica), int(step), name, float(value)) for name, value in metrics.items()]

    def to_csv(self) -> str:
        """Render the rows; floats keep every bit (``repr``)."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HISTORY_COLUMNS)
        writer.writerows((replica, step, metric, repr(value)) for replica, step, metric, value in self.rows)
        return text.getvalue()


@dataclasses.dataclass(frozen=True)
class Job:
    """What an experiment may know: its values, its seeds, its data, and where it may keep a checkpoint."""

    paper: str
    experiment: str
    #: the experiment's settings at this scale, overlaid with the cell's factors (a selected factor already resolved)
    values: Mapping[str, Any]
    #: one replica a seed
    seeds: tuple[int, ...]
    #: dataset name -> (safetensors file, what its arrays must hash to), for `secondlook.data.load.load`
    datasets: Mapping[str, tuple[Path, str]]
    #: name -> folders of the runs of an earlier experiment whose arrays this one uses
    inputs: Mapping[str, tuple[Path, ...]]
    #: "cpu" or "cuda"
    device: str
    #: CPU threads; part of the protocol, since sums depend on it
    threads: int
    #: a folder of this job alone, kept after a kill, removed after success
    work: Path
    #: identity of the computation; a checkpoint made under another one is refused
    identity: str
    #: seconds between two checkpoints
    checkpoint_seconds: float = 60.0

    def settings(self, model: type[T]) -> T:
        """Build the dataclass ``model`` from `values`.

        Raises:
            UserError: a value has no field, or is not of the field's type, or a field without default has no value.
        """
        fields = {field.name: field for field in dataclasses.fields(model)}
        for name in self.values:
            if name not in fields:
                raise UserError(f"{self.paper}/{self.experiment}: unknown setting '{name}' in protocol.yaml.{did_you_mean(name, fields)}")
        for name, field in fields.items():
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if required and name not in self.values:
                raise UserError(
                    f"{self.paper}/{self.experiment}: protocol.yaml gives no value for '{name}', "
                    f"and {model.__module__}.{model.__name__} has no default for it"
                )
        hints = typing.get_type_hints(model)
        for name, value in self.values.items():
            if found := problem(hints[name], value):
                raise UserError(f"{self.paper}/{self.experiment}: setting '{name}' is {value!r}, which {found}")
        return model(**self.values)

    def arrays(self, name: str, seed: int) -> dict[str, np.ndarray]:
        """Arrays that the input ``name`` saved for ``seed``; an input with a single replica serves every seed.

        Raises:
            UserError: no run of the input holds that seed.
        """
        found: dict[str, dict[str, np.ndarray]] = {}
        for folder in self.inputs[name]:
            for key, array in load_file(folder / "arrays.safetensors").items():
                replica, _, rest = key.partition("/")
                found.setdefault(replica, {})[rest] = array
        if len(found) == 1:
            return next(iter(found.values()))
        if str(seed) not in found:
            raise UserError(
                f"{self.paper}/{self.experiment}: input '{name}' has no replica {seed}; it has {', '.join(sorted(found)) or 'none'}"
            )
        return found[str(seed)]


@dataclasses.dataclass
class Result:
    """What an experiment hands back."""

    history: History
    #: "<seed>/<name>" -> array that a later stage needs
    arrays: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    #: seed -> what happened instead of completing ("diverged at update 120")
    status: dict[int, str] = dataclasses.field(default_factory=dict)
    #: "bitwise" (same bits on the same device kind) or "seeded"
    determinism: str = "bitwise"
    #: anything worth keeping that is not a measurement over steps, for example the device's name
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


def run_job(spec: Mapping[str, Any], *, out: Path, work: Path, datasets: Mapping[str, Path], device: str) -> None:
    """Run the job that ``spec`` describes and write its record into ``out``.

    Args:
        spec: what the plan says of this job (`secondlook.plan.plan.Run.spec`), with the code digest under ``code``.
        out: folder of history.csv, arrays.safetensors and run.json.
        work: parent of the checkpoint folders; this job's own is named by a hash of cell, code and data.
        datasets: dataset name -> file.
        device: "auto", "cpu" or "cuda".

    Raises:
        UserError: the module is missing, a setting is wrong, or no GPU is there although one was asked for.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    device = resolve_device(device, wants_gpu=bool(spec["gpu"]))
    values = {**spec["values"], **{factor: _selected(spec, factor, choice) for factor, choice in spec["select"].items()}}
    inputs = {name: tuple(map(Path, folders)) for name, folders in spec["inputs"].items()}
    identity = json.dumps(
        {
            "paper": spec["paper"],
            "experiment": spec["experiment"],
            "values": values,
            "code": spec["code"],
            "data": spec["data"],
            "inputs": {name: [_file_digest(folder / "arrays.safetensors") for folder in folders] for name, folders in inputs.items()},
            "device": device,
            "threads": spec["threads"],
        },
        sort_keys=True,
    )
    job_work = work / hashlib.sha256(f"{identity} {spec['seeds']}".encode()).hexdigest()[:16]
    job = Job(
        paper=spec["paper"],
        experiment=spec["experiment"],
        values=values,
        seeds=tuple(spec["seeds"]),
        datasets={name: (Path(datasets[name]), digest) for name, digest in spec["data"].items()},
        inputs=inputs,
        device=device,
        threads=spec["threads"],
        work=job_work,
        identity=identity,
    )
    if any(values[factor] is None for factor in spec["select"]):
        result = Result(History(), status=dict.fromkeys(job.seeds, "not needed: the selection's best is not at an edge of its grid"))
    else:
        result = _experiment(spec["module"]).run(job)

    with atomic(out / "history.csv") as path:
        path.write_text(result.history.to_csv(), encoding="utf-8")
    with atomic(out / "arrays.safetensors") as path:
        save_file({name: np.ascontiguousarray(array) for name, array in result.arrays.items()}, path)
    write_json(
        out / "run.json",
        {
            "paper": job.paper,
            "experiment": job.experiment,
            "scale": spec["scale"],
            "cell": spec["cell"],
            "values": values,
            "seeds": list(job.seeds),
            "status": {str(seed): result.status.get(seed, "completed") for seed in job.seeds},
            "code": spec["code"],
            "data": spec["data"],
            "commit": git_commit(),
            "device": device,
            "device_name": result.facts.pop("device_name", processor_name()),
            "threads": job.threads,
            "determinism": result.determinism,
            "versions": _versions(),
            "facts": result.facts,
            "started": started.isoformat(timespec="seconds"),
            "wall_seconds": round(time.monotonic() - clock, 3),
            "cpu_seconds": round(time.process_time(), 3),
            "peak_memory_mb": round(
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024), 1
            ),
        },
    )
    shutil.rmtree(job_work, ignore_errors=True)


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


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _selected(spec: Mapping[str, Any], factor: str, choice: Mapping[str, Any]) -> Any:
    """The value that a selection gives to ``factor``: its best, or the next one beyond the grid's edge (None when the best is interior)."""
    for entry in read_json(choice["file"])["choices"]:
        if all(entry["group"][name] == value for name, value in choice["group"].items()):
            return entry[choice["take"]]
    raise UserError(f"{choice['file']} has no choice for {choice['group']}; needed for '{factor}' of {spec['paper']}/{spec['experiment']}")
