"""Example 1: distances against the offset, and the offset learned."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.arjovsky2017.figures import COLOURS, DASHES, LOSSES, cell, series

DISTANCES = {"w1": "W", "js": "JS", "tv": "TV"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Two panels; the distances of the first replica, since they do not depend on the draw."""
    exact = tables["lines"]
    exact = exact[exact["replica"] == exact["replica"].min()]
    theta, kl = next(series(exact, "theta")), next(series(exact, "kl"))
    colours, markers, _ = styles([*DISTANCES.values(), "KL"])
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.1))
    for metric, name in DISTANCES.items():
        left.plot(
            theta,
            next(series(exact, metric)),
            ls="-" if metric == "w1" else "",
            marker=markers[name],
            ms=3.5,
            color=colours[name],
            label=name,
        )
    infinite = np.isinf(kl.to_numpy())
    left.plot(theta[infinite], np.full(infinite.sum(), 1.22), ls="", marker="$\\uparrow$", ms=7, color=colours["KL"], label="KL (infinite)")
    left.plot(theta[~infinite], kl[~infinite], ls="", marker=markers["KL"], ms=6, mfc="none", color=colours["KL"])
    left.set(title="Computed", xlabel="offset theta", ylabel="distance", ylim=(-0.06, 1.32))
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncol=4, fontsize=7, handlelength=1.4, columnspacing=1.2)
    trained = tables["lines-trained"]
    arms = {(loss, "20"): (name, COLOURS[name], DASHES[name]) for loss, name in LOSSES.items()}
    arms["minimax", "1"] = ("minimax, 1 step of D", "black", (1, 1))
    for (loss, d_steps), (name, colour, dashes) in arms.items():
        for place, curve in enumerate(series(cell(trained, loss=loss, d_steps=d_steps), "theta")):
            label = name if place == 0 else None
            right.plot(curve.index, curve, lw=1.1, alpha=0.85, color=colour, dashes=dashes or (None, None), label=label)
    right.axhline(0, color="black", lw=0.8)
    right.set(title="Trained from theta = 1", xlabel="generator steps", ylabel="offset theta")
    right.legend(fontsize=7)
    return figure
