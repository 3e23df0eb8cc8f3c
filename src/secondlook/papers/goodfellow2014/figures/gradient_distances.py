"""The ratio of the two losses' gradients against the updates of the discriminator, for each distance of the samples."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, looks

METRICS = frozenset(["gradient_norm"])


def draw(data: FigureData) -> Figure:
    """A colour a distance; every seed a thin line, the geometric mean a thick one."""
    table = data.table[(data.table["metric"] == "gradient_norm") & (data.table["step"] > 0)]
    wide = table.pivot_table(index=["distance", "step", "replica"], columns="loss", values="value")
    ratio = (wide["non-saturating"] / wide["minimax"]).unstack("replica")
    distances = sorted(set(table["distance"]), key=float)
    figure, axis = plt.subplots(figsize=(WIDTH * 0.75, 3.2))
    for distance, look in zip(distances, looks(distances).values(), strict=True):
        curves = ratio.loc[distance]
        axis.plot(curves.index, curves, color=look.colour, lw=0.5, alpha=0.4)
        axis.plot(np.exp(np.log(curves).mean(axis=1)), lw=1.8, label=f"{float(distance):g}", **look.line)
    axis.axhline(1, color="#999999", lw=0.8, ls=":")
    axis.set(xlabel="updates of the discriminator", ylabel="non-saturating / minimax", xscale="log", yscale="log")
    axis.legend(fontsize=7, title="distance", title_fontsize=7)
    return figure
