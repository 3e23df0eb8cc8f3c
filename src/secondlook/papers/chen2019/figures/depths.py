"""Final test error against the depth of a residual net, a line an arm."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, spread
from secondlook.papers.chen2019.figures import ARM_LOOKS
from secondlook.papers.chen2019.orders import ARMS
from secondlook.tables.read import final_values

METRICS = frozenset(["test_error", "diverged"])


def draw(data: FigureData) -> Figure:
    """Draw the mean and the range; a replica that diverged is left out."""
    ends = final_values(data.table, "test_error", ["arm", "depth"]).dropna()
    ends = ends.assign(depth=ends["depth"].astype(int))
    figure, axis = plt.subplots(figsize=(WIDTH, 3.0))
    for arm, look in ARM_LOOKS.items():
        band = spread(ends[ends["arm"] == arm], ["depth"]).sort_values("depth")
        if band.empty:
            continue
        bounds = [band["mean"] - band["min"], band["max"] - band["mean"]]
        axis.errorbar(
            band["depth"], band["mean"], yerr=bounds, color=look.colour, marker=look.marker, ms=4, label=f"{arm}, {ARMS[arm].label}"
        )
    axis.set(xlabel="weight layers", ylabel="test error, %", xticks=sorted(set(ends["depth"])))
    axis.legend(fontsize=7)
    return figure
