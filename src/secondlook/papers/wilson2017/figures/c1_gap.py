"""Test error on fresh seeds, and each rule's difference from SGD with its interval."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH
from secondlook.papers.wilson2017.figures import FEWEST, RULE_LOOKS, rule_labels
from secondlook.tables.read import final_values

DIVERGED = 90.0  # test error of guessing, %
METRICS = frozenset(["test_error", "diverged"])


def draw(data: FigureData) -> Figure:
    """Left: every replica and the mean. Right: mean difference from SGD, 95 % Welch interval; no interval below three replicas."""
    frame = final_values(data.table, "test_error", ["optimizer", "lr"])
    frame = frame.assign(label=rule_labels(frame), lost=frame["value"].isna(), value=frame["value"].fillna(DIVERGED))
    rules = {name: look for name, look in RULE_LOOKS.items() if name in set(frame["label"])}
    sgd = frame.loc[frame["label"] == "SGD", "value"].to_numpy()
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9), sharey=True)
    for row, (name, look) in enumerate(rules.items()):
        mine = frame[frame["label"] == name]
        values, lost = mine["value"].to_numpy(), mine["lost"].to_numpy()
        spots = row + (np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else np.zeros(1))
        left.plot(values, spots, markersize=4, alpha=0.8, **look.points)
        left.plot(values[lost], spots[lost], "x", color="black", markersize=8)
        left.plot(values.mean(), row, "|", color="black", markersize=14)
        if name == "SGD" or min(len(values), len(sgd)) < FEWEST:
            continue
        gap, (low, high) = values.mean() - sgd.mean(), stats.ttest_ind(values, sgd, equal_var=False).confidence_interval(0.95)
        right.errorbar(gap, row, xerr=[[gap - low], [high - gap]], marker=look.marker, color=look.colour, capsize=3, markersize=5)
    right.axvline(0, color="black", lw=0.8)
    left.set_yticks(range(len(rules)), list(rules))
    left.invert_yaxis()
    left.set(title="Test error", xlabel="final test error, %  (| mean)")
    right.set(title="Worse than SGD by", xlabel="percentage points, 95 % interval")
    return figure
