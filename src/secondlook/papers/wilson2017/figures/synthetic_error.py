"""Test error on the separable problem after the last update, replicas as points, closed forms as bars."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles
from secondlook.tables.read import final_values

RULES = {"gd": "gradient\ndescent", "heavy_ball": "heavy\nball", "adagrad": "AdaGrad", "rmsprop": "RMSProp", "adam": "Adam"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """One panel a problem."""
    table = tables["synthetic"]
    by = ["n", "p", "optimizer"]
    measured = final_values(table, "test_error", by)
    closed = final_values(table, "expected_test_error", by)
    problems = list(dict.fromkeys(zip(table["n"], table["p"], strict=True)))
    colours, _, _ = styles(list(RULES))
    figure, axes = plt.subplots(1, len(problems), figsize=(WIDTH, 2.7), sharey=True)
    for axis, (n, p) in zip(axes.flat, problems, strict=True):
        here = [frame[(frame["n"] == n) & (frame["p"] == p)] for frame in (measured, closed)]
        means = here[1].groupby("optimizer", sort=False)["value"].mean().reindex(list(RULES))
        axis.bar(range(len(RULES)), means, color="#dddddd", width=0.8, label="closed form, mean")
        axis.axhline(0.5, color="#777777", lw=0.8, ls=":")
        sns.stripplot(
            here[0],
            x="optimizer",
            y="value",
            order=list(RULES),
            hue="optimizer",
            hue_order=list(RULES),
            palette=colours,
            size=3.2,
            jitter=0.22,
            ax=axis,
            legend=False,
        )
        axis.set_xticks(range(len(RULES)), list(RULES.values()), fontsize=6.5)
        axis.set(title=f"n = {n}, p = {p}", xlabel="", ylabel="test error", ylim=(-0.02, 0.55))
    axes.flat[0].legend(loc="upper left", fontsize=7)
    return figure
