"""Every paper at scale smoke, run once for all tests and all processes."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

import pytest
from papers import Smoke, smoke_of


@pytest.fixture(scope="session")
def smoke_runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Smoke]:
    """Return a function from a paper to what it left at scale smoke."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return functools.cache(lambda paper: smoke_of(paper, shared))
