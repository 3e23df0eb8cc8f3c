"""A point a replica: a figure that several are drawn with."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData


def draw(data: FigureData, colour: str = "grey") -> Figure:
    """Points of every table."""
    figure, axis = plt.subplots(figsize=(3, 2))
    for name, table in data.tables.items():
        axis.plot(table["replica"], table["value"], "o", color=colour, label=name)
    return figure
