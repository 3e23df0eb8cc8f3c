"""The bound of test and training images over the updates, a colour a method."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, VERMILLION, WIDTH, spread

METRICS = frozenset({"train_bound", "test_bound"})
METHODS = {"aevb": ("AEVB", BLUE), "wake-sleep": ("wake-sleep", VERMILLION)}


def draw(data: FigureData) -> Figure:
    """Draw a panel a number of latents."""
    table = data.table
    table = table.assign(latents=pd.to_numeric(table["latents"]))
    sizes = sorted(table["latents"].unique())
    figure, axes = plt.subplots(1, len(sizes), figsize=(WIDTH, 3.4), sharey=True, squeeze=False)
    for axis, latents in zip(axes[0], sizes, strict=True):
        for method, (label, look) in METHODS.items():
            rows = table[(table["latents"] == latents) & (table["method"] == method)]
            test, train = (spread(rows[rows["metric"] == name], ["step"]).sort_values("step") for name in ("test_bound", "train_bound"))
            axis.plot(test["step"], test["mean"], color=look.colour, marker=look.marker, ms=3, label=f"{label}, test images")
            axis.fill_between(test["step"], test["min"], test["max"], color=look.colour, alpha=0.15, lw=0)
            axis.plot(train["step"], train["mean"], color=look.colour, ls="--", lw=1, label=f"{label}, training images")
        axis.set(xscale="log", xlabel="updates")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_title(f"{latents} latents")
    late = table[table["metric"].isin(METRICS) & (table["step"] >= table["step"].max() / 30)]["value"]
    if not late.empty:
        axes[0, 0].set_ylim(late.min() - 0.05 * (late.max() - late.min()), late.max() + 0.1 * (late.max() - late.min()))
    axes[0, 0].set_ylabel("bound, nats")
    axes[0, -1].legend(fontsize=7, loc="lower right")
    return figure
