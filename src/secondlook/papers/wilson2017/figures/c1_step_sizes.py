"""The tuning grid: final training loss and test error against the step size."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import OPTIMIZER_LOOKS, WIDTH
from secondlook.labels import OPTIMIZERS
from secondlook.tables.read import final_values

PANELS = {"train_loss": "final training loss, nats", "test_error": "final test error, %"}
METRICS = frozenset([*PANELS, "diverged"])


def draw(data: FigureData) -> Figure:
    """Two panels; the ring marks the step size of lowest training loss, crosses mark divergences."""
    extension = data.tables["c1-extend"]
    parts = [data.tables["c1-grid"]] + ([extension.assign(lr=extension["lr_value"])] if "lr_value" in extension else [])
    table = pd.concat(parts, ignore_index=True).assign(lr=lambda rows: rows["lr"].astype(float))
    scores = {metric: final_values(table, metric, ["optimizer", "lr"]).dropna() for metric in PANELS}
    diverged = table[table["metric"] == "diverged"]
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1))
    for axis, (metric, title) in zip(axes, PANELS.items(), strict=True):
        for rule, look in OPTIMIZER_LOOKS.items():
            rows = scores[metric][scores[metric]["optimizer"] == rule].sort_values("lr")
            if rows.empty:
                continue
            axis.plot(rows["lr"], rows["value"], marker=look.marker, markersize=4, label=OPTIMIZERS[rule], **look.line)
            losses = scores["train_loss"][scores["train_loss"]["optimizer"] == rule]
            chosen = losses.loc[losses["value"].idxmin(), "lr"]
            axis.plot(chosen, rows.loc[rows["lr"] == chosen, "value"].mean(), "o", ms=11, mfc="none", mec=look.colour, mew=1.4)
        axis.set(xscale="log", xlabel="step size", ylabel=title)
        for rule, lr in diverged[["optimizer", "lr"]].drop_duplicates().itertuples(index=False):
            axis.plot(lr, 0.98, "x", color=OPTIMIZER_LOOKS[rule].colour, mew=2, transform=axis.get_xaxis_transform())
    axes[0].legend(fontsize=7)
    return figure
