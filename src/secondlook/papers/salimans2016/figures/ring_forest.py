"""Each technique alone and each left out of the recipe: sharpness with one pair of nets, modes with the other."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import BLUE, ORANGE, WIDTH
from secondlook.labels import TECHNIQUES
from secondlook.tables.read import snapshot

METRICS = frozenset(["high_quality", "modes", "diverged"])
ALONE = ("feature_matching", "minibatch", "historical", "one_sided", "two_sided", "batch_norm", "virtual")
LEFT_OUT = ("recipe_no_minibatch", "recipe_no_smoothing", "recipe_batch_norm")
#: the share of a replica that has none or diverged
LEAST = 0.001


def draw(data: FigureData) -> Figure:
    """Left: ratios of sharpness with tanh nets. Right: modes with ReLU nets."""
    tanh, relu = (snapshot(data.tables[name]).reset_index() for name in ("ring", "ring-relu"))
    rows = [("none", "none"), *((name, "none") for name in ALONE), ("recipe", "none"), *((name, "recipe") for name in LEFT_OUT)]
    gap = len(ALONE) + 2  # a free row between the halves
    places = [place + (place >= gap) for place in range(len(rows))]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 0.3 * len(rows) + 1.4), sharey=True, width_ratios=[1.2, 1])
    for place, (name, base) in zip(places, rows, strict=True):
        look = BLUE if base == "none" else ORANGE
        if name != base:
            low, middle, high = interval(logs(tanh, name), logs(tanh, base))
            left.errorbar(middle, place, xerr=[[middle - low], [high - middle]], color=look.colour, marker=look.marker, ms=5, capsize=3)
        mine = relu[relu["technique"] == name]
        modes = mine["modes"].where(~mine["diverged"], 0.0).to_numpy()
        right.plot(np.sort(modes), place + np.linspace(-0.2, 0.2, len(modes)), look.marker, color=look.colour, ms=3, alpha=0.6)
        right.plot(modes.mean(), place, "|", color="black", ms=12, mew=1.5)
    for axis in (left, right):
        axis.axhline(gap - 0.4, color="#999999", lw=0.8)
    left.axvline(1, color="#555555", lw=0.9)
    left.set(xscale="log", xlabel="share of good samples, ratio", title="Sharpness, tanh nets")
    ticks = [0.25, 0.5, 1, 2, 4]
    left.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    left.set_xlim(0.2, 5)
    left.minorticks_off()
    left.set_yticks(places, [TECHNIQUES[name] for name, _ in rows], fontsize=7)
    left.set_ylim(len(rows) + 0.6, -0.6)
    for place, text in ((0, "plain GAN = 1"), (gap, "full recipe = 1")):
        left.text(0.02, place, text, transform=left.get_yaxis_transform(), fontsize=7, color="#555555", va="center")
    left.set_label(KEY)
    right.tick_params("y", labelleft=True, labelsize=7)  # on a phone it stands below the other
    right.set(xlabel="modes reached, of 8", xticks=range(0, 9, 2), title="Modes, ReLU nets", xlim=(-0.4, 8.4))
    return figure


def logs(ends: pd.DataFrame, technique: str) -> np.ndarray:
    """Logarithms of the share of good samples of an arm's replicas."""
    mine = ends[ends["technique"] == technique]
    return np.log(mine["high_quality"].where(~mine["diverged"], LEAST).clip(lower=LEAST).to_numpy())


def interval(arm: np.ndarray, base: np.ndarray) -> tuple[float, float, float]:
    """Ratio of geometric means with its 95 % interval (Welch)."""
    found = stats.ttest_ind(arm, base, equal_var=False).confidence_interval()
    return float(np.exp(found.low)), float(np.exp(arm.mean() - base.mean())), float(np.exp(found.high))
