"""Seals: of every product of the workflow, what it was when its job ended, by which recipe it was made, and from what.

A seal is a small JSON file below ``results/<scale>/seals``, in the same tree as the products, one for each job. It is removed before the
job begins and written after it has ended. So a product without a seal is one of a job that did not end, and a product that differs from
its seal was edited, damaged or exchanged. Jobs check what they read; the start of the workflow looks at all of them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from secondlook.errors import UserError
from secondlook.files import file_sha256, write_json

RESULTS = "results"
FOLDER = "seals"


@dataclasses.dataclass(frozen=True)
class Stamp:
    """What a file was: its content, and what tells quickly that nobody touched it."""

    sha256: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The stamp of a file as it is now."""
        seen = path.stat()
        return cls(file_sha256(path), seen.st_size, seen.st_mtime_ns)

    def wrong(self, path: Path) -> str | None:
        """What is wrong with the file; None where nothing is. Only one that was touched is read."""
        try:
            seen = path.stat()
        except OSError:
            return "is missing"
        if (seen.st_size, seen.st_mtime_ns) == (self.size, self.mtime_ns):
            return None
        if seen.st_size != self.size or not path.is_file() or file_sha256(path) != self.sha256:
            return "is not as its job left it"
        return None


@dataclasses.dataclass(frozen=True)
class Seal:
    """What a job made, how, and of what."""

    #: digest of all that the job was told, its code among it
    recipe: str
    #: path -> SHA-256 of what other jobs made and this one read
    inputs: Mapping[str, str]
    #: path -> what it was
    outputs: Mapping[str, Stamp]


def seal_file(product: str | Path) -> Path | None:
    """Where the seal of a product lies, by its name without endings; None for a file that is no product, say of a test."""
    parts = Path(product).parts
    if len(parts) < 3 or parts[0] != RESULTS:
        return None
    return Path(RESULTS, parts[1], FOLDER, *parts[2:-1], f"{parts[-1].split('.')[0]}.json")


def read_seal(path: Path) -> Seal | None:
    """Read a seal; None where there is none, or nothing sound."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        outputs = {name: Stamp(**stamp) for name, stamp in said["outputs"].items()}
        return Seal(str(said["recipe"]), dict(said["inputs"]), outputs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_seal(path: Path, seal: Seal) -> None:
    """Write a seal."""
    write_json(path, dataclasses.asdict(seal))


def seal(recipe: str, inputs: Mapping[str, str], outputs: Iterable[Path]) -> None:
    """Seal what a job has made: the seal lies where that of its first output belongs."""
    paths = list(outputs)
    if place := seal_file(paths[0]):
        write_seal(place, Seal(recipe, inputs, {str(path): Stamp.of(path) for path in paths}))


def checked(inputs: Iterable[Path]) -> dict[str, str]:
    """Return path -> SHA-256 of files that a job is about to read.

    Raises:
        UserError: one is missing, or is not as the job that made it left it.
    """
    found: dict[str, str] = {}
    for path in inputs:
        try:
            found[str(path)] = file_sha256(path)
        except FileNotFoundError:
            raise UserError(f"{path} is missing. Start the workflow again: it is made again.") from None
        place = seal_file(path)
        known = read_seal(place) if place else None
        stamp = known.outputs.get(str(path)) if known else None
        if stamp and stamp.sha256 != found[str(path)]:
            raise UserError(f"{path} is not as its job left it: it was edited or damaged. Start the workflow again: it is made again.")
    return found


def recipe_digest(parts: Mapping[str, Any]) -> str:
    """Sixteen hex digits of what a job is told."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
