"""Strips of images that a generator was asked for, of the first seed: walks, or samples above their nearest training images."""

from __future__ import annotations

from typing import Literal

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import nothing_to_show, show
from secondlook.figures.style import WIDTH
from secondlook.papers.radford2016.figures import first_strip, picture

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
