"""A project on a cluster, and its driver."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slurm_cluster import Cluster
from toy_project import Project, clean_environment


def name_the_site(profile: Path) -> None:
    """Edit the profile as a user does; that the queue is asked at once and files are not waited for spares the tests minutes."""
    text = profile.read_text(encoding="utf-8")
    for old, new in {"# slurm_partition: gpu\n": "slurm_partition: gpu\n", "latency-wait: 60\n": "latency-wait: 5\n"}.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    profile.write_text(text + "slurm-no-account: true\nslurm-init-seconds-before-status-checks: 2\n", encoding="utf-8")


@dataclass(frozen=True)
class Site:
    """A checkout on a cluster."""

    project: Project
    cluster: Cluster

    def submit(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a driver, in a process group of its own."""
        command = [sys.executable, "-m", "snakemake", "--nocolor", "--workflow-profile", "profiles/slurm", *arguments]
        with (self.project / "driver.txt").open("w") as said:
            return subprocess.Popen(
                command,
                cwd=self.project.folder,
                env=clean_environment() | self.cluster.environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def said(self) -> str:
        """What the newest driver has said so far."""
        return (self.project / "driver.txt").read_text(encoding="utf-8")

    def wait_for(self, what: Callable[[], object], driver: subprocess.Popen[str] | None = None, seconds: float = 120) -> None:
        """Wait until something is true; a driver that ends meanwhile is a failure."""
        until = time.monotonic() + seconds
        while not what():
            assert driver is None or driver.poll() is None, self.said()[-4000:]
            assert time.monotonic() < until, f"not in {seconds:g} s; {self.cluster.jobs()}\n{self.said()[-4000:]}"
            time.sleep(0.2)
