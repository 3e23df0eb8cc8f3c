"""Divergences of N(0, 1) and N(t, 1) against the shift t."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles

#: metric -> label, least and largest value that it can have
BOUNDED = {
    "jsd": ("Jensen-Shannon", 0.0, 0.6931471805599453),
    "chi2": ("2 C(G), coding (-1, 1, 0)", 0.0, 2.0),
    "binary": ("2 C(G), coding (0, 1, 1)", 0.5, 1.0),
}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Left: what is bounded, scaled to its range. Right: the Wasserstein distance."""
    table = tables["divergences"].pivot_table(index="step", columns="metric", values="value").sort_values("t")
    colours, markers, dashes = styles([*BOUNDED, "w1"])
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9))
    for name, (label, low, high) in BOUNDED.items():
        line = {"color": colours[name], "marker": markers[name], "dashes": dashes[name] or (None, None)}
        size = {"markersize": 8, "mfc": "none"} if name == "chi2" else {"markersize": 4}  # two of them lie on each other
        left.plot(table["t"], (table[name] - low) / (high - low), label=f"{label}: {low:g} to {high:.3g}", **line, **size)
    right.plot(table["t"], table["w1"], color=colours["w1"], marker=markers["w1"], markersize=4)
    left.set(title="Bounded: flat when far apart", xlabel="shift t, standard deviations", ylabel="share of its range", ylim=(-0.03, 1.05))
    left.legend(fontsize=7, loc="lower right")
    right.set(title="Wasserstein: still rising", xlabel="shift t, standard deviations", ylabel="Wasserstein-1 distance")
    return figure
