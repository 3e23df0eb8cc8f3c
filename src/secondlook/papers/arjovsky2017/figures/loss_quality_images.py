"""Loss estimate and Frechet distance over training, for each generator on images."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH
from secondlook.papers.arjovsky2017.figures import COLOURS, GENERATORS, LOSSES, cell, estimate, series


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """MNIST, three generators."""
    return draw_generators(tables["architectures"])


def draw_generators(table: pd.DataFrame) -> Figure:
    """A column a generator; rows: estimate of W, estimate of JS, Frechet distance of both. Every replica is a line."""
    generators = [name for name in GENERATORS if name in set(table["generator"])]
    figure, axes = plt.subplots(3, len(generators), figsize=(WIDTH, 5.4), sharex="row", sharey="row", squeeze=False)
    for column, generator in enumerate(generators):
        for place, loss in enumerate(("wasserstein", "non-saturating")):
            name = LOSSES[loss]
            rows = cell(table, generator=generator, loss=loss)
            for losses in series(rows, "d_loss"):
                axes[place, column].plot(losses.index, estimate(losses, loss), color=COLOURS[name], lw=1, alpha=0.85)
            for number, distances in enumerate(series(rows, "fid_a")):
                label = name if number == 0 else None
                axes[2, column].plot(distances.index, distances, color=COLOURS[name], lw=1, alpha=0.85, label=label)
        axes[1, column].axhline(np.log(2), color="#777777", lw=0.8, ls=":")
        axes[0, column].set_title(GENERATORS[generator], fontsize=8)
        axes[2, column].set(xlabel="generator steps", yscale="log")
    for axis, label in zip(axes[:, 0], ("WGAN: estimate of W", "GAN: estimate of JS", "Frechet distance"), strict=True):
        axis.set_ylabel(label, fontsize=8)
    axes[1, 0].text(0.02, np.log(2), "log 2", transform=axes[1, 0].get_yaxis_transform(), va="bottom", fontsize=6.5, color="#555555")
    axes[2, 0].legend(fontsize=7)
    return figure
