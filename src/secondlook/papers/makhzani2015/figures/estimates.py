"""Parzen log-likelihoods by model and dropout, beside that of real images and the paper's number."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, ORANGE, VERMILLION, WIDTH
from secondlook.labels import MODELS
from secondlook.tables.read import snapshot

METRICS = frozenset(["parzen_used", "parzen_ceiling", "diverged"])


def draw(data: FigureData) -> Figure:
    """Draw a point a replica, filled with dropout; the full line is the estimate with training images as the samples."""
    final = snapshot(data.table).reset_index()
    final = final[~final["diverged"]]
    figure, axis = plt.subplots(figsize=(0.75 * WIDTH, 3.0))
    models = [model for model in MODELS if model in set(final["model"])]
    for place, model in enumerate(models):
        for side, (dropout, rows) in enumerate(final[final["model"] == model].groupby("dropout")):
            values = rows["parzen_used"].to_numpy()
            look = (BLUE, ORANGE)[side]
            x = place + (side - 0.5) * 0.3
            label = ("no dropout" if float(dropout) == 0 else f"dropout {dropout}") if place == 0 else None
            axis.plot(x + np.linspace(-0.1, 0.1, len(values)), values, look.marker, color=look.colour, ms=4, label=label)
    ceiling = final["parzen_ceiling"].mean()
    axis.axhline(ceiling, color="black", lw=1.0)
    axis.annotate("training images as samples", (-0.45, ceiling), xytext=(0, 3), textcoords="offset points", fontsize=7)
    if "A1" in data.claims:
        reported = data.claims["A1"]["reported"]
        axis.axhline(reported["value"], color=VERMILLION.colour, lw=1.0, ls="--", label=f"paper: {reported['text']}")
    axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3)  # lines may lie anywhere within
    names = [f"{MODELS[model]}, fitted Gaussian" if model == "ae" else MODELS[model] for model in models]
    axis.set_xticks(range(len(models)), names, fontsize=8)
    axis.set(ylabel="Parzen log-likelihood, nats", xlim=(-0.5, len(models) - 0.5))
    axis.margins(y=0.15)
    return figure
