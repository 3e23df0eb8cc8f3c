"""Which runs succeed without batch normalization: counts with exact intervals, and how far every run came."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import BATCH_NORM, LOSSES, OPTIMIZERS
from secondlook.tables.read import snapshot

ARM = ["bn", "optimizer", "loss"]
METRICS = frozenset(["fid_a", "success", "diverged"])


def draw(data: FigureData) -> Figure:
    """Draw a row an arm. A replica that diverged is no success, and a cross at the right edge."""
    table = data.table
    start = table[(table["metric"] == "fid_a") & (table["step"] == 0)].set_index([*ARM, "replica"])["value"]
    end = snapshot(table).reset_index().set_index([*ARM, "replica"]).sort_index()
    end = end.assign(ratio=end["fid_a"] / start)
    present = set(end.index.droplevel("replica"))
    arms = [arm for bn in BATCH_NORM for rule in OPTIMIZERS for loss in LOSSES if (arm := (bn, rule, loss)) in present]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 0.36 * len(arms) + 1.0), sharey=True)
    for row, arm in enumerate(arms):
        runs, look = end.loc[arm], LOSS_LOOKS[arm[2]]
        won = runs["success"].where(~runs["diverged"], 0.0).fillna(0.0)
        hits, size = int(won.sum()), len(won)
        bounds = stats.binomtest(hits, size).proportion_ci(method="exact")
        share = hits / size
        xerr = [[share - bounds.low], [bounds.high - share]]
        left.errorbar(share, row, xerr=xerr, color=look.colour, marker=look.marker, ms=5, capsize=3)
        left.text(1.06, row, f"{hits} of {size}", va="center", fontsize=7, bbox={"fc": "white", "ec": "none", "pad": 1})
        spots = row + np.linspace(-0.18, 0.18, size)
        for spot, (_, run) in zip(spots, runs.iterrows(), strict=True):
            if run["diverged"]:
                right.plot(0.98, spot, "x", color="black", ms=6, transform=right.get_yaxis_transform())
            else:
                full = run["success"] == 1
                right.plot(run["ratio"], spot, look.marker, color=look.colour, mfc=look.colour if full else "none", ms=4.5)
    left.set_yticks(range(len(arms)), [f"{BATCH_NORM[bn]}, {OPTIMIZERS[rule]}: {LOSSES[loss]}" for bn, rule, loss in arms], fontsize=7)
    left.set(title="Runs that succeed", xlabel="share of runs, 95 % interval", xlim=(-0.05, 1.28), xticks=np.arange(0, 1.01, 0.25))
    left.set_ylim(len(arms) - 0.5, -0.5)
    right.set(title="How far each run came", xlabel="Frechet distance, end / start")
    right.set_xlim(left=0)
    return figure
