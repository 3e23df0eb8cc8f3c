"""The two ways in which fetching goes wrong: a source fails (the next is tried), or this machine's disk does (no source can help)."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from secondlook.errors import UserError


class SourceError(Exception):
    """A source gave nothing usable. The message is a reason to be listed, without the source's name."""


class NotThere(SourceError):
    """The source is alive and does not have the file."""


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


def size_text(size: float) -> str:
    """Return a number of bytes for people: ``162.2 MiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _full(folder: Path, needed: int) -> UserError:
    free = shutil.disk_usage(folder).free
    return UserError(
        f"The folder {folder} is full: {size_text(free)} free ({free} bytes), about {size_text(needed)} needed ({needed} bytes). "
        "Free some space there (a quota counts too), or choose a folder on another disk."
    )


@contextlib.contextmanager
def local_disk(folder: Path, needed: int) -> Iterator[None]:
    """Turn a full or unwritable ``folder`` into a ``UserError``. Only local writes belong inside: a network fails with the same numbers.

    ``needed`` (bytes) is for the message.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder, needed) from error
        if error.errno in _DENIED:
            advice = "Make it writable, or choose another folder."
            raise UserError(f"Cannot write in the folder {folder}: {error.strerror}. {advice}") from error
        raise


def prepare_folder(folder: Path, needed: int) -> None:
    """Create ``folder`` and check that it takes a file and that ``needed`` bytes are free; ``UserError`` naming the folder if not."""
    with local_disk(folder, needed):
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < needed:
            raise _full(folder, needed)
