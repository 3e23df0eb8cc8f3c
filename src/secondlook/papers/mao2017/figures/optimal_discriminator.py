"""Trained least-squares discriminators beside the formula."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES


def draw(data: FigureData) -> Figure:
    """One panel a coding."""
    codings = list(dict.fromkeys(str(record.cell["loss"]) for record in data.records))
    figure, axes = plt.subplots(1, len(codings), figsize=(WIDTH, 2.8), squeeze=False)
    for axis, loss in zip(axes[0], codings, strict=True):
        grids = [record.arrays[f"{seed}/grid"] for record in data.records if record.cell["loss"] == loss for seed in record.seeds]
        for place, (x, trained, _) in enumerate(grids):
            label = "" if place else "trained, a line a seed"
            axis.plot(x, trained, color=LOSS_LOOKS[loss].colour, lw=0.9, alpha=0.8, label=label)
        axis.plot(*grids[0][[0, 2]], color="black", ls="--", lw=1.4, label="(b p_d + a p_g) / (p_d + p_g)")
        axis.set(title=LOSSES[loss], xlabel="x (data around 0, fakes around 2)", ylabel="D(x)")
        axis.legend(fontsize=7, loc="upper right", handlelength=1.2)
    return figure
