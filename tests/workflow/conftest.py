"""The finished toy project: run once for all tests and all of pytest-xdist's workers, then copied."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy_project import Project, lay_out

pytest.importorskip("snakemake", reason="the workflow's tests need the driver: pip install with the extra 'workflow'")


@pytest.fixture(scope="session")
def common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def finished(common_folder: Path) -> Project:
    """The toy project with all its results. Never edited: copy it."""
    project = Project(common_folder / "finished/project")
    said = common_folder / "finished/said.txt"
    with (common_folder / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first worker runs it, the others wait
        if not said.exists():
            shutil.rmtree(project.folder.parent, ignore_errors=True)
            lay_out(project.folder)
            outcome = project.run()
            said.write_text(outcome.text, encoding="utf-8")
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy of the finished project, to edit."""
    yield finished.copy_to(tmp_path / "project")
    shutil.rmtree(tmp_path / "project", ignore_errors=True)  # a copy a test adds up


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Project]:
    """The toy project before its first run."""
    yield lay_out(tmp_path / "fresh")
    shutil.rmtree(tmp_path / "fresh", ignore_errors=True)
