"""Bounds and active latents against the number of latents."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, GREEN, ORANGE, WIDTH, Look
from secondlook.tables.read import final_values

METRICS = frozenset({"train_bound", "test_bound", "active_units", "diverged"})


def draw(data: FigureData) -> Figure:
    """Two panels; cells with another number of training images are left out."""
    table = data.table
    if "train_images" in table:
        table = table[table["train_images"].isna()]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0))
    _points(left, table, "test_bound", BLUE, "test images", 0.97)
    _points(left, table, "train_bound", ORANGE, "training images", 1.03)
    left.set(xlabel="latents", ylabel="bound, nats")
    left.legend(fontsize=7, loc="lower left")
    sizes = _points(right, table, "active_units", GREEN, "active", 1.0)
    right.plot(sizes, sizes, color="0.4", ls="--", lw=1, label="all")
    right.set(xlabel="latents", ylabel="active latents", yscale="log")
    right.legend(fontsize=7)
    for axis in (right.yaxis, left.xaxis, right.xaxis):
        axis.set_minor_formatter(NullFormatter())
    right.set_yticks(sizes, [f"{size:g}" for size in sizes])
    for axis in (left, right):
        axis.set_xticks(sizes, [f"{size:g}" for size in sizes])
    return figure


def _points(axis: Axes, table: pd.DataFrame, metric: str, look: Look, label: str, shift: float) -> np.ndarray:
    """Draw replicas and their means, and return the numbers of latents."""
    values = final_values(table, metric, ["latents"]).dropna()
    values = values.assign(latents=pd.to_numeric(values["latents"]))
    means = values.groupby("latents")["value"].mean()
    axis.set_xscale("log")
    axis.plot(shift * values["latents"], values["value"], markersize=3.5, alpha=0.5, **look.points)
    axis.plot(shift * means.index.to_numpy(), means, label=label, **look.line)
    return np.sort(values["latents"].unique())
