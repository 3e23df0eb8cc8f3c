"""Tiny images in MNIST's layout, and untrained feature nets."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from secondlook.data.fingerprint import fingerprint
from secondlook.nets.classifier import Classifier
from secondlook.runner.job import Job

SIDE = 16


@pytest.fixture
def make_mnist_job(make_job: Callable[..., Job], tmp_path: Path) -> Callable[..., Job]:
    """Return a function that builds jobs with 40 training and 30 test images of 16 pixels, and the nets that judge."""
    draw = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 40), ("test", 30)):
        images = draw.integers(0, 256, (count, 1, SIDE, SIDE), dtype=np.uint8)
        images[:, :, 0] = 0  # the first row of pixels is black in every image, as MNIST's is
        arrays |= {f"{split}_images": images, f"{split}_labels": (np.arange(count) % 10).astype(np.uint8)}
    save_file(arrays, tmp_path / "mnist.safetensors")
    inputs = {}
    for number, name in enumerate(("net_a", "net_b", "net_random")):
        torch.manual_seed(number)
        inputs[name] = (tmp_path / name,)
        inputs[name][0].mkdir()
        weights = {f"0/{key}": value.numpy() for key, value in Classifier(1, SIDE).state_dict().items()}
        save_file(weights, inputs[name][0] / "arrays.safetensors")
    return functools.partial(make_job, datasets={"mnist": (tmp_path / "mnist.safetensors", fingerprint(arrays))}, inputs=inputs)
