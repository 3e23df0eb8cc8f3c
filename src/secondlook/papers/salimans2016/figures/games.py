"""Two games of two numbers: where the players go, and how far they end, against the weight of historical averaging."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, VERMILLION, WIDTH, looks
from secondlook.tables.read import snapshot

METRICS = frozenset(["late_distance", "converged", "diverged"])
GAMES = {"xy": ("x y", (0, 0)), "piecewise": ("(f(x) - 1)(y - 1)", (1, 1))}
#: weights whose paths are drawn; the middle one decides
SHOWN = (0.0, 0.1, 2.0)
#: distance from the equilibrium that is shown, and at which a path ends that has left for good
SHOWN_DISTANCE, CUT = 3.5, 100.0


def draw(data: FigureData) -> Figure:
    """A row a game: the paths of the first start, and the late distance of all starts."""
    ends = snapshot(data.table).reset_index()
    ends["averaging"] = ends["averaging"].astype(float)
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, 5.6), width_ratios=[1, 1.35])
    names = looks([f"{weight:g}" for weight in SHOWN])
    for (game, (title, centre)), (left, right) in zip(GAMES.items(), axes, strict=True):
        for weight in SHOWN:
            for record in data.records:
                if (record.cell["game"], float(record.cell["averaging"])) == (game, weight):
                    path = record.arrays[f"{record.seeds[0]}/path"]
                    inside = np.abs(path - centre).max(1) < CUT
                    path = path[: int(inside.argmin()) if not inside.all() else None]
                    look = names[f"{weight:g}"]
                    style = {"color": look.colour, "marker": look.marker, "ms": 2, "markevery": 12, "lw": 0.6, "alpha": 0.8}
                    left.plot(*path.T, label=f"weight {weight:g}", **style)
        left.plot(*centre, "x", color="black", ms=8, mew=1.5)
        left.set(title=f"V = {title}", xlabel="x", ylabel="y", aspect="equal")
        left.set_xlim(centre[0] - SHOWN_DISTANCE, centre[0] + SHOWN_DISTANCE)
        left.set_ylim(centre[1] - SHOWN_DISTANCE, centre[1] + SHOWN_DISTANCE)
        mine = ends[ends["game"] == game]
        weights = sorted(mine["averaging"].unique())
        for place, weight in enumerate(weights):
            runs = mine[mine["averaging"] == weight]
            spots = place + np.linspace(-0.25, 0.25, len(runs))
            for spot, (_, run) in zip(spots, runs.iterrows(), strict=True):
                if run["diverged"]:
                    right.plot(spot, 0.97, "^", color=VERMILLION.colour, ms=4, transform=right.get_xaxis_transform())
                else:
                    right.plot(spot, run["late_distance"], ".", color=BLUE.colour, ms=4)
        right.axhline(0.05, color="#777777", lw=0.8, ls=":")
        right.set_xticks(range(len(weights)), [f"{weight:g}" for weight in weights])
        right.set(yscale="log", xlabel="weight of historical averaging", ylabel="late / first distance", title="Distance")
        right.margins(y=0.15)
    axes[0, 0].legend(fontsize=6.5, loc="upper right", frameon=True)
    return figure
