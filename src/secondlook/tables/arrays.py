"""Reading the arrays that runs saved, for figures that draw them. Without torch: figures never load it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from secondlook.files import read_json
from secondlook.protocol.schema import FactorValue


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
    return record.with_name("arrays.safetensors")


def read_arrays(records: Iterable[Path]) -> dict[str, list[Record]]:
    """Read the arrays of several runs, given their run.json: experiment -> its runs, in the order given."""
    found: dict[str, list[Record]] = {}
    for path in records:
        run = read_json(path)
        record = Record(run["cell"], tuple(run["seeds"]), load_file(arrays_file(path)))
        found.setdefault(run["experiment"], []).append(record)
    return found
