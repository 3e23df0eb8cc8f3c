"""Rank correlation of loss and distance, a replica each, beside the two controls and the floor of a common trend."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from secondlook.figures.style import WIDTH
from secondlook.papers.arjovsky2017.figures import COLOURS, LOSSES, MARKERS, cell, series

ROWS = (
    ("WGAN, ring", "wasserstein", {"data": "ring", "loss": "wasserstein"}),
    ("WGAN, grid of 25", "wasserstein", {"data": "grid25", "loss": "wasserstein"}),
    ("GAN, ring", "non-saturating", {"data": "ring", "loss": "non-saturating"}),
    ("GAN, grid of 25", "non-saturating", {"data": "grid25", "loss": "non-saturating"}),
    ("control: frozen generator", None, {"data": "ring", "loss": "wasserstein", "g_lr": "0.0", "redraw": "True"}),
)


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A row an arm; the fresh critic's correlation is taken here, that of the game stands in the table."""
    found = [
        (label, loss, [curve.iloc[-1] for curve in series(cell(tables["correlation"], **where), "tracking")]) for label, loss, where in ROWS
    ]
    for label, loss, where in ROWS[:2]:
        rows = cell(tables["correlation"], **where)
        found.append((f"{label}, another seed's W1", loss, others(list(series(rows, "d_loss")), list(series(rows, "w1")))))
    fresh = cell(tables["fresh"], data="ring", loss="wasserstein")
    found.append(
        (
            "control: critic from scratch, ring",
            None,
            [_rho(*pair) for pair in zip(series(fresh, "fresh_d_loss"), series(fresh, "w1"), strict=True)],
        )
    )
    figure, axis = plt.subplots(figsize=(WIDTH * 0.8, 3.0))
    for row, (_, loss, values) in enumerate(found):
        name = LOSSES.get(loss)
        spots = row + np.linspace(-0.15, 0.15, len(values))
        axis.plot(values, spots, ls="", marker=MARKERS.get(name, "X"), color=COLOURS.get(name, "black"), ms=4.5, alpha=0.8)
        if values:
            axis.plot(np.mean(values), row, "|", color="black", ms=14)
    axis.axvline(0, color="black", lw=0.8)
    axis.set_yticks(range(len(found)), [label for label, _, _ in found])
    axis.invert_yaxis()
    axis.set(xlabel="rank correlation of estimate and W1", xlim=(-1.05, 1.05))
    return figure


def others(losses: list[pd.Series], distances: list[pd.Series]) -> list[float]:
    """Rank correlation of each replica's estimate with the next replica's distance (the last one's with the first's).

    Both fall in the course of a training, so this is what the common trend alone gives. It is taken here and not in the job, where a
    replica's numbers must not hang on which others it trained with.
    """
    if len(losses) < 2:
        return []
    return [_rho(loss, distance) for loss, distance in zip(losses, [*distances[1:], distances[0]], strict=True)]


def _rho(losses: pd.Series, distances: pd.Series) -> float:
    both = pd.DataFrame({"loss": losses, "distance": distances}).dropna()
    return float(-stats.spearmanr(both["loss"], both["distance"]).statistic)
