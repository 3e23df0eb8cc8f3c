"""Findings of our own on the separable problem: batch size, epsilon, loss."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, spread, styles
from secondlook.tables.read import final_values

RULES = {"gd": "gradient descent", "adagrad": "AdaGrad", "rmsprop": "RMSProp", "adam": "Adam"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Three panels: test error against batch size, against epsilon, and under the logistic loss."""
    figure, (batch, epsilon, logistic) = plt.subplots(1, 3, figsize=(WIDTH, 2.8), sharey=True, width_ratios=[1.5, 1.1, 1.1])
    colours, markers, _ = styles(list(RULES))

    frame = final_values(tables["synthetic-batch"], "test_error", ["optimizer", "batch"])
    sizes = sorted(frame["batch"].unique(), key=lambda size: float("inf") if size == "full" else float(size))
    for place, (rule, label) in enumerate(RULES.items()):
        mine = frame[frame["optimizer"] == rule].assign(x=lambda rows: rows["batch"].map(sizes.index))
        if not mine.empty:
            _line(batch, mine, colours[rule], markers[rule], label, size=10 - 2 * place)
    batch.set_xticks(range(len(sizes)), sizes)
    batch.set(title="Mini-batches", xlabel="batch size (n = 100)", ylabel="test error")
    batch.legend(fontsize=7)

    frame = final_values(tables["synthetic-epsilon"], "test_error", ["eps"]).assign(x=lambda rows: rows["eps"].astype(float))
    _line(epsilon, frame, colours["adam"], markers["adam"], "Adam")
    epsilon.set(title="Adam's epsilon", xlabel="epsilon, full batch", xscale="log")

    frame = final_values(tables["synthetic-logistic"], "test_error", ["optimizer"])
    present = [rule for rule in RULES if rule in set(frame["optimizer"])]
    sns.stripplot(
        frame,
        x="optimizer",
        y="value",
        order=present,
        hue="optimizer",
        hue_order=present,
        palette=colours,
        size=4,
        jitter=0.2,
        ax=logistic,
        legend=False,
    )
    logistic.set_xticks(range(len(present)), [RULES[rule].replace(" ", "\n") for rule in present], fontsize=6.5)
    logistic.set(title="Logistic loss", xlabel="", ylim=(-0.02, 0.55))
    return figure


def _line(axis: Axes, frame: pd.DataFrame, colour: str, marker: str, label: str, size: float = 5) -> None:
    """Every replica a small point, their means a line with open markers, of several sizes where lines lie on each other."""
    means = spread(frame.sort_values("x"), ["x"])
    axis.plot(means["x"], means["mean"], color=colour, marker=marker, markersize=size, mfc="none", mew=1.2, label=label)
    axis.plot(frame["x"], frame["value"], ls="", color=colour, marker=".", markersize=3, alpha=0.5)
