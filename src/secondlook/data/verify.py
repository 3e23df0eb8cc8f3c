"""Whether arrays are the dataset they claim to be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from secondlook.data.fingerprint import sha256
from secondlook.data.registry import Dataset


def mismatch(arrays: Mapping[str, np.ndarray], dataset: Dataset) -> str | None:
    """Return what differs from the registry (names, then shapes and types, then hashes), or ``None`` if nothing does."""
    if set(arrays) != set(dataset.arrays):
        return f"has the arrays {', '.join(sorted(arrays)) or 'none'}, not {', '.join(sorted(dataset.arrays))}"
    for key, expected in dataset.arrays.items():
        found = arrays[key]
        if found.dtype != np.uint8 or found.shape != expected.shape:
            return f"has {key} as {found.dtype} of shape {found.shape}, not uint8 of shape {expected.shape}"
    for key, expected in dataset.arrays.items():
        if (digest := sha256(arrays[key])) != expected.sha256:
            return f"has {key} with sha256 {digest}, not the recorded {expected.sha256}"
    return None
