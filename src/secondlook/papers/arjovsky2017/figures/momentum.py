"""Cosine between the critic's step and its gradient, and exact W1, for three beta1 at two step sizes."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, looks
from secondlook.papers.arjovsky2017.figures import cell, series

PANELS = {"d_step_cosine": "cosine of step and gradient", "w1": "exact W1"}
METRICS = frozenset(PANELS)


def draw(data: FigureData) -> Figure:
    """A row a step size; every replica a line."""
    table = data.table
    rates = sorted(table["lr"].unique(), key=float)
    betas = looks(sorted(table["beta1"].unique(), key=float))
    figure, axes = plt.subplots(len(rates), 2, figsize=(WIDTH, 2.1 * len(rates) + 0.4), sharex=True, squeeze=False)
    for row, rate in zip(axes, rates, strict=True):
        for axis, (metric, label) in zip(row, PANELS.items(), strict=True):
            for beta, look in betas.items():
                for place, curve in enumerate(series(cell(table, beta1=beta, lr=rate), metric)):
                    axis.plot(curve.index, curve, lw=1, alpha=0.8, label=f"beta1 = {beta}" if place == 0 else None, **look.line)
            axis.set_ylabel(label)
            axis.set_title(f"step sizes {float(rate):g}", fontsize=8.5)
        row[0].axhline(0, color="black", lw=0.8)
    for axis in axes[-1]:
        axis.set_xlabel("generator steps")
    axes[0, 1].legend(fontsize=7)
    return figure
