"""The push on fakes while the discriminator learns: beyond the data, and where D rejects them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.papers.mao2017.figures import LOSSES
from secondlook.plotting import WIDTH, styles


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Left: relative push on fakes taken for real. Right: push on rejected fakes, over its largest value in the run."""
    table = tables["boundary"]
    left_push = table[table["metric"] == "push_left_unseen"]
    largest = left_push.groupby(["loss", "replica"])["value"].transform("max")
    panels = {
        "Taken for real, far from the data": table[table["metric"] == "relative_push_unseen"],
        "Rejected": left_push.assign(value=left_push["value"] / largest),
    }
    labels = ("push over the mean push", "push over its largest")
    colours, markers, _ = styles([*LOSSES])
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1))
    for axis, (title, rows), label in zip(axes, panels.items(), labels, strict=True):
        for loss, name in LOSSES.items():
            lines = rows[rows["loss"] == loss].pivot_table(index="step", columns="replica", values="value")
            if lines.empty:
                continue
            axis.plot(lines.index, lines, color=colours[loss], lw=0.6, alpha=0.5)
            axis.plot(lines.index, lines.median(axis=1), color=colours[loss], lw=1.8, marker=markers[loss], markersize=3.5, label=name)
        axis.set(title=title, xscale="log", xlabel="updates of D", ylabel=label)
    axes[0].axhline(1, color="#777777", lw=0.8, ls=":")
    axes[1].legend(fontsize=7, loc="upper left")
    return figure
