"""A job on made-up images, with feature nets of random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from secondlook.data.fingerprint import fingerprint
from secondlook.nets.classifier import Classifier
from secondlook.runner.job import Job


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> dict[str, dict]:
    """Data sets and inputs of a job."""
    folder, draw = tmp_path_factory.mktemp("makhzani"), np.random.default_rng(0)
    arrays = {
        f"{split}_{name}": draw.integers(0, high, (count, *rest)).astype(np.uint8)
        for split, count in (("train", 200), ("test", 60))
        for name, high, rest in (("images", 256, (1, 28, 28)), ("labels", 10, ()))
    }
    save_file(arrays, folder / "mnist.safetensors")
    for name in ("net_a", "net_b", "net_random"):
        (folder / name).mkdir()
        state = Classifier(1, 16).state_dict()
        save_file({f"0/{key}": value.numpy() for key, value in state.items()}, folder / name / "arrays.safetensors")
    inputs = {name: (folder / name,) for name in ("net_a", "net_b", "net_random")}
    return {"datasets": {"mnist": (Path(folder / "mnist.safetensors"), fingerprint(arrays))}, "inputs": inputs}


@pytest.fixture
def job(make_job, sources) -> Callable[..., Job]:
    """Return a function that builds a job; keywords are settings, ``seeds`` and other fields of a job aside."""

    def make(seeds: tuple[int, ...] = (3, 4), **values) -> Job:
        fields = {name: values.pop(name) for name in ("work", "checkpoint_seconds", "threads") if name in values}
        common = {"side": 16, "train_images": 192, "test_images": 60, "hidden": [32, 32], "steps": 5, "batch": 32, "lr": 0.003}
        return make_job(values={**common, "adversarial_lr": 0.001, "d_width": 32, **values}, seeds=seeds, **sources, **fields)

    return make
