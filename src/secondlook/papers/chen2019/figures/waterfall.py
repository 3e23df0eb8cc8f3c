"""From Conv-BN-ReLU to the IC layer in three steps, each with the interval of its paired difference."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import WIDTH
from secondlook.papers.chen2019.figures import ARM_LOOKS
from secondlook.papers.chen2019.orders import ARMS, ArmName
from secondlook.stats.intervals import difference
from secondlook.tables.read import final_values

PATH: tuple[ArmName, ...] = ("A", "B", "F", "C")
STEPS: dict[tuple[ArmName, ArmName], str] = {
    ("A", "B"): "skip",
    ("B", "F"): "order",
    ("F", "C"): "dropout",
    ("B", "C"): "IC layer\n(order and dropout)",
    ("A", "C"): "all",
}
METRICS = frozenset(["test_error", "diverged"])
ALPHA = 0.05
FEWEST = 3


def draw(data: FigureData) -> Figure:
    """Left: every replica and the mean of each arm. Right: the steps; pairs with a replica that diverged are left out."""
    frame = final_values(data.table, "test_error", ["arm"])
    errors = frame[frame["arm"].isin(PATH)].pivot_table(index="replica", columns="arm", values="value").reindex(columns=list(PATH))
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), width_ratios=[1, 1.2])
    left.plot(range(len(PATH)), errors.to_numpy().T, color="0.75", lw=0.6)
    for place, arm in enumerate(PATH):
        left.plot([place] * len(errors), errors[arm], markersize=3, alpha=0.7, **ARM_LOOKS[arm].points)
        left.plot(place, errors[arm].mean(), "_", color="black", ms=18, mew=1.8)
    left.set_xticks(range(len(PATH)), ["\n".join([arm, *ARMS[arm].label.split("-")]) for arm in PATH], fontsize=6.5)
    left.set(title="Test error", ylabel="%")
    for row, (first, second) in enumerate(STEPS):
        pairs = errors[[first, second]].dropna().to_numpy()
        if len(pairs) < FEWEST:
            continue
        step = difference(pairs[:, 0], pairs[:, 1], ALPHA, paired=True)
        effect, low, high = (float(value) for value in step)
        bounds = [[effect - low], [high - effect]] if np.isfinite([low, high]).all() else None
        right.errorbar(effect, row, xerr=bounds, color=ARM_LOOKS[second].colour, marker=ARM_LOOKS[second].marker, capsize=3, ms=5)
    right.axvline(0, color="black", lw=0.8)
    right.axhline(2.5, color="0.8", lw=0.8)
    right.set_yticks(range(len(STEPS)), [f"{first} to {second}: {name}" for (first, second), name in STEPS.items()], fontsize=7)
    right.set_ylim(len(STEPS) - 0.5, -0.5)
    right.set_label(KEY)
    right.set(title="Change of the error", xlabel="points, 90 % interval; left of 0 is a gain")
    return figure
