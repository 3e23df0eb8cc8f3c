"""Loss estimate and exact W1 over training, and one against the other."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES, MIXTURES
from secondlook.papers.arjovsky2017.figures import cell, estimate, series

COLUMNS = (("ring", "wasserstein"), ("ring", "non-saturating"), ("grid25", "wasserstein"), ("grid25", "non-saturating"))
METRICS = frozenset(["d_loss", "w1"])


def draw(data: FigureData) -> Figure:
    """A column an arm; replicas that diverged end where they did."""
    figure, axes = plt.subplots(3, 4, figsize=(WIDTH, 5.7))
    for column, (points, loss) in enumerate(COLUMNS):
        rows = cell(data.table, data=points, loss=loss)
        look = LOSS_LOOKS[loss]
        top, middle, bottom = axes[:, column]
        for losses, distances in zip(series(rows, "d_loss"), series(rows, "w1"), strict=True):
            shown = estimate(losses, loss)
            top.plot(shown.index, shown, color=look.colour, lw=0.9, alpha=0.8)
            middle.plot(distances.index, distances, color=look.colour, lw=0.9, alpha=0.8)
            both = pd.DataFrame({"estimate": shown, "distance": distances}).dropna().rank(pct=True)
            bottom.plot(both["distance"], both["estimate"], ms=2.5, alpha=0.6, **look.points)
        if loss == "non-saturating":
            top.axhline(np.log(2), color="#777777", lw=0.8, ls=":")
            top.text(0.98, np.log(2), "log 2", transform=top.get_yaxis_transform(), ha="right", va="bottom", fontsize=6.5, color="#555555")
        bottom.plot([0, 1], [0, 1], color="#777777", lw=0.8, ls=":")
        top.set_title(f"{LOSSES[loss]}\n{MIXTURES[points]}", fontsize=8)
        middle.set(ylim=(0, None), xlabel="generator steps")
        bottom.set(xlabel="W1, rank", xlim=(0, 1.05), ylim=(0, 1.05))
        for axis in (top, middle, bottom):
            axis.tick_params(labelsize=6.5)
    axes[0, 0].set_ylabel("estimate of W or JS")
    axes[1, 0].set_ylabel("exact W1")
    axes[2, 0].set_ylabel("estimate, rank")
    return figure
