"""Strips of images that a generator was asked for, of the first seed: walks, or samples above their nearest training images."""

from __future__ import annotations

from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import nothing_to_show, show
from secondlook.figures.style import WIDTH

ROWS = {"walk": None, "neighbours": ("samples", "nearest\ntraining\nimages")}


def draw(data: FigureData, kind: Literal["walk", "neighbours"] = "walk") -> Figure:
    """A row a walk, or samples and their neighbours."""
    strip = first_strip(data, kind)
    if strip is None:
        return nothing_to_show("the first seed diverged")
    rows, columns = strip.shape[:2]
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, WIDTH / columns * rows + 0.1), squeeze=False)
    for line, images in zip(axes, strip, strict=True):
        for axis, image in zip(line, images, strict=True):
            show(axis, picture(image))
    for line, name in zip(axes, ROWS[kind] or (), strict=False):
        line[0].set_ylabel(name, fontsize=8)
    return figure


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
