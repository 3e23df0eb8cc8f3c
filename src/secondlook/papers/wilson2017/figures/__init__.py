"""Figures of Wilson et al. 2017; each module draws one."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from secondlook.figures.style import BLACK, OPTIMIZER_LOOKS
from secondlook.labels import OPTIMIZERS

DEFAULT_ADAM = "Adam (default)"
#: label -> look of the rules of the CIFAR-10 network, the baseline first
RULE_LOOKS = {OPTIMIZERS[rule]: look for rule, look in OPTIMIZER_LOOKS.items() if rule != "gd"} | {DEFAULT_ADAM: BLACK._replace(marker="P")}


def rule_labels(rows: pd.DataFrame) -> pd.Series:
    """Label of each row's rule; Adam at the step size that it has by default, and not at a chosen one, is told apart."""
    return rows["optimizer"].map(OPTIMIZERS).where(rows["lr"] == "selected", DEFAULT_ADAM)


def draw_points(axis: Axes, rows: pd.DataFrame, rules: Sequence[str]) -> None:
    """Draw the value of each replica as a point above its rule's name."""
    palette = {rule: OPTIMIZER_LOOKS[rule].colour for rule in rules}
    order = {"order": rules, "hue_order": rules, "palette": palette, "legend": False}
    sns.stripplot(rows, x="optimizer", y="value", hue="optimizer", size=3.2, jitter=0.22, ax=axis, **order)
    axis.set_xticks(range(len(rules)), [textwrap.fill(OPTIMIZERS[rule], 9) for rule in rules], fontsize=6)
    axis.set(xlabel="", ylim=(-0.03, 0.55))
