"""Test error on the separable problem after the last update, replicas as points, closed forms as bars."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.points import draw_points
from secondlook.figures.style import WIDTH
from secondlook.tables.read import final_values

RULES = ["gd", "heavy_ball", "adagrad", "rmsprop", "adam"]
METRICS = frozenset(["test_error", "expected_test_error", "diverged"])


def draw(data: FigureData) -> Figure:
    """One panel a problem."""
    table = data.table
    by = ["n", "p", "optimizer"]
    measured = final_values(table, "test_error", by)
    closed = final_values(table, "expected_test_error", by)
    problems = list(dict.fromkeys(zip(table["n"], table["p"], strict=True)))
    figure, axes = plt.subplots(1, len(problems), figsize=(WIDTH, 2.7), sharey=True, squeeze=False)
    for axis, (n, p) in zip(axes[0], problems, strict=True):
        here = [frame[(frame["n"] == n) & (frame["p"] == p)] for frame in (measured, closed)]
        means = here[1].groupby("optimizer", sort=False)["value"].mean().reindex(RULES)
        axis.bar(range(len(RULES)), means, color="#dddddd", width=0.8, label="closed form, mean")
        axis.axhline(0.5, color="#777777", lw=0.8, ls=":")
        draw_points(axis, here[0], RULES)
        axis.set(title=f"n = {n}, p = {p}", ylabel="test error")
    axes[0, 0].legend(loc="upper left", fontsize=7)
    return figure
