"""The character model's losses over the updates, each rule's less SGD's, seed by seed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH
from secondlook.papers.wilson2017.figures import RULE_LOOKS, half_width, rule_labels

PANELS = {"train_loss": "Training text", "test_loss": "New text"}
METRICS = frozenset(PANELS)


def draw(data: FigureData) -> Figure:
    """Two panels; a replica counts where it and SGD with its seed have a row."""
    table = data.table
    if "weight_decay" in table:
        table = table[table["weight_decay"].isna()]
    table = table.assign(label=rule_labels(table))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), sharey=True)
    for axis, (metric, title) in zip(axes, PANELS.items(), strict=True):
        losses = {name: _curves(table, metric, name) for name in RULE_LOOKS}
        for name, look in RULE_LOOKS.items():
            gaps = (losses[name] - losses["SGD"]).dropna()
            if name == "SGD" or gaps.empty:
                continue
            steps, means, half = gaps.columns.to_numpy(), gaps.mean().to_numpy(), half_width(gaps.to_numpy())
            axis.plot(steps, means, marker=look.marker, markersize=3.5, label=name, **look.line)
            axis.fill_between(steps, means - half, means + half, color=look.colour, alpha=0.15, lw=0)
        axis.axhline(0, color=RULE_LOOKS["SGD"].colour, lw=1)
        axis.set(title=title, xlabel="updates")
        axis.set_yscale("symlog", linthresh=0.05)
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes[0].set_ylabel("loss less SGD's, nats")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=7)
    return figure


def _curves(table: pd.DataFrame, metric: str, name: str) -> pd.DataFrame:
    """Replica x step."""
    rows = table[(table["metric"] == metric) & (table["label"] == name)]
    return rows.pivot_table(index="replica", columns="step", values="value")
