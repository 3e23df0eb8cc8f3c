"""Class histograms of the generators' samples at the end, one panel an arm."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.goodfellow2014.figures import arm_label
from secondlook.tables.read import factors, snapshot

CLASSES = range(10)


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Bars are means over seeds, points are seeds; the title has the mean Frechet distance beside that of as many real images."""
    table = tables["mnist"]
    final = snapshot(table)
    arms = {
        arm_label(**dict(zip(factors(table), key if isinstance(key, tuple) else (key,), strict=True))): rows
        for key, rows in final.groupby(level=factors(table), sort=False)
    }
    colours, _, _ = styles(sorted(arms))
    columns = min(len(arms), 3)
    lines = -(-len(arms) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(WIDTH, 2.4 * lines), sharey=True, sharex=True, squeeze=False)
    for axis, name in zip(axes.flat, sorted(arms), strict=False):
        rows = arms[name]
        shares = rows[[f"share_{label}" for label in CLASSES]].to_numpy()
        axis.bar(CLASSES, np.nanmean(shares, axis=0), color=colours[name], alpha=0.45, width=0.8)
        spots = np.linspace(-0.2, 0.2, len(shares)) if len(shares) > 1 else [0.0]
        for spot, own in zip(spots, shares, strict=True):
            axis.plot(np.array(CLASSES) + spot, own, ls="", marker="o", ms=2.5, color=colours[name])
        axis.axhline(0.1, color="black", lw=0.8, ls=":")
        distance = f"FID-a {rows['fid_a'].mean():.3g} (real: {rows['fid_a_floor'].mean():.2g}; n = {rows['judged'].max():,.0f})"
        axis.set_title(f"{name}\n{distance}", fontsize=8)
        axis.set_xticks(list(CLASSES))
        axis.set_xlabel("digit")
    for axis in axes[:, 0]:
        axis.set_ylabel("share of samples")
    for axis in axes.flat[len(arms) :]:
        axis.set_visible(False)
    return figure
