"""Errors of 10,000 against the number of labels, beside the paper's."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, WIDTH, plain_log
from secondlook.tables.read import snapshot

METRICS = frozenset(["errors", "diverged"])
#: labels -> mean and standard deviation of ten seeds (Table 1)
PAPER = {20: (1677, 452), 50: (221, 136), 100: (93, 6.5), 200: (90, 4.2)}


def draw(data: FigureData) -> Figure:
    """A dot a seed; a replica that diverged is a cross at the top."""
    ends = snapshot(data.table).reset_index()
    figure, axis = plt.subplots(figsize=(WIDTH, 3.0))
    for place, (labels, (mean, deviation)) in enumerate(PAPER.items()):
        mine = ends[ends["labels"].astype(int) == labels]
        sound = mine.loc[~mine["diverged"], "errors"]
        axis.plot(place - 0.1 + np.linspace(-0.06, 0.06, len(sound)), sound, BLUE.marker, color=BLUE.colour, ms=4, alpha=0.7)
        axis.plot(
            [place - 0.1] * int(mine["diverged"].sum()),
            [0.97] * int(mine["diverged"].sum()),
            "x",
            color="black",
            transform=axis.get_xaxis_transform(),
        )
        axis.errorbar(place + 0.12, mean, yerr=deviation, color="black", marker="x", ms=6, capsize=3)
    axis.set_xticks(range(len(PAPER)), list(map(str, PAPER)))
    axis.set(xlabel="labels", ylabel="errors of 10,000")
    plain_log(axis)
    return figure
