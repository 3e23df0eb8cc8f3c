"""Figures of this paper."""

from __future__ import annotations

import numpy as np

from secondlook.tables.arrays import Record


def first(record: Record) -> dict[str, np.ndarray]:
    """Arrays of the first replica that saved codes, by their names; empty where none did."""
    for name in record.arrays:
        if name.endswith("/codes"):
            seed = name.partition("/")[0]
            return {key.partition("/")[2]: array for key, array in record.arrays.items() if key.startswith(f"{seed}/")}
    return {}
