"""The registry: what the Snakefile imports."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from secondlook.data import registry
from secondlook.data.decode import DECODERS
from secondlook.errors import UserError


def test_importing_it_loads_nothing_heavy():
    heavy = "numpy torch torchvision PIL safetensors rich pydantic yaml"
    code = f"import sys, secondlook.data.registry; print(sorted(set(sys.modules) & set('{heavy}'.split())))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize("name", registry.DATASETS)
def test_entries_are_whole(name: str):
    dataset = registry.get(name)
    assert dataset.name == name
    assert all(len(array.sha256) == 64 for array in dataset.arrays.values())
    assert len({array.sha256 for array in dataset.arrays.values()}) == len(dataset.arrays)
    assert {form.format for form in dataset.forms} <= set(DECODERS)


@pytest.mark.parametrize("name", ["cifar10", "mnist", "fashion_mnist"])
def test_images_have_labels(name: str):
    dataset = registry.get(name)
    assert set(dataset.arrays) == {"train_images", "train_labels", "test_images", "test_labels"}
    for split in ("train", "test"):
        count, channels, height, width = dataset.arrays[f"{split}_images"].shape
        assert dataset.arrays[f"{split}_labels"].shape == (count,)
        assert channels in (1, 3) and height == width


def test_sizes():
    assert registry.get("cifar10").nbytes == 60000 * (3 * 32 * 32 + 1)
    assert registry.get("mnist").nbytes == registry.get("fashion_mnist").nbytes == 70000 * (28 * 28 + 1)
    assert registry.get("moby_dick").nbytes == 1_182_977


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(UserError, match=r"no dataset 'cifar20'\. Did you mean 'cifar10'\?"):
        registry.get("cifar20")
    with pytest.raises(UserError, match="Known: cifar10, cifar100, fashion_mnist, mnist, moby_dick, svhn, war_and_peace"):
        registry.digest("zzzzzzzz")


def test_digest_follows_the_arrays_and_nothing_else():
    mnist = registry.get("mnist")
    assert registry.digest("mnist") == mnist.digest and len(mnist.digest) == 16
    assert dataclasses.replace(mnist, sources=(), folders=(), title="x").digest == mnist.digest
    other = dict(reversed(mnist.arrays.items()))
    assert dataclasses.replace(mnist, arrays=other).digest == mnist.digest
    other["test_labels"] = dataclasses.replace(other["test_labels"], sha256="0" * 64)
    assert dataclasses.replace(mnist, arrays=other).digest != mnist.digest
    assert len({dataset.digest for dataset in registry.DATASETS.values()}) == len(registry.DATASETS)


def test_digests_are_pinned():
    """A change here makes every run of the dataset stale: it should never happen by accident."""
    assert {name: registry.digest(name) for name in registry.DATASETS} == PINNED


PINNED = {
    "cifar10": "2ef11717eeb08b09",
    "cifar100": "d6ce5df10e42d28b",
    "svhn": "40d52bbae3c6049a",
    "mnist": "2ae0dfdbf5666d6e",
    "fashion_mnist": "841422af97443f58",
    "moby_dick": "bac9c3ea50f87b3d",
    "war_and_peace": "51ecd16170ae240e",
}
