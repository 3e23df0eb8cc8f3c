"""From the files of a source to arrays: one decoder per format.

The bytes are unchecked when they come here, so a decoder bounds every size before it reads, never runs anything it reads, and says what is
wrong. That the result is the dataset is decided afterwards, by its hashes.
"""

from __future__ import annotations

import json
import struct
import unicodedata
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from secondlook.data import archive
from secondlook.data.failures import SourceError
from secondlook.data.registry import Dataset, Form

Arrays = dict[str, np.ndarray]


def unpacked_limit(dataset: Dataset) -> int:
    """Return the most bytes that an honest archive of the dataset holds, with room for papers and padding."""
    return 2 * dataset.nbytes + (64 << 20)


def _expect_size(path: Path, size: int) -> None:
    if path.stat().st_size != size:
        raise SourceError(f"{path.name} has {path.stat().st_size} bytes, not {size}")


def _batches(parts: Sequence[Path], suffix: str) -> dict[str, list[Path]]:
    """Split ``data_batch_*`` (training, in order) from ``test_batch``."""
    batches = [part for part in parts if part.suffix == suffix]
    return {
        "train": [part for part in batches if part.name.startswith("data_batch_")],
        "test": [part for part in batches if part.name.startswith("test_batch")],
    }


def _cifar_binary(parts: Sequence[Path], dataset: Dataset, scratch: Path) -> Arrays:
    """CIFAR's binary version: records of one label byte and the image as C H W."""
    arrays: Arrays = {}
    for split, files in _batches(parts, ".bin").items():
        shape = dataset.arrays[f"{split}_images"].shape
        rows = shape[0] // len(files)
        record = 1 + int(np.prod(shape[1:]))
        images = np.empty((shape[0], record - 1), np.uint8)
        labels = np.empty(shape[0], np.uint8)
        for index, path in enumerate(files):
            _expect_size(path, rows * record)
            records = np.fromfile(path, np.uint8).reshape(rows, record)
            labels[index * rows : (index + 1) * rows] = records[:, 0]
            images[index * rows : (index + 1) * rows] = records[:, 1:]
        arrays |= {f"{split}_images": images.reshape(shape), f"{split}_labels": labels}
    return arrays


def _bytes(parts: Sequence[Path], dataset: Dataset, scratch: Path) -> Arrays:
    """Files that are an array each, byte for byte: ``train.bin`` or ``train_32x32.mat`` is the array whose name begins with ``train_``."""
    arrays: Arrays = {}
    for path in parts:
        split = path.stem.partition("_")[0]
        key = next(key for key in dataset.arrays if key.startswith(f"{split}_"))
        _expect_size(path, dataset.arrays[key].nbytes)
        arrays[key] = np.fromfile(path, np.uint8).reshape(dataset.arrays[key].shape)
    return arrays


def _json_labels(path: Path, count: int) -> np.ndarray:
    """A JSON list of ``count`` small integers as uint8."""
    if path.stat().st_size > 8 * count + 1024:
        raise SourceError(f"{path.name} is too long for {count} labels")
    try:
        labels = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path.name} is not JSON") from error
    if not isinstance(labels, list) or len(labels) != count or not all(type(label) is int and 0 <= label < 256 for label in labels):
        raise SourceError(f"{path.name} is not a list of {count} labels from 0 to 255")
    return np.array(labels, np.uint8)


def _cifar_sprites(parts: Sequence[Path], dataset: Dataset, scratch: Path) -> Arrays:
    """PNG sprites with one image a row (its H x W pixels side by side, RGB), and labels as JSON."""
    from PIL import Image

    arrays: Arrays = {}
    for split, files in _batches(parts, ".png").items():
        count, channels, height, width = dataset.arrays[f"{split}_images"].shape
        rows = count // len(files)
        images = np.empty((count, channels, height, width), np.uint8)
        for index, path in enumerate(files):
            try:
                # Only the header is read before the size is checked, so a small file cannot ask for a huge image.
                with Image.open(path, formats=["PNG"]) as sprite:
                    if sprite.size != (height * width, rows) or sprite.mode != "RGB":
                        raise SourceError(f"{path.name} is a {sprite.mode} image of {sprite.size}, not RGB of {(height * width, rows)}")
                    pixels = np.asarray(sprite)
            except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError) as error:
                raise SourceError(f"{path.name} is not a readable PNG image: {error}") from error
            images[index * rows : (index + 1) * rows] = pixels.reshape(rows, height, width, channels).transpose(0, 3, 1, 2)
        arrays[f"{split}_images"] = images
    for split in ("train", "test"):
        path = next(part for part in parts if part.suffix == ".json" and part.name.startswith(split))
        arrays[f"{split}_labels"] = _json_labels(path, dataset.arrays[f"{split}_labels"].shape[0])
    return arrays


_IDX_ARRAYS = {
    "train-images-idx3-ubyte": "train_images",
    "train-labels-idx1-ubyte": "train_labels",
    "t10k-images-idx3-ubyte": "test_images",
    "t10k-labels-idx1-ubyte": "test_labels",
}


def _idx(parts: Sequence[Path], dataset: Dataset, scratch: Path) -> Arrays:
    """The four idx files of MNIST and its kin, each plain or as .gz."""
    from torchvision.datasets import mnist  # here, since loading torch takes seconds and only this format needs it

    arrays: Arrays = {}
    for path in parts:
        name = path.name.removesuffix(".gz")
        key = _IDX_ARRAYS[name]
        shape = dataset.arrays[key].shape
        plain_shape = (shape[0], *shape[2:]) if len(shape) == 4 else shape  # idx images have no channel axis
        # torchvision's reader trusts the sizes in the header, takes any type, and only asserts: so the header must be the expected one.
        header = struct.pack(f">HBB{len(plain_shape)}I", 0, 0x08, len(plain_shape), *plain_shape)
        size = len(header) + dataset.arrays[key].nbytes
        if path.suffix == ".gz":
            archive.gunzip(path, scratch / name, size)
            path = scratch / name
        _expect_size(path, size)
        with path.open("rb") as stream:
            if (found := stream.read(len(header))) != header:
                raise SourceError(f"{name} begins with {found.hex(' ', 4)}, not with the idx header {header.hex(' ', 4)}")
        read = mnist.read_image_file if len(shape) == 4 else mnist.read_label_file
        arrays[key] = read(str(path)).numpy().astype(np.uint8).reshape(shape)
    return arrays


def _text(parts: Sequence[Path], dataset: Dataset, scratch: Path) -> Arrays:
    """A novel in UTF-8 as ASCII codes: accents taken off (NFKD), what is not ASCII then left out, lines ended by one character.

    It ends at the recorded length: copies go round with additions after the last word.
    """
    (path,) = parts
    if path.stat().st_size > 4 * dataset.nbytes + (1 << 20):
        raise SourceError(f"{path.name} has {path.stat().st_size} bytes, far more than the novel")
    try:
        text = path.read_text(encoding="utf-8-sig")  # without a byte-order mark; \r\n is read as \n
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} is not UTF-8: {error}") from error
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore")
    return {"text": np.frombuffer(plain, np.uint8)[: dataset.arrays["text"].shape[0]].copy()}


def _safetensors(parts: Sequence[Path], dataset: Dataset, scratch: Path) -> Arrays:
    """The finished product of another machine."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    (path,) = parts
    if path.stat().st_size > dataset.nbytes + (1 << 20):
        raise SourceError(f"{path.name} has {path.stat().st_size} bytes, far more than the dataset")
    try:
        return load_file(path)
    except (SafetensorError, ValueError, KeyError) as error:
        raise SourceError(f"{path.name} is not a readable safetensors file: {error}") from error


DECODERS: Mapping[str, Callable[[Sequence[Path], Dataset, Path], Arrays]] = {
    "bytes": _bytes,
    "cifar-binary": _cifar_binary,
    "cifar-sprites": _cifar_sprites,
    "idx": _idx,
    "safetensors": _safetensors,
    "text": _text,
}


def decode(form: Form, files: Sequence[Path], dataset: Dataset, scratch: Path) -> Arrays:
    """Return the arrays held by ``files``, which come in the order of ``form.files``: uint8, images N C H W, a text N.

    ``scratch`` is an existing folder for what has to be unpacked. Raises ``SourceError`` when the files do not hold arrays of the expected
    shapes, ``OSError`` when the disk is full.
    """
    parts = archive.extract(files[0], form.members, scratch, unpacked_limit(dataset)) if form.members else files
    return DECODERS[form.format](parts, dataset, scratch)
