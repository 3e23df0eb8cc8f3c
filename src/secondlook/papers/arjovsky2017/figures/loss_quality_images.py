"""Loss estimate and Frechet distance over training, for each generator on images."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH, plain_log
from secondlook.labels import GENERATORS, LOSSES
from secondlook.papers.arjovsky2017.figures import cell, estimate, series

METRICS = frozenset(["d_loss", "fid_a"])
ESTIMATES = {"wasserstein": "estimate of W", "non-saturating": "estimate of JS"}


def draw(data: FigureData) -> Figure:
    """A column a generator; rows: estimate of W, estimate of JS, Frechet distance of both. Every replica is a line."""
    generators = [name for name in GENERATORS if name in set(data.table["generator"])]
    figure, axes = plt.subplots(3, len(generators), figsize=(WIDTH, 5.6), sharex="row", sharey="row", squeeze=False)
    for column, generator in enumerate(generators):
        for place, loss in enumerate(ESTIMATES):
            rows = cell(data.table, generator=generator, loss=loss)
            style = {"color": LOSS_LOOKS[loss].colour, "lw": 1, "alpha": 0.85}
            for losses in series(rows, "d_loss"):
                axes[place, column].plot(losses.index, estimate(losses, loss), **style)
            for number, distances in enumerate(series(rows, "fid_a")):
                axes[2, column].plot(distances.index, distances, label=LOSSES[loss] if number == 0 else None, **style)
        axes[1, column].axhline(np.log(2), color="#777777", lw=0.8, ls=":")
        axes[0, column].set_title(textwrap.fill(GENERATORS[generator], 16), fontsize=8)
        axes[2, column].set_xlabel("generator steps")
    axes[1, 0].text(0.02, np.log(2), "log 2", transform=axes[1, 0].get_yaxis_transform(), va="bottom", fontsize=6.5, color="#555555")
    plain_log(axes[2, 0])
    for axis, label in zip(
        axes[:, 0], [*(f"{LOSSES[loss]}:\n{what}" for loss, what in ESTIMATES.items()), "Frechet distance"], strict=True
    ):
        axis.set_ylabel(label, fontsize=8)
    figure.legend(*axes[2, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=7)
    return figure
