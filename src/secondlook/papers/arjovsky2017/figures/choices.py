"""Warm-up of the critic and clipping before its step: four cells."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, looks
from secondlook.papers.arjovsky2017.figures import cell, series

NAMES = {
    "as in the paper": {"warm_up": "False", "clip_when": "after"},
    "warm-up": {"warm_up": "True", "clip_when": "after"},
    "clip before": {"warm_up": "False", "clip_when": "before"},
    "both, as in the code": {"warm_up": "True", "clip_when": "before"},
}
METRICS = frozenset(["w1", "tracking"])


def draw(data: FigureData) -> Figure:
    """Left: W1 over training. Right: tracking of each replica."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9), width_ratios=[1.5, 1])
    for row, (name, look) in enumerate(looks(NAMES).items()):
        rows = cell(data.table, **NAMES[name])
        for place, curve in enumerate(series(rows, "w1")):
            left.plot(curve.index, curve, lw=1, alpha=0.8, label=name if place == 0 else None, **look.line)
        values = [curve.iloc[-1] for curve in series(rows, "tracking")]
        right.plot(values, row + np.linspace(-0.12, 0.12, len(values)), ms=4.5, **look.points)
    left.set(xlabel="generator steps", ylabel="exact W1", ylim=(0, None))
    left.legend(fontsize=7)
    right.axvline(0, color="black", lw=0.8)
    right.set_yticks(range(len(NAMES)), list(NAMES), fontsize=7)
    right.invert_yaxis()
    right.set(xlabel="rank correlation,\nestimate and W1", xlim=(-1.05, 1.05))
    return figure
