"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from secondlook.errors import UserError

#: how the name of a file ends that is being written; what a kill leaves of one is removed by the next start
TEMPORARY = ".tmp"
#: errors of a disk that is full, or may not be written to
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG}


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn a full disk and a folder that takes no file into a `UserError` that names ``path`` and says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            what, advice = "the disk is full", "Free some space there (a quota counts too) and start again"
        elif error.errno in DENIED:
            what, advice = error.strerror or "refused", "Make the folder one that takes files and start again"
        else:
            raise
        raise UserError(f"{path} cannot be written: {what}. {advice}: nothing that was finished is lost.") from error


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; rename it to ``path`` when the block ends well, remove it when it does not.

    The file and its folder are synced, so a crash leaves either the old file or the new one.

    Raises:
        UserError: the disk is full, or the folder takes no file.
    """
    path = Path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)  # mkstemp makes it 0600, which a shared results folder would inherit
            os.replace(temporary, path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: object) -> None:
    """Write JSON atomically, keys in the order given, a newline at the end."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: it holds no JSON.
        OSError: it cannot be read.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:  # of the text or of its encoding
        raise UserError(
            f"{path} holds no JSON, so it is damaged ({error}). Delete it and start the workflow again: it is made again."
        ) from error


def file_sha256(path: str | Path) -> str:
    """Hash of a file's bytes, in hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
