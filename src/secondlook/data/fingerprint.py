"""The digest of a dataset's arrays.

A file of its own, so that a training job can check its data without importing the list of all datasets: adding a dataset must not change
any run's code digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def sha256(array: np.ndarray) -> str:
    """Return the sha256 of the array's bytes in C order."""
    return hashlib.sha256(array.data.cast("B") if array.flags.c_contiguous else array.data.tobytes()).hexdigest()


def combine(entries: Iterable[tuple[str, tuple[int, ...], str]]) -> str:
    """Return 16 hex digits over (name, shape, sha256) of each array, in the order of the names."""
    lines = (f"{name} {'x'.join(map(str, shape))} {digest}\n" for name, shape, digest in sorted(entries))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def fingerprint(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the digest of arrays, equal to `secondlook.data.registry.digest` of the dataset they are."""
    return combine((name, array.shape, sha256(array)) for name, array in arrays.items())
