"""The residual units of all arms, layer by layer, drawn from the lists that the nets are built from."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH
from secondlook.papers.chen2019.orders import ARMS, unit

COLOURS = {"conv": "#4b5d73", "bn": "#0072B2", "relu": "#8a8a8a", "drop": "#D55E00"}
NAMES = {"conv": "Conv", "bn": "BN", "relu": "ReLU", "drop": "Dropout"}
METRICS = frozenset[str]()


def draw(data: FigureData) -> Figure:
    """Draw a column an arm; the input is below."""
    figure, axis = plt.subplots(figsize=(WIDTH, 3.9))
    for column, (arm, (order, relu_after_addition, label)) in enumerate(ARMS.items()):
        layers = unit(order, 2, relu_after_addition=relu_after_addition)
        x, top = 1.25 * column, len(layers)
        axis.plot([x, x], [-0.7, top], color="black", lw=0.8, zorder=0)
        for y, layer in enumerate(layers):
            if layer == "add":
                axis.plot([x, x + 0.52, x + 0.52, x], [-0.55, -0.55, y, y], color="black", lw=0.8, zorder=0)
                axis.plot(x, y, "o", ms=11, mfc="white", mec="black")
                axis.text(x, y, "+", ha="center", va="center", fontsize=9)
                continue
            axis.add_patch(FancyBboxPatch((x - 0.4, y - 0.3), 0.8, 0.6, boxstyle="round,pad=0.02", fc=COLOURS[layer], ec="none"))
            axis.text(x, y, NAMES[layer], ha="center", va="center", color="white", fontsize=6.5)
        axis.annotate("", (x, top + 0.2), (x, top - 0.5), arrowprops={"arrowstyle": "->", "lw": 0.8})
        axis.text(x, -1.2, f"{arm}", ha="center", va="center", weight="bold", fontsize=9)
        axis.text(x, -1.9, label.replace("-", "-\n", 1), ha="center", va="top", fontsize=6)
    axis.set(xlim=(-0.6, 1.25 * len(ARMS) - 0.5), ylim=(-3.4, 9.6))
    axis.set_axis_off()
    return figure
