"""A deep net at its start: the gradient that reaches each layer, and the share of outputs that are exactly zero."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, looks, spread
from secondlook.labels import ACTIVATIONS

METRICS = frozenset(["gradient", "zeros"])


def draw(data: FigureData) -> Figure:
    """A column a variance of the weights."""
    table = data.table[data.table["metric"].isin(METRICS)]
    gains = sorted(table["gain"].unique(), key=float)
    figure, axes = plt.subplots(2, len(gains), figsize=(WIDTH, 4.4), sharex=True, sharey="row", squeeze=False)
    for column, gain in enumerate(gains):
        for row, (metric, what) in enumerate((("gradient", "gradient, last layer = 1"), ("zeros", "share of zeros"))):
            axis = axes[row][column]
            for name, look in looks(ACTIVATIONS).items():
                mine = table[(table["metric"] == metric) & (table["activation"] == name) & (table["gain"] == gain)]
                band = spread(mine, ["step"])
                axis.plot(band["step"], band["mean"], marker=look.marker, ms=3.5, label=ACTIVATIONS[name], **look.line)
                axis.fill_between(band["step"], band["min"], band["max"], color=look.colour, alpha=0.2, lw=0)
            axes[row][0].set_ylabel(what)
        axes[0][column].set_title(f"weights of variance {float(gain):g} / width")
        for axis in axes[:, column]:
            axis.tick_params(labelleft=True)  # on a phone panels stand one below the other
        axes[1][column].set_xlabel("hidden layer, from the input")
    axes[0][0].set_yscale("log")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return figure
