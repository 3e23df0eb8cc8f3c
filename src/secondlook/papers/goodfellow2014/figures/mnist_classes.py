"""Class histograms of the generators' samples at the end, one panel an arm."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import label
from secondlook.tables.read import factors, snapshot

CLASSES = range(10)
METRICS = frozenset([*(f"share_{digit}" for digit in CLASSES), "fid_a", "fid_a_floor", "judged", "diverged"])
#: in the order of an arm's label
FACTORS = ("loss", "simultaneous", "d_steps")


def draw(data: FigureData) -> Figure:
    """Bars are means over seeds, points are seeds; the title has the mean Frechet distance beside that of as many real images."""
    final = snapshot(data.table)
    arms = {}
    for values, rows in final.groupby(level=factors(data.table), sort=False):
        cell = dict(zip(factors(data.table), values, strict=True))
        arms[", ".join(label(factor, cell[factor]) for factor in FACTORS if cell.get(factor))] = cell["loss"], rows
    columns = min(len(arms), 3)
    lines = -(-len(arms) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(WIDTH, 2.4 * lines), sharey=True, sharex=True, squeeze=False)
    for axis, (name, (loss, rows)) in zip(axes.flat, sorted(arms.items()), strict=False):
        shares, colour = rows[[f"share_{digit}" for digit in CLASSES]].to_numpy(), LOSS_LOOKS[loss].colour
        axis.bar(CLASSES, np.nanmean(shares, axis=0), color=colour, alpha=0.45, width=0.8)
        spots = np.linspace(-0.2, 0.2, len(shares)) if len(shares) > 1 else [0.0]
        for spot, own in zip(spots, shares, strict=True):
            axis.plot(np.array(CLASSES) + spot, own, ls="", marker="o", ms=2.5, color=colour)
        axis.axhline(0.1, color="black", lw=0.8, ls=":")
        distance = f"FID-a {rows['fid_a'].mean():.3g} (real: {rows['fid_a_floor'].mean():.2g}; n = {rows['judged'].max():,.0f})"
        axis.set_title(f"{textwrap.fill(name, 22)}\n{distance}", fontsize=8)
        axis.set_xticks(list(CLASSES))
        axis.set_xlabel("digit")
    for axis in axes[:, 0]:
        axis.set_ylabel("share of samples")
    for axis in axes.flat[len(arms) :]:
        axis.set_visible(False)
    return figure
