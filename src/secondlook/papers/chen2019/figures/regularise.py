"""Training and test error with little data, and the drift of the layers' inputs, with and without batch normalization and dropout."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, GREEN, ORANGE, VERMILLION, WIDTH, plain_log, spread
from secondlook.tables.read import snapshot

METRICS = frozenset(["test_error", "fitted_error", "drift", "epoch", "diverged"])
ARMS = {
    (False, False): ("neither", ORANGE),
    (True, False): ("BN", BLUE),
    (False, True): ("dropout", VERMILLION),
    (True, True): ("both", GREEN),
}


def draw(data: FigureData) -> Figure:
    """Left: a bar an arm from training to test error. Right: drift over the epochs, band over seeds."""
    table = data.table
    epochs = table.loc[table["metric"] == "epoch", ["step", "value"]].drop_duplicates().set_index("step")["value"]
    ends = snapshot(table).reset_index()
    ends = ends[~ends["diverged"]]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0))
    for row, ((norm, drop), (label, look)) in enumerate(ARMS.items()):

        def mine(frame: pd.DataFrame, norm: bool = norm, drop: bool = drop) -> pd.DataFrame:
            return frame[(frame["order"].str.contains("bn") == norm) & ((frame["rate"].astype(float) > 0) == drop)]

        end = mine(ends)
        spots = row + np.linspace(-0.15, 0.15, len(end))
        left.hlines(spots, end["fitted_error"], end["test_error"], color=look.colour, lw=1.2)
        left.plot(end["fitted_error"], spots, "o", color=look.colour, mfc="white", ms=4)
        left.plot(end["test_error"], spots, "o", color=look.colour, ms=4)
        rows = mine(table[table["metric"] == "drift"])
        band = spread(rows.assign(epoch=rows["step"].map(epochs)), ["epoch"]).sort_values("epoch")
        right.plot(band["epoch"], band["mean"], label=label, **look.line)
        right.fill_between(band["epoch"], band["min"], band["max"], color=look.colour, alpha=0.15, lw=0)
    left.set_yticks(range(len(ARMS)), [label for label, _ in ARMS.values()])
    left.set_ylim(len(ARMS) - 0.5, -0.5)
    left.set(title="Gap", xlabel="error, %: training (open), test (full)")
    right.set(title="Drift", xlabel="epoch", ylabel="sd per epoch")
    plain_log(right)
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.legend(fontsize=7)
    return figure
