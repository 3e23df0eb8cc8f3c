"""A gap a replica, and the verdicts."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData


def draw(data: FigureData) -> Figure:
    """A point a replica."""
    figure, axis = plt.subplots(figsize=(3, 2))
    axis.plot(data.tables["reader"]["replica"], data.tables["reader"]["value"], "o")
    axis.set_title(", ".join(claim["outcome"] for claim in data.claims.values()))
    return figure
