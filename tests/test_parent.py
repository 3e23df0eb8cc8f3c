"""A job ends when its workflow is gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import secondlook
from secondlook.parent import VARIABLE, alive, born, name_driver

SOURCE = str(Path(secondlook.__file__).parents[1])
#: removes the file "writing" when it ends in order
JOB = """
import time
from pathlib import Path
from secondlook.parent import end_with_driver
end_with_driver()
Path("writing").touch()
try:
    time.sleep(60)
finally:
    Path("writing").unlink()
"""


def job(folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", JOB], cwd=folder, env=os.environ | {"PYTHONPATH": SOURCE} | environment, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_ends_in_order_when_its_driver_is_gone(tmp_path: Path, how: signal.Signals) -> None:
    driver = subprocess.Popen(["sleep", "60"])
    process = job(tmp_path, **{VARIABLE: f"{socket.gethostname()} {driver.pid} {born(driver.pid)}"})
    deadline = time.monotonic() + 60
    while not (tmp_path / "writing").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert process.poll() is None
    driver.send_signal(how)
    driver.wait()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "the workflow that started this job is gone" in said
    assert not (tmp_path / "writing").exists()


@pytest.mark.parametrize("driver", ["", "elsewhere 1 2", "nonsense", "a b c"])
def test_without_a_driver_here_nobody_is_watched(tmp_path: Path, driver: str) -> None:
    process = job(tmp_path, **{VARIABLE: driver})
    deadline = time.monotonic() + 60
    while not (tmp_path / "writing").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1.5)
    assert process.poll() is None
    process.kill()
    process.communicate()


def test_a_number_that_another_process_has_now_is_not_the_driver() -> None:
    assert alive(os.getpid(), born(os.getpid()))
    assert not alive(os.getpid(), "1")


def test_a_process_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    name_driver()
    assert os.environ[VARIABLE] == f"{socket.gethostname()} {os.getpid()} {born(os.getpid())}"
