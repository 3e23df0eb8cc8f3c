"""Frechet distance over training in the features of three nets, every seed, with the floor of real images."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.mao2017.figures import LOSSES

NETS = {"fid_a": "first net", "fid_b": "second net", "fid_random": "random weights", "fid_inception": "Inception"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A panel a net, Inception where it was measured; the untrained generator is left out. Rings: the row of lowest fid_a of each run."""
    table = tables["quality"]
    table = table[table["step"] > 0]
    nets = {metric: title for metric, title in NETS.items() if metric != "fid_inception" or metric in set(table["metric"])}
    judged = ", ".join(f"{count:,.0f}" for count in table.loc[table["metric"] == "judged", "value"].unique())
    colours, markers, dashes = styles([*LOSSES])
    figure, axes = plt.subplots(1, len(nets), figsize=(WIDTH, 2.8))
    for axis, (metric, title) in zip(axes, nets.items(), strict=True):
        for loss, name in LOSSES.items():
            lines = table[(table["loss"] == loss) & (table["metric"] == metric)].pivot_table(
                index="step", columns="replica", values="value"
            )
            if lines.empty:
                continue
            style = {"color": colours[loss], "marker": markers[loss], "dashes": dashes[loss] or (None, None)}
            drawn = axis.plot(lines.index, lines, lw=1, markersize=3.5, alpha=0.8, **style)
            drawn[0].set_label(name)
            best = table[(table["loss"] == loss) & (table["metric"] == "best_step")]
            for replica, step in zip(best["replica"], best["value"], strict=True):
                axis.plot(step, lines.loc[step, replica], "o", mfc="none", mec="black", ms=7, mew=0.8)
        floor = table.loc[table["metric"] == f"{metric}_floor", "value"]
        axis.axhline(floor.mean(), color="black", ls=":", lw=1, label=f"real test images, n = {judged}")
        axis.set(title=title, xlabel="generator steps", yscale="log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel("Frechet distance")
    axes[0].legend(fontsize=6.5)
    return figure
