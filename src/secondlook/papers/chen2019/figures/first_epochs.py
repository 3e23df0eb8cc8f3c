"""Test error over the epochs before the step size is first cut: which arm leads, and which is steady."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, spread
from secondlook.papers.chen2019.figures import ARM_LOOKS
from secondlook.papers.chen2019.orders import ARMS

METRICS = frozenset(["probe_error", "epoch"])


def draw(data: FigureData) -> Figure:
    """Draw a line an arm."""
    table = data.table
    epochs = table.loc[table["metric"] == "epoch", ["step", "value"]].drop_duplicates().set_index("step")["value"]
    rows = table[table["metric"] == "probe_error"]
    rows = rows.assign(epoch=rows["step"].map(epochs))
    figure, axis = plt.subplots(figsize=(WIDTH, 3.0))
    for arm, look in ARM_LOOKS.items():
        band = spread(rows[rows["arm"] == arm], ["epoch"]).sort_values("epoch")
        if band.empty:
            continue
        axis.plot(band["epoch"], band["mean"], marker=look.marker, ms=4, label=f"{arm}, {ARMS[arm].label}", **look.line)
        axis.fill_between(band["epoch"], band["min"], band["max"], color=look.colour, alpha=0.12, lw=0)
    axis.set(xlabel="epoch", ylabel="test error, %")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(fontsize=7)
    return figure
