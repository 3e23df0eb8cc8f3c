"""The conda environments of the rules, written from the pins in pyproject.toml and the lock, so that a version stands in one place.

``make lock`` writes them, and a test fails where they are older. pip checks every file that it installs there against its sha256, so an
environment lists its pins and all that comes with them. No host name stands in them: conda's own channel, and packages by name.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from secondlook.files import write_text
from secondlook.plan.digest import normal_name

PYTHON = "3.12"
#: file -> what it is for, and the group of pins that it takes; None: the project's own dependencies
FILES: dict[str, tuple[str, str | None]] = {
    "run.yaml": (
        "What a training job needs. torch, numpy and whatever else a run imports are part of its code digest, so a change here reruns it.",
        None,
    ),
    "report.yaml": (
        "What scores, claims, figures and the report need: no torch, so that a change here never reruns a training.",
        "report",
    ),
}


@dataclass(frozen=True)
class _Locked:
    """A requirement of the lock."""

    name: str
    #: name, version and marker
    requirement: str
    hashes: tuple[str, ...]
    #: names of what wants it
    wanted_by: frozenset[str]


def env_text(pyproject: Path, lock: Path, file: str) -> str:
    """Return the environment file as it must stand in envs/."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    purpose, group = FILES[file]
    pins = project["dependencies"] if group is None else project["optional-dependencies"][group]
    found = {normal_name(re.split("[=;[]", pin)[0]) for pin in pins}
    entries = _read(lock)
    while more := {entry.name for entry in entries if entry.wanted_by & found} - found:
        found |= more
    lines = [f"# {purpose}", "# Written by `make lock` from pyproject.toml; do not edit.", "channels: [conda-forge]", "dependencies:"]
    lines += [f"  - python={PYTHON}", "  - pip", "  - pip:"]
    for entry in entries:
        if entry.name in found:
            lines += [f"      - {entry.requirement}", *(f"        --hash={each}" for each in entry.hashes)]
    return "\n".join(lines) + "\n"


def write_envs(pyproject: Path, lock: Path, folder: Path) -> None:
    """Write every environment file."""
    for file in FILES:
        write_text(folder / file, env_text(pyproject, lock, file))


def _read(lock: Path) -> list[_Locked]:
    """Requirements of the lock, which says below each what wants it."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8"))[1:]
    found = []
    for entry in entries:
        requirement = entry.partition(" \\\n")[0].strip()
        wanted_by = re.findall(r"(?m)^    #(?: via)? +([A-Za-z0-9._-]+)", entry.replace("# via\n", "#\n"))
        hashes = tuple(re.findall(r"--hash=(\S+)", entry))
        found.append(_Locked(normal_name(re.split("[=; ]", requirement)[0]), requirement, hashes, frozenset(map(normal_name, wanted_by))))
    return found
