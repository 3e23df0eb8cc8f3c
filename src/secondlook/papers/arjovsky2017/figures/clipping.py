"""What the bound of clipping does: distance, gradient, weights."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH, spread
from secondlook.tables.read import final_values

PANELS = {
    "w1": ("exact W1, end", "linear"),
    "g_gradient_norm": ("G's gradient norm", "log"),
    "largest_weight": ("largest weight", "log"),
    "at_bound": ("share at the bound", "linear"),
}
METRICS = frozenset([*PANELS, "diverged"])


def draw(data: FigureData) -> Figure:
    """Four panels; points are replicas, lines their means."""
    look = LOSS_LOOKS["wasserstein"]
    figure, axes = plt.subplots(1, len(PANELS), figsize=(WIDTH, 2.6))
    for axis, (metric, (title, scale)) in zip(axes, PANELS.items(), strict=True):
        frame = final_values(data.table, metric, ["clip"]).dropna().assign(clip=lambda rows: rows["clip"].astype(float))
        means = spread(frame.sort_values("clip"), ["clip"])
        axis.plot(means["clip"], means["mean"], lw=1.2, **look.line)
        axis.plot(frame["clip"], frame["value"], ms=3, alpha=0.7, **look.points)
        axis.set(xscale="log", yscale=scale, xlabel="bound c")
        axis.set_title(title, fontsize=8)
        axis.tick_params(labelsize=6.5)
        if scale == "linear":
            axis.set_ylim(0, None)
    return figure
