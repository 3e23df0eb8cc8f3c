"""Seals: what a job leaves, and what readers make of it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from secondlook.errors import UserError
from secondlook.seals import Stamp, checked, read_seal, seal, seal_file

TABLE = Path("results/quick/toy/grid.csv")


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sealed product."""
    monkeypatch.chdir(tmp_path)
    TABLE.parent.mkdir(parents=True)
    TABLE.write_text("a,b\n")
    seal("c0de", {"results/quick/toy/grid/x/job.json": "ab"}, [TABLE])


def test_where_seals_lie() -> None:
    assert seal_file(TABLE) == Path("results/quick/seals/toy/grid.json")
    assert seal_file("results/quick/toy/grid.runs.json") == seal_file(TABLE)  # one for a job
    assert seal_file("results/quick/toy/grid/lr=0.1/seeds=0/job.sha256") == Path("results/quick/seals/toy/grid/lr=0.1/seeds=0/job.json")
    assert seal_file("/elsewhere/grid.csv") is None
    assert seal_file("out/grid.csv") is None


def test_a_seal_is_read_as_it_was_written() -> None:
    found = read_seal(Path("results/quick/seals/toy/grid.json"))
    assert found is not None
    assert (found.recipe, found.inputs) == ("c0de", {"results/quick/toy/grid/x/job.json": "ab"})
    assert found.outputs == {str(TABLE): Stamp.of(TABLE)}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"recipe": "a", "inputs": {}, "outputs": {"x": {}}}', '{"recipe": 1, "inputs": 2, "outputs": 3}']
)
def test_a_damaged_seal_is_none(content: str) -> None:
    path = Path("results/quick/seals/toy/grid.json")
    path.write_text(content)
    assert read_seal(path) is None
    path.write_bytes(b"\xff")
    assert read_seal(path) is None


def test_a_touched_file_is_as_it_was_and_an_edited_one_is_not() -> None:
    stamp = Stamp.of(TABLE)
    os.utime(TABLE, ns=(0, 0))
    assert stamp.wrong(TABLE) is None
    TABLE.write_text("a,c\n")  # as long as before
    assert stamp.wrong(TABLE) == "is not as its job left it"
    TABLE.unlink()
    assert stamp.wrong(TABLE) == "is missing"
    TABLE.mkdir()
    assert stamp.wrong(TABLE) == "is not as its job left it"


def test_readers_check_what_they_read() -> None:
    assert checked([TABLE]) == {str(TABLE): hashlib.sha256(b"a,b\n").hexdigest()}
    seen = TABLE.stat()
    TABLE.write_text("a,c\n")
    os.utime(TABLE, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # not even its time tells
    with pytest.raises(UserError, match=r"grid\.csv is not as its job left it: it was edited or damaged\. Start the workflow again"):
        checked([TABLE])
    TABLE.unlink()
    with pytest.raises(UserError, match=r"grid\.csv is missing\. Start the workflow again"):
        checked([TABLE])
