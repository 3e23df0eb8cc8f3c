"""Squared error over the updates of the whole net, a line a start; the mean image's error is dashed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, Look, plain_log, spread
from secondlook.papers.hinton2006.figures import LONGER, LONGER_LOOK, NETS, of_net

METRICS = frozenset({"squared_error", "mean_image_error"})


def draw(data: FigureData) -> Figure:
    """Draw all nets of the tables on one axis."""
    figure, axis = plt.subplots(figsize=(0.65 * WIDTH, 3.6))
    for name, table in data.tables.items():
        for key, (label, look) in NETS.items():
            rows = of_net(table, *key)
            if not rows.empty:
                _line(axis, rows, *((LONGER, LONGER_LOOK) if name == "longer" else (label, look)))
    means = pd.concat(data.tables.values())
    axis.axhline(means.loc[means["metric"] == "mean_image_error", "value"].mean(), color="0.4", ls="--", lw=1, label="the mean image")
    axis.set(xlabel="updates of the whole net", ylabel="squared error of a test image")
    plain_log(axis)
    axis.legend(fontsize=8)
    return figure


def _line(axis: Axes, rows: pd.DataFrame, label: str, look: Look) -> None:
    band = spread(rows[rows["metric"] == "squared_error"], ["step"]).sort_values("step")
    axis.plot(band["step"], band["mean"], label=label, **look.line)
    axis.fill_between(band["step"], band["min"], band["max"], color=look.colour, alpha=0.2, lw=0)
