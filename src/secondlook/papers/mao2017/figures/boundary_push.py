"""The push on fakes while the discriminator learns: beyond the data, and where D rejects them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.mao2017.figures import LOSSES

PANELS = {"push_beyond_unseen": "Taken for real, far from the data", "push_left_unseen": "Rejected"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Left: fakes taken for real. Right: rejected fakes. Each push over its largest value in the run."""
    table = tables["boundary"]
    colours, markers, _ = styles([*LOSSES])
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), sharey=True)
    for axis, (metric, title) in zip(axes, PANELS.items(), strict=True):
        rows = table[table["metric"] == metric]
        rows = rows.assign(value=rows["value"] / rows.groupby(["loss", "replica"])["value"].transform("max"))
        for loss, name in LOSSES.items():
            lines = rows[rows["loss"] == loss].pivot_table(index="step", columns="replica", values="value")
            if lines.empty:
                continue
            axis.plot(lines.index, lines, color=colours[loss], lw=0.6, alpha=0.5)
            axis.plot(lines.index, lines.median(axis=1), color=colours[loss], lw=1.8, marker=markers[loss], markersize=3.5, label=name)
        axis.set(title=title, xscale="log", xlabel="updates of D")
    axes[0].set(ylabel="push over its largest", ylim=(-0.03, 1.05))
    axes[0].legend(fontsize=7)
    return figure
