"""Frechet distance over training in the features of three nets, every seed, with the floor of real images."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from secondlook.papers.mao2017.figures import LOSSES
from secondlook.plotting import WIDTH, styles

NETS = {"fid_a": "first net", "fid_b": "second net", "fid_random": "random weights"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A panel a net; the untrained generator is left out."""
    table = tables["quality"]
    table = table[table["step"] > 0]
    colours, markers, dashes = styles([*LOSSES])
    figure, axes = plt.subplots(1, len(NETS), figsize=(WIDTH, 2.8))
    for axis, (metric, title) in zip(axes, NETS.items(), strict=True):
        for loss, name in LOSSES.items():
            lines = table[(table["loss"] == loss) & (table["metric"] == metric)].pivot_table(
                index="step", columns="replica", values="value"
            )
            if lines.empty:
                continue
            style = {"color": colours[loss], "marker": markers[loss], "dashes": dashes[loss] or (None, None)}
            drawn = axis.plot(lines.index, lines, lw=1, markersize=3.5, alpha=0.8, **style)
            drawn[0].set_label(name)
        floor = table.loc[table["metric"] == f"{metric}_floor", "value"]
        axis.axhline(floor.mean(), color="black", ls=":", lw=1, label="real test images")
        axis.set(title=title, xlabel="generator steps", yscale="log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel("Frechet distance")
    axes[0].legend(fontsize=6.5)
    return figure
