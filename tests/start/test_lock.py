"""Locks of the dead are removed, all others stay."""

from __future__ import annotations

import fcntl
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import secondlook
from secondlook.start.lock import _held, hold

SOURCE = str(Path(secondlook.__file__).parents[1])
HOLDS = """
import sys, time
from pathlib import Path
from secondlook.start.lock import hold
print(hold(Path(sys.argv[1])), flush=True)
time.sleep(60)
"""


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Snakemake's folder with its lock."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/0.output.lock").write_text("results/a\n")
    return tmp_path


def locks(folder: Path) -> list[str]:
    return [path.name for path in (folder / "locks").iterdir()]


def test_a_lock_of_a_killed_workflow_is_removed(locked: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLDS, str(locked)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": SOURCE})
    assert other.stdout is not None
    assert "snakemake --unlock" in other.stdout.readline()  # of it nobody knew whose it was
    assert hold(locked) == (False, None)  # now somebody lives here
    assert locks(locked)
    other.kill()
    other.communicate()


def test_it_is_removed_once_nobody_lives_here(locked: Path) -> None:
    (locked / "driver").write_text(f"{socket.gethostname()} 1\n")
    alone, said = hold(locked)
    assert alone
    assert said is not None and "no process holds" in said
    assert locks(locked) == []


def test_a_lock_of_another_machine_stays_however_often_one_starts(locked: Path) -> None:
    (locked / "driver").write_text("elsewhere 1\n")
    for _ in range(2):
        alone, said = hold(locked)
        assert not alone
        assert said is not None and "snakemake --unlock" in said
        assert locks(locked)
        _held.pop().close()  # as if the process had ended


def test_without_a_lock_nothing_is_said(tmp_path: Path) -> None:
    assert hold(tmp_path / "new") == (True, None)


def test_a_disk_without_locks_leaves_everything(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    alone, said = hold(locked)
    assert not alone
    assert said is not None and "snakemake --unlock" in said
    assert locks(locked)
