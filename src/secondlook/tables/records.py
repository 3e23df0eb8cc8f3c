"""Where the records of runs lie, from what a job says it made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from secondlook.files import read_json
from secondlook.runner.job import NOT_NEEDED


def runs_of(jobs: Iterable[Path]) -> list[Path]:
    """Folders of the runs that jobs made, given each one's job.json; they are named there from the experiment's folder on."""
    return [job.parents[2] / folder for job in jobs for folder in read_json(job)["runs"]]


def seeds_that_ran(record: Mapping[str, Any]) -> list[int]:
    """Seeds of a run.json whose replicas were made; of others the record says that nobody needed them."""
    return [seed for seed in record["seeds"] if not record["status"][str(seed)].startswith(NOT_NEEDED)]
