"""A real SLURM on this machine: munged, slurmctld and slurmd on loopback, with a GPU that is none.

The programs come with Debian's packages slurm-wlm and munge. Everything lies in one folder, whose path must be short: a socket's path
is limited to about 107 characters.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "slurm"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "srun")
PATIENCE = 30.0  # seconds until a daemon must answer


def missing() -> list[str]:
    """Programs that this machine lacks."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


@dataclass(frozen=True)
class Cluster:
    """A cluster that is up."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a user's shell must say to reach it.

        The plugin deletes every SLURM_* variable within a job, so its commands would look for another cluster there: wrappers first on PATH
        say which.
        """
        search = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"], "/usr/sbin"])
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": search}

    def ask(self, *command: str) -> str:
        """Run one of SLURM's commands; return what it prints."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout.strip()

    def jobs(self, *states: str) -> dict[str, str]:
        """Id -> state of the jobs that the queue knows, of these states or all."""
        wanted = ["--states", ",".join(states)] if states else ["--states", "all"]
        lines = self.ask("squeue", "--noheader", "--array", "--format", "%i %T", *wanted).splitlines()
        return dict(map(str.split, lines))

    def job_with(self, text: str) -> str | None:
        """Id of the job, waiting or running, whose comment holds ``text``; the executor's say rule and cell."""
        return next((name for name, comment in self.comments().items() if text in comment), None)

    def comments(self) -> dict[str, str]:
        """Id -> comment of the jobs that wait or run."""
        lines = self.ask("squeue", "--noheader", "--array", "--format", "%i|%k").splitlines()
        return dict(line.split("|", 1) for line in lines)

    def node(self) -> tuple[str, str]:
        """The node's name and state."""
        name, state = self.ask("sinfo", "--noheader", "--format", "%n %t", "--partition", "gpu").split()
        return name, state

    def restart_controller(self, away: float) -> None:
        """Stop slurmctld, wait, start it again."""
        _stop(self.folder / "slurmctld.pid")
        time.sleep(away)
        _start(["slurmctld", "-f", str(self.folder / "slurm.conf")], {**os.environ, **self.environment})
        _wait(self)


def _start(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


def _stop(pid_file: Path) -> None:
    """End a daemon and wait until it is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        for _ in range(200):
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)


def _wait(cluster: Cluster) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done = subprocess.run(
            ["sinfo", "-h", "-p", "gpu", "-o", "%t"], env={**os.environ, **cluster.environment}, capture_output=True, text=True, timeout=60
        )
        if done.stdout.strip() in ("idle", "mix", "alloc"):
            return
        time.sleep(0.1)
    logs = "\n".join(path.read_text()[-2000:] for path in cluster.folder.glob("slurm*.log"))
    raise AssertionError(f"the cluster is not ready after {PATIENCE:g} s: {done.stdout}{done.stderr}\n{logs}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a cluster in an empty folder; stop it at the end."""
    host, user = socket.gethostname().partition(".")[0], pwd.getpwuid(os.getuid()).pw_name
    for name in ("spool", "state", "bin"):
        (folder / name).mkdir()
    replaced = {
        "FOLDER": str(folder),
        "HOST": host,
        "USER": user,
        "PORT": str(_free_port()),
        "NODE_PORT": str(_free_port()),
        "CPUS": str(os.cpu_count()),
    }
    text = (SOURCES / "slurm.conf.in").read_text()
    for name, value in replaced.items():
        text = text.replace(f"@{name}@", value)
    (folder / "slurm.conf").write_text(text)
    shutil.copy2(SOURCES / "gres.conf", folder)
    cluster = Cluster(folder)
    for name in ("srun", "sbatch", "squeue", "scontrol", "scancel", "sinfo"):
        wrapper = folder / "bin" / name
        wrapper.write_text(f'#!/bin/sh\nexport SLURM_CONF={folder / "slurm.conf"}\nexec {shutil.which(name)} "$@"\n')
        wrapper.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    environment = {**os.environ, **cluster.environment}
    files = {name: folder / f"munge{name}" for name in (".key", ".sock", "d.pid", ".seed", "d.log")}
    try:
        _start(
            [
                "munged",
                "--force",
                f"--key-file={files['.key']}",
                f"--socket={files['.sock']}",
                f"--pid-file={files['d.pid']}",
                f"--seed-file={files['.seed']}",
                f"--log-file={files['d.log']}",
            ],
            environment,
        )
        _start(["slurmctld", "-f", str(folder / "slurm.conf")], environment)
        _start(["slurmd", "-f", str(folder / "slurm.conf"), "-N", host], environment)
        _wait(cluster)
        yield cluster
    finally:
        for name in ("slurmd", "slurmctld", "munged"):
            _stop(folder / f"{name}.pid")
