"""How closely an estimate follows a known distance: the WGAN, each of its changes undone, and what chance gives."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLACK, LOSS_LOOKS, WIDTH
from secondlook.papers.arjovsky2017.figures import SHIFTED, cell, series
from secondlook.papers.arjovsky2017.tracking import rank_correlation

METRICS = frozenset(["tracking", "estimate", "w1"])


def draw(data: FigureData) -> Figure:
    """A row an arm; the floor below each of its rows."""
    figure, axis = plt.subplots(figsize=(WIDTH * 0.8, 3.4))
    for row, (name, factors) in enumerate(SHIFTED.items()):
        rows = cell(data.table, **factors)
        look = BLACK if name.startswith("control") else LOSS_LOOKS[factors["loss"]]
        values = [curve.iloc[-1] for curve in series(rows, "tracking")]
        chance = others(list(series(rows, "estimate")), list(series(rows, "w1")))
        axis.plot(values, row - 0.12 + np.linspace(-0.1, 0.1, len(values)), ms=4, alpha=0.8, **look.points)
        axis.plot(chance, row + 0.25 + np.zeros(len(chance)), ".", color="#aaaaaa", ms=4)
        if values:
            axis.plot(np.mean(values), row - 0.12, "|", color="black", ms=14)
    axis.axvline(0, color="black", lw=0.8)
    axis.set_yticks(range(len(SHIFTED)), list(SHIFTED), fontsize=8)
    axis.invert_yaxis()
    axis.set(xlabel="rank correlation of estimate and known distance", xlim=(-1.05, 1.05))
    return figure


def others(estimates: list[pd.Series], distances: list[pd.Series]) -> list[float]:
    """Rank correlation of each replica's estimate with the next replica's distance (the last one's with the first's).

    It is taken here and not in the job, where a replica's numbers must not depend on which others it trained with.
    """
    if len(estimates) < 2:
        return []
    pairs = zip(estimates, [*distances[1:], distances[0]], strict=True)
    joined = (pd.DataFrame({"estimate": one, "distance": other}).dropna() for one, other in pairs)
    return [rank_correlation(list(both["estimate"]), list(both["distance"])) for both in joined]
