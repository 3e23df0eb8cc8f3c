"""Fixtures that several test files use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from secondlook.job import Job

ROOT = Path(__file__).parents[1]


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., Job]:
    """Return a function that builds a job for tests; keywords replace its fields."""

    def make(**fields) -> Job:
        values = {
            "paper": "toy",
            "experiment": "toy",
            "values": {},
            "seeds": (0,),
            "datasets": {},
            "inputs": {},
            "device": "cpu",
            "threads": 1,
            "work": tmp_path / "work",
            "identity": "toy",
            "checkpoint_seconds": 1e9,
        }
        return Job(**(values | fields))

    return make
