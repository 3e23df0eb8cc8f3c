"""The norm of the generator's gradient, and the slope of its loss, against the updates of the discriminator."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.goodfellow2014.figures import LOSSES

PANELS = {"gradient_norm": "Norm of the generator's gradient", "slope": "Mean slope of its loss by D's output"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Two panels, both axes logarithmic; every seed a line, the geometric mean a thick one."""
    table = tables["saturation"]
    table = table[table["step"] > 0]
    colours, _, dashes = styles(list(LOSSES))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.3))
    null = table[(table["metric"] == "null_norm") & (table["loss"] == "non-saturating")]
    for _, rows in null.groupby("replica"):
        axes[0].plot(rows["step"], rows["value"], color="#999999", lw=0.7)
    axes[0].plot([], [], color="#999999", label="untrained D (non-saturating)")
    for axis, (metric, title) in zip(axes, PANELS.items(), strict=True):
        for loss, name in LOSSES.items():
            curves = table[(table["metric"] == metric) & (table["loss"] == loss)].pivot_table(
                index="step", columns="replica", values="value"
            )
            if curves.empty:
                continue
            axis.plot(curves.index, curves, color=colours[loss], lw=0.6, alpha=0.45)
            middle = np.exp(np.log(curves).mean(axis=1))
            axis.plot(middle, color=colours[loss], lw=1.8, dashes=dashes[loss] or (None, None), label=name)
        axis.set(title=title, xlabel="updates of the discriminator", xscale="log", yscale="log")
    axes[0].set_ylabel("norm")
    axes[1].set_ylabel("absolute slope")
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=7, loc="outside lower center", ncols=3)
    return figure
