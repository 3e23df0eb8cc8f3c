"""The push on fakes while the discriminator learns: beyond the data, and where D rejects them."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES

PANELS = {"push_beyond_unseen": "Taken for real, far from the data", "push_left_unseen": "Rejected"}
METRICS = frozenset(PANELS)


def draw(data: FigureData) -> Figure:
    """Left: fakes taken for real. Right: rejected fakes. Each push over its largest value in the run."""
    table = data.table
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), sharey=True)
    for axis, (metric, title) in zip(axes, PANELS.items(), strict=True):
        rows = table[table["metric"] == metric]
        rows = rows.assign(value=rows["value"] / rows.groupby(["loss", "replica"])["value"].transform("max"))
        for loss, look in LOSS_LOOKS.items():
            lines = rows[rows["loss"] == loss].pivot_table(index="step", columns="replica", values="value")
            if lines.empty:
                continue
            axis.plot(lines.index, lines, color=look.colour, lw=0.6, alpha=0.5)
            axis.plot(lines.index, lines.median(axis=1), color=look.colour, lw=1.8, marker=look.marker, markersize=3.5, label=LOSSES[loss])
        axis.set(title=title, xscale="log", xlabel="updates of D")
    axes[0].set(ylabel="push over its largest", yscale="log", ylim=(1e-8, 2))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7)
    return figure
