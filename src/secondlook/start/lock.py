"""A workflow that was killed leaves Snakemake's lock behind; the next start finds that nobody holds it, and removes it.

Snakemake's lock files name no process. So each workflow also holds a lock of the operating system, which ends with it, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import IO

_held: list[IO[str]] = []  # open, and so locked, as long as this process lives


def hold(folder: Path) -> tuple[bool, str | None]:
    """Hold the lock in Snakemake's folder for as long as this process lives.

    Returns:
        Whether no other workflow lives here, and what to tell the user, if anything.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "driver").open("a+", encoding="utf-8")
    _held.append(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_SH)  # Snakemake lets a second one in, where it makes other files
        return False, None
    except OSError:  # a disk without such locks: nobody can tell
        return False, _advice(folder)
    file.seek(0)
    if file.read().partition(" ")[0] == socket.gethostname():
        said = _remove(folder)
    elif advice := _advice(folder):  # of another machine, whose locks need not reach here: its name stays, and so does the lock
        fcntl.flock(file, fcntl.LOCK_SH)
        return False, advice
    else:
        said = None
    file.truncate(0)
    file.write(f"{socket.gethostname()} {os.getpid()}\n")
    file.flush()
    fcntl.flock(file, fcntl.LOCK_SH)
    return True, said


def _locks(folder: Path) -> list[Path]:
    return sorted((folder / "locks").glob("*.lock"))


def _remove(folder: Path) -> str | None:
    if not (found := _locks(folder)):
        return None
    for path in found:
        path.unlink(missing_ok=True)
    return "The workflow before was killed and left its lock, which no process holds any more: removed."


def _advice(folder: Path) -> str | None:
    """The locks of another machine, of which nothing can be known here, stay."""
    if not _locks(folder):
        return None
    return "This folder has a lock of Snakemake. If no other Snakemake runs in it, on any machine, remove the lock: snakemake --unlock"
