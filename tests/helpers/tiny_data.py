"""Tiny datasets in the formats of the real ones, and ways for a server to misbehave."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import json
import struct
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from secondlook.data.download import Limits
from secondlook.data.registry import Array, Dataset, Form

FAST = Limits(connect_s=1.0, stall_s=0.4, dead_s=1.5, tries=3, backoff_s=0.05)
"""The limits of the tests: the same rules, in a fraction of the time."""

IDX = {
    "train-images-idx3-ubyte": "train_images",
    "train-labels-idx1-ubyte": "train_labels",
    "t10k-images-idx3-ubyte": "test_images",
    "t10k-labels-idx1-ubyte": "test_labels",
}
IDX_GZ = Form("idx", tuple(f"{name}.gz" for name in IDX))
CIFAR = Form(
    "cifar-binary",
    ("tiny.tar.gz",),
    tuple(f"cifar-10-batches-bin/{name}.bin" for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")),
)
SPRITES = Form(
    "cifar-sprites",
    ("tiny-1.0.0.tgz",),
    (
        *(f"package/data_batch_{i}.png" for i in range(1, 6)),
        "package/test_batch.png",
        "package/train_lables.json",
        "package/test_lables.json",
    ),
)


def make_arrays(*, channels: int, size: int, train: int = 10, test: int = 4) -> dict[str, np.ndarray]:
    """Random images and labels of a tiny dataset, always the same."""
    draw = np.random.default_rng(7)
    return {
        "train_images": draw.integers(0, 256, (train, channels, size, size), np.uint8),
        "train_labels": draw.integers(0, 10, train).astype(np.uint8),
        "test_images": draw.integers(0, 256, (test, channels, size, size), np.uint8),
        "test_labels": draw.integers(0, 10, test).astype(np.uint8),
    }


def register(arrays: dict[str, np.ndarray], *sources: object, name: str = "tiny") -> Dataset:
    """A dataset with these arrays, as the registry would record it."""
    recorded = {key: Array(array.shape, hashlib.sha256(array.tobytes()).hexdigest()) for key, array in arrays.items()}
    return Dataset(name, "Tiny", recorded, tuple(sources))


def idx_bytes(array: np.ndarray) -> bytes:
    """The idx file of an array; images lose their channel axis."""
    array = array[:, 0] if array.ndim == 4 else array
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def idx_gz_files(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    """The four .gz files."""
    return {f"{name}.gz": gzip.compress(idx_bytes(arrays[key])) for name, key in IDX.items()}


def tar_gz(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    """A tar.gz archive; a ``TarInfo`` is written as it is, without a body."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, body in members.items():
            if isinstance(body, tarfile.TarInfo):
                archive.addfile(body)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(body)
                archive.addfile(member, io.BytesIO(body))
    return out.getvalue()


def cifar_members(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    """The six .bin files of CIFAR's binary version."""

    def records(split: str) -> np.ndarray:
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        return np.concatenate([labels[:, None], images.reshape(len(images), -1)], axis=1)

    batches = [*np.split(records("train"), 5), records("test")]
    return {name: batch.tobytes() for name, batch in zip(CIFAR.members, batches, strict=True)}


def sprite_members(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    """The PNG sprites and JSON labels of the npm package."""

    def png(images: np.ndarray) -> bytes:
        count, channels, height, width = images.shape
        out = io.BytesIO()
        Image.fromarray(images.transpose(0, 2, 3, 1).reshape(count, height * width, channels)).save(out, "PNG")
        return out.getvalue()

    bodies = [png(batch) for batch in (*np.split(arrays["train_images"], 5), arrays["test_images"])]
    bodies += [json.dumps(arrays[f"{split}_labels"].tolist()).encode() for split in ("train", "test")]
    return dict(zip(SPRITES.members, bodies, strict=True))


def matlab_bytes(images_HWCN: np.ndarray, labels_N: np.ndarray) -> np.ndarray:
    """A file as SVHN's, as an array of its bytes: MATLAB 5, compressed, labels in a column."""
    out = io.BytesIO()
    savemat(out, {"X": images_HWCN, "y": labels_N[:, None]}, do_compression=True)
    return np.frombuffer(out.getvalue(), np.uint8)


Handler = http.server.BaseHTTPRequestHandler


@dataclass
class Server:
    """``routes`` maps a path to the bytes to serve, or to a function that is given the request and does what it likes."""

    url: str
    routes: dict[str, bytes | Callable[[Handler], None]] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of each request."""


def send(request: Handler, body: bytes, *, length: int | None = None, status: int = 200, headers: dict[str, str] | None = None) -> None:
    """Answer with ``body``, announcing ``length`` bytes if given."""
    request.send_response(status)
    request.send_header("Content-Length", str(len(body) if length is None else length))
    for key, value in (headers or {}).items():
        request.send_header(key, value)
    request.end_headers()
    request.wfile.write(body)
    request.wfile.flush()


def stall_after(body: bytes) -> Callable[[Handler], None]:
    """Announce more than ``body``, send it, then nothing more, holding the connection."""

    def route(request: Handler) -> None:
        send(request, body, length=len(body) + 1000)
        time.sleep(3)

    return route


def leftovers(folder: Path) -> list[str]:
    """Files below ``folder`` that a finished fetch should not have left: all but products, locks and what was refused."""
    files = (path for path in folder.rglob("*") if path.is_file() or path.name.endswith(".partial"))
    return [str(path) for path in files if path.suffix not in (".safetensors", ".lock") and "refused" not in path.parts]
