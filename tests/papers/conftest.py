"""Every paper at scale smoke, run once for all tests and all processes; and a small data set."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from papers import Smoke, smoke_of
from safetensors.numpy import save_file

from secondlook.data.fingerprint import fingerprint


@pytest.fixture(scope="session")
def smoke_runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Smoke]:
    """Return a function from a paper to what it left at scale smoke."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return functools.cache(lambda paper: smoke_of(paper, shared))


@pytest.fixture(scope="session")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """Images of 28 pixels with a bright spot each, so that there is something to learn; ten classes by its place."""
    draw, found = np.random.default_rng(3), {}
    grid = np.arange(28)
    for part, count in (("train", 200), ("test", 60)):
        labels = np.concatenate([np.arange(10), draw.integers(0, 10, count - 10)])
        centre = np.stack([6 + 4 * (labels % 5), 9 + 10 * (labels // 5)], 1) + draw.normal(0, 0.7, (count, 2))
        squared = (grid[None, :, None] - centre[:, 0, None, None]) ** 2 + (grid[None, None, :] - centre[:, 1, None, None]) ** 2
        found[f"{part}_images"] = np.round(255 * np.exp(-squared / 18))[:, None].astype(np.uint8)
        found[f"{part}_labels"] = labels.astype(np.uint8)
    path = tmp_path_factory.mktemp("blobs") / "mnist.safetensors"
    save_file(found, path)
    return {"mnist": (path, fingerprint(found))}
