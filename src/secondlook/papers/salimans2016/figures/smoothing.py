"""The best discriminator with smoothed labels, and the push that it gives to a sample."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH, looks

METRICS = frozenset(["x", "best", "push"])
LABELS = {"none": "not smoothed", "one_sided": "one side (0.9, 0)", "two_sided": "both sides (0.9, 0.1)"}


def draw(data: FigureData) -> Figure:
    """Left: D*(x). Right: the size of d/dx log D*(x)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9))
    for level, look in looks(LABELS).items():
        mine = data.table[data.table["smoothing"] == level]
        rows = mine[mine["replica"] == mine["replica"].min()].pivot_table(index="step", columns="metric", values="value")
        width = 3 if level == "none" else 1.4
        left.plot(rows["x"], rows["best"], label=LABELS[level], lw=width, **look.line)
        right.plot(rows["x"], -rows["push"], label=LABELS[level], lw=width, **look.line)
    for axis in (left, right):
        for centre, name in ((0, "data"), (rows["x"].max() - 4, "fakes")):
            axis.axvline(centre, color="#aaaaaa", lw=0.8, ls=":")
            axis.text(centre, 1.0, name, transform=axis.get_xaxis_transform(), fontsize=7, ha="center", va="bottom", color="#555555")
    left.set(xlabel="x", ylabel="best D(x)", ylim=(-0.03, 1.03))
    right.set(xlabel="x", ylabel="push towards the data")
    left.set_title("Best discriminator", pad=14)
    right.set_title("What a sample feels", pad=14)
    left.legend(fontsize=7, loc="upper right")
    return figure
