"""The records of runs, as every later stage reads them: whole, or not at all.

``job.json`` has the hash of each run.json of its job, run.json those of the two files beside it and of what it says itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from secondlook.errors import UserError
from secondlook.files import file_sha256, read_json, write_json

HISTORY, ARRAYS, RECORD = "history.csv", "arrays.safetensors", "run.json"
#: key of a run.json: hash of all else that it says
OWN = "sha256"
#: the files whose hashes stand in a run.json
NUMBERS = (HISTORY, ARRAYS)

_AGAIN = "Start the workflow again: it is made again."
_EDITED = f"is not as its run left it: it was edited or damaged. {_AGAIN}"
_KEYS = {"paper": str, "experiment": str, "cell": dict, "values": dict, "seeds": list, "files": dict}


def write_run(folder: Path, said: Mapping[str, Any]) -> None:
    """Write the record of a run, whose other files are there already, with a hash of what it says."""
    write_json(folder / RECORD, {**said, OWN: _own(said)})


def read_run(folder: Path, *used: str) -> dict[str, Any]:
    """Read the record of a run, and check those of its files that will be used against the hashes in it.

    Raises:
        UserError: the record or a file is missing, damaged, or not as the run left it.
    """
    record = _read(folder / RECORD)
    for key, kind in _KEYS.items():
        if not isinstance(record, dict) or not isinstance(record.get(key), kind):
            raise UserError(f"{folder / RECORD} is no record of a run: it has no '{key}'. {_AGAIN}")
    if record.pop(OWN, None) != _own(record):
        raise UserError(f"{folder / RECORD} {_EDITED}")
    for name in used:
        _same(folder / name, record["files"].get(name))
    return record


def runs_of(jobs: Iterable[Path]) -> list[Path]:
    """Folders of the runs that jobs made, given each one's job.json; they are named there from the experiment's folder on.

    Raises:
        UserError: a job.json is missing or damaged, or a run.json is not the one that its job wrote.
    """
    folders: list[Path] = []
    for job in jobs:
        said = _read(job)
        runs = said.get("runs") if isinstance(said, dict) else None
        if not isinstance(runs, dict):
            raise UserError(f"{job} does not say which runs its job made. {_AGAIN}")
        for folder, known in runs.items():
            if Path(folder).is_absolute() or ".." in Path(folder).parts:
                raise UserError(f"{job} names a folder elsewhere, {folder!r}. {_AGAIN}")
            folders.append(job.parents[2] / folder)
            _same(folders[-1] / RECORD, known)
    return folders


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing. {_AGAIN}") from None


def _same(path: Path, known: str | None) -> None:
    try:
        found = file_sha256(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing. {_AGAIN}") from None
    if found != known:
        raise UserError(f"{path} {_EDITED}")


def _own(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
