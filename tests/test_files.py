"""A file is the old one or the new one, never half of one, and nothing is left lying about."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from secondlook.errors import UserError
from secondlook.files import atomic, read_json, write_json, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent  # a rename between file systems would not be atomic
    assert path.read_text() == "new"
    assert names(path.parent) == ["a.txt"]


def test_an_exception_in_the_block_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_and_crash() -> None:
        with atomic(path) as temporary:
            temporary.write_text("half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_crash()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_rename_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(OSError, match="no space left"):
            write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]
    write_text(path, "new")
    assert path.read_text() == "new"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o002, 0o664), (0o077, 0o600)])
def test_the_mode_follows_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.txt", "x")
        assert os.umask(umask) == umask  # and the process keeps its own
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == mode


def test_json_keeps_order_characters_and_every_bit_of_a_number(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    value = {"z": 0.1 + 0.2, "a": [1, None, True, "±é"], "tiny": 5e-324, "text": 'quote " and \n'}
    write_json(path, value)
    assert read_json(path) == value
    assert list(read_json(path)) == ["z", "a", "tiny", "text"]
    assert path.read_bytes().endswith(b"}\n")
    assert "±é" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), object()])
def test_what_is_not_json_is_refused_and_the_old_file_stays(tmp_path: Path, bad: object) -> None:
    path = tmp_path / "a.json"
    write_json(path, ["old"])
    with pytest.raises((ValueError, TypeError)):
        write_json(path, [bad])
    assert read_json(path) == ["old"]
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize(("number", "says"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "Read-only file system")])
def test_a_disk_that_takes_nothing_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UserError, match=rf"a\.txt cannot be written: {says}"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_below_a_file_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written: "):
        write_text(tmp_path / "file/below/a.txt", "new")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_json_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.json holds no JSON"):
        read_json(tmp_path / "a.json")
