"""Reading the arrays that runs saved, for figures that draw them. Without torch: figures never load it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from secondlook.protocol.schema import FactorValue
from secondlook.runner.record import ARRAYS, read_run
from secondlook.runner.status import seeds_that_ran


@dataclass(frozen=True)
class Record:
    """What one run saved."""

    cell: Mapping[str, FactorValue]
    """The cell's factors; one that a selection decided stands as "selected" or "beyond"."""
    seeds: tuple[int, ...]
    """Its replicas."""
    arrays: Mapping[str, np.ndarray]
    """"<seed>/<name>" -> array."""


def arrays_file(record: Path) -> Path:
    """The arrays beside a run.json."""
    return record.with_name(ARRAYS)


def read_arrays(records: Iterable[Path]) -> dict[str, list[Record]]:
    """Read the arrays of several runs, given their run.json: experiment -> its runs, in the order given, less those that nobody needed.

    Raises:
        UserError: a record is missing, damaged, or not as its run left it.
    """
    found: dict[str, list[Record]] = {}
    for path in records:
        run = read_run(path.parent, ARRAYS)
        of_experiment = found.setdefault(run["experiment"], [])
        if replicas := seeds_that_ran(run):
            of_experiment.append(Record(run["cell"], tuple(replicas), load_file(arrays_file(path))))
    return found
