"""The conda environments of the rules, written from the pins in pyproject.toml, so that a version stands in one place.

``make lock`` writes them, and a test fails where they are older. No host name stands in them: conda's own channel, and packages by name.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from secondlook.files import write_text

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


def env_text(pyproject: Path, file: str) -> str:
    """Return the environment file as it must stand in envs/."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    purpose, group = FILES[file]
    pins = project["dependencies"] if group is None else project["optional-dependencies"][group]
    lines = [f"# {purpose}", "# Written by `make lock` from pyproject.toml; do not edit.", "channels: [conda-forge]", "dependencies:"]
    lines += [f"  - python={PYTHON}", "  - pip", "  - pip:", *(f"      - {pin}" for pin in sorted(pins))]
    return "\n".join(lines) + "\n"


def write_envs(pyproject: Path, folder: Path) -> None:
    """Write every environment file."""
    for file in FILES:
        write_text(folder / file, env_text(pyproject, file))
