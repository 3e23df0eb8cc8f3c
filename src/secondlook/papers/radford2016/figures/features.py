"""Test error of a linear classifier on four kinds of features."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, looks
from secondlook.tables.read import snapshot

METRICS = frozenset(["error", "diverged"])
LABELS = {"pixels": "pixels", "random": "an untrained D", "gan": "the trained D", "supervised": "the same layers,\ntrained with labels"}


def draw(data: FigureData) -> Figure:
    """A row a kind of features; a game that diverged has none, and is a cross at the right edge."""
    end = snapshot(data.table).reset_index()
    figure, axis = plt.subplots(figsize=(WIDTH, 2.4))
    for row, (source, look) in enumerate(looks(LABELS).items()):
        runs = end[end["source"] == source]
        values = runs.loc[~runs["diverged"], "error"].dropna()
        axis.plot(values, row + np.linspace(-0.2, 0.2, len(values)), ms=4.5, alpha=0.8, **look.points)
        if len(values):
            axis.plot(values.mean(), row, "|", color="black", ms=18)
        for _ in range(int(runs["diverged"].sum())):
            axis.plot(0.98, row, "x", color="black", ms=6, transform=axis.get_yaxis_transform())
    axis.set_yticks(range(len(LABELS)), list(LABELS.values()), fontsize=8)
    axis.set(xlabel="test error, %")
    axis.set_ylim(len(LABELS) - 0.5, -0.5)
    return figure
