"""Put the results of an archive in place, after everything that can be checked was: an archive may come from anywhere.

What the checks cannot tell is whether the numbers are true: who takes an archive trusts whoever made it (SECURITY.md).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from secondlook.errors import MOST_NAMED, UserError
from secondlook.files import writing
from secondlook.plan.plan import Plan
from secondlook.plan.products import planned_jobs
from secondlook.runner.record import NUMBERS, read_run, runs_of
from secondlook.seals import RESULTS, read_seal, seal_file
from secondlook.transfer.bundle import MANIFEST, METADATA

#: an archive may hold so many times its own size, and this much in any case: results are text and arrays, not zeros
MOST_RATIO, SMALL = 100, 1 << 30
#: bytes of a manifest, and files of an archive
MOST_MANIFEST, MOST_FILES = 64 << 20, 1_000_000
_BLOCK = 1 << 20
#: what zipfile and zlib raise for archives that are none
_DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError, OverflowError)
_NAME = re.compile(r"[\w.+=,@ -]+", re.ASCII)


def restore(archive: Path, plan: Plan, code: Callable[[str, str], str]) -> int:
    """Put the results of scale ``plan.scale`` in place; return the number of files.

    Args:
        archive: what `secondlook.transfer.bundle` wrote.
        plan: the plan of this checkout; the working directory is that of the workflow.
        code: digest of the code of a paper's experiment in this checkout.

    Raises:
        UserError: the archive is damaged, incomplete, not of this project's form or code, or results are there already.
    """
    target = Path(RESULTS, plan.scale)
    if target.exists():
        raise UserError(f"{target} is there already. Move it away, then restore again.")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".restore.") as folder:
            try:
                with zipfile.ZipFile(archive) as opened:
                    sums = _extract(opened, Path(folder), plan.scale, archive)
            except _DAMAGE as error:
                raise _refused(archive, f"it is damaged or no zip file ({error})") from error
            except FileNotFoundError:
                raise UserError(f"there is no file {archive}") from None
            _complete(Path(folder), sums, plan, code, archive)
            (Path(folder) / target).rename(target)
    return len(sums)


def _refused(archive: Path, why: str) -> UserError:
    return UserError(f"{archive} is refused, and nothing of it was put in place: {why}.")


def _extract(opened: zipfile.ZipFile, folder: Path, scale: str, archive: Path) -> dict[str, str]:
    """Write the files below results/SCALE into ``folder``, each checked against the manifest; return their names and SHA-256."""
    entries = opened.infolist()
    _plausible(entries, folder, archive)
    by_name = {entry.filename: entry for entry in entries}
    if len({name.casefold() for name in by_name}) < len(entries):
        raise _refused(archive, "it holds a file twice")
    if MANIFEST not in by_name or by_name[MANIFEST].file_size > MOST_MANIFEST:
        raise _refused(archive, f"it has no {MANIFEST}, so it was not made by 'secondlook bundle'")
    sums = _manifest(opened.read(MANIFEST), archive)
    if missing := sorted(set(sums) - set(by_name)):
        raise _refused(archive, f"it is not whole: {missing[0]} is missing")
    if unknown := sorted(set(by_name) - set(sums) - {MANIFEST}):
        raise _refused(archive, f"its manifest does not know {unknown[0]!r}")
    for name, sha256 in sums.items():
        inside = name.startswith(f"{RESULTS}/")
        if inside and not name.startswith(f"{RESULTS}/{scale}/"):
            raise _refused(archive, f"it holds {name}, and the scale asked for is {scale}")
        if _copy(opened, by_name[name], folder / name if inside else None) != sha256:
            raise _refused(archive, f"{name} is not what its manifest says")
    return {name: sha256 for name, sha256 in sums.items() if name.startswith(f"{RESULTS}/")}


def _plausible(entries: list[zipfile.ZipInfo], folder: Path, archive: Path) -> None:
    """Plain files with plain names below the folder, and no more bytes than an archive of that size may hold."""
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or not path.parts or str(path) != entry.filename or not all(map(_plain, path.parts)):
            raise _refused(archive, f"the name {entry.filename!r} could lead elsewhere")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or entry.is_dir():
            raise _refused(archive, f"{entry.filename} is a link or something else that is no plain file")
        if entry.flag_bits & 1:
            raise _refused(archive, f"{entry.filename} is encrypted")
    size, packed = sum(entry.file_size for entry in entries), archive.stat().st_size
    if len(entries) > MOST_FILES or size > max(SMALL, MOST_RATIO * packed):
        raise _refused(archive, f"its {packed} bytes would become {len(entries)} files of {size} bytes")
    if size > (free := shutil.disk_usage(folder).free):
        raise UserError(f"{archive} holds {size} bytes, and the disk of {folder.parent} has {free} free. Free some space and start again.")


def _plain(part: str) -> bool:
    return bool(_NAME.fullmatch(part)) and part not in (".", "..") and not part.startswith(".")


def _manifest(content: bytes, archive: Path) -> dict[str, str]:
    sums: dict[str, str] = {}
    for line in content.decode("utf-8").splitlines():
        sha256, _, name = line.partition("  ")
        if not re.fullmatch("[0-9a-f]{64}", sha256) or name in sums:
            raise _refused(archive, f"{MANIFEST} is damaged")
        sums[name] = sha256
    if METADATA not in sums:
        raise _refused(archive, f"{MANIFEST} does not know {METADATA}")
    return sums


def _copy(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, out: Path | None) -> str:
    """SHA-256 of an entry, which is written to ``out``; never more bytes than its header says."""
    found, left = hashlib.sha256(), entry.file_size
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(entry) as inside, (out or Path(os.devnull)).open("wb") as file:
        while block := inside.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(f"{entry.filename} is longer than it says")
            found.update(block)
            file.write(block)
    return found.hexdigest()


def _complete(folder: Path, sums: Mapping[str, str], plan: Plan, code: Callable[[str, str], str], archive: Path) -> None:
    """Every product that is planned here, as its job left it, its runs made by the code that is here; times as they were."""
    other: dict[tuple[str, str], str] = {}
    for job in planned_jobs(plan):
        place = seal_file(job.outputs[0])
        seal = read_seal(folder / place) if place else None
        if seal is None:
            raise _refused(archive, f"{job.outputs[0]} or its seal is missing: its results are not those of this checkout's plan")
        for name, stamp in seal.outputs.items():
            if name not in sums:
                raise _refused(archive, f"the seal of {job.outputs[0]} names {name}, which it does not hold")
            if (sums[name], (folder / name).stat().st_size) != (stamp.sha256, stamp.size):
                raise _refused(archive, f"{name} is not as its job left it")
            os.utime(folder / name, ns=(stamp.mtime_ns, stamp.mtime_ns))
        if job.rule == "run":
            other |= _other_code(folder / job.outputs[0], code, archive)
    if other:
        said = [f"{paper}/{experiment} (commit {commit})" for (paper, experiment), commit in sorted(other.items())]
        more = f" and {len(said) - MOST_NAMED} more" if len(said) > MOST_NAMED else ""
        which = f"{', '.join(said[:MOST_NAMED])}{more}"
        raise _refused(archive, f"other code made the runs of {which}. Check that commit out first, then restore; edits come after")


def _other_code(job: Path, code: Callable[[str, str], str], archive: Path) -> Mapping[tuple[str, str], str]:
    try:
        records = [read_run(folder, *NUMBERS) for folder in runs_of([job])]
    except UserError as error:
        raise _refused(archive, str(error)) from error
    return {
        (record["paper"], record["experiment"]): str(record.get("commit", "unknown"))
        for record in records
        if record.get("code") != code(record["paper"], record["experiment"])
    }
