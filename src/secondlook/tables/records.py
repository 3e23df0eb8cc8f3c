"""Where the records of runs lie, from what a job says it made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from secondlook.files import read_json


def runs_of(jobs: Iterable[Path]) -> list[Path]:
    """Folders of the runs that jobs made, given each one's job.json; they are named there from the experiment's folder on."""
    return [job.parents[2] / folder for job in jobs for folder in read_json(job)["runs"]]
