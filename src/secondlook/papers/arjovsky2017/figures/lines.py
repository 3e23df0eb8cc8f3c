"""Example 1: distances against the offset, and the offset learned."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import GREEN, LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES
from secondlook.papers.arjovsky2017.figures import cell, series

#: a distance looks like the loss that minimises it
DISTANCES = {"w1": ("W", LOSS_LOOKS["wasserstein"]), "js": ("JS", LOSS_LOOKS["minimax"]), "tv": ("TV", GREEN)}
METRICS = frozenset([*DISTANCES, "kl", "theta"])


def draw(data: FigureData) -> Figure:
    """Two panels; the distances of the first replica, since they do not depend on the draw."""
    exact = data.tables["lines"]
    exact = exact[exact["replica"] == exact["replica"].min()]
    theta, kl = next(series(exact, "theta")), next(series(exact, "kl"))
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.1))
    for metric, (name, look) in DISTANCES.items():
        style = look.points | {"ls": "-" if metric == "w1" else ""}
        left.plot(theta, next(series(exact, metric)), ms=3.5, label=name, **style)
    infinite = np.isinf(kl.to_numpy())
    left.plot(theta[infinite], np.full(infinite.sum(), 1.22), ls="", marker="$\\uparrow$", ms=7, color="black", label="KL (infinite)")
    left.plot(theta[~infinite], kl[~infinite], "D", ms=8, mfc="none", mec="black")
    left.set(title="Computed", xlabel="offset theta", ylabel="distance", ylim=(-0.06, 1.32))
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncol=4, fontsize=7, handlelength=1.4, columnspacing=1.2)
    arms = {(loss, "20"): (LOSSES[loss], LOSS_LOOKS[loss].line) for loss in ("wasserstein", "non-saturating", "minimax")}
    arms["minimax", "1"] = (f"{LOSSES['minimax']}, 1 step of D", {"color": "black", "dashes": (1, 1)})
    for (loss, d_steps), (name, line) in arms.items():
        for place, curve in enumerate(series(cell(data.tables["lines-trained"], loss=loss, d_steps=d_steps), "theta")):
            right.plot(curve.index, curve, lw=1.1, alpha=0.85, label=name if place == 0 else None, **line)
    right.axhline(0, color="black", lw=0.8)
    right.set(title="Trained from theta = 1", xlabel="generator steps", ylabel="offset theta")
    right.legend(fontsize=7)
    right.set_label(KEY)
    return figure
