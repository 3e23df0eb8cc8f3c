"""Replicas as points, a column an optimizer. A file of its own, since only such figures wait for seaborn."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from secondlook.figures.style import OPTIMIZER_LOOKS
from secondlook.labels import OPTIMIZERS


def draw_points(axis: Axes, rows: pd.DataFrame, rules: Sequence[str]) -> None:
    """Draw the value of each replica as a point above its rule's name."""
    palette = {rule: OPTIMIZER_LOOKS[rule].colour for rule in rules}
    order = {"order": rules, "hue_order": rules, "palette": palette, "legend": False}
    sns.stripplot(rows, x="optimizer", y="value", hue="optimizer", size=3.2, jitter=0.22, ax=axis, **order)
    axis.set_xticks(range(len(rules)), [textwrap.fill(OPTIMIZERS[rule], 9) for rule in rules], fontsize=6)
    axis.set(xlabel="", ylim=(-0.03, 0.55))
