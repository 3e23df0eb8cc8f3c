"""Test error against the dropout rate, a line a place of dropout; dashed with re-estimated batch statistics."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.papers.chen2019.figures import PLACES, placed
from secondlook.tables.read import snapshot

METRICS = frozenset(["test_error", "error_reestimated", "diverged"])


def draw(data: FigureData) -> Figure:
    """Draw all rates of both experiments on one axis; a replica that diverged is left out."""
    ends = [snapshot(table).reset_index() for table in data.tables.values()]
    ends = [placed(frame[~frame["diverged"]]) for frame in ends]
    frame = pd.concat(ends, ignore_index=True)
    without = frame[(frame["place"] == "conv-bn-relu-drop") & (frame["rate"] == 0)]
    frame = pd.concat([frame, without.assign(place="head"), without.assign(place="conv-drop-bn-relu")], ignore_index=True)  # the same net
    figure, axis = plt.subplots(figsize=(4.8, 3.4))
    for shift, (place, (label, look)) in enumerate(PLACES.items()):
        mine = frame[frame["place"] == place]
        if mine["rate"].nunique() < 2:
            continue
        by_rate = mine.groupby("rate")
        error = by_rate["test_error"].agg(["mean", "min", "max"])
        x = error.index.to_numpy() + 0.002 * (shift - 2)
        bars = np.stack([error["mean"] - error["min"], error["max"] - error["mean"]])
        axis.errorbar(x, error["mean"], yerr=bars, color=look.colour, marker=look.marker, ms=4, lw=1.4, elinewidth=0.7, label=label)
        if "error_reestimated" in mine and (again := by_rate["error_reestimated"].mean().dropna()).size > 1:
            axis.plot(again.index, again, color=look.colour, ls=(0, (4, 2)), lw=1.1)
    axis.plot([], [], color="black", ls=(0, (4, 2)), lw=1.1, label="statistics re-estimated without dropout")
    axis.set(xlabel="dropout rate (share of units set to zero)", ylabel="test error, %")
    axis.legend(fontsize=7)
    return figure
