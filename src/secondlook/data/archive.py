"""Taking named files out of an archive that nobody has checked yet."""

from __future__ import annotations

import contextlib
import gzip
import io
import shutil
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from secondlook.data.failures import SourceError

BROKEN = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, OverflowError)
"""What reading a damaged archive raises."""


class _Limited:
    """A readable stream that refuses to give more than ``limit`` bytes: a small archive can unpack to any size."""

    def __init__(self, stream: io.BufferedIOBase, limit: int) -> None:
        self._stream = stream
        self._left = limit

    def read(self, size: int = -1, /) -> bytes:
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise SourceError("the archive unpacks to far more than the dataset")
        return block


def _open(path: Path) -> io.BufferedIOBase:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else path.open("rb")


def _check(member: tarfile.TarInfo, into: Path) -> None:
    """Refuse an archive that tries to leave its folder, even where the member is not one we want: such an archive is not the dataset."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise SourceError(f"the archive has a member outside its own folder: {member.name!r}")
    try:
        tarfile.data_filter(member, str(into))  # links that lead out, devices, pipes
    except tarfile.FilterError as error:
        raise SourceError(f"the archive has an unsafe member: {error}") from error


def extract(path: Path, members: Iterable[str], into: Path, limit: int) -> list[Path]:
    """Write the named members of a tar archive (plain or gzip) into ``into`` under their last name, and return the paths in the same order.

    A leading ``./`` does not count. Only regular files are written, by this function and not by tarfile, so links and modes play no part.
    ``limit`` bounds the unpacked size in bytes. Raises ``SourceError`` for anything unsafe, missing, doubled or
    damaged, ``OSError`` when the disk fails.
    """
    wanted = {str(PurePosixPath(name)): into / PurePosixPath(name).name for name in members}
    into.mkdir(parents=True, exist_ok=True)
    found: set[str] = set()
    try:
        with contextlib.ExitStack() as opened:
            bounded = _Limited(opened.enter_context(_open(path)), limit)
            archive = opened.enter_context(tarfile.open(fileobj=bounded, mode="r|"))  # type: ignore[call-overload]
            for member in archive:
                _check(member, into)
                name = str(PurePosixPath(member.name))
                if name not in wanted:
                    continue
                body = archive.extractfile(member) if member.isreg() else None
                if body is None or name in found:
                    raise SourceError(f"the archive's member {name!r} is not one plain file")
                with wanted[name].open("wb") as out:
                    shutil.copyfileobj(body, out, 1 << 20)
                found.add(name)
            while bounded.read(1 << 20):  # gzip's checksum comes after the end of the archive
                pass
    except BROKEN as error:
        raise SourceError(f"not a readable tar archive: {error or type(error).__name__}") from error
    if missing := [name for name in wanted if name not in found]:
        raise SourceError(f"the archive lacks {', '.join(missing)}")
    return list(wanted.values())


def gunzip(path: Path, out: Path, size: int) -> None:
    """Decompress a gzip file that must hold exactly ``size`` bytes; ``SourceError`` if it does not."""
    try:
        with gzip.open(path) as stream, out.open("wb") as plain:
            shutil.copyfileobj(_Limited(stream, size), plain, 1 << 20)
    except SourceError as error:
        raise SourceError(f"{path.name} unpacks to more than {size} bytes") from error
    except BROKEN as error:
        raise SourceError(f"{path.name} is not a readable gzip file: {error or type(error).__name__}") from error
    if out.stat().st_size != size:
        raise SourceError(f"{path.name} unpacks to {out.stat().st_size} bytes, not {size}")
