"""Discriminator and critic between two Gaussians, as functions of x."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES
from secondlook.papers.arjovsky2017.figures import cell, series

PANELS = (("minimax", "output", "D(x)"), ("wasserstein", "output", "critic f(x)"), ("minimax", "raw", "D before its sigmoid"))
METRICS = frozenset(["x", "real_density", "fake_density", "output", "raw"])


def draw(data: FigureData) -> Figure:
    """Three panels; curves are scaled to 0 ... 1, densities to half of that."""
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.8), sharey=True)
    for axis, (loss, metric, title) in zip(axes, PANELS, strict=True):
        rows = cell(data.table, loss=loss)
        x = next(series(rows, "x"))
        for name, colour, place in (("real_density", "#777777", -3), ("fake_density", "#bbbbbb", 3)):
            density = next(series(rows, name))
            axis.fill_between(x, 0, 0.5 * density / density.max(), color=colour, alpha=0.5, lw=0)
            axis.text(place, 0.52, "data" if place < 0 else "fakes", ha="center", fontsize=7, color="#444444")
        for curve in series(rows, metric):
            axis.plot(x, (curve - curve.min()) / (curve.max() - curve.min()), color=LOSS_LOOKS[loss].colour, lw=1.1, alpha=0.8)
        axis.set_title(f"{LOSSES[loss]}\n{title}", fontsize=9)
        axis.set_xlabel("x")
    axes[0].set_ylabel("output, scaled to 0 ... 1")
    return figure
