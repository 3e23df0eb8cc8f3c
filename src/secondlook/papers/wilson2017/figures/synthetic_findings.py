"""Findings of our own on the separable problem: batch size, epsilon, loss."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.points import draw_points
from secondlook.figures.style import OPTIMIZER_LOOKS, WIDTH, spread
from secondlook.labels import OPTIMIZERS
from secondlook.tables.read import final_values

RULES = ["gd", "adagrad", "rmsprop", "adam"]
METRICS = frozenset(["test_error", "diverged"])


def draw(data: FigureData) -> Figure:
    """Three panels: test error against batch size, against epsilon, and under the logistic loss."""
    figure, (batch, epsilon, logistic) = plt.subplots(1, 3, figsize=(WIDTH, 2.8), sharey=True, width_ratios=[1.5, 1.1, 1.1])

    frame = final_values(data.tables["synthetic-batch"], "test_error", ["optimizer", "batch"])
    sizes = sorted(frame["batch"].unique(), key=lambda size: float("inf") if size == "full" else float(size))
    for place, rule in enumerate(RULES):
        mine = frame[frame["optimizer"] == rule].assign(x=lambda rows: rows["batch"].map(sizes.index))
        if not mine.empty:
            _line(batch, mine, rule, size=10 - 2 * place)
    batch.set_xticks(range(len(sizes)), sizes)
    batch.set(title="Mini-batches", xlabel="batch size (n = 100)", ylabel="test error")
    batch.legend(fontsize=7)

    frame = final_values(data.tables["synthetic-epsilon"], "test_error", ["eps"]).assign(x=lambda rows: rows["eps"].astype(float))
    _line(epsilon, frame, "adam")
    epsilon.set(title="Adam's epsilon", xlabel="epsilon, full batch", xscale="log")

    frame = final_values(data.tables["synthetic-logistic"], "test_error", ["optimizer"])
    draw_points(logistic, frame, [rule for rule in RULES if rule in set(frame["optimizer"])])
    logistic.set_title("Logistic loss")
    return figure


def _line(axis: Axes, frame: pd.DataFrame, rule: str, size: float = 5) -> None:
    """Every replica a small point, their means a line with open markers, of several sizes where lines lie on each other."""
    look, means = OPTIMIZER_LOOKS[rule], spread(frame.sort_values("x"), ["x"])
    style = look.points | {"ls": "-"}
    axis.plot(means["x"], means["mean"], mfc="none", mew=1.2, markersize=size, label=OPTIMIZERS[rule], **style)
    axis.plot(frame["x"], frame["value"], ls="", color=look.colour, marker=".", markersize=3, alpha=0.5)
