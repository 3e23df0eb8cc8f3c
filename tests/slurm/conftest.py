"""A project on a cluster."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_cluster import Cluster
from slurm_site import Site, name_the_site
from toy_project import IGNORED, PACKAGE, Project, lay_out

HERE = Path(__file__).parent


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Iterator[Site]:
    """A project whose paper takes long walks."""
    project = lay_out(tmp_path / "site")
    shutil.copytree(HERE / "marathon", project / f"{PACKAGE}/papers/marathon", ignore=IGNORED)
    name_the_site(project / "profiles/slurm/config.yaml")
    found = Site(Project(project.folder, cluster.environment), cluster)
    yield found
    if left := list(cluster.jobs("PENDING", "RUNNING")):
        cluster.ask("scancel", *left)
        found.wait_for(lambda: not cluster.jobs("PENDING", "RUNNING", "COMPLETING"))
    shutil.rmtree(project.folder, ignore_errors=True)
