"""Frechet distance over training in the features of three nets, every seed, with the floor of real images."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH, plain_log
from secondlook.labels import FEATURE_NETS, LOSSES

METRICS = frozenset([*(f"fid_{net}{part}" for net in FEATURE_NETS for part in ("", "_floor")), "judged", "best_step"])


def draw(data: FigureData) -> Figure:
    """A panel a net, Inception where it was measured; the untrained generator is left out. Rings: the row of lowest fid_a of each run."""
    table = data.table[data.table["step"] > 0]
    nets = {f"fid_{net}": title for net, title in FEATURE_NETS.items() if net != "inception" or f"fid_{net}" in set(table["metric"])}
    judged = ", ".join(f"{count:,.0f}" for count in table.loc[table["metric"] == "judged", "value"].unique())
    figure, axes = plt.subplots(1, len(nets), figsize=(WIDTH, 3.0))
    for axis, (metric, title) in zip(axes, nets.items(), strict=True):
        for loss, look in LOSS_LOOKS.items():
            mine = table[table["loss"] == loss]
            lines = mine[mine["metric"] == metric].pivot_table(index="step", columns="replica", values="value")
            if lines.empty:
                continue
            drawn = axis.plot(lines.index, lines, lw=1, marker=look.marker, markersize=3.5, alpha=0.8, **look.line)
            drawn[0].set_label(LOSSES[loss])
            best = mine[mine["metric"] == "best_step"]
            for replica, step in zip(best["replica"], best["value"], strict=True):
                axis.plot(step, lines.loc[step, replica], "o", mfc="none", mec="black", ms=7, mew=0.8)
        floor = table.loc[table["metric"] == f"{metric}_floor", "value"]
        axis.axhline(floor.mean(), color="black", ls=":", lw=1, label=f"real test images, n = {judged}")
        axis.set(title=title, xlabel="generator steps")
        plain_log(axis)
    axes[0].set_ylabel("Frechet distance")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7)
    return figure
