"""Images of a fetched data set, brought to the side that an experiment asks for.

Shapes: N images, C channels, H height, W width. They stay uint8: a pixel x means x / 127.5 - 1 to a net with outputs in [-1, 1].
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from secondlook.data.load import load
from secondlook.errors import UserError
from secondlook.runner.job import Job

#: images at a time: as float32, 50,000 colour images of 64 pixels would take 2.5 GB
CHUNK = 5000


def resized(images_NCHW: torch.Tensor, side: int) -> torch.Tensor:
    """Return the uint8 images as [N, C, side, side], rounded to uint8.

    Images of 28 pixels are first padded by 2 black pixels on each side, unless 28 is what is asked for. Then whole blocks are averaged, or
    pixels interpolated bilinearly where ``side`` is a multiple of what there is.

    Raises:
        UserError: neither of the two sides divides the other.
    """
    native = images_NCHW.shape[-1]
    if side == native:
        return images_NCHW
    padding = 2 if native == 28 else 0
    padded = native + 2 * padding
    if padded % side and side % padded:
        raise UserError(
            f"side: images of {native} pixels cannot have {side}; give {native}, or what divides {padded} or is a multiple of it"
        )

    def resize(part_NCHW: torch.Tensor) -> torch.Tensor:
        part_NCHW = F.pad(part_NCHW, [padding] * 4)
        if side > padded:
            floats = F.interpolate(part_NCHW.float(), (side, side), mode="bilinear")
        else:
            floats = F.avg_pool2d(part_NCHW.float(), padded // side)
        return floats.round().to(torch.uint8)

    return torch.cat([resize(part) for part in images_NCHW.split(CHUNK)])


def images_and_labels(arrays: Mapping[str, np.ndarray], split: Literal["train", "test"]) -> tuple[np.ndarray, np.ndarray]:
    """Return the images [N, C, H, W] and labels [N] of a split, uint8; of CIFAR-100's records the fine labels, of SVHN the digits."""
    if f"{split}_records" in arrays:
        records = arrays[f"{split}_records"]
        return records[:, 2:].reshape(-1, 3, 32, 32), records[:, 1]
    if f"{split}_mat" in arrays:
        return _matlab(arrays[f"{split}_mat"])
    return arrays[f"{split}_images"], arrays[f"{split}_labels"]


def _matlab(file: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels of a file of SVHN, given as its bytes: ``X`` [H, W, C, N], and ``y`` [N, 1], where 10 is the digit 0."""
    from scipy.io import loadmat  # here, since other data sets do not need it

    held = loadmat(io.BytesIO(file.tobytes()), variable_names=["X", "y"])
    return np.ascontiguousarray(held["X"].transpose(3, 2, 0, 1)), held["y"].ravel() % 10


def load_images(
    job: Job, dataset: str, split: Literal["train", "test"], side: int, count: int | None = None, device: str | torch.device = "cpu"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the first ``count`` images (all: None) of a split, uint8 [N, C, side, side], and their labels, int64 [N], on ``device``.

    Raises:
        UserError: the experiment does not name the data set, it was not fetched, it has fewer images, or they cannot have that side.
    """
    if dataset not in job.datasets:
        raise UserError(f"{job.paper}/{job.experiment}: its settings ask for '{dataset}'; add it to 'datasets' of that experiment")
    images, labels = images_and_labels(load(*job.datasets[dataset]), split)
    if count is not None and count > len(images):
        raise UserError(f"{job.paper}/{job.experiment}: {count} {split} images asked for; {dataset} has {len(images)}")
    return resized(torch.from_numpy(images[:count]), side).to(device), torch.from_numpy(labels[:count]).long().to(device)
