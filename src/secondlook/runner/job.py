"""What an experiment is given and what it hands back.

An experiment is a module of a paper or of the instruments with a dataclass ``Settings`` and one function ``run(job: Job) -> Result``.
It imports numpy and safetensors only, so that a job also runs where nothing but the training libraries is installed.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors.numpy import load_file

from secondlook.errors import UserError
from secondlook.runner.record import ARRAYS
from secondlook.runner.settings import wrong_settings

T = TypeVar("T")

HISTORY_COLUMNS = ("replica", "step", "metric", "value")


class History:
    """Rows (replica, step, metric, value) of a run, in the order they were measured."""

    def __init__(self, rows: Iterable[tuple[int, int, str, float]] = ()) -> None:
        self.rows = [(int(replica), int(step), str(metric), float(value)) for replica, step, metric, value in rows]

    def add(self, replica: int, step: int, **metrics: float) -> None:
        """Add one row per metric."""
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
    """One run, as its experiment sees it: its values, its seeds, its data, and where it may keep a checkpoint."""

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
        if wrong := wrong_settings(model, self.values):
            lines = "".join(f"\n  {name}: {what}" for name, what in wrong.items())
            raise UserError(f"{self.paper}/{self.experiment}: wrong settings in protocol.yaml:{lines}")
        return model(**self.values)

    def arrays(self, name: str, seed: int) -> dict[str, np.ndarray]:
        """Arrays that the input ``name`` saved for ``seed``; an input with a single replica serves every seed.

        Raises:
            UserError: no run of the input holds that seed.
        """
        found: dict[str, dict[str, np.ndarray]] = {}
        for folder in self.inputs[name]:
            for key, array in load_file(folder / ARRAYS).items():
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
