"""Variance of what enters each batch normalization, evaluation over training, and what re-estimated statistics give back."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import WIDTH
from secondlook.papers.chen2019.figures import PLACES, placed
from secondlook.tables.read import snapshot

RATIOS = ["variance_ratio_1", "variance_ratio_2", "variance_ratio_3"]
METRICS = frozenset([*RATIOS, "test_error", "error_reestimated", "diverged"])
DASHES = {0.05: (0, (1, 1)), 0.5: "-"}


def draw(data: FigureData) -> Figure:
    """Left: a line a place and rate over the layers. Right: pairs of errors, a line a replica."""
    frame = snapshot(data.table).reset_index()
    frame = placed(frame[~frame["diverged"]])
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.2))
    ticks: list[tuple[float, str]] = []
    for place in ("conv-bn-relu-drop", "conv-relu-bn-drop", "head"):
        label, look = PLACES[place]
        for rate, dashes in DASHES.items():
            mine = frame[(frame["place"] == place) & (frame["rate"] == rate)]
            if mine.empty:
                continue
            mean = mine[RATIOS].mean()
            left.plot(range(1, len(RATIOS) + 1), mean, color=look.colour, marker=look.marker, ms=4, ls=dashes, label=f"{label}, {rate:g}")
            spot = 3 * len(ticks)
            right.plot([spot, spot + 1], mine[["test_error", "error_reestimated"]].T, color=look.colour, marker=look.marker, ms=3, lw=0.8)
            ticks.append((spot + 0.5, textwrap.fill(label, 11) + f"\n{rate:g}"))
    left.axhline(1, color="black", lw=0.8)
    left.set(
        xlabel="normalization, from the input on", ylabel="variance, evaluation / training", xticks=range(1, len(RATIOS) + 1), ylim=(0, 1.1)
    )
    left.legend(fontsize=6)
    right.set_xticks([spot for spot, _ in ticks], [text for _, text in ticks], fontsize=5.5)
    right.set(ylabel="test error, %", title="As trained, then re-estimated")
    left.set_title("Shift")
    right.set_label(KEY)
    return figure
