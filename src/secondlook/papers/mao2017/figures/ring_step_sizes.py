"""Modes held at the end, and runs that hold all, against the step size of the discriminator."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES
from secondlook.tables.read import snapshot

METRICS = frozenset(["held", "kept", "d_step_size", "diverged"])


def draw(data: FigureData) -> Figure:
    """Left: modes held, every seed a point, means joined. Right: share of runs that hold all. A run that diverged holds none."""
    ends = pd.concat([snapshot(table).reset_index() for table in data.tables.values()], ignore_index=True)
    if "data" in ends:  # of two rings the one of the claims
        ends = ends[ends["data"] != "ring"]
    arm = ["loss", *(name for name in ("d_lr",) if name in ends)]
    sizes = ends.groupby(arm, dropna=False)["d_step_size"].transform("first")  # one that diverged has not written it
    ends = ends.assign(size=sizes, held=ends["held"].where(~ends["diverged"], 0.0), kept=ends["kept"].where(~ends["diverged"], 0.0))
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0))
    losses = [loss for loss in LOSSES if loss in set(ends["loss"])]
    for place, loss in enumerate(losses):
        mine, look = ends[ends["loss"] == loss], LOSS_LOOKS[loss]
        groups = mine.groupby("size")
        aside = 1 + 0.05 * (place - (len(losses) - 1) / 2)
        for size, runs in groups:
            spots = size * aside * np.linspace(0.985, 1.015, len(runs))
            left.plot(spots, np.sort(runs["held"]), look.marker, color=look.colour, ms=3, alpha=0.5)
        left.plot(
            groups["held"].mean().index * aside,
            groups["held"].mean(),
            marker=look.marker,
            ms=7,
            mec="black",
            label=LOSSES[loss],
            **look.line,
        )
        right.plot(groups["kept"].mean().index * aside, 100 * groups["kept"].mean(), marker=look.marker, ms=6, **look.line)
    for axis in (left, right):
        ticks = sorted(ends["size"].dropna().unique())
        axis.set(xscale="log", xlabel="step size of the discriminator")
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
    left.set(title="Modes held at the end", ylabel="modes, of 8", ylim=(-0.3, 8.4))
    right.set(title="Runs that hold all", ylabel="% of runs", ylim=(-4, 104))
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7)
    return figure
