"""What the bound of clipping does: distance, gradient, weights."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import COLOURS, MARKERS, WIDTH, spread
from secondlook.tables.read import final_values

PANELS = {
    "w1": ("exact W1, end", "linear"),
    "g_gradient_norm": ("G's gradient norm", "log"),
    "largest_weight": ("largest weight", "log"),
    "at_bound": ("share at the bound", "linear"),
}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Four panels; points are replicas, lines their means."""
    figure, axes = plt.subplots(1, len(PANELS), figsize=(WIDTH, 2.6))
    for axis, (metric, (title, scale)) in zip(axes, PANELS.items(), strict=True):
        frame = final_values(tables["clipping"], metric, ["clip"]).dropna().assign(clip=lambda rows: rows["clip"].astype(float))
        means = spread(frame.sort_values("clip"), ["clip"])
        axis.plot(means["clip"], means["mean"], color=COLOURS[0], lw=1.2)
        axis.plot(frame["clip"], frame["value"], ls="", marker=MARKERS[0], color=COLOURS[0], ms=3, alpha=0.7)
        axis.set(xscale="log", yscale=scale, xlabel="bound c")
        axis.set_title(title, fontsize=8)
        axis.tick_params(labelsize=6.5)
        if scale == "linear":
            axis.set_ylim(0, None)
    return figure
