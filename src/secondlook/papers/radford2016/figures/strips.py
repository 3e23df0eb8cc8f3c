"""Strips of images that a generator was asked for, of the first seed: walks, or samples above their nearest training images."""

from __future__ import annotations

from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH

ROWS = {"walk": None, "neighbours": ("samples", "nearest\ntraining\nimages")}


def draw(data: FigureData, kind: Literal["walk", "neighbours"] = "walk") -> Figure:
    """A row a walk, or samples and their neighbours."""
    strip = first_strip(data, kind)
    if strip is None:
        return none_kept()
    rows, columns = strip.shape[:2]
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, WIDTH / columns * rows + 0.1), squeeze=False)
    for line, images in zip(axes, strip, strict=True):
        for axis, image in zip(line, images, strict=True):
            show(axis, image)
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


def none_kept() -> Figure:
    """A figure that says that there is nothing to show."""
    figure = plt.figure(figsize=(WIDTH, 1))
    figure.text(0.5, 0.5, "the first seed diverged", ha="center", va="center")
    return figure


def show(axis: Axes, image_CHW: np.ndarray) -> None:
    """Draw one uint8 image without ticks and frame."""
    axis.imshow(np.moveaxis(image_CHW, 0, -1).squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
