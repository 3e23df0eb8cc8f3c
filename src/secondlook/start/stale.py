"""Products that must be made again, told by their seals alone: also where Snakemake's own records are missing, as in a fresh clone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from secondlook.plan.products import PlannedJob
from secondlook.seals import Seal, Stamp, read_seal, seal_file


@dataclass
class Found:
    """What the start has found."""

    #: outputs of jobs that must run again
    stale: set[str] = field(default_factory=set)
    #: what is missing or damaged, one line each
    damage: list[str] = field(default_factory=list)
    #: files with the right content and another time, say copied ones -> the time they had
    moved: dict[Path, int] = field(default_factory=dict)


def look(jobs: Iterable[PlannedJob], recipe: Callable[[PlannedJob], str] | None = None) -> Found:
    """Compare every product with its seal, and every seal with the plan.

    A product is as it should be if its job was told what it would be told now, read what is there now, and left what is there now. A file
    is read only where its size or time is not that of the seal. Without ``recipe`` nobody asks what a job would be told.
    """
    found = Found()
    seals = {job: read_seal(place) if (place := seal_file(job.outputs[0])) else None for job in jobs}
    known = {path: stamp for seal in seals.values() if seal for path, stamp in seal.outputs.items()}
    for job, seal in seals.items():
        if seal is None:
            if any(Path(path).exists() for path in job.outputs):
                found.stale.update(job.outputs)
        elif _wrong_files(seal, found) or (recipe and seal.recipe != recipe(job)) or _read_others(seal, known):
            found.stale.update(job.outputs)
    return found


def put_times_back(found: Found) -> None:
    """Give files that were copied or touched the time that they had, so that Snakemake sees them in the order in which they were made."""
    for path, mtime_ns in found.moved.items():
        os.utime(path, ns=(mtime_ns, mtime_ns))


def _wrong_files(seal: Seal, found: Found) -> bool:
    wrong = False
    for name, stamp in seal.outputs.items():
        path = Path(name)
        if what := stamp.wrong(path):
            found.damage.append(f"{name} {what}")
            wrong = True
        elif path.stat().st_mtime_ns != stamp.mtime_ns:
            found.moved[path] = stamp.mtime_ns
    return wrong


def _read_others(seal: Seal, known: dict[str, Stamp]) -> bool:
    """Whether a job read what is not there now."""
    return any(name not in known or known[name].sha256 != sha256 for name, sha256 in seal.inputs.items())
