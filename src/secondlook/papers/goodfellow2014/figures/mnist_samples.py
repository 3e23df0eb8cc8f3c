"""Sheets of samples over training, one row an arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.sheets import draw_sheets, sheets
from secondlook.papers.goodfellow2014.figures import arm_label
from secondlook.tables.arrays import Record


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict], arrays: Mapping[str, Sequence[Record]]) -> Figure:
    """The first seed of each arm; where seeds have runs of their own, the lowest one's."""
    arms: dict[str, dict[int, np.ndarray]] = {}
    for record in sorted(arrays["mnist"], key=lambda record: record.seeds[0]):
        arms.setdefault(arm_label(**record.cell).replace(", ", "\n"), sheets(record))
    return draw_sheets(dict(sorted(arms.items())))
