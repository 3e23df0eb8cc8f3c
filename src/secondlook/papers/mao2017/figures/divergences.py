"""Divergences of N(0, 1) and N(t, 1) against the shift t."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH

#: metric -> label, the loss that minimises it and gives it its look, least and largest value that it can have
BOUNDED = {
    "jsd": ("Jensen-Shannon", "minimax", 0.0, 0.6931471805599453),
    "chi2": ("2 C(G), coding (-1, 1, 0)", "ls-neg1-1-0", 0.0, 2.0),
    "binary": ("2 C(G), coding (0, 1, 1)", "ls-0-1-1", 0.5, 1.0),
}
METRICS = frozenset([*BOUNDED, "t", "w1"])


def draw(data: FigureData) -> Figure:
    """Left: what is bounded, scaled to its range. Right: the Wasserstein distance."""
    table = data.table.pivot_table(index="step", columns="metric", values="value").sort_values("t")
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9))
    for name, (label, loss, low, high) in BOUNDED.items():
        look = LOSS_LOOKS[loss]
        size = {"markersize": 8, "mfc": "none"} if name == "chi2" else {"markersize": 4}  # two of them lie on each other
        left.plot(
            table["t"],
            (table[name] - low) / (high - low),
            marker=look.marker,
            label=f"{label}: {low:g} to {high:.3g}",
            **look.line,
            **size,
        )
    look = LOSS_LOOKS["wasserstein"]
    right.plot(table["t"], table["w1"], marker=look.marker, markersize=4, **look.line)
    left.set(title="Bounded: flat when far apart", xlabel="shift t, standard deviations", ylabel="share of its range", ylim=(-0.03, 1.05))
    left.legend(fontsize=7, loc="lower right")
    right.set(title="Wasserstein: still rising", xlabel="shift t, standard deviations", ylabel="Wasserstein-1 distance")
    return figure
