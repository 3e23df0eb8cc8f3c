"""Results on another machine: packed here, restored in a fresh clone; what is not what it should be is refused whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_edits import CODE
from toy_jobs import DECIDE, PLAIN, REPORT, SHEET, VERDICTS
from toy_project import PAPER, RESULTS, Project, clean_environment

MANIFEST = "manifest-sha256.txt"
METADATA = "ro-crate-metadata.json"
CLAIMS = f"{RESULTS}/claims.json"
TABLE = f"{RESULTS}/plain.csv"
RUN = f"{RESULTS}/plain/only/seeds=0-2"


def call(project: Project, *arguments: str) -> tuple[int, str]:
    """Call the project's own command line."""
    done = subprocess.run(
        [sys.executable, "-m", "secondlook", *arguments],
        cwd=project.folder,
        env=clean_environment() | {"PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="session")
def archive(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "toy.zip"
    status, said = call(finished, "bundle", str(path))
    assert status == 0, said
    return path


@pytest.fixture
def clone(project: Project) -> Project:
    """The project without results, records of Snakemake and data sets."""
    for folder in (".snakemake", "results", "logs", "benchmarks", "resources"):
        shutil.rmtree(project / folder)
    return project


def test_a_restored_project_is_up_to_date(clone: Project, archive: Path) -> None:
    status, said = call(clone, "restore", str(archive))
    assert status == 0, said
    assert clone.dry().labels == []
    clone.append(f"{PAPER}/figures/sheet.py", CODE)
    assert clone.run().labels == sorted(SHEET | REPORT)  # one figure, and the report that shows it; no data set is fetched
    (clone / CLAIMS).unlink()
    assert set(clone.dry().labels) == DECIDE | VERDICTS | REPORT
    shutil.rmtree(clone / RUN)
    assert set(clone.dry(f"{RESULTS}/plain.csv").labels) == PLAIN
    status, said = call(clone, "restore", str(archive))
    assert status == 1
    assert said == "error: results/quick is there already. Move it away, then restore again.\n"


def test_equal_results_make_an_equal_archive(finished: Project, archive: Path, tmp_path: Path) -> None:
    call(finished, "bundle", str(tmp_path / "again.zip"))
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_other_tools_read_the_archive(archive: Path, tmp_path: Path) -> None:
    rocrate = pytest.importorskip("rocrate.rocrate")
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        opened.extractall(tmp_path)
    for line in (tmp_path / MANIFEST).read_text().splitlines():  # as sha256sum --check reads it
        sha256, _, name = line.partition("  ")
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == sha256
    crate = rocrate.ROCrate(tmp_path)
    assert crate.mainEntity.id == "Snakefile"
    profiles = {profile.id if hasattr(profile, "id") else profile for profile in crate.root_dataset["conformsTo"]}
    assert {"https://w3id.org/ro/wfrun/process/0.5", "https://w3id.org/ro/wfrun/workflow/0.5"} <= profiles
    (action,) = crate.get_by_type("CreateAction")
    assert action["instrument"] is crate.mainEntity
    assert CLAIMS in {result.id for result in action["result"]}
    assert action["startTime"] <= action["endTime"]
    claims = crate.dereference(CLAIMS)
    assert claims["sha256"] == hashlib.sha256((tmp_path / CLAIMS).read_bytes()).hexdigest()
    described = {entity.id for entity in crate.data_entities}
    with zipfile.ZipFile(archive) as opened:
        assert len(described) == len(opened.namelist()) - 2  # all but the manifest and the metadata themselves


def test_incomplete_results_are_not_packed(project: Project) -> None:
    (project / f"{RESULTS}/plain.csv").unlink()
    status, said = call(project, "bundle", "toy.zip")
    assert status == 1
    assert f"{RESULTS}/plain.csv is missing" in said
    assert "Traceback" not in said
    assert not (project / "toy.zip").exists()


# ---- archives that are refused

Contents = dict[str, bytes]


def change(name: str, content: Callable[[bytes], bytes], *, manifest: bool = False) -> Callable[[Contents], None]:
    """An edit of one file, with the manifest made to agree or not."""

    def edit(contents: Contents) -> None:
        before = contents[name]
        contents[name] = content(before)
        if manifest:
            lines = [f"{hashlib.sha256(each).hexdigest()}  {name}\n".encode() for each in (before, contents[name])]
            contents[MANIFEST] = contents[MANIFEST].replace(*lines)

    return edit


def drop(name: str, *, manifest: bool = False) -> Callable[[Contents], None]:
    def edit(contents: Contents) -> None:
        del contents[name]
        if manifest:
            lines = contents[MANIFEST].decode().splitlines(keepends=True)
            contents[MANIFEST] = "".join(line for line in lines if not line.endswith(f"  {name}\n")).encode()

    return edit


def add(name: str, content: bytes = b"x") -> Callable[[Contents], None]:
    """A further file, which the manifest knows."""

    def edit(contents: Contents) -> None:
        contents[name] = content
        contents[MANIFEST] += f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()

    return edit


def edited(old: bytes) -> bytes:
    """Another number, as long as the one before."""
    return old.replace(b"0.5", b"0.7")


REFUSED = [
    ("an edited table", change(TABLE, edited), "is not what its manifest says"),
    (
        "an edited table that agrees",
        change(f"{RESULTS}/plain.csv", lambda old: old.replace(b"0.5", b"0.7"), manifest=True),
        "is not as its job left it",
    ),
    ("a file is missing", drop(CLAIMS), "it is not whole"),
    ("a product is missing", drop(CLAIMS, manifest=True), "which it does not hold"),
    ("a seal is missing", drop("results/quick/seals/toy/claims.json", manifest=True), "its seal is missing"),
    ("no manifest", drop(MANIFEST), "it has no manifest-sha256.txt"),
    ("an unknown file", lambda contents: contents.update({f"{RESULTS}/more.csv": b"x"}), "its manifest does not know"),
    ("a way up", add("../evil"), "could lead elsewhere"),
    ("a way up below results", add("results/quick/../../../evil"), "could lead elsewhere"),
    ("an absolute path", add("/tmp/evil"), "could lead elsewhere"),
    ("a backslash", add("results\\quick\\evil"), "could lead elsewhere"),
    ("a hidden file", add("results/quick/.evil"), "could lead elsewhere"),
    ("another scale", add("results/paper/evil"), "the scale asked for is quick"),
    ("a bomb", add("results/quick/zeros", bytes(1 << 20) * 1100), "would become"),
    ("no zip file", None, "it is damaged or no zip file"),
    ("cut", None, "it is damaged or no zip file"),
    ("a link", None, "is a link"),
    ("a file twice", None, "it holds a file twice"),
]


@pytest.mark.parametrize(("what", "edit", "said"), REFUSED, ids=[row[0].replace(" ", "-") for row in REFUSED])
def test_an_archive_is_refused(
    bare: Project, archive: Path, tmp_path: Path, what: str, edit: Callable[[Contents], None] | None, said: str
) -> None:
    hostile = tmp_path / "hostile.zip"
    with zipfile.ZipFile(archive) as opened:
        contents = {name: opened.read(name) for name in opened.namelist()}
    if edit:
        edit(contents)
    with zipfile.ZipFile(hostile, "w", zipfile.ZIP_DEFLATED) as writing:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if what == "a link" and name == CLAIMS:
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            writing.writestr(entry, content)
        if what == "a file twice":
            writing.writestr(CLAIMS.upper(), b"x")
    if what == "no zip file":
        hostile.write_bytes(b"PK" + os.urandom(1000))
    if what == "cut":
        hostile.write_bytes(hostile.read_bytes()[:-2000])
    status, text = call(bare, "restore", str(hostile))
    assert status == 1, text
    assert said in text
    assert "Traceback" not in text
    assert not (bare / "results/quick").exists()
    assert list((bare / "results").glob(".restore.*")) == []
    assert not list(bare.folder.parent.rglob("evil"))


@pytest.fixture(scope="session")
def bare(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project before its first run; a refused archive leaves it so."""
    folder = tmp_path_factory.mktemp("bare") / "project"
    unwanted = shutil.ignore_patterns(".snakemake", "results", "logs", "benchmarks", "resources")
    shutil.copytree(finished.folder, folder, ignore=unwanted)
    return Project(folder, finished.environment)


def test_results_of_other_code_are_refused(clone: Project, archive: Path) -> None:
    clone.append(f"{PAPER}/plain.py", CODE)
    status, said = call(clone, "restore", str(archive))
    assert status == 1
    assert "other code made the runs of toy/plain (commit " in said
    assert not (clone / "results/quick").exists()


def test_there_is_no_such_archive(bare: Project) -> None:
    assert call(bare, "restore", "absent.zip") == (1, "error: there is no file absent.zip\n")
