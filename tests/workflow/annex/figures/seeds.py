"""The seeds."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData

METRICS = frozenset({"seed"})


def draw(data: FigureData) -> Figure:
    """A point a seed."""
    figure, axis = plt.subplots(figsize=(3, 2))
    axis.plot(data.table["replica"], data.table["value"], "o")
    return figure
