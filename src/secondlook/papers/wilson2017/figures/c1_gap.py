"""Test error on fresh seeds, and each rule's difference from SGD with its interval."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH, styles
from secondlook.papers.wilson2017.figures import DEFAULT_ADAM, RULES
from secondlook.stats.estimates import FEWEST, difference
from secondlook.tables.read import final_values

DIVERGED = 90.0  # test error of guessing, %; the claims count a diverged replica so


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Left: every replica and the mean. Right: mean difference from SGD, 95 % Welch interval; no interval below three replicas."""
    frame = final_values(tables["c1"], "test_error", ["optimizer", "lr"])
    frame["label"] = frame["optimizer"].map(RULES).where(frame["lr"] == "selected", DEFAULT_ADAM)
    frame["lost"] = frame["value"].isna()
    frame["value"] = frame["value"].fillna(DIVERGED)
    names = [name for name in (*RULES.values(), DEFAULT_ADAM) if name in set(frame["label"])]
    colours, markers, _ = styles([*RULES.values(), DEFAULT_ADAM])
    values = {name: frame.loc[frame["label"] == name, "value"].to_numpy() for name in names}
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9), sharey=True)
    for row, name in enumerate(names):
        spots = row + np.linspace(-0.12, 0.12, len(values[name])) if len(values[name]) > 1 else [row]
        left.plot(values[name], spots, ls="", marker=markers[name], color=colours[name], markersize=4, alpha=0.8)
        lost = frame.loc[frame["label"] == name, "lost"].to_numpy()
        left.plot(values[name][lost], np.asarray(spots)[lost], "x", color="black", markersize=8)
        left.plot(values[name].mean(), row, "|", color="black", markersize=14)
        if name == "SGD" or min(len(values[name]), len(values["SGD"])) < FEWEST:
            continue
        gap = difference(values["SGD"], values[name])
        right.errorbar(
            gap.effect,
            row,
            xerr=[[gap.effect - gap.low], [gap.high - gap.effect]],
            marker=markers[name],
            color=colours[name],
            capsize=3,
            markersize=5,
        )
    right.axvline(0, color="black", lw=0.8)
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    left.set(title="Test error", xlabel="final test error, %  (| mean)")
    right.set(title="Worse than SGD by", xlabel="percentage points, 95 % interval")
    return figure
