"""Frechet distance of image games with each technique alone, and each left out of the recipe."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, ORANGE, WIDTH
from secondlook.labels import TECHNIQUES
from secondlook.tables.read import snapshot

METRICS = frozenset(["fid_a", "diverged"])


def draw(data: FigureData) -> Figure:
    """A row an arm, a dot a seed; a replica that diverged is a cross at the right edge."""
    ends = snapshot(data.table).reset_index()
    arms = [name for name in TECHNIQUES if name in set(ends["technique"])]
    figure, axis = plt.subplots(figsize=(WIDTH, 0.3 * len(arms) + 1.0))
    for place, name in enumerate(arms):
        mine = ends[ends["technique"] == name]
        look = ORANGE if name.startswith("recipe") else BLUE
        sound = np.sort(mine.loc[~mine["diverged"], "fid_a"])
        axis.plot(sound, place + np.linspace(-0.2, 0.2, len(sound)), look.marker, color=look.colour, ms=4, alpha=0.7)
        axis.plot(
            [0.98] * int(mine["diverged"].sum()),
            [place] * int(mine["diverged"].sum()),
            "x",
            color="black",
            transform=axis.get_yaxis_transform(),
        )
        if len(sound):
            axis.plot(np.exp(np.log(sound).mean()), place, "|", color="black", ms=13, mew=1.5)
    axis.set_yticks(range(len(arms)), [TECHNIQUES[name] for name in arms], fontsize=7)
    axis.set_ylim(len(arms) - 0.5, -0.5)
    axis.set(xlabel="Frechet distance in the features of the first net")
    return figure
