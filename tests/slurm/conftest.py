"""A cluster for all tests here, and a project on it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_cluster import Cluster, missing, running_cluster
from slurm_site import Site
from toy_project import IGNORED, PACKAGE, Project, lay_out

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A SLURM of one node."""
    if lacking := missing():
        pytest.skip(f"needs SLURM (Debian's packages slurm-wlm and munge): {', '.join(lacking)} not found")
    folder = Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp"))  # a short path: sockets lie in it
    try:
        with running_cluster(folder) as found:
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Iterator[Site]:
    """A project whose paper takes long walks."""
    project = lay_out(tmp_path / "site")
    shutil.copytree(HERE / "marathon", project / f"{PACKAGE}/papers/marathon", ignore=IGNORED)
    found = Site(Project(project.folder, cluster.environment), cluster)
    yield found
    if left := list(cluster.jobs("PENDING", "RUNNING")):
        cluster.ask("scancel", *left)
        found.wait_for(lambda: not cluster.jobs("PENDING", "RUNNING", "COMPLETING"))
    shutil.rmtree(project.folder, ignore_errors=True)
