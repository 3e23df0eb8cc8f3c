"""Rank correlation of loss and distance, a replica each, beside the two controls and the floor of a common trend."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLACK, LOSS_LOOKS, WIDTH, Look
from secondlook.labels import LOSSES, MIXTURES
from secondlook.papers.arjovsky2017.figures import cell, series

GAMES = [(loss, data) for loss in ("wasserstein", "non-saturating") for data in ("ring", "grid25")]
METRICS = frozenset(["tracking", "d_loss", "w1", "fresh_d_loss"])


def draw(data: FigureData) -> Figure:
    """A row an arm; the fresh critic's correlation is taken here, that of the game stands in the table."""
    table = data.tables["correlation"]
    found: list[tuple[str, Look, list[float]]] = []
    floors: list[tuple[str, Look, list[float]]] = []
    for loss, points in GAMES:
        name, rows = f"{LOSSES[loss]}, {MIXTURES[points]}", cell(table, data=points, loss=loss)
        found.append((name, LOSS_LOOKS[loss], _tracking(rows)))
        if loss == "wasserstein":
            values = others(list(series(rows, "d_loss")), list(series(rows, "w1")))
            floors.append((f"{name}, another seed's W1", LOSS_LOOKS[loss], values))
    frozen = cell(table, data="ring", loss="wasserstein", g_lr="0.0", redraw="True")
    found += [("control: frozen generator", BLACK, _tracking(frozen)), *floors]
    fresh = cell(data.tables["fresh"], data="ring", loss="wasserstein")
    values = [_rho(*pair) for pair in zip(series(fresh, "fresh_d_loss"), series(fresh, "w1"), strict=True)]
    found.append(("control: critic from scratch, ring", BLACK, values))
    figure, axis = plt.subplots(figsize=(WIDTH * 0.8, 3.0))
    for row, (_, look, values) in enumerate(found):
        axis.plot(values, row + np.linspace(-0.15, 0.15, len(values)), ms=4.5, alpha=0.8, **look.points)
        if values:
            axis.plot(np.mean(values), row, "|", color="black", ms=14)
    axis.axvline(0, color="black", lw=0.8)
    axis.set_yticks(range(len(found)), [name for name, _, _ in found])
    axis.invert_yaxis()
    axis.set(xlabel="rank correlation of estimate and W1", xlim=(-1.05, 1.05))
    return figure


def others(losses: list[pd.Series], distances: list[pd.Series]) -> list[float]:
    """Rank correlation of each replica's estimate with the next replica's distance (the last one's with the first's).

    Both fall in the course of a training, so this is what the common trend alone gives. It is taken here and not in the job, where a
    replica's numbers must not depend on which others it trained with.
    """
    if len(losses) < 2:
        return []
    return [_rho(loss, distance) for loss, distance in zip(losses, [*distances[1:], distances[0]], strict=True)]


def _tracking(rows: pd.DataFrame) -> list[float]:
    """Each replica's rank correlation, as its job took it."""
    return [curve.iloc[-1] for curve in series(rows, "tracking")]


def _rho(losses: pd.Series, distances: pd.Series) -> float:
    both = pd.DataFrame({"loss": losses, "distance": distances}).dropna()
    return float(-stats.spearmanr(both["loss"], both["distance"]).statistic)
