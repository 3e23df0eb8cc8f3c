"""Samples over training: the first seed of each loss, the same noise in every column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.sheets import draw_sheets, sheets
from secondlook.papers.mao2017.figures import LOSSES
from secondlook.tables.arrays import Record


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict], arrays: Mapping[str, Sequence[Record]]) -> Figure:
    """A row a loss."""
    arms: dict[str, dict[int, np.ndarray]] = {}
    for record in sorted(arrays["quality"], key=lambda record: record.seeds[0]):
        arms.setdefault(LOSSES[str(record.cell["loss"])], sheets(record))
    return draw_sheets(arms)
