"""Exact W1 at the end against the step size, both losses with both optimizers."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH, spread
from secondlook.labels import LOSSES, OPTIMIZERS
from secondlook.tables.read import final_values

METRICS = frozenset(["w1", "diverged"])


def draw(data: FigureData) -> Figure:
    """A panel an optimizer; points are replicas, lines their means. A replica that diverged has no point."""
    frame = final_values(data.table, "w1", ["loss", "optimizer", "lr"]).dropna().assign(lr=lambda rows: rows["lr"].astype(float))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.8), sharey=True)
    for axis, optimizer in zip(axes, ("rmsprop", "adam"), strict=True):
        for loss in ("wasserstein", "non-saturating"):
            look = LOSS_LOOKS[loss]
            mine = frame[(frame["loss"] == loss) & (frame["optimizer"] == optimizer)].sort_values("lr")
            means = spread(mine, ["lr"])
            axis.plot(means["lr"], means["mean"], label=LOSSES[loss], **look.line)
            axis.plot(mine["lr"], mine["value"], ms=3.5, alpha=0.7, **look.points)
        axis.set(title=OPTIMIZERS[optimizer], xscale="log", xlabel="step size of both players")
    axes[0].set_ylabel("exact W1 at the end")
    axes[0].set_ylim(0, None)
    axes[1].legend(fontsize=7)
    return figure
