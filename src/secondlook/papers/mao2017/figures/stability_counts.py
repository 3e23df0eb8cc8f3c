"""Which runs succeed without batch normalization: counts with exact intervals, and how far every run came."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.mao2017.figures import LOSSES
from secondlook.tables.read import snapshot

BATCH_NORM = {"all": "BN in both", "not_in_g": "no BN in G", "none": "no BN"}
OPTIMIZERS = {"adam": "Adam", "rmsprop": "RMSProp"}


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """The arms with batch normalization in D."""
    return draw_counts(tables["stability"])


def draw_counts(table: pd.DataFrame) -> Figure:
    """Draw a row an arm. A replica that diverged is no success, and a cross at the right edge."""
    start = table[(table["metric"] == "fid_a") & (table["step"] == 0)].set_index(["bn", "optimizer", "loss", "replica"])["value"]
    end = snapshot(table).reset_index().set_index(["bn", "optimizer", "loss", "replica"])
    end = end.assign(ratio=end["fid_a"] / start)
    arms = [
        (bn, optimizer, loss)
        for bn in BATCH_NORM
        for optimizer in OPTIMIZERS
        for loss in LOSSES
        if (bn, optimizer, loss) in set(end.index.droplevel("replica"))
    ]
    colours, markers, _ = styles([*LOSSES])
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 0.36 * len(arms) + 1.0), sharey=True)
    for row, arm in enumerate(arms):
        runs = end.loc[arm]
        won = runs["success"].where(~runs["diverged"], 0.0).fillna(0.0)
        hits, size, colour, marker = int(won.sum()), len(won), colours[arm[2]], markers[arm[2]]
        bounds = stats.binomtest(hits, size).proportion_ci(method="exact")
        share = hits / size
        left.errorbar(share, row, xerr=[[share - bounds.low], [bounds.high - share]], color=colour, marker=marker, ms=5, capsize=3)
        left.annotate(f"{hits} of {size}", (1.04, row), va="center", fontsize=7, annotation_clip=False)
        spots = row + np.linspace(-0.18, 0.18, size)
        for spot, (_, run) in zip(spots, runs.iterrows(), strict=True):
            if run["diverged"]:
                right.plot(0.98, spot, "x", color="black", ms=6, transform=right.get_yaxis_transform())
            else:
                full = run["success"] == 1
                right.plot(run["ratio"], spot, marker, color=colour, mfc=colour if full else "none", ms=4.5)
    left.set_yticks(range(len(arms)), [f"{BATCH_NORM[bn]}, {OPTIMIZERS[rule]}, {LOSSES[loss]}" for bn, rule, loss in arms], fontsize=7)
    left.set(title="Runs that succeed", xlabel="share of runs, 95 % interval", xlim=(-0.05, 1.25), xticks=np.arange(0, 1.01, 0.25))
    left.invert_yaxis()
    right.set(title="How far each run came", xlabel="Frechet distance, end / start")
    right.set_xlim(left=0)
    return figure
