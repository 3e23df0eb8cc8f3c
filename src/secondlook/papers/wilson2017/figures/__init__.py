"""Figures of Wilson et al. 2017; each module draws one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from secondlook.figures.style import BLACK, OPTIMIZER_LOOKS, WIDTH, Look
from secondlook.labels import OPTIMIZERS
from secondlook.tables.read import final_values

DEFAULT_ADAM = "Adam (default)"
#: label -> look of the rules, the baseline first
RULE_LOOKS = {OPTIMIZERS[rule]: look for rule, look in OPTIMIZER_LOOKS.items() if rule != "gd"} | {DEFAULT_ADAM: BLACK._replace(marker="P")}
#: replicas that an interval takes at least
FEWEST = 3


def rule_labels(rows: pd.DataFrame) -> pd.Series:
    """Label of each row's rule; Adam at the step size that it has by default, and not at a chosen one, is told apart."""
    return rows["optimizer"].map(OPTIMIZERS).where(rows["lr"] == "selected", DEFAULT_ADAM)


def half_width(values: np.ndarray) -> np.ndarray | float:
    """Half the width of the 95 % interval of a mean along the first axis (Student's t); not a number where there are too few replicas."""
    count = len(values)
    if count < FEWEST:
        return np.full(np.shape(values)[1:], np.nan)
    return stats.t.ppf(0.975, count - 1) * np.std(values, axis=0, ddof=1) / np.sqrt(count)


def draw_row(axis: Axes, values: np.ndarray, row: float, look: Look, **marks: Any) -> None:
    """Draw replicas as small points, and their mean with its 95 % interval beside them, at the height ``row``."""
    if not len(values):
        return
    spots = row - 0.16 + np.linspace(-0.07, 0.07, len(values))
    axis.plot(values, spots, ".", color=look.colour, markersize=2.5, alpha=0.45)
    style: dict[str, Any] = {"marker": look.marker, "color": look.colour, "capsize": 2.5, "markersize": 5} | marks
    axis.errorbar(values.mean(), row, xerr=np.nan_to_num(half_width(values)), **style)


def draw_step_sizes(tables: Mapping[str, pd.DataFrame], panels: Mapping[str, str], rings: Sequence[str], worst: Sequence[str]) -> Figure:
    """Draw a tuning grid: a panel a metric, its values against the step size; crosses mark divergences.

    Args:
        tables: the grid, and its extensions.
        panels: metric -> label of its axis.
        rings: of each panel, the metric whose lowest value a ring marks: the step size that is chosen by it.
        worst: metrics that are those of the worst tuning seed; of the others it is the mean.
    """
    parts = [rows.assign(lr=rows["lr_value"] if "lr_value" in rows else rows["lr"]) for rows in tables.values()]
    table = pd.concat(parts, ignore_index=True)
    table = table.assign(lr=pd.to_numeric(table["lr"], errors="coerce")).dropna(subset=["lr"])  # "beyond" no edge there was no run

    def score(metric: str) -> pd.DataFrame:
        """One value a step size; none where a seed diverged."""
        values = final_values(table, metric, ["optimizer", "lr"]).groupby(["optimizer", "lr"])["value"]
        whole = values.agg("max" if metric in worst else "mean").where(values.count() == values.size())
        return whole.dropna().reset_index()

    scores = {metric: score(metric) for metric in {*panels, *rings}}
    diverged = table[table["metric"] == "diverged"]
    figure, axes = plt.subplots(1, len(panels), figsize=(WIDTH, 3.1))
    for axis, (metric, title), ring in zip(axes, panels.items(), rings, strict=True):
        for rule, look in OPTIMIZER_LOOKS.items():
            rows = scores[metric][scores[metric]["optimizer"] == rule].sort_values("lr")
            if rows.empty:
                continue
            axis.plot(rows["lr"], rows["value"], marker=look.marker, markersize=4, label=OPTIMIZERS[rule], **look.line)
            compared = scores[ring][scores[ring]["optimizer"] == rule]
            chosen = compared.loc[compared["value"].idxmin(), "lr"]
            axis.plot(chosen, rows.loc[rows["lr"] == chosen, "value"].mean(), "o", ms=11, mfc="none", mec=look.colour, mew=1.4)
        axis.set(xscale="log", xlabel="step size", ylabel=title)
        for rule, lr in diverged[["optimizer", "lr"]].drop_duplicates().itertuples(index=False):
            axis.plot(lr, 0.98, "x", color=OPTIMIZER_LOOKS[rule].colour, mew=2, transform=axis.get_xaxis_transform())
    if any(not rows.empty for rows in scores.values()):
        axes[0].legend(fontsize=7)
    return figure
