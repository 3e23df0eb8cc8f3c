"""Cosine between the critic's step and its gradient, and exact W1, for three beta1 at two step sizes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.arjovsky2017.figures import cell, series

PANELS = {"d_step_cosine": "cosine of step and gradient", "w1": "exact W1"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A row a step size; every replica a line."""
    table = tables["momentum"]
    rates = sorted(table["d_lr"].unique(), key=float)
    betas = sorted(table["beta1"].unique(), key=float)
    colours, _, dashes = styles(betas)
    figure, axes = plt.subplots(len(rates), 2, figsize=(WIDTH, 2.1 * len(rates) + 0.4), sharex=True, squeeze=False)
    for row, rate in zip(axes, rates, strict=True):
        for axis, (metric, label) in zip(row, PANELS.items(), strict=True):
            for beta in betas:
                for place, curve in enumerate(series(cell(table, beta1=beta, d_lr=rate), metric)):
                    style = {"color": colours[beta], "dashes": dashes[beta] or (None, None)}
                    axis.plot(curve.index, curve, lw=1, alpha=0.8, label=f"beta1 = {beta}" if place == 0 else None, **style)
            axis.set_ylabel(label)
            axis.set_title(f"critic's step size {float(rate):g}", fontsize=8.5)
        row[0].axhline(0, color="black", lw=0.8)
    for axis in axes[-1]:
        axis.set_xlabel("generator steps")
    axes[0, 1].legend(fontsize=7)
    return figure
