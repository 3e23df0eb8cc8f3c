"""How much noisier the score-function estimate is than the gradient through the draw, model by model."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, WIDTH
from secondlook.tables.read import snapshot

METRICS = frozenset({"variance_ratio", "bound_slack"})


def draw(data: FigureData) -> Figure:
    """Draw one point a model."""
    found = snapshot(data.table)
    figure, axis = plt.subplots(figsize=(WIDTH, 2.8))
    axis.plot(found["bound_slack"], found["variance_ratio"], markersize=4, alpha=0.7, **BLUE.points)
    axis.axhline(10, color="0.4", ls="--", lw=1)
    axis.set(xlabel="log-likelihood less the bound, nats", ylabel="ratio of variances", xscale="log", yscale="log")
    return figure
