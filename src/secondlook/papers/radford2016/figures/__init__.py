"""Figures of Radford et al. 2016; each module draws one."""

from __future__ import annotations

import numpy as np

from secondlook.figures.data import FigureData


def first_strip(data: FigureData, kind: str) -> np.ndarray | None:
    """Return the images [rows, columns, C, H, W] of that kind that the lowest seed saved; None where none did."""
    for record in sorted(data.records, key=lambda record: record.seeds[0]):
        for name, array in record.arrays.items():
            if name.rpartition("/")[2] == kind:
                return array
    return None


def picture(image_CHW: np.ndarray) -> np.ndarray:
    """Return an image as [H, W], or [H, W, 3] if it has colours."""
    return np.moveaxis(image_CHW, 0, -1).squeeze()
