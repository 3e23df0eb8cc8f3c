"""A project on a cluster, and its driver."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from slurm_cluster import Cluster
from toy_project import Project, clean_environment

#: what the tests say beside the profile: this cluster's partition, and that it answers at once
SITE = (
    *("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "5", "--slurm-no-account"),
    *("--default-resources", "slurm_partition=gpu", "slurm_extra='--signal=TERM@60'"),
)


@dataclass(frozen=True)
class Site:
    """A checkout on a cluster."""

    project: Project
    cluster: Cluster

    def submit(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a driver, in a process group of its own."""
        command = [sys.executable, "-m", "snakemake", "--nocolor", "--workflow-profile", "profiles/slurm", *arguments, *SITE]
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
