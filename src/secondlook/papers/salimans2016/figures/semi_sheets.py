"""Samples that the generators make while a classifier learns, an arm a picture."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import leave_bare, show, tile
from secondlook.figures.style import WIDTH
from secondlook.labels import TECHNIQUES

ARMS = ("feature_matching", "ordinary", "minibatch", "supervised")


def draw(data: FigureData, noise_level: str = "low") -> Figure:
    """The first seed of each arm at one noise level."""
    figure, axes = plt.subplots(1, len(ARMS), figsize=(WIDTH, 1.9))
    for axis, arm in zip(axes, ARMS, strict=True):
        for record in data.records:
            if (record.cell["technique"], record.cell["noise_level"]) == (arm, noise_level):
                sheet = record.arrays.get(f"{record.seeds[0]}/sheet")
                if sheet is not None:  # one that diverged has saved none
                    show(axis, tile(sheet))
        leave_bare(axis)
        axis.set_title(TECHNIQUES[arm], fontsize=8, fontweight="normal", loc="center")
    return figure
