"""Training and test error over epochs, each rule at its chosen step size."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from secondlook.figures.style import WIDTH, spread, styles
from secondlook.papers.wilson2017.figures import DEFAULT_ADAM, RULES


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Two panels; lines are means over seeds, bands their range."""
    table = tables["c1"]
    epochs = table.loc[table["metric"] == "epoch", ["step", "value"]].drop_duplicates().set_index("step")["value"]
    label = table["optimizer"].map(RULES).where(table["lr"] == "selected", DEFAULT_ADAM)
    names = [*RULES.values(), DEFAULT_ADAM]
    colours, markers, dashes = styles(names)
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), sharey=True)
    for axis, metric, title in zip(axes, ("train_error", "test_error"), ("Training error", "Test error"), strict=True):
        rows = table[table["metric"] == metric].assign(label=label, epoch=lambda frame: frame["step"].map(epochs))
        for name in names:
            band = spread(rows[rows["label"] == name], ["epoch"]).sort_values("epoch")
            if band.empty:
                continue
            few = band["epoch"].max() <= 20
            axis.plot(
                band["epoch"],
                band["mean"],
                color=colours[name],
                dashes=dashes[name] or (None, None),
                marker=markers[name] if few else "",
                markersize=4,
                label=name,
            )
            axis.fill_between(band["epoch"], band["min"], band["max"], color=colours[name], alpha=0.15, lw=0)
        axis.set(title=title, xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set_ylabel("error, %")
    axes[0].legend(fontsize=7)
    return figure
