"""Training and test error over epochs, each rule at its chosen step size."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, spread
from secondlook.papers.wilson2017.figures import RULE_LOOKS, rule_labels

PANELS = {"train_error": "Training error", "test_error": "Test error"}
METRICS = frozenset([*PANELS, "epoch"])


def draw(data: FigureData) -> Figure:
    """Two panels; lines are means over seeds, bands their range."""
    table = data.table
    epochs = table.loc[table["metric"] == "epoch", ["step", "value"]].drop_duplicates().set_index("step")["value"]
    table = table.assign(label=rule_labels(table), epoch=table["step"].map(epochs))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), sharey=True)
    for axis, (metric, title) in zip(axes, PANELS.items(), strict=True):
        rows = table[table["metric"] == metric]
        for name, look in RULE_LOOKS.items():
            band = spread(rows[rows["label"] == name], ["epoch"]).sort_values("epoch")
            if band.empty:
                continue
            marker = look.marker if band["epoch"].max() <= 20 else ""
            axis.plot(band["epoch"], band["mean"], marker=marker, markersize=4, label=name, **look.line)
            axis.fill_between(band["epoch"], band["min"], band["max"], color=look.colour, alpha=0.15, lw=0)
        axis.set(title=title, xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set_ylabel("error, %")
    axes[0].legend(fontsize=7)
    return figure
