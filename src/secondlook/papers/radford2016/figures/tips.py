"""Each guideline removed: the Frechet distance over that of the recipe, and which runs succeed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import BLUE, VERMILLION, WIDTH, Look
from secondlook.labels import REMOVED
from secondlook.tables.read import snapshot

METRICS = frozenset(["fid_a", "success", "diverged"])
#: experiment -> what it is called, how it is drawn, how far above its row
STEPS: dict[str, tuple[str, Look, float]] = {
    "guidelines": ("moderate step size", BLUE, -0.14),
    "stability": ("high step size", VERMILLION, 0.14),
}
#: row of the net that starts from He's variance
HE = "no BN, He's start"


def draw(data: FigureData) -> Figure:
    """A row a removal, in the order of their labels; a diverged run is in no mean, a cross among the squares."""
    ends = {key: _ends(data.tables[key]) for key in STEPS}
    rows = [*REMOVED.values(), HE]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 0.34 * len(rows) + 0.9), sharey=True, width_ratios=[1.2, 1])
    begin = 0
    centres = []
    for key, (title, look, shift) in STEPS.items():
        recipe = ends[key].get("nothing")
        arms = dict(ends[key]) | ({"he": _ends(data.tables["start"])["bn"]} if key == "guidelines" and "start" in data.tables else {})
        for removed, runs in arms.items():
            row = rows.index(HE if removed == "he" else REMOVED[removed])
            if removed != "nothing" and recipe is not None:
                _interval(left, row + shift, np.log(runs["fid_a"] / recipe["fid_a"]).dropna(), look)
            _squares(right, begin, row, runs, look)
        left.plot([], [], color=look.colour, marker=look.marker, ms=5, label=title)
        most = max((len(runs) for runs in arms.values()), default=1)
        centres.append(begin + (most - 1) / 2)
        begin += most + 1
    left.axvline(1, color="black", lw=0.8)
    left.set_xscale("log")
    low, high = left.get_xlim()
    ticks = [tick for tick in (0.25, 0.5, 1, 2, 4, 8, 16, 32) if low <= tick <= high]
    left.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    left.minorticks_off()
    left.set_title("Guideline removed", fontsize=8)
    left.set_xlabel("Frechet distance, times that of the recipe", fontsize=8)
    left.set_yticks(range(len(rows)), rows, fontsize=8)
    left.set_ylim(len(rows) - 0.5, -0.5)
    left.set_label(KEY)
    # in the row of the recipe, which has no ratio
    left.legend(fontsize=7, ncols=2, loc="upper left", handlelength=1.2, columnspacing=1, frameon=True, framealpha=1, edgecolor="none")
    right.tick_params(labelleft=True)  # on a phone it stands below the other
    right.set_title("Runs (filled: success)", fontsize=8)
    right.set_xticks(centres, [title.replace(" ", "\n", 1) for title, _, _ in STEPS.values()], fontsize=8)
    right.set_xlim(-0.8, begin - 1.2)
    return figure


def _ends(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Removal -> its runs at the end, by replica."""
    end = snapshot(table).reset_index().reindex(columns=["removed", "replica", "fid_a", "success", "diverged"])
    end["fid_a"] = end["fid_a"].where(~end["diverged"])
    return {str(removed): runs.set_index("replica").sort_index() for removed, runs in end.groupby("removed", sort=False)}


def _interval(axis: Axes, row: float, logs: pd.Series, look: Look) -> None:
    """Geometric mean with its 95 % interval, and every pair as a small point."""
    axis.plot(np.exp(logs), np.full(len(logs), row), ".", color=look.colour, ms=3, alpha=0.5)
    if len(logs) > 1:
        reach = float(stats.t.ppf(0.975, len(logs) - 1)) * logs.std(ddof=1) / len(logs) ** 0.5
        axis.plot(np.exp([logs.mean() - reach, logs.mean() + reach]), [row, row], color=look.colour, lw=1.5)
    if len(logs):
        axis.plot(np.exp(logs.mean()), row, color=look.colour, marker=look.marker, ms=5)


def _squares(axis: Axes, begin: int, row: int, runs: pd.DataFrame, look: Look) -> None:
    """A row of runs, the first at the abscissa ``begin``."""
    for place, (_, run) in enumerate(runs.iterrows(), begin):
        if run["diverged"]:
            axis.plot(place, row, "x", color="black", ms=4)
        else:
            axis.plot(place, row, "s", color=look.colour, mfc=look.colour if run["success"] == 1 else "none", ms=3.5)
