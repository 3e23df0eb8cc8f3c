"""Loss over steps."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import spread

METRICS = frozenset({"loss"})


def draw(data: FigureData, width: float = 7) -> Figure:
    """A line a cell."""
    figure, axis = plt.subplots(figsize=(width, 2))
    for _, rows in data.tables["grid"].groupby(["optimizer", "lr"]):
        band = spread(rows, ["step"])
        axis.plot(band["step"], band["mean"])
    return figure
