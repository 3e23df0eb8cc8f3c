"""A job ends when the workflow that started it is gone: nobody would wait for its files, and the next start would make them once more."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

#: environment variable: host, process and its time of birth, of the workflow that starts jobs
VARIABLE = "SECONDLOOK_DRIVER"
#: seconds between two looks, and those that a job has to end before it is ended
INTERVAL, GRACE = 1.0, 10.0
_libc = ctypes.CDLL(None)  # loaded here: a forked child may load nothing


def name_driver() -> None:
    """Say to the jobs that this process starts who their driver is."""
    os.environ[VARIABLE] = f"{socket.gethostname()} {os.getpid()} {born(os.getpid())}"


def end_with_driver() -> None:
    """Watch the driver from now on, where there is one on this machine: once it is gone, this process ends, at last by force."""
    host, _, rest = os.environ.get(VARIABLE, "").rpartition(" ")[0].partition(" ")
    if host != socket.gethostname() or not rest.isdigit():
        return
    birth = os.environ[VARIABLE].rpartition(" ")[2]
    signal.signal(signal.SIGTERM, _stop)  # so that what is being written is removed
    threading.Thread(target=_watch, args=(int(rest), birth), daemon=True).start()


def die_with_parent() -> None:
    """Ask Linux to kill this process, a child that has just been forked, as soon as its parent has ended, however it ends."""
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def born(pid: int) -> str:
    """When a process was born, in the kernel's count, since numbers are given again one day; "?" where the kernel does not say."""
    try:
        # The second field, in parentheses, is the program's name and may hold anything.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "?"


def alive(pid: int, birth: str) -> bool:
    """Whether that very process lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return born(pid) == birth


def _stop(*_: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _watch(pid: int, birth: str) -> None:
    while alive(pid, birth):
        time.sleep(INTERVAL)
    print("the workflow that started this job is gone, so the job ends; the next start takes it up", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(128 + signal.SIGTERM)
