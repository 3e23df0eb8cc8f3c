"""Loss estimate and exact W1 over training, and one against the other."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH
from secondlook.papers.arjovsky2017.figures import COLOURS, LOSSES, MARKERS, cell, estimate, series

COLUMNS = (("ring", "wasserstein"), ("ring", "non-saturating"), ("grid25", "wasserstein"), ("grid25", "non-saturating"))
DATA = {"ring": "ring", "grid25": "grid of 25"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A column an arm; replicas that diverged end where they did."""
    figure, axes = plt.subplots(3, 4, figsize=(WIDTH, 5.6))
    for column, (data, loss) in enumerate(COLUMNS):
        name = LOSSES[loss]
        rows = cell(tables["correlation"], data=data, loss=loss)
        style = {"color": COLOURS[name], "lw": 0.9, "alpha": 0.8}
        top, middle, bottom = axes[:, column]
        for losses, distances in zip(series(rows, "d_loss"), series(rows, "w1"), strict=True):
            shown = estimate(losses, loss)
            top.plot(shown.index, shown, **style)
            middle.plot(distances.index, distances, **style)
            both = pd.DataFrame({"estimate": shown, "distance": distances}).dropna().rank(pct=True)
            bottom.plot(both["distance"], both["estimate"], ls="", marker=MARKERS[name], ms=2.5, color=COLOURS[name], alpha=0.6)
        if loss == "non-saturating":
            top.axhline(np.log(2), color="#777777", lw=0.8, ls=":")
            top.text(0.98, np.log(2), "log 2", transform=top.get_yaxis_transform(), ha="right", va="bottom", fontsize=6.5, color="#555555")
        bottom.plot([0, 1], [0, 1], color="#777777", lw=0.8, ls=":")
        top.set_title(f"{'WGAN' if loss == 'wasserstein' else 'GAN'}, {DATA[data]}", fontsize=8.5)
        middle.set(ylim=(0, None), xlabel="generator steps")
        bottom.set(xlabel="W1, rank", xlim=(0, 1.05), ylim=(0, 1.05))
        for axis in (top, middle, bottom):
            axis.tick_params(labelsize=6.5)
    axes[0, 0].set_ylabel("estimate of W or JS")
    axes[1, 0].set_ylabel("exact W1")
    axes[2, 0].set_ylabel("estimate, rank")
    return figure
