"""Exact W1 at the end against the step size, both losses with both optimizers."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, spread
from secondlook.papers.arjovsky2017.figures import COLOURS, LOSSES, MARKERS
from secondlook.tables.read import final_values

OPTIMIZERS = {"rmsprop": "RMSProp", "adam": "Adam"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A panel an optimizer; points are replicas, lines their means. A replica that diverged has no point."""
    frame = final_values(tables["optimizers"], "w1", ["loss", "optimizer", "lr"]).dropna().assign(lr=lambda rows: rows["lr"].astype(float))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.8), sharey=True)
    for axis, (optimizer, title) in zip(axes, OPTIMIZERS.items(), strict=True):
        for loss in ("wasserstein", "non-saturating"):
            name = LOSSES[loss]
            mine = frame[(frame["loss"] == loss) & (frame["optimizer"] == optimizer)].sort_values("lr")
            means = spread(mine, ["lr"])
            axis.plot(means["lr"], means["mean"], color=COLOURS[name], label=name)
            axis.plot(mine["lr"], mine["value"], ls="", marker=MARKERS[name], color=COLOURS[name], ms=3.5, alpha=0.7)
        axis.set(title=title, xscale="log", xlabel="step size of both players")
    axes[0].set_ylabel("exact W1 at the end")
    axes[0].set_ylim(0, None)
    axes[1].legend(fontsize=7)
    return figure
