"""The norm of the generator's gradient, and the slope of its loss, against the updates of the discriminator."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES

PANELS = {"gradient_norm": "Norm of the generator's gradient", "slope": "Mean slope of its loss by D's output"}
METRICS = frozenset([*PANELS, "null_norm"])


def draw(data: FigureData) -> Figure:
    """Two panels, both axes logarithmic; every seed a line, the geometric mean a thick one."""
    table = data.table[data.table["step"] > 0]
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.3))
    null = table[(table["metric"] == "null_norm") & (table["loss"] == "non-saturating")]
    for _, rows in null.groupby("replica"):
        axes[0].plot(rows["step"], rows["value"], color="#999999", lw=0.7)
    axes[0].plot([], [], color="#999999", label=f"untrained D ({LOSSES['non-saturating']})")
    for axis, (metric, title) in zip(axes, PANELS.items(), strict=True):
        for loss, look in LOSS_LOOKS.items():
            rows = table[(table["metric"] == metric) & (table["loss"] == loss)]
            curves = rows.pivot_table(index="step", columns="replica", values="value")
            if curves.empty:
                continue
            axis.plot(curves.index, curves, color=look.colour, lw=0.6, alpha=0.45)
            axis.plot(np.exp(np.log(curves).mean(axis=1)), lw=1.8, label=LOSSES[loss], **look.line)
        axis.set(title=title, xlabel="updates of the discriminator", xscale="log", yscale="log")
    axes[0].set_ylabel("norm")
    axes[1].set_ylabel("absolute slope")
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=7, loc="outside lower center", ncols=3)
    return figure
