"""The estimate of a critic and of a discriminator against a ring that moves to and fro, and the known distance."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.papers.arjovsky2017.figures import SHIFTED, cell, series

SHOWN = {"WGAN": "estimate of W, of no scale", "GAN": "estimate of JS, nats"}
METRICS = frozenset(["estimate", "w1"])


def draw(data: FigureData) -> Figure:
    """A column an arm: curves of the first replica, points of all."""
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, 4.6), height_ratios=[1, 1.2])
    for (top, bottom), (name, label) in zip(axes.T, SHOWN.items(), strict=True):
        rows = cell(data.table, **SHIFTED[name])
        look = LOSS_LOOKS[SHIFTED[name]["loss"]]
        curves = list(zip(series(rows, "estimate"), series(rows, "w1"), strict=True))
        estimate, distance = curves[0]
        top.plot(estimate.index, estimate, color=look.colour, lw=1.2)
        behind = top.twinx()
        behind.plot(distance.index, distance, color="#999999", lw=1.2, dashes=(4, 1.5))
        behind.set(ylim=(0, None), ylabel="distance W1")
        behind.grid(visible=False)
        top.set(title=name, xlabel="moves of the ring", ylabel=label)
        if name == "GAN":
            top.axhline(np.log(2), color="black", lw=0.8, ls=":")
            top.text(0.98, np.log(2), "log 2", transform=top.get_yaxis_transform(), ha="right", va="bottom", fontsize=7)
            top.set_ylim(0, 0.8)
        for one, other in curves:
            ranks = pd.DataFrame({"estimate": one, "distance": other}).dropna().rank(pct=True)
            bottom.plot(ranks["distance"], ranks["estimate"], ms=2.2, alpha=0.4, **look.points)
        bottom.plot([0, 1], [0, 1], color="black", lw=0.8, ls=":")
        bottom.set(xlabel="distance, rank", ylabel="estimate, rank", xlim=(0, 1.02), ylim=(0, 1.02))
    return figure
