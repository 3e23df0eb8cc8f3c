"""A job runs the code of its digest, whatever becomes of the files meanwhile."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from secondlook.errors import UserError
from secondlook.plan.digest import Package
from secondlook.plan.sources import Sources


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of five modules, which python could also import as it lies there."""
    folder = tmp_path / "parcel"
    folder.mkdir()
    modules = {
        "__init__": "",
        "top": "from parcel import middle\n\n\ndef later():\n    from parcel import late\n\n    return late.VALUE\n",
        "middle": "VALUE = 1\n",
        "late": "VALUE = 1\n",
        "dynamic": "VALUE = 1\n",
    }
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    before = list(sys.meta_path)
    yield folder
    sys.meta_path[:] = before
    for name in [name for name in sys.modules if name.partition(".")[0] == "parcel"]:
        del sys.modules[name]


def installed(package: Path) -> Sources:
    sources = Sources("parcel.top", versions={}, package_dir=package)
    sources.install(Package(package).digest("parcel.top"))
    return sources


def test_edits_reach_no_module_that_is_loaded_later(package: Path) -> None:
    sources = installed(package)
    for name in ("middle", "late"):
        (package / f"{name}.py").write_text("VALUE = 2\n")
    top = importlib.import_module("parcel.top")
    assert (top.middle.VALUE, top.later()) == (1, 1)
    sources.check()


def test_compiled_files_are_not_taken(package: Path) -> None:
    """Python tells them by second and length: an edit within a second, of the same length, would run the code before."""
    importlib.import_module("parcel.middle")  # compiles it
    del sys.modules["parcel.middle"], sys.modules["parcel"]
    file = package / "middle.py"
    seen = file.stat()
    file.write_text("VALUE = 2\n")
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    installed(package)
    assert importlib.import_module("parcel.top").middle.VALUE == 2


def test_other_code_is_refused(package: Path) -> None:
    wanted = Package(package).digest("parcel.top")
    (package / "middle.py").write_text("VALUE = 2\n")
    sources = Sources("parcel.top", versions={}, package_dir=package)
    with pytest.raises(UserError, match="was edited after the workflow was started"):
        sources.install(wanted)
    assert sources not in sys.meta_path


def test_a_comment_is_no_other_code(package: Path) -> None:
    wanted = Package(package).digest("parcel.top")
    (package / "middle.py").write_text("# one\nVALUE = 1\n")
    Sources("parcel.top", versions={}, package_dir=package).install(wanted)


def test_versions_count(package: Path) -> None:
    wanted = Package(package).digest("parcel.top", versions={"torch": "1"})
    assert Sources("parcel.top", versions={"torch": "1"}, package_dir=package).digest == wanted
    assert Sources("parcel.top", versions={"torch": "2"}, package_dir=package).digest != wanted


def test_what_the_digest_does_not_cover_is_found(package: Path) -> None:
    sources = installed(package)
    importlib.import_module("parcel.top")
    sources.check()
    importlib.import_module("parcel.dynamic")
    with pytest.raises(UserError, match=r"parcel\.dynamic was loaded, and the digest of this job does not cover it"):
        sources.check()
