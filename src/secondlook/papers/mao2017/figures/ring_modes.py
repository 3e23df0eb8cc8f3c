"""Modes and the share of samples of high quality on the ring, every seed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from secondlook.papers.mao2017.figures import LOSSES
from secondlook.plotting import WIDTH, styles

PANELS = {"modes": "modes covered, of 8", "high_quality": "samples of high quality, %"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A row a metric, a column a loss; the ring as coded, or the first there is. A replica that diverged ends in a cross."""
    table = tables["ring"]
    table = table[table["data"] == table["data"].iloc[0]]
    losses = [loss for loss in LOSSES if loss in set(table["loss"])]
    colours, markers, _ = styles([*LOSSES])
    figure, axes = plt.subplots(2, len(losses), figsize=(WIDTH, 4.2), sharex=True, sharey="row", squeeze=False)
    for column, loss in enumerate(losses):
        mine = table[table["loss"] == loss]
        for axis, (metric, label) in zip(axes[:, column], PANELS.items(), strict=True):
            lines = mine[mine["metric"] == metric].pivot_table(index="step", columns="replica", values="value")
            lines = lines * (100 if metric == "high_quality" else 1)
            axis.plot(lines.index, lines, color=colours[loss], lw=0.9, alpha=0.75, marker=markers[loss], markersize=2.5)
            for replica in mine.loc[mine["metric"] == "diverged", "replica"]:
                if replica in lines:
                    last = lines[replica].dropna()
                    axis.plot(last.index[-1], last.iloc[-1], "x", color="black", ms=7)
            if column == 0:
                axis.set_ylabel(label)
        axes[0, column].set_title(LOSSES[loss])
        axes[1, column].set_xlabel("generator steps")
        axes[1, column].xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step / 1000:g}k"))
    axes[0, 0].set_ylim(-0.3, 8.5)
    return figure
