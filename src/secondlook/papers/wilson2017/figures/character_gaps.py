"""The character model's test loss less SGD's: the rules, and what changes the sign."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLACK, OPTIMIZER_LOOKS
from secondlook.papers.wilson2017.figures import RULE_LOOKS, draw_row, rule_labels
from secondlook.tables.read import final_values

METRICS = frozenset(["test_loss", "diverged"])
#: experiment -> what its rows say behind the rule's name, where it compares rules with SGD of its own
OTHERS = {"characters-validation": "step sizes by validation loss", "characters-fresh": "text seen once"}


def draw(data: FigureData) -> Figure:
    """One row an arm: points are seeds, bars 95 % intervals of the paired difference."""
    table = data.tables["characters"]
    columns = ["optimizer", "lr", *(name for name in ("weight_decay", "weight_decay_form") if name in table)]
    frame = final_values(table, "test_loss", columns).dropna(subset=["value"])
    frame = frame.assign(label=rule_labels(frame))
    plain = frame[frame.get("weight_decay", pd.Series("", frame.index)) == ""]
    base = _by_seed(plain[plain["label"] == "SGD"])
    arms = [(name, _by_seed(plain[plain["label"] == name]) - base, look) for name, look in RULE_LOOKS.items() if name != "SGD"]
    if "weight_decay" in frame:
        for rule, form, name in (("sgd", "", "SGD, weight decay"), ("adam", "decoupled", "Adam, decoupled decay")):
            mine = frame[(frame["optimizer"] == rule) & (frame["weight_decay"] != "") & (frame["weight_decay_form"] == form)]
            arms.append((name, _by_seed(mine) - base, OPTIMIZER_LOOKS[rule]))
    for experiment, what in OTHERS.items():
        other = final_values(data.tables[experiment], "test_loss", ["optimizer"]).dropna(subset=["value"])
        gap = _by_seed(other[other["optimizer"] == "adam"]) - _by_seed(other[other["optimizer"] == "sgd"])
        arms.append((f"Adam, {what}", gap, OPTIMIZER_LOOKS["adam"]._replace(colour=BLACK.colour)))
    figure, axis = plt.subplots(figsize=(5.2, 0.6 + 0.36 * len(arms)))
    for row, (_, gap, look) in enumerate(arms):
        draw_row(axis, gap.dropna().to_numpy(), row, look)
    axis.axvline(0, color="black", lw=0.8)
    axis.axhline(len(RULE_LOOKS) - 1.5, color="#bbbbbb", lw=0.8, ls=":")
    axis.set_yticks(np.arange(len(arms)), [name for name, _, _ in arms])
    axis.invert_yaxis()
    axis.set(xlabel="test loss less SGD's, nats")
    return figure


def _by_seed(rows: pd.DataFrame) -> pd.Series:
    return rows.set_index("replica")["value"]
