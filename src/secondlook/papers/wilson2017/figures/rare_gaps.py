"""Test error where common or where rare features carry the label, with both ways to choose step sizes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import OPTIMIZER_LOOKS, WIDTH
from secondlook.labels import OPTIMIZERS
from secondlook.papers.wilson2017.figures import draw_row
from secondlook.tables.read import final_values

METRICS = frozenset(["test_error", "diverged"])
PANELS = {"common": "Common features carry the label", "rare": "Rare features carry the label"}
#: Adam's own epsilon, as a table has it
OWN = "1e-08"


def draw(data: FigureData) -> Figure:
    """One panel a problem, one row a rule, below them Adam with larger epsilons."""
    frames = [final_values(data.tables[key], "test_error", ["signal", "optimizer", "eps"]).dropna(subset=["value"]) for key in data.tables]
    frames = [frame.assign(optimizer=frame["optimizer"].replace("", "adam")) for frame in frames]
    by_loss, by_validation = frames
    rows = [(rule, "") for rule in OPTIMIZER_LOOKS if rule not in ("gd", "adam")]
    rows += [("adam", eps) for eps in sorted(set(by_validation["eps"]) - {""}, key=float)]
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 0.8 + 0.36 * len(rows)), sharey=True)
    for axis, (signal, title) in zip(axes, PANELS.items(), strict=True):
        for place, (rule, eps) in enumerate(rows):
            look = OPTIMIZER_LOOKS[rule]
            for frame, marks in ((by_loss, {"mfc": "white", "alpha": 0.8}), (by_validation, {})):
                mine = frame[(frame["signal"] == signal) & (frame["optimizer"] == rule) & (frame["eps"] == eps)]
                draw_row(axis, _values(mine), place + (0.2 if frame is by_loss else -0.08), look, **marks)
        axis.set_title(title, fontsize=7)
        axis.set_xlabel("test error, %")
    names = [OPTIMIZERS[rule] + (f", epsilon {float(eps):g}" if eps not in ("", OWN) else "") for rule, eps in rows]
    axes[0].set_yticks(np.arange(len(rows)), names)
    axes[0].invert_yaxis()
    axes[1].tick_params(labelleft=True)  # it stands alone beside the answer
    axes[1].set_label(KEY)
    return figure


def _values(rows: pd.DataFrame) -> np.ndarray:
    return rows["value"].to_numpy()
