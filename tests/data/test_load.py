"""Reading a product back."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_data import register

from secondlook.data.fingerprint import fingerprint, sha256
from secondlook.data.load import load
from secondlook.errors import UserError


def test_round_trip(tmp_path, colour):
    save_file(colour, tmp_path / "a.safetensors")
    found = load(tmp_path / "a.safetensors", register(colour).digest)
    assert all(np.array_equal(found[key], colour[key]) for key in colour)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.update(test_images=arrays["test_images"] ^ np.uint8(1)),
        lambda arrays: arrays.pop("test_labels"),
        lambda arrays: arrays.update(test_labels=arrays["test_labels"].astype(np.int64)),
        lambda arrays: arrays.update(test_labels=arrays["test_labels"][:2].copy()),
        lambda arrays: arrays.update(test_images=arrays["test_images"].reshape(-1, 3, 2, arrays["test_images"][0, 0].size // 2)),
    ],
)
def test_other_data(tmp_path, colour, change):
    digest = register(colour).digest
    change(colour)
    path = tmp_path / "a.safetensors"
    save_file(colour, path)
    with pytest.raises(UserError) as error:
        load(path, digest)
    for part in (str(path), digest, fingerprint(colour), "python -m secondlook fetch a"):
        assert part in str(error.value)


@pytest.mark.parametrize("body", [b"", b"junk", b"\xff" * 64])
def test_not_safetensors(tmp_path, colour, body):
    path = tmp_path / "a.safetensors"
    path.write_bytes(body)
    with pytest.raises(UserError, match=r"a\.safetensors .*Delete it and fetch it again"):
        load(path, register(colour).digest)


def test_missing(tmp_path, colour):
    with pytest.raises(UserError, match=r"There is no file .*nothing\.safetensors\. Fetch it first"):
        load(tmp_path / "nothing.safetensors", register(colour).digest)
    with pytest.raises(UserError, match="Cannot read"):
        load(tmp_path, register(colour).digest)


def test_a_view_hashes_as_its_copy(colour):
    view = colour["train_images"].transpose(0, 2, 3, 1)
    assert sha256(view) == sha256(np.ascontiguousarray(view)) != sha256(colour["train_images"])


def test_a_job_does_not_import_the_list_of_datasets():
    code = "import sys; import secondlook.data.load; sys.exit('secondlook.data.registry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
