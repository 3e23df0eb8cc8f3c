"""Clipping before the critic's step, and its warm-up: two cells, or four."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, looks
from secondlook.papers.arjovsky2017.figures import cell, series

NAMES = {
    "as in the paper": {"warm_up": "0", "clip_when": "after"},
    "warm-up": {"warm_up": "100", "clip_when": "after"},
    "clip before": {"warm_up": "0", "clip_when": "before"},
    "both, as in the code": {"warm_up": "100", "clip_when": "before"},
}
METRICS = frozenset(["w1"])


def draw(data: FigureData) -> Figure:
    """Left: W1 over training. Right: W1 at the end."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9), width_ratios=[1.5, 1])
    there = [name for name, factors in NAMES.items() if not cell(data.table, **factors).empty]
    for row, (name, look) in enumerate((name, look) for name, look in looks(NAMES).items() if name in there):
        rows = cell(data.table, **NAMES[name])
        for place, curve in enumerate(series(rows, "w1")):
            left.plot(curve.index, curve, lw=1, alpha=0.8, label=name if place == 0 else None, **look.line)
        values = [curve.iloc[-1] for curve in series(rows, "w1")]
        right.plot(values, row + np.linspace(-0.12, 0.12, len(values)), ms=4.5, **look.points)
    left.set(xlabel="generator steps", ylabel="exact W1", ylim=(0, None))
    left.legend(fontsize=7)
    right.set_yticks(range(len(there)), there, fontsize=7)
    right.invert_yaxis()
    right.set(xlabel="exact W1 at the end", xlim=(0, None))
    return figure
