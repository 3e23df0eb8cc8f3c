"""The tuning grid: final training loss and test error against the step size."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.wilson2017.figures import RULES
from secondlook.tables.read import final_values

PANELS = {"train_loss": "final training loss, nats", "test_error": "final test error, %"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Two panels; the ring marks the step size of lowest training loss, crosses mark divergences."""
    extension = tables["c1-extend"]
    parts = [tables["c1-grid"]] + ([extension.assign(lr=extension["lr_value"])] if "lr_value" in extension else [])
    table = pd.concat(parts, ignore_index=True).assign(lr=lambda rows: rows["lr"].astype(float))
    colours, markers, dashes = styles([*RULES.values()])
    scores = {metric: final_values(table, metric, ["optimizer", "lr"]).dropna() for metric in PANELS}
    diverged = table[table["metric"] == "diverged"]
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1))
    for axis, (metric, title) in zip(axes, PANELS.items(), strict=True):
        for rule, name in RULES.items():
            rows = scores[metric][scores[metric]["optimizer"] == rule].sort_values("lr")
            if rows.empty:
                continue
            axis.plot(
                rows["lr"],
                rows["value"],
                color=colours[name],
                dashes=dashes[name] or (None, None),
                marker=markers[name],
                markersize=4,
                label=name,
            )
            losses = scores["train_loss"][scores["train_loss"]["optimizer"] == rule]
            chosen = losses.loc[losses["value"].idxmin(), "lr"]
            axis.plot(chosen, rows.loc[rows["lr"] == chosen, "value"].mean(), "o", ms=11, mfc="none", mec=colours[name], mew=1.4)
        axis.set(xscale="log", xlabel="step size", ylabel=title)
        for rule, lr in diverged[["optimizer", "lr"]].drop_duplicates().itertuples(index=False):
            axis.plot(lr, 0.98, "x", color=colours[RULES[rule]], mew=2, transform=axis.get_xaxis_transform())
    axes[0].legend(fontsize=7)
    return figure
