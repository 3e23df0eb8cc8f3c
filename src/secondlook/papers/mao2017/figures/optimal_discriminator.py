"""Trained least-squares discriminators beside the formula."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.mao2017.figures import LOSSES
from secondlook.tables.arrays import Record


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict], arrays: dict[str, Sequence[Record]]) -> Figure:
    """One panel a coding."""
    codings = list(dict.fromkeys(str(record.cell["loss"]) for record in arrays["optimal"]))
    colours, _, _ = styles([*LOSSES])
    figure, axes = plt.subplots(1, len(codings), figsize=(WIDTH, 2.8), squeeze=False)
    for axis, loss in zip(axes[0], codings, strict=True):
        grids = [record.arrays[f"{seed}/grid"] for record in arrays["optimal"] if record.cell["loss"] == loss for seed in record.seeds]
        for place, (x, trained, _) in enumerate(grids):
            axis.plot(x, trained, color=colours[loss], lw=0.9, alpha=0.8, label="" if place else "trained, a line a seed")
        axis.plot(*grids[0][[0, 2]], color="black", ls="--", lw=1.4, label="(b p_d + a p_g) / (p_d + p_g)")
        axis.set(title=LOSSES[loss], xlabel="x (data around 0, fakes around 2)", ylabel="D(x)")
    axes[0, 0].legend(fontsize=7)
    return figure
