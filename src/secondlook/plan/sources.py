"""A job runs the code of its digest: its sources are read once, their digest is compared, and its modules are made of what was read.

An edit that comes later reaches neither a module that is loaded already nor one that is loaded at the end. Compiled files (``.pyc``) are
not taken: Python tells them by second and length alone, so an edit within a second could pass.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from secondlook.errors import UserError
from secondlook.plan.digest import Package


class Sources(MetaPathFinder):
    """The sources that some modules reach, as they were when they were read.

    Args:
        roots: dotted names of modules.
        versions: library -> version, which the digest counts as well.
        package_dir: the package's own folder.
    """

    def __init__(self, *roots: str, versions: Mapping[str, str], package_dir: Path) -> None:
        self._folder = package_dir.absolute()
        self._read: dict[Path, bytes] = {}
        self._foreign: set[str] = set()
        self.digest = Package(self._folder, self._bytes).digest(*roots, versions=versions)

    def _bytes(self, path: Path) -> bytes:
        self._read[path] = path.read_bytes()
        return self._read[path]

    def install(self, wanted: str, *beside: str) -> None:
        """From now on, make these modules of what was read. ``beside`` are modules that may be loaded and that no number hangs on.

        Raises:
            UserError: the digest of what was read is another one.
        """
        if self.digest != wanted:
            raise UserError(
                f"the code of this job was edited after the workflow was started: its digest is {self.digest}, the job is for {wanted}. "
                "Start the workflow again; for the numbers of the code before, put that back first."
            )
        sys.meta_path.insert(0, self)
        self._foreign = self._loaded() | set(beside)  # the first: the command line itself

    def check(self) -> None:
        """Refuse what was made with a module that the digest does not cover.

        Raises:
            UserError: one was loaded since `install`.
        """
        covered = {path.relative_to(self._folder) for path in self._read}
        for name in sorted(self._loaded() - self._foreign):
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).relative_to(self._folder) not in covered:
                raise UserError(
                    f"{name} was loaded, and the digest of this job does not cover it: nothing is written. "
                    "Import it by name in a module of the job, so that the digest finds it."
                )

    def _loaded(self) -> set[str]:
        return {name for name in sys.modules if name.partition(".")[0] == self._folder.name}

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Python's question of where a module comes from; None where these sources do not hold it."""
        package, *parts = name.split(".")
        if package != self._folder.name:
            return None
        place = self._folder.joinpath(*parts)
        for file, inside in ((place / "__init__.py", [str(place)]), (place.with_name(f"{place.name}.py"), None)):
            if (source := self._read.get(file)) is not None:
                loader = _Loader(str(file), source)
                return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)
        return None


class _Loader(SourceLoader):
    """Makes a module of bytes that were read before; it knows no compiled file, since it tells nothing of the file's time."""

    def __init__(self, file: str, source: bytes) -> None:
        self._file, self._source = file, source

    def get_filename(self, fullname: str) -> str:
        return self._file

    def get_data(self, path: str) -> bytes:
        if path != self._file:
            raise FileNotFoundError(path)
        return self._source
